/** What a model is told first: instructions from the agent, and the input. */

import { create } from "@bufbuild/protobuf";
import { ModelToolSchema, type ModelTool } from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import type { RuntimeServiceRunRequest } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { DirectiveStrength, type AgentDefinition } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import type { ToolSpec } from "@pal/contracts/pal/v1/tool_spec_pb.js";
import { PLATFORM, USER, type Turn } from "./dialogue.ts";
import { contentText } from "./payload.ts";
import type { Task } from "./runtime.ts";

/** Return the run that *request* asks for, as its runtime sees it. */
export function task(request: RuntimeServiceRunRequest): Task {
  const opening: Turn[] = [
    { role: PLATFORM, text: instructions(request.agent?.spec) },
    { role: USER, text: contentText(request.input) },
  ];
  return { runId: request.lease?.runId ?? "", opening, tools: request.tools.map(offer) };
}

function offer(tool: ToolSpec): ModelTool {
  // The schema is passed on as text: key order and number spelling stay what the owner wrote.
  const { purpose = "", input } = tool.spec ?? {};
  return create(ModelToolSchema, { name: tool.metadata?.name ?? "", purpose, ...(input && { input }) });
}

/** Return what an agent is for and what binds it, in words for a model. */
export function instructions(agent: AgentDefinition | undefined): string {
  return agent ? [...sections(agent)].map((section) => section.join("\n")).join("\n\n") : "";
}

function* sections(agent: AgentDefinition): Generator<string[]> {
  yield [agent.objective];
  const isPreferred = ({ strength }: { strength: DirectiveStrength }) => strength === DirectiveStrength.PREFERRED;
  const preferred = agent.directives.filter(isPreferred);
  const required = agent.directives.filter((directive) => !isPreferred(directive));
  if (required.length) yield ["You must follow these rules:", ...required.map(({ text }) => `- ${text}`)];
  if (preferred.length) {
    yield ["Follow these rules unless that costs something essential:", ...preferred.map(({ text }) => `- ${text}`)];
  }
  if (agent.input?.description) yield [`You are given: ${agent.input.description}`];
  if (agent.output?.description) yield [`You hand back: ${agent.output.description}`];
  const schema = agent.output?.schema?.text;
  if (schema) yield ["Answer with JSON that satisfies this schema, and with nothing else:", schema];
  if (agent.successCriteria.length) {
    yield ["The work is done when:", ...agent.successCriteria.map(({ statement }) => `- ${statement}`)];
  }
}
