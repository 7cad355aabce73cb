/** The way to a tool: one call, and what the model is told of it. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import type { CallOptions, Connection } from "@pal/contracts/grpc.js";
import {
  ModelToolResultSchema,
  type ModelToolCall,
  type ModelToolResult,
} from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import {
  ToolExecutorService,
  type ExecuteToolRequestSchema,
  type ExecuteToolResponse,
} from "@pal/contracts/pal/service/v1/tool_executor_service_pb.js";
import { SpecRefSchema, type SpecMeta, type SpecRef } from "@pal/contracts/pal/v1/common_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { ToolCallOutcome, type InputRequested } from "@pal/contracts/pal/v1/run_event_pb.js";
import { failed, type Dialogue } from "./dialogue.ts";
import { MeshError } from "./errors.ts";
import { jsonPayload } from "./payload.ts";
import type { ToolPort } from "./runtime.ts";
import { seamError, unreachable, type Grant } from "./seam.ts";
import { isLost, isServiceError } from "./status.ts";

export const REPEATS = 3;
const REPEAT_WITHIN_MS = 2_000;
const PAUSE_MS = 100;
// What the model got wrong and can put right.
const FOR_THE_MODEL = new Set([ErrorReason.INVALID_TOOL_ARGUMENTS, ErrorReason.TOO_LARGE]);
type Request = MessageInitShape<typeof ExecuteToolRequestSchema>;

/** Asks the tool executor. */
export class SeamToolPort implements ToolPort {
  readonly #executor: Connection;
  readonly #grant: Grant;
  readonly #dialogue: Dialogue;
  readonly #refs: ReadonlyMap<string, SpecRef>;

  /** Call the tools of *request* under *grant*. */
  constructor(executor: Connection, grant: Grant, request: RuntimeServiceRunRequest, dialogue: Dialogue) {
    this.#executor = executor;
    this.#grant = grant;
    this.#dialogue = dialogue;
    const known = request.tools.flatMap(({ metadata }) => metadata ?? []);
    this.#refs = new Map(known.map((metadata) => [metadata.name, refOf(metadata)]));
  }

  /**
   * Return what the call gave.
   *
   * An error that ends the run does not end its other calls: those that are going come to their own end, in every
   * runtime alike, and the next question to the model throws it.
   */
  async call(callId: string): Promise<ModelToolResult> {
    const call = this.#dialogue.call(callId);
    if (!call) return failed(callId, "The model did not ask for this call.");
    const tool = this.#refs.get(call.name);
    if (!tool) return this.#dialogue.answered(this.#dialogue.noSuchTool(callId, call.name));
    try {
      this.#grant.check();
      const response = await this.#grant.calling((options) => this.#execute(this.#request(call, tool), options));
      if (response.waitsFor) await this.#waiting(callId, response.waitsFor);
      return this.#dialogue.answered(told(callId, response));
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const told = FOR_THE_MODEL.has(error.reason) ? error : this.#grant.end(error);
      return this.#dialogue.answered(failed(callId, told.message));
    }
  }

  async #waiting(callId: string, asked: InputRequested): Promise<void> {
    this.#dialogue.waits(callId);
    this.#grant.waitFor(asked);
    await this.#grant.hold();
  }

  #request(call: ModelToolCall, tool: SpecRef): Request {
    return {
      lease: this.#grant.lease,
      callId: call.callId,
      tool,
      arguments: jsonPayload(call.argumentsJson),
      modelCallId: this.#dialogue.modelCall(call.callId),
      traceparent: this.#grant.traceparent,
      mayWait: true,
    };
  }

  async #execute(request: Request, options: CallOptions): Promise<ExecuteToolResponse> {
    const giveUpAt = Date.now() + REPEAT_WITHIN_MS;
    for (let repeats = 1; ; repeats += 1) {
      try {
        return await this.#executor.unary(ToolExecutorService.method.executeTool, request, options);
      } catch (error) {
        if (!isServiceError(error)) throw error;
        // The executor knows the call by its id: a repeat finds it again and does nothing twice.
        const pause = PAUSE_MS * 2 ** repeats;
        if (!isLost(error) || repeats > REPEATS || Date.now() + pause > giveUpAt) throw this.#meaning(error, request);
        await sleep(pause, undefined, { signal: this.#grant.signal }).catch(() => this.#grant.check());
      }
    }
  }

  #meaning(error: ServiceError, request: Request): MeshError {
    const tool = request.tool?.name ?? "";
    const message = `the tool executor cannot be reached for ${tool}: ${error.details}`;
    return seamError(error, unreachable("tool_executor", message, { tool }));
  }
}

function told(callId: string, { finished, result }: ExecuteToolResponse): ModelToolResult {
  const isFailure = finished?.outcome !== ToolCallOutcome.SUCCEEDED;
  return create(ModelToolResultSchema, { callId, isFailure, ...(result && { result }) });
}

function refOf({ name, namespace, version, digest }: SpecMeta): SpecRef {
  return create(SpecRefSchema, { name, namespace, version, digest });
}
