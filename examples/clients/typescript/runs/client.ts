/** Starts agents on a PAL mesh and follows what they do, across cuts of the connection. */

import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Connection } from "@pal/contracts/grpc.js";
import {
  RouterService,
  type RunRequestSchema,
  type RunStreamFrame,
} from "@pal/contracts/pal/service/v1/router_service_pb.js";
import type { Run } from "@pal/contracts/pal/service/v1/shared_pb.js";
import { following, type Patience } from "./following.ts";

const OPTIONS = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  // A connection that went silent is noticed, not waited for.
  "grpc.keepalive_time_ms": 10_000,
};

/** Talks to the router of a mesh. */
export class Client {
  readonly #connection: Connection;
  readonly #patience: Patience;

  constructor(router: string, patience: Patience = { patienceMs: 60_000 }) {
    this.#connection = new Connection(router, OPTIONS);
    this.#patience = patience;
  }

  /**
   * Start the run that *request* asks for and yield its frames; `run.finished` is the last.
   *
   * A request without an id gets one: however often a cut makes it necessary to ask again, one run is started.
   */
  run(request: MessageInitShape<typeof RunRequestSchema>): AsyncGenerator<RunStreamFrame> {
    const named = { ...request, requestId: request.requestId || randomUUID() } as typeof request;
    return following(this.#connection, { request: named, seq: 0n }, this.#patience);
  }

  /** Yield the frames of a run after a position; `run.finished` is the last. */
  watch(runId: string, afterSeq = 0n): AsyncGenerator<RunStreamFrame> {
    return following(this.#connection, { runId, seq: afterSeq }, this.#patience);
  }

  /** Ask a run to stop and return it as it is now. Follow it to see it end. */
  async cancel(runId: string, reason = ""): Promise<Run | undefined> {
    const request = { runId, reason, requestId: randomUUID() };
    const { run } = await this.#connection.unary(RouterService.method.cancel, request);
    return run;
  }

  close(): void {
    this.#connection.close();
  }
}
