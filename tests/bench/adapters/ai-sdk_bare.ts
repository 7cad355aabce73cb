/**
 * The bare AI SDK: a model that answers at once, streamed. It speaks what bare.py beside this file says: each line on
 * stdin is a load, each line on stdout says when one is over.
 */

import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import type { LanguageModelV4, LanguageModelV4StreamPart, LanguageModelV4StreamResult } from "@ai-sdk/provider";
import { jsonSchema, stepCountIs, streamText, tool, type ToolSet } from "ai";

interface Load {
  runs: number;
  concurrent: number;
  chunks: number;
  tool: boolean;
  pause_seconds: number;
}

const WORD = "token ";
const USAGE = {
  inputTokens: { total: 10, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: undefined, reasoning: undefined },
};

class InProcessModel implements LanguageModelV4 {
  readonly specificationVersion = "v4";
  readonly provider = "bench";
  readonly modelId = "bench";
  readonly supportedUrls = {};
  readonly #load: Load;
  #called = false;

  constructor(load: Load) {
    this.#load = load;
  }

  async doGenerate(): Promise<never> {
    throw new Error("the answer is streamed");
  }

  async doStream(): Promise<LanguageModelV4StreamResult> {
    const parts = this.#load.tool && !this.#called ? call() : answer(this.#load);
    this.#called = true;
    return { stream: ReadableStream.from(parts) as LanguageModelV4StreamResult["stream"] };
  }
}

function* call(): Generator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "tool-call", toolCallId: "call-1", toolName: "look_up", input: '{"number": 7}' };
  yield { type: "finish", finishReason: { unified: "tool-calls", raw: undefined }, usage: USAGE };
}

async function* answer(load: Load): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id: "1" };
  for (let n = 0; n < load.chunks; n += 1) {
    if (load.pause_seconds > 0) await pause(load.pause_seconds * 1000);
    yield { type: "text-delta", id: "1", delta: WORD };
  }
  yield { type: "text-end", id: "1" };
  yield { type: "finish", finishReason: { unified: "stop", raw: undefined }, usage: USAGE };
}

const TOOLS: ToolSet = {
  look_up: tool({
    description: "Look a number up.",
    inputSchema: jsonSchema<{ number: number }>({ type: "object", properties: { number: { type: "integer" } } }),
    execute: async () => "seven",
  }),
};

async function run(load: Load): Promise<void> {
  const result = streamText({
    model: new InProcessModel(load),
    instructions: "Answer.",
    messages: [{ role: "user", content: "hello" }],
    tools: load.tool ? TOOLS : {},
    stopWhen: stepCountIs(100),
    maxRetries: 0,
  });
  let length = 0;
  for await (const piece of result.textStream) length += piece.length;
  if (length !== load.chunks * WORD.length) throw new Error(`the answer has ${length} characters`);
}

async function carriedOut(load: Load): Promise<{ seconds: number; latencies: number[] }> {
  const latencies: number[] = [];
  let left = load.runs;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      await run(load);
      latencies.push((performance.now() - began) / 1000);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: load.concurrent }, worker));
  return { seconds: (performance.now() - began) / 1000, latencies };
}

console.log("{}");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await carriedOut(JSON.parse(line) as Load)));
}
