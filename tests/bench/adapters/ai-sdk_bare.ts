/**
 * The AI SDK without PAL: the same runs with a model and a tool inside of the process.
 *
 *     node tests/bench/adapters/ai-sdk_bare.ts RUNS CHUNKS TOOLS
 *
 * does RUNS runs, one after the other, in which the model asks TOOLS times for a tool and then answers in CHUNKS pieces,
 * and prints one JSON line: the CPU and the wall time of a run in milliseconds.
 */

import type { LanguageModelV4, LanguageModelV4StreamPart, LanguageModelV4StreamResult } from "@ai-sdk/provider";
import { jsonSchema, stepCountIs, streamText, tool, type ToolSet } from "ai";

const [RUNS = 500, CHUNKS = 20, TOOLS = 0] = process.argv.slice(2).map(Number);
const WARM_UP = 100;
const PIECE = "a piece of the answer ";
const USAGE = {
  inputTokens: { total: 10, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 10, text: undefined, reasoning: undefined },
};

class InProcessModel implements LanguageModelV4 {
  readonly specificationVersion = "v4";
  readonly provider = "bench";
  readonly modelId = "bench";
  readonly supportedUrls = {};
  #asked = 0;

  async doGenerate(): Promise<never> {
    throw new Error("the answer is streamed");
  }

  async doStream(): Promise<LanguageModelV4StreamResult> {
    this.#asked += 1;
    const parts = this.#asked <= TOOLS ? call(`call-${this.#asked}`) : answer();
    return { stream: ReadableStream.from(parts) as LanguageModelV4StreamResult["stream"] };
  }
}

function* call(toolCallId: string): Generator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "tool-call", toolCallId, toolName: "find", input: '{"query":"a door"}' };
  yield { type: "finish", finishReason: { unified: "tool-calls", raw: undefined }, usage: USAGE };
}

function* answer(): Generator<LanguageModelV4StreamPart> {
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id: "1" };
  for (let n = 0; n < CHUNKS; n += 1) yield { type: "text-delta", id: "1", delta: PIECE };
  yield { type: "text-end", id: "1" };
  yield { type: "finish", finishReason: { unified: "stop", raw: undefined }, usage: USAGE };
}

const TOOLS_OF_THE_AGENT: ToolSet = {
  find: tool({
    description: "Finds what is asked for.",
    inputSchema: jsonSchema<{ query: string }>({ type: "object", properties: { query: { type: "string" } } }),
    execute: async ({ query }) => `found ${query}`,
  }),
};

async function run(): Promise<void> {
  const result = streamText({
    model: new InProcessModel(),
    instructions: "Say what is so.",
    messages: [{ role: "user", content: "What is so?" }],
    tools: TOOLS_OF_THE_AGENT,
    stopWhen: stepCountIs(100),
    maxRetries: 0,
  });
  let length = 0;
  for await (const piece of result.textStream) length += piece.length;
  if (length !== CHUNKS * PIECE.length) throw new Error(`the answer has ${length} characters`);
}

for (let n = 0; n < WARM_UP; n += 1) await run();
const [wall, cpu] = [performance.now(), process.cpuUsage()];
for (let n = 0; n < RUNS; n += 1) await run();
const { user, system } = process.cpuUsage(cpu);
const [cpuMs, wallMs] = [(user + system) / 1000 / RUNS, (performance.now() - wall) / RUNS];
console.log(JSON.stringify({ runs: RUNS, chunks: CHUNKS, tools: TOOLS, cpu_ms_per_run: cpuMs, wall_ms_per_run: wallMs }));
