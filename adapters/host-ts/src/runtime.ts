/** What a runtime has to offer the host, and what the host offers a runtime. */

import type { ModelAnswer, ModelTool, ModelToolResult } from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import type { AgentProblem } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { AgentSpec } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import type { RuntimeCapability } from "@pal/contracts/pal/v1/runtime_capability_pb.js";
import type { ToolSpec } from "@pal/contracts/pal/v1/tool_spec_pb.js";
import type { Turn } from "./dialogue.ts";

/**
 * One run as a runtime sees it.
 *
 * *opening* is what the model is told first: instructions, conversation so far, input. It is the same for every
 * runtime. *tools* are what the model may ask for, in the order of the agent.
 */
export interface Task {
  readonly runId: string;
  readonly opening: readonly Turn[];
  readonly tools: readonly ModelTool[];
}

/** The only way of a run to a model. */
export interface ModelPort {
  /**
   * Return the answer to *turns*, with the tools of these names on offer.
   *
   * The port passes on text while it is produced, adds the message to the record and restores calls and results to
   * what they were before the runtime took them apart. It rejects with a MeshError when the run cannot go on: let it
   * through.
   */
  ask(turns: readonly Turn[], tools: readonly string[]): Promise<ModelAnswer>;
}

/** The only way of a run to a tool. */
export interface ToolPort {
  /**
   * Return what the call that the model asked for under *callId* gave.
   *
   * The arguments are the model's own, character for character; what the runtime made of them does not matter. Never
   * rejects: a call that failed is a result that says so.
   */
  call(callId: string): Promise<ModelToolResult>;
}

/** What a run may do. */
export interface Ports {
  readonly model: ModelPort;
  readonly tools: ToolPort;
}

/** A runtime behind the host. */
export interface Runtime {
  readonly capability: RuntimeCapability;
  /** Exact version of the SDK in use. */
  readonly installedVersion: string;

  /** Return what stands in the way of *agent* beyond the declaration. */
  problems(agent: AgentSpec, tools: readonly ToolSpec[]): AgentProblem[];

  /** Do whatever makes the first run slow. */
  warmUp(): Promise<void>;

  /**
   * Carry out *task* and return the final text.
   *
   * Runs side by side with others and is taken away by *signal*: the ports then end at once, and so should the rest.
   * Whatever it throws ends the run.
   */
  run(task: Task, ports: Ports, signal: AbortSignal): Promise<string>;
}
