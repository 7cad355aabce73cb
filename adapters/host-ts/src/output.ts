/** The end of a run: the same rules for every runtime. */

import { create } from "@bufbuild/protobuf";
import type { AgentDefinition, IoContract } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import type { Payload } from "@pal/contracts/pal/v1/common_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { RunEventSchema, RunOutcome, SuspendReason, type InputRequested } from "@pal/contracts/pal/v1/run_event_pb.js";
import {
  RuntimeResultSchema,
  type RunFrame,
  type RuntimeResult,
} from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { failure, MeshError } from "./errors.ts";
import { stableId } from "./identifiers.ts";
import { frame } from "./outbox.ts";
import { jsonPayload, textPayload } from "./payload.ts";
import { violation } from "./schemas.ts";

const OUTCOMES: Partial<Record<ErrorReason, RunOutcome>> = {
  [ErrorReason.RUN_CANCELLED]: RunOutcome.CANCELLED,
  [ErrorReason.LIMIT_REACHED]: RunOutcome.LIMITED,
  [ErrorReason.QUOTA_EXCEEDED]: RunOutcome.LIMITED,
  [ErrorReason.DEADLINE_EXCEEDED]: RunOutcome.LIMITED,
};

/** How a run ends: facts that come first, and the result. */
export interface End {
  readonly facts: readonly RunFrame[];
  readonly result: RuntimeResult;
}

/**
 * Return the end of a run with *text*: the file, where the agent makes one, and the result.
 *
 * Throws OUTPUT_EMPTY or OUTPUT_INVALID.
 */
export function succeeded(runId: string, agent: AgentDefinition | undefined, text: string): End {
  const content = output(agent?.output, text);
  const result = create(RuntimeResultSchema, { outcome: RunOutcome.SUCCEEDED, output: content });
  if (!content.filename) return { facts: [], result };
  const artifactId = stableId(runId, "artifact", content.filename, content.digest);
  const body = { case: "artifactAdded", value: { artifactId, title: content.filename, content } } as const;
  const event = create(RunEventSchema, { eventId: artifactId, type: "artifact.added", body });
  return { facts: [frame({ case: "event", value: event })], result };
}

/** Return the end of an attempt that waits for what people are *asked*. */
export function suspended(runId: string, asked: readonly InputRequested[]): End {
  const facts = asked.map((value) => {
    const eventId = stableId(runId, "input.requested", value.inputId);
    const body = { case: "inputRequested", value } as const;
    return frame({ case: "event", value: create(RunEventSchema, { eventId, type: "input.requested", body }) });
  });
  const waits = { reason: SuspendReason.INPUT, inputIds: asked.map(({ inputId }) => inputId) };
  return { facts, result: create(RuntimeResultSchema, { suspended: waits }) };
}

/** Return the end of a run that *error* ended. */
export function ended(error: MeshError): End {
  const outcome = OUTCOMES[error.reason] ?? RunOutcome.FAILED;
  return { facts: [], result: create(RuntimeResultSchema, { outcome, failure: failure(error) }) };
}

/**
 * Return *text* as the output that *contract* asks for; white space around JSON does not matter.
 *
 * Throws OUTPUT_EMPTY or OUTPUT_INVALID.
 */
export function output(contract: IoContract | undefined, text: string): Payload {
  const trimmed = text.trim();
  if (!trimmed) throw new MeshError(ErrorReason.OUTPUT_EMPTY, "the runtime gave no output");
  const schema = contract?.schema?.text;
  if (!schema) return textPayload(text);
  const [path, problem] = problemOf(schema, trimmed) ?? [];
  if (problem === undefined) return jsonPayload(trimmed, contract.filename);
  const where = path ? `output at ${path}` : "output";
  throw new MeshError(ErrorReason.OUTPUT_INVALID, `${where}: ${problem}`.slice(0, 512), { path });
}

function problemOf(schema: string, text: string): readonly [path: string, problem: string] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return ["", `is not JSON: ${(error as Error).message}`];
  }
  return violation(schema, value);
}
