/** What the two ports of one run share: the right to act, the first fatal error, what the run waits for. */

import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { CallOptions } from "@pal/contracts/grpc.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { RunLease } from "@pal/contracts/pal/service/v1/shared_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import type { InputRequested } from "@pal/contracts/pal/v1/run_event_pb.js";
import { invalidField, MeshError } from "./errors.ts";
import { fromServiceError, isLost } from "./status.ts";

/** When a run has to be over, as grpc-js states it: milliseconds since the epoch, Infinity for never. */
export type Deadline = number;

/** The run is taken from its runtime until people have answered. */
class Suspended extends Error {}

/**
 * What one run may still do.
 *
 * The first fatal error stays: whatever a runtime makes of it, the run ends with it, and no call begins after it.
 *
 * A run that waits for people goes on until nothing of it is going: calls that were asked for come to their end, and no
 * model is asked any more.
 */
export class Grant {
  readonly lease: RunLease;
  readonly traceparent: string;
  /** What people are asked, in the order it came up. */
  readonly waitsFor: InputRequested[] = [];
  /** Called once, when the run begins to wait. */
  onWait = () => {};
  readonly #deadline: Deadline;
  readonly #taken = new AbortController();
  #fatal: MeshError | undefined;
  #going = 0;
  #calm: (() => void)[] = [];

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

  /** Cut what is open without an end: people have to answer first. */
  suspend(): void {
    this.#taken.abort(new Suspended("the run waits for people"));
  }

  /** Throw the error that ended the run, if one did. */
  check(): void {
    if (this.#fatal) throw this.#fatal;
  }

  /** Return what *call* gives, which is given the options of a call to a seam, and count it as going on until then. */
  async calling<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
    this.#going += 1;
    try {
      return await call(this.#options());
    } finally {
      this.#going -= 1;
      if (!this.#going) for (const resolve of this.#calm.splice(0)) resolve();
    }
  }

  /** Have the run wait for a person, once its calls have come to their end. */
  waitFor(asked: InputRequested): void {
    this.waitsFor.push(asked);
    if (this.waitsFor.length === 1) this.onWait();
  }

  /** Return once no call is going on. */
  async quiet(): Promise<void> {
    while (this.#going) await new Promise<void>((resolve) => this.#calm.push(resolve));
  }

  /** Return at once, or, when the run waits for people, reject once it is taken away. */
  async hold(): Promise<void> {
    if (!this.waitsFor.length) return;
    const { signal } = this;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    throw signal.reason;
  }

  #options(): CallOptions {
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

/** Return the error of a seam that cannot be reached. */
export function unreachable(seam: "llm_provider" | "tool_executor", message: string, values = {}): MeshError {
  return new MeshError(ErrorReason.SEAM_UNAVAILABLE, message.slice(0, 1024), { seam, ...values });
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
