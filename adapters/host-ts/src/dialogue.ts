/** A conversation on its way through a runtime and back: plain turns outside, exact messages inside. */

import { create } from "@bufbuild/protobuf";
import {
  ModelMessageSchema,
  ModelToolResultSchema,
  type ModelAnswer,
  type ModelMessage,
  type ModelTool,
  type ModelToolCall,
  type ModelToolResult,
} from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import { MessageRole } from "@pal/contracts/pal/v1/run_event_pb.js";
import { textPayload } from "./payload.ts";

export const { PLATFORM, USER, AGENT } = MessageRole;

/**
 * One message as a runtime holds it.
 *
 * *callIds* are the tools asked for in a turn of the agent. *results* maps call ids to what the runtime would tell the
 * model, in a turn of the user.
 */
export interface Turn {
  readonly role: MessageRole;
  readonly text?: string;
  readonly callIds?: readonly string[];
  readonly results?: ReadonlyMap<string, string>;
}

/**
 * What was said in one run, kept so that no runtime can change it.
 *
 * Runtimes parse, reformat and reorder what passes through them: numbers lose digits, results become text of their own,
 * provider state is lost. So they get text and identifiers, and the originals take their place on the way out.
 */
export class Dialogue {
  readonly #tools: readonly string[];
  readonly #asking = new Map<string, ModelMessage>();
  readonly #calls = new Map<string, ModelToolCall>();
  readonly #modelCalls = new Map<string, string>();
  readonly #results = new Map<string, ModelToolResult>();
  readonly #texts = new Map<string, ModelMessage>();
  readonly #waiting = new Set<string>();
  #changed = () => {};

  /** Start with no answer; *tools* are all there are. */
  constructor(tools: readonly ModelTool[]) {
    this.#tools = tools.map((tool) => tool.name);
  }

  /** Keep an answer of the model. */
  heard(answer: ModelAnswer): void {
    for (const call of answer.message?.toolCalls ?? []) {
      this.#asking.set(call.callId, answer.message!);
      this.#calls.set(call.callId, call);
      this.#modelCalls.set(call.callId, answer.callId);
    }
  }

  /** Keep the result of a call and return it. */
  answered(result: ModelToolResult): ModelToolResult {
    this.#results.set(result.callId, result);
    this.#changed();
    return result;
  }

  /** Know that a call has no result before a person has answered. */
  waits(callId: string): void {
    this.#waiting.add(callId);
    this.#changed();
  }

  /** Return once every call for a tool that is there has its result, or waits for a person. */
  async askedEverything(): Promise<void> {
    const open = ({ callId, name }: ModelToolCall) =>
      this.offers(name) && !this.#results.has(callId) && !this.#waiting.has(callId);
    while ([...this.#calls.values()].some(open)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Return the call that the model asked for under *callId*. */
  call(callId: string): ModelToolCall | undefined {
    return this.#calls.get(callId);
  }

  /** Return the model call that asked for *callId*; empty when none did. */
  modelCall(callId: string): string {
    return this.#modelCalls.get(callId) ?? "";
  }

  offers(name: string): boolean {
    return this.#tools.includes(name);
  }

  /** Return what the model is told when it asks for a tool that is not there. */
  noSuchTool(callId: string, name: string): ModelToolResult {
    const available = this.#tools.join(", ") || "none";
    return failed(callId, `There is no tool named ${name}. Available: ${available}.`);
  }

  /** Return *turn* as the model gets it. */
  message(turn: Turn): ModelMessage {
    if (turn.results?.size) return create(ModelMessageSchema, { role: USER, toolResults: this.#inOrder(turn.results) });
    const original = turn.callIds?.length ? this.#asking.get(turn.callIds[0]!) : undefined;
    return original ?? this.#spoken(turn.role, turn.text ?? "");
  }

  // The same at every question of the run.
  #spoken(role: MessageRole, text: string): ModelMessage {
    const key = `${role} ${text}`;
    const known = this.#texts.get(key) ?? create(ModelMessageSchema, { role, parts: [textPayload(text)] });
    this.#texts.set(key, known);
    return known;
  }

  #inOrder(results: ReadonlyMap<string, string>): ModelToolResult[] {
    const order = new Map([...this.#calls.keys()].map((callId, place) => [callId, place]));
    return [...results]
      .sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
      .map(([callId, text]) => this.#result(callId, text));
  }

  #result(callId: string, text: string): ModelToolResult {
    const known = this.#results.get(callId);
    if (known) return known;
    const call = this.#calls.get(callId);
    if (call && !this.offers(call.name)) return this.answered(this.noSuchTool(callId, call.name));
    return failed(callId, text);
  }
}

/** Return the result of a call that did not succeed. */
export function failed(callId: string, text: string): ModelToolResult {
  return create(ModelToolResultSchema, { callId, result: textPayload(text), isFailure: true });
}
