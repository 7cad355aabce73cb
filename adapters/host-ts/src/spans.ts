/** The measurement of one attempt: the runtime's share is what its calls do not account for. */

import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { randomBytes } from "node:crypto";
import type {
  RunFrame,
  RuntimeResult,
  RuntimeServiceRunRequest,
} from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { ExecutionMode } from "@pal/contracts/pal/v1/common_pb.js";
import { RunOutcome } from "@pal/contracts/pal/v1/run_event_pb.js";
import { SpanKind, SpanStatus, TraceSpanSchema } from "@pal/contracts/pal/v1/trace_span_pb.js";
import { frame } from "./outbox.ts";
import type { Runtime } from "./runtime.ts";

const NANOS = 1_000_000_000n;
const STATUSES: Partial<Record<RunOutcome, SpanStatus>> = {
  [RunOutcome.SUCCEEDED]: SpanStatus.OK,
  [RunOutcome.CANCELLED]: SpanStatus.CANCELLED,
};

/** Measures one attempt from now on. */
export class AttemptSpan {
  readonly #runtime: Runtime;
  readonly #request: RuntimeServiceRunRequest;
  readonly #startedAt = timestampNow();
  readonly #clock = process.hrtime.bigint();

  constructor(runtime: Runtime, request: RuntimeServiceRunRequest) {
    this.#runtime = runtime;
    this.#request = request;
  }

  /** Return the measurement of the attempt, which ended with *result*. */
  frame(result: RuntimeResult): RunFrame {
    const nanos = process.hrtime.bigint() - this.#clock;
    const name = this.#runtime.capability.runtime;
    const { lease, agent, traceparent } = this.#request;
    const [, traceId = "", parentSpanId = ""] = traceparent.split("-").length === 4 ? traceparent.split("-") : [];
    const span = create(TraceSpanSchema, {
      traceId,
      spanId: randomBytes(8).toString("hex"),
      parentSpanId,
      runId: lease?.runId ?? "",
      kind: SpanKind.RUNTIME,
      name: `runtime ${name} ${agent?.metadata?.name ?? ""}`,
      startedAt: this.#startedAt,
      duration: { seconds: nanos / NANOS, nanos: Number(nanos % NANOS) },
      status: STATUSES[result.outcome] ?? SpanStatus.ERROR,
      errorReason: result.failure?.reason ?? "",
      mode: lease?.mode ?? ExecutionMode.UNSPECIFIED,
      component: `adapter.${name}`,
      runtime: name,
      runtimeVersion: this.#runtime.installedVersion,
      attempt: Number(lease?.epoch ?? 0n),
    });
    return frame({ case: "span", value: span });
  }
}
