/** Errors that PAL raises on purpose: a documented reason, a sentence with the values, the values as metadata. */

import { create } from "@bufbuild/protobuf";
import { FailureDisposition, FailureSchema, type Failure } from "@pal/contracts/pal/v1/common_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";

export const DOMAIN = "pal";
const RETRY = new Set<ErrorReason>([100, 101, 102, 103, 104, 140, 142, 145, 165]);

/**
 * Something was refused or failed for a reason of pal.v1.ErrorReason.
 *
 * *metadata* repeats every value the message mentions, so that nobody has to parse the message.
 */
export class MeshError extends Error {
  readonly reason: ErrorReason;
  readonly metadata: Record<string, string>;

  constructor(reason: ErrorReason, message: string, metadata: Record<string, unknown> = {}) {
    super(message);
    this.reason = reason;
    this.metadata = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
  }

  /** The reason as it stands in ErrorInfo and in Failure. */
  get reasonName(): string {
    return ErrorReason[this.reason];
  }
}

export function invalidField(field: string, problem: string): MeshError {
  return new MeshError(ErrorReason.INVALID_FIELD, `${field}: ${problem}`, { field });
}

/** Return the reason called *name*; UNSPECIFIED for a name that this version does not know. */
export function parseReason(name: string): ErrorReason {
  const reason: unknown = ErrorReason[name as keyof typeof ErrorReason];
  return typeof reason === "number" ? reason : ErrorReason.UNSPECIFIED;
}

/** Return *error* as the failure that is recorded. */
export function failure(error: MeshError): Failure {
  return create(FailureSchema, {
    reason: error.reasonName,
    domain: DOMAIN,
    message: error.message.slice(0, 1024),
    disposition: disposition(error.reason),
    metadata: error.metadata,
  });
}

function disposition(reason: ErrorReason): FailureDisposition {
  if (RETRY.has(reason)) return FailureDisposition.RETRY;
  return reason >= 1 && reason < 100 ? FailureDisposition.CALLER_FIX : FailureDisposition.PERMANENT;
}
