/** The one mapping between errors of PAL and gRPC statuses, in both directions. */

import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Metadata, status, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema } from "@pal/contracts/google/rpc/error_details_pb.js";
import { StatusSchema } from "@pal/contracts/google/rpc/status_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { DOMAIN, MeshError, parseReason } from "./errors.ts";

const DETAILS = "grpc-status-details-bin";
// gRPC's own default cuts status trailers near 8 KiB.
const MAX_DETAIL_BYTES = 4096;
// By the number ranges of ErrorReason; CODES overrides single reasons.
const RANGES: ReadonlyArray<readonly [from: number, to: number, code: status]> = [
  [1, 5, status.INVALID_ARGUMENT],
  [5, 20, status.UNAUTHENTICATED],
  [20, 40, status.NOT_FOUND],
  [40, 60, status.ALREADY_EXISTS],
  [60, 80, status.FAILED_PRECONDITION],
  [80, 100, status.PERMISSION_DENIED],
  [100, 120, status.UNAVAILABLE],
];
const CODES: Partial<Record<ErrorReason, status>> = {
  [ErrorReason.TOO_LARGE]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.OVERLOADED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.QUOTA_EXCEEDED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.DEADLINE_EXCEEDED]: status.DEADLINE_EXCEEDED,
  [ErrorReason.RUN_CANCELLED]: status.CANCELLED,
};

/** Return *error* as a rich status: ErrorInfo always, BadRequest where a field is to blame. */
export function toStatus(error: MeshError): StatusObject {
  const code = codeOf(error.reason);
  const message = error.message.slice(0, 1024);
  const info = create(ErrorInfoSchema, { reason: error.reasonName, domain: DOMAIN, metadata: bounded(error.metadata) });
  const details = [anyPack(ErrorInfoSchema, info)];
  const field = error.metadata["field"];
  if (field && code === status.INVALID_ARGUMENT) {
    const violation = { field: field.slice(0, 256), description: error.message.slice(0, 512) };
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: [violation] })));
  }
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message, details }))));
  return { code, details: message, metadata };
}

/** Return the error that a peer of ours sent; undefined when *error* carries no ErrorInfo of ours. */
export function fromServiceError(error: ServiceError): MeshError | undefined {
  const [raw] = error.metadata?.get(DETAILS) ?? [];
  if (!(raw instanceof Uint8Array)) return undefined;
  const rich = fromBinary(StatusSchema, raw);
  for (const detail of rich.details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info?.domain === DOMAIN) return new MeshError(parseReason(info.reason), rich.message, info.metadata);
  }
  return undefined;
}

/** Tell whether *error* means that the peer is gone rather than that it answered. */
export function isLost(error: ServiceError): boolean {
  return error.code === status.UNAVAILABLE && fromServiceError(error) === undefined;
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "metadata" in error;
}

function codeOf(reason: ErrorReason): status {
  return CODES[reason] ?? RANGES.find(([from, to]) => from <= reason && reason < to)?.[2] ?? status.INTERNAL;
}

function bounded(metadata: Record<string, string>): Record<string, string> {
  const entries = Object.entries(metadata);
  const room = Math.floor(MAX_DETAIL_BYTES / Math.max(entries.length, 1) / 3);
  return Object.fromEntries(entries.map(([key, value]) => [key, value.slice(0, room)]));
}
