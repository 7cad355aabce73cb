/** Runs on the Vercel AI SDK: a model and tools of its own for every run, and nothing that outlives it. */

import { contentText, declared, rehearse, type Ports, type Runtime, type Task, type ToolPort } from "@pal/adapter-host";
import { generateText, jsonSchema, tool, type ToolSet } from "ai";
import { createRequire } from "node:module";
import { message, PortModel } from "./model.ts";

const ANYTHING = jsonSchema({});
const installed = createRequire(import.meta.url)("ai/package.json") as { version: string };

/** Hands each run to the AI SDK. */
export class AiSdkRuntime implements Runtime {
  readonly installedVersion = installed.version;
  readonly capability = declared(new URL("../declaration.json", import.meta.url));

  /** Return nothing: the AI SDK sees neither the schemas nor the arguments, so none can trouble it. */
  problems(): [] {
    return [];
  }

  /** Load what the AI SDK loads at the first run and the first tool call. */
  async warmUp(): Promise<void> {
    // It would write to the console; what it has to say about a run is in the result of the run.
    globalThis.AI_SDK_LOG_WARNINGS = false;
    await rehearse(this);
  }

  /** Carry out *task*. */
  async run(task: Task, ports: Ports, signal: AbortSignal): Promise<string> {
    const { text } = await generateText({
      model: new PortModel(ports.model),
      messages: task.opening.map(message),
      allowSystemInMessages: true,
      tools: tools(task, ports.tools),
      // How often a model may ask is the platform's to limit, and so is asking again.
      stopWhen: () => false,
      maxRetries: 0,
      telemetry: { isEnabled: false },
      abortSignal: signal,
    });
    return text;
  }
}

function tools(task: Task, port: ToolPort): ToolSet {
  const execute = async (_: unknown, { toolCallId }: { toolCallId: string }) =>
    contentText((await port.call(toolCallId)).result);
  return Object.fromEntries(
    task.tools.map(({ name, purpose }) => [name, tool({ description: purpose, inputSchema: ANYTHING, execute })]),
  );
}
