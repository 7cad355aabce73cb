/** Every attempt of one adapter process. */

import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  DescribeResponseSchema,
  type DescribeRequest,
  type DescribeResponse,
  type RuntimeServiceCancelRequest,
  type RuntimeServiceRunRequest,
} from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { RunLease } from "@pal/contracts/pal/service/v1/shared_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { Attempt, type Seams } from "./attempt.ts";
import { MeshError } from "./errors.ts";
import { problems } from "./fitness.ts";
import type { Runtime } from "./runtime.ts";
import { leaseOf, type Deadline } from "./seam.ts";

/** Level of the contract between router and adapter that this host needs. */
export const CONTRACT_LEVEL = 1;
const PULSE_MS = 5_000;

/** Runs attempts side by side, up to a ceiling. */
export class Attempts {
  readonly #runtime: Runtime;
  readonly #seams: Seams;
  readonly #ceiling: number;
  readonly #active = new Map<string, Attempt>();

  constructor(runtime: Runtime, seams: Seams, ceiling: number) {
    this.#runtime = runtime;
    this.#seams = seams;
    this.#ceiling = ceiling;
  }

  /** Attempts in progress. */
  get count(): number {
    return this.#active.size;
  }

  /** Return the declaration and what stands in the way of the agent of *request*. */
  describe({ agent, tools }: DescribeRequest): DescribeResponse {
    return create(DescribeResponseSchema, {
      capability: this.#runtime.capability,
      installedVersion: this.#runtime.installedVersion,
      activeRuns: this.count,
      contractLevel: CONTRACT_LEVEL,
      problems: agent ? problems(this.#runtime, agent, tools) : [],
    });
  }

  /** Begin to carry out *request*; say `over` when nobody reads its frames any more. Throws when it is refused. */
  async begin(request: RuntimeServiceRunRequest, deadline: Deadline): Promise<Attempt> {
    const lease = leaseOf(request);
    const older = this.#older(lease);
    if (older) await older.stop("a newer attempt takes over", 0);
    this.#refuseTooMany();
    const attempt = new Attempt(this.#runtime, request, this.#seams, deadline);
    this.#active.set(lease.runId, attempt);
    return attempt;
  }

  /** Make room: *attempt* is over. */
  over(attempt: Attempt): void {
    if (this.#active.get(attempt.runId) === attempt) this.#active.delete(attempt.runId);
  }

  /** Take the run of *request* away, if it is here under that lease or an older one. */
  async cancel({ lease, reason, grace }: RuntimeServiceCancelRequest): Promise<void> {
    const attempt = this.#active.get(lease?.runId ?? "");
    if (attempt && attempt.epoch <= (lease?.epoch ?? 0n)) await attempt.stop(reason, grace ? durationMs(grace) : 0);
  }

  /** Give signs of life for every attempt, until the function that is returned is called. */
  pulse(): () => void {
    const timer = setInterval(() => this.#active.forEach((attempt) => attempt.outbox.pulse()), PULSE_MS);
    return () => clearInterval(timer);
  }

  #older({ runId, epoch }: RunLease): Attempt | undefined {
    const older = this.#active.get(runId);
    if (!older || older.epoch < epoch) return older;
    const message = `run ${runId} is going here under epoch ${older.epoch}; ${epoch} is not newer`;
    throw new MeshError(ErrorReason.STALE_EPOCH, message, { run_id: runId, epoch, newest: older.epoch });
  }

  #refuseTooMany(): void {
    if (this.count < this.#ceiling) return;
    const message = `${this.#ceiling} runs are going, the ceiling here; raise PAL_CONCURRENT_RUNS or add an adapter`;
    throw new MeshError(ErrorReason.OVERLOADED, message, { limit: this.#ceiling });
  }
}
