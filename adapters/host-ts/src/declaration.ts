/** The declaration that an adapter carries in its package, as `pal conformance --declare` measured it. */

import { fromJsonString } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { RuntimeCapabilitySchema, type RuntimeCapability } from "@pal/contracts/pal/v1/runtime_capability_pb.js";
import { StartError } from "./config.ts";

/** Return what the file at *url* declares; throws StartError when there is none. */
export function declared(url: URL): RuntimeCapability {
  try {
    return fromJsonString(RuntimeCapabilitySchema, readFileSync(url, "utf8"), { ignoreUnknownFields: true });
  } catch (error) {
    const hint = "`pal conformance --target HOST:PORT --declare FILE` writes one";
    throw new StartError(`${url.pathname} is no declaration of a runtime: ${(error as Error).message}; ${hint}`);
  }
}
