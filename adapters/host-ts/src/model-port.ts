/** The way to a model: one question, its answer, and what the record and the listeners get of it. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Connection } from "@pal/contracts/grpc.js";
import {
  LLMProviderService,
  type ModelAnswer,
  type ModelMessage,
  type ModelRequestSchema,
  type ModelTool,
  type StreamCompleteResponse,
  type TextChunk,
} from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import type { RunFrame } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { AgentDefinition } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { ModelStopReason, RunEventSchema } from "@pal/contracts/pal/v1/run_event_pb.js";
import { AGENT, PLATFORM, type Dialogue, type Turn } from "./dialogue.ts";
import { MeshError } from "./errors.ts";
import { stableId } from "./identifiers.ts";
import { frame, type Outbox } from "./outbox.ts";
import { textOf } from "./payload.ts";
import type { ModelPort } from "./runtime.ts";
import { seamError, unreachable, type Grant } from "./seam.ts";
import { isServiceError } from "./status.ts";

const DEFAULT_PROFILE = "default";
// Why an answer ends the run, whatever the runtime would do with it.
const BAD_ENDS: Partial<Record<ModelStopReason, readonly [reason: ErrorReason, what: string]>> = {
  [ModelStopReason.LENGTH]: [ErrorReason.MODEL_TRUNCATED, "ran out of tokens"],
  [ModelStopReason.REFUSED]: [ErrorReason.MODEL_REFUSED, "declined to answer"],
  [ModelStopReason.FILTERED]: [ErrorReason.MODEL_FILTERED, "answered, and its provider held it back"],
  [ModelStopReason.CANCELLED]: [ErrorReason.MODEL_UNAVAILABLE, "was stopped before it had answered"],
};

type Request = MessageInitShape<typeof ModelRequestSchema>;

/** What a port asks for: the agent, the tools on offer, and what was said in the conversation before this run. */
export interface Asking {
  readonly agent: AgentDefinition | undefined;
  readonly tools: readonly ModelTool[];
  readonly earlier: readonly ModelMessage[];
}

/** Asks the LLM provider. */
export class SeamModelPort implements ModelPort {
  readonly #provider: Connection;
  readonly #grant: Grant;
  readonly #asking: Asking;
  readonly #dialogue: Dialogue;
  readonly #outbox: Outbox;
  #asked = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Ask for *asking* under *grant*, and tell *outbox* what comes of it. */
  constructor(provider: Connection, grant: Grant, asking: Asking, dialogue: Dialogue, outbox: Outbox) {
    this.#provider = provider;
    this.#grant = grant;
    this.#asking = asking;
    this.#dialogue = dialogue;
    this.#outbox = outbox;
  }

  /** Return the answer to *turns*, with *tools* on offer. One question at a time. */
  ask(turns: readonly Turn[], tools: readonly string[]): Promise<ModelAnswer> {
    const answer = this.#last.then(() => this.#guarded(turns, tools));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #guarded(turns: readonly Turn[], tools: readonly string[]): Promise<ModelAnswer> {
    this.#grant.check();
    await this.#grant.hold();
    try {
      const answer = await this.#ask(turns, tools);
      this.#dialogue.heard(answer);
      checkEnd(answer);
      return answer;
    } catch (error) {
      throw error instanceof MeshError ? this.#grant.end(error) : error;
    }
  }

  async #ask(turns: readonly Turn[], tools: readonly string[]): Promise<ModelAnswer> {
    const request = this.#request(turns, tools);
    const { runId, epoch } = this.#grant.lease;
    const messageId = stableId(runId, "message", request.callId ?? "", String(epoch));
    const answer = await this.#stream(request, messageId);
    const { parts, toolCalls } = said(answer);
    if (textOf(parts)) {
      const message = { messageId, role: AGENT, parts, modelCallId: answer.callId };
      // Named by the answer: an attempt that is given it again adds nothing to the record.
      const eventId = stableId(runId, "message.added", answer.callId);
      const body = { case: "messageAdded", value: message } as const;
      const event = create(RunEventSchema, { eventId, type: "message.added", body });
      // What is probably the last word waits for the result and is recorded together with it.
      await this.#outbox.put([frame({ case: "event", value: event })], !toolCalls.length);
    }
    return answer;
  }

  #request(turns: readonly Turn[], tools: readonly string[]): Request {
    // Counted, not random: a later attempt of the run asks for the same calls by the same names.
    this.#asked += 1;
    const { agent, tools: known } = this.#asking;
    const schema = agent?.output?.schema;
    return {
      lease: this.#grant.lease,
      callId: `model-${this.#asked}`,
      profile: agent?.modelNeeds?.profile || DEFAULT_PROFILE,
      messages: this.#messages(turns),
      // The order of the agent, whatever order the runtime keeps them in.
      tools: known.filter((tool) => tools.includes(tool.name)),
      ...(schema?.text && { answerSchema: schema }),
    };
  }

  #messages(turns: readonly Turn[]): ModelMessage[] {
    // The conversation stands between the instructions and the input; no runtime has a say in it.
    const messages = turns.map((turn) => this.#dialogue.message(turn));
    const first = turns.findIndex(({ role }) => role !== PLATFORM);
    const place = first < 0 ? messages.length : first;
    return [...messages.slice(0, place), ...this.#asking.earlier, ...messages.slice(place)];
  }

  async #stream(request: Request, messageId: string): Promise<ModelAnswer> {
    let answer: ModelAnswer | undefined;
    const take = ({ frames }: StreamCompleteResponse) => {
      const live = frames.flatMap(({ frame: part }) => (part.case === "text" ? this.#live(part.value, messageId) : []));
      for (const { frame: part } of frames) if (part.case === "answer") answer = part.value;
      return live.length ? this.#outbox.put(live) : undefined;
    };
    const { streamComplete } = LLMProviderService.method;
    try {
      await this.#grant.calling((options) => this.#provider.receive(streamComplete, { request }, take, options));
    } catch (error) {
      throw isServiceError(error) ? seamError(error, unavailable(error.details)) : error;
    }
    return answer ?? Promise.reject(unavailable("its stream ended without an answer"));
  }

  #live({ partIndex, offset, text }: TextChunk, messageId: string): RunFrame {
    const { runId } = this.#grant.lease;
    return frame({ case: "liveOutput", value: { runId, messageId, partIndex, offset, text } });
  }
}

function said(answer: ModelAnswer) {
  return answer.message ?? { parts: [], toolCalls: [] };
}

function checkEnd(answer: ModelAnswer): void {
  const { model, provider } = answer;
  const bad = BAD_ENDS[answer.stopReason];
  if (bad) throw new MeshError(bad[0], `the model ${bad[1]}`, { model, provider });
  const { parts, toolCalls } = said(answer);
  if (!toolCalls.length && !textOf(parts).trim()) {
    const message = "the model answered with neither text nor a tool call";
    throw new MeshError(ErrorReason.OUTPUT_EMPTY, message, { model, provider });
  }
}

function unavailable(detail: string): MeshError {
  return unreachable("llm_provider", `the LLM provider cannot be reached: ${detail}`);
}
