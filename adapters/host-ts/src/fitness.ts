/** What stands in the way of an agent on a runtime. */

import { create } from "@bufbuild/protobuf";
import { AgentProblemSchema, type AgentProblem } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { AgentSpec } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import type { ToolSpec } from "@pal/contracts/pal/v1/tool_spec_pb.js";
import type { Runtime } from "./runtime.ts";
import { isSchema } from "./schemas.ts";

const SWITCHES = [
  ["toolCalling", "tool_calling"],
  ["humanInLoop", "human_in_loop"],
  ["multimodal", "multimodal"],
  ["streaming", "streaming"],
  ["parallelToolCalls", "parallel_tool_calls"],
  ["structuredOutput", "structured_output"],
] as const;

/** Return everything that keeps *runtime* from carrying out *agent* with *tools*. */
export function problems(runtime: Runtime, agent: AgentSpec, tools: readonly ToolSpec[]): AgentProblem[] {
  return [...missing(runtime, agent), ...unsound(agent, tools), ...runtime.problems(agent, tools)];
}

function* missing({ capability }: Runtime, { spec }: AgentSpec): Generator<AgentProblem> {
  const name = capability.runtime;
  const requires = spec?.requires;
  const has = capability.capabilities;
  const modes = has?.modes ?? [];
  if (spec?.plan?.stages.length && !modes.includes("workflow")) {
    yield lacks("modes", `runtime ${name} carries out no spec.plan: it works in ${modes.join(", ")} only`);
  } else if (requires?.modes.length && !requires.modes.some((mode) => modes.includes(mode))) {
    yield lacks("modes", `runtime ${name} works in ${modes.join(", ")} only`);
  }
  for (const [property, field] of SWITCHES) {
    if (requires?.[property] && !has?.[property]) yield lacks(field, `runtime ${name} does not declare ${field}`);
  }
  const most = has?.maxContextTokens ?? 0;
  if (requires && requires.minContextTokens > most) {
    yield lacks("min_context_tokens", `runtime ${name} hands a model ${most} tokens at most`);
  }
}

function* unsound(agent: AgentSpec, tools: readonly ToolSpec[]): Generator<AgentProblem> {
  const names = tools.map((tool) => tool.metadata?.name ?? "");
  const twice = names.filter((name, place) => names.indexOf(name) !== place);
  for (const name of [...new Set(twice)].sort()) {
    yield problem("spec.tools", "INVALID_DOCUMENT", `two tools are called ${name}; a model cannot tell them apart`);
  }
  const schemas = tools.map((tool, place) => [`tools[${place}].spec.input`, tool.spec?.input?.text] as const);
  for (const [field, text] of [["spec.output.schema", agent.spec?.output?.schema?.text] as const, ...schemas]) {
    if (text && !isSchema(text)) yield problem(field, "INVALID_DOCUMENT", `${field} is no JSON Schema`);
  }
}

function lacks(field: string, message: string): AgentProblem {
  return problem(`spec.requires.${field}`, "CAPABILITY_MISSING", message);
}

function problem(field: string, reason: string, message: string): AgentProblem {
  return create(AgentProblemSchema, { field, reason, message });
}
