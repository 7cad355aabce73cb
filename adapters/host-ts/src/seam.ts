/** What the two ports of one run share: the right to act, the first fatal error, the time that is left. */

import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { CallOptions } from "@pal/contracts/grpc.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { RunLease } from "@pal/contracts/pal/service/v1/shared_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { invalidField, MeshError } from "./errors.ts";
import { fromServiceError, isLost } from "./status.ts";

/** When a run has to be over, as grpc-js states it: milliseconds since the epoch, Infinity for never. */
export type Deadline = number;

/**
 * What one run may still do.
 *
 * The first fatal error stays: whatever a runtime makes of it, the run ends with it, and no call begins after it.
 */
export class Grant {
  readonly lease: RunLease;
  readonly traceparent: string;
  readonly #deadline: Deadline;
  readonly #taken = new AbortController();
  #fatal: MeshError | undefined;

  /** Grant what *request* asks for, until *deadline*. */
  constructor(request: RuntimeServiceRunRequest, deadline: Deadline) {
    this.lease = leaseOf(request);
    this.traceparent = request.traceparent;
    this.#deadline = deadline;
  }

  get fatal(): MeshError | undefined {
    return this.#fatal;
  }

  /** Says that the run is taken away: what is open is cut. */
  get signal(): AbortSignal {
    return this.#taken.signal;
  }

  /** Let nothing begin from now on; return the error the run ends with. */
  end(error: MeshError): MeshError {
    return (this.#fatal ??= error);
  }

  /** End, and cut what is open. */
  cut(error: MeshError): MeshError {
    const first = this.end(error);
    this.#taken.abort(first);
    return first;
  }

  /** Throw the error that ended the run, if one did. */
  check(): void {
    if (this.#fatal) throw this.#fatal;
  }

  /** Return the options of a call to a seam. */
  call(): CallOptions {
    const metadata = new Metadata();
    if (this.traceparent) metadata.set("traceparent", this.traceparent);
    return { metadata, deadline: this.#deadline, signal: this.signal };
  }
}

/** Return the lease of *request*; throws INVALID_FIELD when there is none. */
export function leaseOf({ lease }: { lease?: RunLease | undefined }): RunLease {
  if (!lease?.runId) throw invalidField("lease.run_id", "missing; pass on the lease that the router gave to the run");
  return lease;
}

/** Return what *error* of a seam means for the run; *unavailable* when the seam is gone. */
export function seamError(error: ServiceError, unavailable: MeshError): MeshError {
  const known = fromServiceError(error);
  if (known) return known;
  if (isLost(error) || error.code === status.CANCELLED) return unavailable;
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new MeshError(ErrorReason.DEADLINE_EXCEEDED, "the run's time was up");
  }
  const code = status[error.code];
  return new MeshError(ErrorReason.INTERNAL, `a seam answered ${code} without saying why`, { code });
}
