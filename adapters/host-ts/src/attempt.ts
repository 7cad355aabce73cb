/** One attempt of a run: the runtime at work, its end, and being taken away. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "@pal/contracts/grpc.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { Dialogue } from "./dialogue.ts";
import { MeshError } from "./errors.ts";
import { newId } from "./identifiers.ts";
import { log } from "./logs.ts";
import { SeamModelPort } from "./model-port.ts";
import { task } from "./opening.ts";
import { frame, Outbox } from "./outbox.ts";
import { ended, succeeded, suspended, type End } from "./output.ts";
import type { Runtime } from "./runtime.ts";
import { Grant, type Deadline } from "./seam.ts";
import { AttemptSpan } from "./spans.ts";
import { SeamToolPort } from "./tool-port.ts";

// A runtime that does not let go within this time is left behind: its ports are closed, so it can do nothing more.
const LET_GO_MS = 100;
// How long a run that waits for a person goes on waiting for calls of the same answer to begin.
const SIBLING_MS = 500;

/** The two services that a run reaches the world through. */
export interface Seams {
  readonly models: Connection;
  readonly tools: Connection;
}

/** Runs one request on a runtime, from its making on, and says how it goes by the frames in its outbox. */
export class Attempt {
  readonly outbox = new Outbox();
  readonly #runtime: Runtime;
  readonly #request: RuntimeServiceRunRequest;
  readonly #grant: Grant;
  readonly #span: AttemptSpan;
  readonly #work: Promise<void>;
  #over = false;

  constructor(runtime: Runtime, request: RuntimeServiceRunRequest, seams: Seams, deadline: Deadline) {
    this.#runtime = runtime;
    this.#request = request;
    this.#grant = new Grant(request, deadline);
    this.#span = new AttemptSpan(runtime, request);
    this.#work = this.#run(seams);
  }

  get runId(): string {
    return this.#grant.lease.runId;
  }

  get epoch(): bigint {
    return this.#grant.lease.epoch;
  }

  /** Take the run away, with nobody left to tell. */
  leave(): void {
    if (!this.#over) this.#close(ended(this.#grant.cut(cancelled("the router has left"))));
  }

  /** Take the run away: nothing new begins, open work gets *graceMs*, and the stream gets its result. */
  async stop(reason: string, graceMs: number): Promise<void> {
    const error = this.#grant.end(cancelled(reason));
    if (graceMs) await within(graceMs, this.#work);
    this.#grant.cut(error);
    await within(LET_GO_MS, this.#work);
    this.#close(ended(error));
  }

  async #run(seams: Seams): Promise<void> {
    this.#close(await this.#end(seams).catch((error: unknown) => this.#failed(error)));
  }

  async #end(seams: Seams): Promise<End> {
    const { agent, conversation: earlier } = this.#request;
    if (agent?.spec?.plan?.stages.length) throw this.#noPlan();
    const grant = this.#grant;
    const given = task(this.#request);
    const dialogue = new Dialogue(given.tools);
    grant.onWait = () => void this.#suspend(dialogue);
    const asking = { agent: agent?.spec, tools: given.tools, earlier };
    const ports = {
      model: new SeamModelPort(seams.models, grant, asking, dialogue, this.outbox),
      tools: new SeamToolPort(seams.tools, grant, this.#request, dialogue),
    };
    const text = await this.#runtime.run(given, ports, grant.signal);
    grant.check();
    return succeeded(this.runId, agent?.spec, text);
  }

  /** Let what is going on come to its end, then take the run from the runtime until a person has answered. */
  async #suspend(dialogue: Dialogue): Promise<void> {
    await this.#grant.quiet();
    // A runtime that begins the calls of one answer together has begun them by now, or is about to.
    await within(
      SIBLING_MS,
      dialogue.askedEverything().then(() => this.#grant.quiet()),
    );
    this.#grant.suspend();
    await within(LET_GO_MS, this.#work);
    if (!this.#grant.fatal) this.#close(suspended(this.runId, this.#grant.waitsFor));
  }

  #failed(error: unknown): End {
    const { fatal, waitsFor, signal } = this.#grant;
    if (!fatal && waitsFor.length && signal.aborted) return suspended(this.runId, waitsFor);
    return ended(fatal ?? this.#named(error));
  }

  #close({ facts, result }: End): void {
    if (this.#over) return;
    this.#over = true;
    this.outbox.close([...facts, this.#span.frame(result), frame({ case: "result", value: result })]);
  }

  #noPlan(): MeshError {
    const { runtime } = this.#runtime.capability;
    const message = `runtime ${runtime} carries out no spec.plan; choose one whose modes name workflow`;
    return new MeshError(ErrorReason.CAPABILITY_MISSING, message, {
      runtime,
      missing: "modes: workflow, for spec.plan",
    });
  }

  #named(error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    const { runtime } = this.#runtime.capability;
    const errorId = newId();
    log.error("runtime raised", { run_id: this.runId, error_id: errorId, error });
    const kind = error instanceof Error ? error.constructor.name : typeof error;
    const message = `the runtime ${runtime} raised ${kind}; the adapter's log has the details under ${errorId}`;
    return new MeshError(ErrorReason.RUNTIME_ERROR, message, { runtime, error_id: errorId });
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work, sleep(ms, undefined, waiting).catch(() => undefined)]);
  waiting.abort();
}

function cancelled(reason: string): MeshError {
  return new MeshError(ErrorReason.RUN_CANCELLED, `the run was cancelled: ${reason || "no reason given"}`);
}
