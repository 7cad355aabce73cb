/** Payloads: content with its digest and size. */

import { create } from "@bufbuild/protobuf";
import { hash } from "node:crypto";
import { PayloadSchema, type Payload } from "@pal/contracts/pal/v1/common_pb.js";

export function textPayload(text: string): Payload {
  return payload("text", text, "text/plain", "");
}

/** Return *json*, kept character for character. */
export function jsonPayload(json: string, filename = ""): Payload {
  return payload("json", json, "application/json", filename);
}

/** Return the inline content of *payload* as text; empty when there is none inline. */
export function contentText(payload: Payload | undefined): string {
  switch (payload?.content.case) {
    case "text":
    case "json":
      return payload.content.value;
    case "blob":
      return Buffer.from(payload.content.value).toString();
    default:
      return "";
  }
}

export function textOf(parts: readonly Payload[]): string {
  return parts.map(contentText).join("");
}

function payload(kind: "text" | "json", value: string, mediaType: string, filename: string): Payload {
  return create(PayloadSchema, {
    content: { case: kind, value },
    mediaType,
    digest: `sha256:${hash("sha256", value)}`,
    sizeBytes: BigInt(Buffer.byteLength(value)),
    filename,
  });
}
