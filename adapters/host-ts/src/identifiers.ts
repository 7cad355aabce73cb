/** Identifiers: new ones that sort by time, and those of facts that may be stated again. */

import { hash, randomUUID } from "node:crypto";

const FACTS = Buffer.from("0c6b0a535d535b0f9f0a2f5d1f6f7c52", "hex");

/** Return a new UUIDv7 (RFC 9562). */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Return the identifier of a fact (UUIDv5): the same for the same *parts*, so that stating it again adds nothing. */
export function stableId(...parts: string[]): string {
  const digest = hash("sha1", Buffer.concat([FACTS, Buffer.from(parts.join("\0"))]), "buffer").subarray(0, 16);
  digest[6] = 0x50 | (digest[6]! & 0x0f);
  digest[8] = 0x80 | (digest[8]! & 0x3f);
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
