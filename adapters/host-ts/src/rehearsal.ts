/** A run before the first one, with nobody listening: whatever a runtime loads late is loaded then. */

import { create } from "@bufbuild/protobuf";
import {
  ModelAnswerSchema,
  ModelToolResultSchema,
  ModelToolSchema,
  type ModelAnswer,
} from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import { ModelStopReason } from "@pal/contracts/pal/v1/run_event_pb.js";
import { AGENT, PLATFORM, USER } from "./dialogue.ts";
import { textPayload } from "./payload.ts";
import type { Ports, Runtime, Task } from "./runtime.ts";

const TOOL = create(ModelToolSchema, { name: "rehearse", purpose: "Shows that tools work." });
const TASK: Task = {
  runId: "rehearsal",
  opening: [
    { role: PLATFORM, text: "Rehearse." },
    { role: USER, text: "Begin." },
  ],
  tools: [TOOL],
};

/** Have *runtime* ask for a tool and answer; return the answer. */
export function rehearse(runtime: Runtime): Promise<string> {
  const answers = script().values();
  const ports: Ports = {
    model: { ask: async () => answers.next().value! },
    tools: { call: async (callId) => create(ModelToolResultSchema, { callId, result: textPayload("shown") }) },
  };
  return runtime.run(TASK, ports, new AbortController().signal);
}

function script(): ModelAnswer[] {
  const call = { callId: "call-1", name: TOOL.name, argumentsJson: "{}" };
  return [
    create(ModelAnswerSchema, {
      callId: "model-1",
      message: { role: AGENT, toolCalls: [call] },
      stopReason: ModelStopReason.TOOL_CALLS,
    }),
    create(ModelAnswerSchema, {
      callId: "model-2",
      message: { role: AGENT, parts: [textPayload("ready")] },
      stopReason: ModelStopReason.COMPLETE,
    }),
  ];
}
