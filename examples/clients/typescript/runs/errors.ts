/** What the mesh says when it refuses. */

import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { status, type ServiceError } from "@grpc/grpc-js";
import { ErrorInfoSchema, RetryInfoSchema } from "@pal/contracts/google/rpc/error_details_pb.js";
import { StatusSchema, type Status } from "@pal/contracts/google/rpc/status_pb.js";

/** The stream ended before the run did. */
export class Cut extends Error {}

/** Return why the mesh refused, for example "AGENT_NOT_FOUND"; undefined when *error* does not say. */
export function reason(error: unknown): string | undefined {
  const infos = details(error).map((detail) => anyUnpack(detail, ErrorInfoSchema));
  return infos.find((info) => info?.domain === "pal")?.reason;
}

/** Return how many milliseconds to wait before trying again: *pause*, or what the mesh says; undefined for never. */
export function retryAfter(error: unknown, pause: number): number | undefined {
  const delay = details(error).map((detail) => anyUnpack(detail, RetryInfoSchema)?.retryDelay);
  const said = delay.find((duration) => duration !== undefined);
  if (said) return durationMs(said);
  return error instanceof Cut || (isServiceError(error) && error.code === status.UNAVAILABLE) ? pause : undefined;
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "details" in error && "code" in error;
}

function details(error: unknown): Status["details"] {
  const [raw] = isServiceError(error) ? error.metadata.get("grpc-status-details-bin") : [];
  return raw instanceof Uint8Array ? fromBinary(StatusSchema, raw).details : [];
}
