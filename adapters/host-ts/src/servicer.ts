/** RuntimeService over one runtime. */

import { create } from "@bufbuild/protobuf";
import type { ServerWritableStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import { serviceDefinition } from "@pal/contracts/grpc.js";
import {
  RuntimeService,
  RuntimeServiceCancelResponseSchema,
  RuntimeServiceRunResponseSchema,
  type DescribeRequest,
  type RuntimeServiceCancelRequest,
  type RuntimeServiceRunRequest,
  type RuntimeServiceRunResponse,
} from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import type { Attempts } from "./attempts.ts";
import { guardedStream, guardedUnary } from "./guard.ts";
import type { Deadline } from "./seam.ts";

export const DEFINITION = serviceDefinition(RuntimeService);
type RunCall = ServerWritableStream<RuntimeServiceRunRequest, RuntimeServiceRunResponse>;

/** Return the handlers that serve what *attempts* can do. */
export function servicer(attempts: Attempts): UntypedServiceImplementation {
  return {
    describe: guardedUnary(DEFINITION.describe.path, (request: DescribeRequest) => attempts.describe(request)),
    run: guardedStream(DEFINITION.run.path, (call: RunCall) => run(attempts, call)),
    cancel: guardedUnary(DEFINITION.cancel.path, async (request: RuntimeServiceCancelRequest) => {
      await attempts.cancel(request);
      return create(RuntimeServiceCancelResponseSchema);
    }),
  };
}

async function run(attempts: Attempts, call: RunCall): Promise<void> {
  const attempt = await attempts.begin(call.request, deadlineOf(call));
  // Also when the time of the call is up.
  call.on("cancelled", () => attempt.leave());
  if (call.cancelled) attempt.leave();
  try {
    for await (const frames of attempt.outbox.batches()) {
      if (!call.cancelled) await written(call, create(RuntimeServiceRunResponseSchema, { frames }));
    }
  } finally {
    attempts.over(call.request.lease?.runId ?? "", attempt);
  }
}

function deadlineOf(call: RunCall): Deadline {
  return Number(call.getDeadline());
}

function written(call: RunCall, response: RuntimeServiceRunResponse): Promise<void> {
  return new Promise((resolve) => {
    call.once("cancelled", resolve);
    call.write(response, () => {
      call.off("cancelled", resolve);
      resolve();
    });
  });
}
