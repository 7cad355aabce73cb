/** The model that the AI SDK sees: the model port of one run. */

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamResult,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import { AGENT, PLATFORM, USER, textOf, type ModelPort, type Turn } from "@pal/adapter-host";
import type { ModelMessage } from "ai";

type Prompt = LanguageModelV4CallOptions["prompt"];

// The platform counts; what an SDK would make of the numbers nobody reads.
const UNCOUNTED = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

/**
 * Asks the port.
 *
 * The AI SDK gets an empty object in place of the arguments of a call: it would parse and write them anew, and numbers
 * lose digits by that.
 */
export class PortModel implements LanguageModelV4 {
  readonly specificationVersion = "v4";
  readonly provider = "pal";
  readonly modelId = "pal";
  // Otherwise the SDK fetches what a URL names, from inside the adapter.
  readonly supportedUrls = { "*/*": [/.*/] };
  readonly #port: ModelPort;

  constructor(port: ModelPort) {
    this.#port = port;
  }

  /** Return the answer of the port. */
  async doGenerate({ prompt, tools = [] }: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const { message } = await this.#port.ask(
      [...turns(prompt)],
      tools.map((tool) => tool.name),
    );
    const text = textOf(message?.parts ?? []);
    const calls = (message?.toolCalls ?? []).map(({ callId, name }): LanguageModelV4Content => ({
      type: "tool-call",
      toolCallId: callId,
      toolName: name,
      input: "{}",
    }));
    const reason = calls.length ? "tool-calls" : "stop";
    return {
      content: text ? [{ type: "text", text }, ...calls] : calls,
      finishReason: { unified: reason, raw: undefined },
      usage: UNCOUNTED,
      warnings: [],
    };
  }

  /** Refuse: the port streams by itself, at a fraction of the cost. */
  async doStream(): Promise<LanguageModelV4StreamResult> {
    throw new Error("the model port streams by itself");
  }
}

/** Return *turn* as the AI SDK holds it. */
export function message({ role, text = "" }: Turn): ModelMessage {
  if (role === AGENT) return { role: "assistant", content: text };
  return role === PLATFORM ? { role: "system", content: text } : { role: "user", content: text };
}

/** Yield what *prompt* says, the results of one answer together. */
export function* turns(prompt: Prompt): Generator<Turn> {
  for (const said of prompt) {
    switch (said.role) {
      case "system":
        yield { role: PLATFORM, text: said.content };
        break;
      case "user":
        yield { role: USER, text: written(said.content) };
        break;
      case "assistant":
        yield { role: AGENT, text: written(said.content), callIds: called(said.content) };
        break;
      case "tool":
        yield {
          role: USER,
          results: new Map(said.content.flatMap((part) => (part.type === "tool-result" ? [result(part)] : []))),
        };
    }
  }
}

function written(parts: readonly { readonly type: string; readonly text?: string }[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function called(parts: readonly { readonly type: string; readonly toolCallId?: string }[]): string[] {
  return parts.flatMap((part) => (part.type === "tool-call" ? (part.toolCallId ?? []) : []));
}

function result({ toolCallId, output }: LanguageModelV4ToolResultPart): readonly [callId: string, text: string] {
  return [toolCallId, "value" in output ? String(output.value) : ""];
}
