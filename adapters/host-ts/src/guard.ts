/** The edge of the server: errors of PAL become statuses, surprises become opaque, each RPC is logged once. */

import type { sendUnaryData, ServerUnaryCall, ServerWritableStream, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { MeshError } from "./errors.ts";
import { newId } from "./identifiers.ts";
import { log } from "./logs.ts";
import { toStatus } from "./status.ts";

interface WithLease {
  readonly lease?: { readonly runId: string } | undefined;
}

export function guardedUnary<I, O>(path: string, handle: (request: I) => O | Promise<O>) {
  return (call: ServerUnaryCall<I, O>, callback: sendUnaryData<O>): void => {
    const over = logged(path, call.request as WithLease);
    new Promise<O>((resolve) => resolve(handle(call.request))).then(
      (response) => {
        over(status.OK);
        callback(null, response);
      },
      (error: unknown) => {
        const failed = statusOf(error);
        over(failed.code);
        callback(failed);
      },
    );
  };
}

export function guardedStream<I, O>(path: string, handle: (call: ServerWritableStream<I, O>) => Promise<void>) {
  return (call: ServerWritableStream<I, O>): void => {
    const over = logged(path, call.request as WithLease);
    handle(call).then(
      () => {
        over(call.cancelled ? status.CANCELLED : status.OK);
        call.end();
      },
      (error: unknown) => {
        const failed = statusOf(error);
        over(failed.code);
        call.emit("error", failed);
      },
    );
  };
}

function statusOf(error: unknown): StatusObject {
  if (error instanceof MeshError) return toStatus(error);
  const errorId = newId();
  log.error("handler failed", { error_id: errorId, error });
  const message = `internal error ${errorId}; the service's log has the details under this id`;
  return toStatus(new MeshError(ErrorReason.INTERNAL, message, { error_id: errorId }));
}

function logged(method: string, { lease }: WithLease): (code: status) => void {
  const started = performance.now();
  return (code) => {
    const durationMs = Math.round((performance.now() - started) * 1000) / 1000;
    log.info("rpc", { method, duration_ms: durationMs, code: status[code], ...(lease && { run_id: lease.runId }) });
  };
}
