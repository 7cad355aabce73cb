/** One attempt of a run: the runtime at work, its end, and being taken away. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "@pal/contracts/grpc.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { AgentDefinition } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { Dialogue } from "./dialogue.ts";
import { MeshError } from "./errors.ts";
import { newId } from "./identifiers.ts";
import { log } from "./logs.ts";
import { SeamModelPort } from "./model-port.ts";
import { task } from "./opening.ts";
import { frame, Outbox } from "./outbox.ts";
import { ended, succeeded, type End } from "./output.ts";
import type { Ports, Runtime, Task } from "./runtime.ts";
import { Grant, type Deadline } from "./seam.ts";
import { AttemptSpan } from "./spans.ts";
import { SeamToolPort } from "./tool-port.ts";

// A runtime that does not let go within this time is left behind: its ports are closed, so it can do nothing more.
const LET_GO_MS = 100;

/** The two services that a run reaches the world through. */
export interface Seams {
  readonly models: Connection;
  readonly tools: Connection;
}

/** Runs one request on a runtime, from its making on, and says how it goes by the frames in its outbox. */
export class Attempt {
  readonly outbox = new Outbox();
  readonly epoch: bigint;
  readonly #runtime: Runtime;
  readonly #agent: AgentDefinition | undefined;
  readonly #task: Task;
  readonly #grant: Grant;
  readonly #span: AttemptSpan;
  readonly #ports: Ports;
  readonly #work: Promise<void>;

  constructor(runtime: Runtime, request: RuntimeServiceRunRequest, seams: Seams, deadline: Deadline) {
    this.#runtime = runtime;
    this.#agent = request.agent?.spec;
    this.#task = task(request);
    this.#grant = new Grant(request, deadline);
    this.#span = new AttemptSpan(runtime, request);
    this.epoch = this.#grant.lease.epoch;
    const { tools } = this.#task;
    const dialogue = new Dialogue(tools);
    this.#ports = {
      model: new SeamModelPort(seams.models, this.#grant, this.#agent, tools, dialogue, this.outbox, request.conversation),
      tools: new SeamToolPort(seams.tools, this.#grant, request, dialogue),
    };
    this.#work = this.#run();
  }

  /** Take the run away, with nobody left to tell. */
  leave(): void {
    this.#close(ended(this.#grant.cut(cancelled("the router has left"))));
  }

  /** Take the run away: nothing new begins, open work gets *graceMs*, and the stream gets its result. */
  async stop(reason: string, graceMs: number): Promise<void> {
    const error = this.#grant.end(cancelled(reason));
    if (graceMs) await this.#letGo(graceMs);
    this.#grant.cut(error);
    await this.#letGo(LET_GO_MS);
    this.#close(ended(error));
  }

  async #run(): Promise<void> {
    let end: End;
    try {
      const text = await this.#runtime.run(this.#task, this.#ports, this.#grant.signal);
      this.#grant.check();
      end = succeeded(this.#agent, text);
    } catch (error) {
      end = ended(this.#grant.fatal ?? this.#named(error));
    }
    this.#close(end);
  }

  #close({ facts, result }: End): void {
    this.outbox.close([...facts, this.#span.frame(result), frame({ case: "result", value: result })]);
  }

  async #letGo(withinMs: number): Promise<void> {
    const waiting = new AbortController();
    const tooLate = sleep(withinMs, undefined, waiting).catch(() => undefined);
    await Promise.race([this.#work, tooLate]);
    waiting.abort();
  }

  #named(error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    const runtime = this.#runtime.capability.runtime;
    const errorId = newId();
    log.error("runtime raised", { run_id: this.#task.runId, error_id: errorId, error });
    const kind = error instanceof Error ? error.constructor.name : typeof error;
    const message = `the runtime ${runtime} raised ${kind}; the adapter's log has the details under ${errorId}`;
    return new MeshError(ErrorReason.RUNTIME_ERROR, message, { runtime, error_id: errorId });
  }
}

function cancelled(reason: string): MeshError {
  return new MeshError(ErrorReason.RUN_CANCELLED, `the run was cancelled: ${reason || "no reason given"}`);
}
