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

const { describe, run, cancel } = serviceDefinition(RuntimeService);
type RunCall = ServerWritableStream<RuntimeServiceRunRequest, RuntimeServiceRunResponse>;

/** Return the handlers that serve what *attempts* can do. */
export function servicer(attempts: Attempts): UntypedServiceImplementation {
  return {
    describe: guardedUnary(describe.path, (request: DescribeRequest) => attempts.describe(request)),
    run: guardedStream(run.path, (call: RunCall) => streamed(attempts, call)),
    cancel: guardedUnary(cancel.path, async (request: RuntimeServiceCancelRequest) => {
      await attempts.cancel(request);
      return create(RuntimeServiceCancelResponseSchema);
    }),
  };
}

async function streamed(attempts: Attempts, call: RunCall): Promise<void> {
  const attempt = await attempts.begin(call.request, deadlineOf(call));
  let written = () => {};
  // Comes at every end of the call, also when its time is up.
  call.on("cancelled", () => {
    attempt.leave();
    written();
  });
  if (call.cancelled) attempt.leave();
  await attempt.outbox.drainTo(
    (frames) =>
      new Promise((resolve) => {
        written = resolve;
        if (call.cancelled) resolve();
        else call.write(create(RuntimeServiceRunResponseSchema, { frames: [...frames] }), () => resolve());
      }),
  );
  attempts.over(attempt);
}

function deadlineOf(call: RunCall): Deadline {
  return Number(call.getDeadline());
}
