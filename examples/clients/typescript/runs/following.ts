/** One run that is followed, whatever becomes of the connection. */

import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Connection } from "@pal/contracts/grpc.js";
import {
  RouterService,
  type RunRequestSchema,
  type RunStreamFrame,
} from "@pal/contracts/pal/service/v1/router_service_pb.js";
import { Cut, retryAfter } from "./errors.ts";

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** What is known of a run: the request that starts it, or the run itself and the highest position that was seen. */
export interface Known {
  request?: MessageInitShape<typeof RunRequestSchema>;
  runId?: string;
  seq: bigint;
}

export interface Patience {
  /** How long to go on without hearing from the mesh. */
  readonly patienceMs: number;
  /** Told why the connection was lost and when it is tried again. */
  readonly onCut?: (error: unknown, waitMs: number) => void;
}

/** Yield the frames of a run up to its end, each event once and in order; throws when the mesh refuses or is gone. */
export async function* following(connection: Connection, known: Known, { patienceMs, onCut }: Patience) {
  let heard = Date.now();
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    let lost: unknown = new Cut("the stream ended before the run did");
    try {
      for await (const { frames } of stream(connection, known)) {
        heard = Date.now();
        pause = FIRST_PAUSE_MS;
        for (const frame of frames) {
          if (!isNews(frame, known)) continue;
          yield frame;
          if (isLast(frame)) return;
        }
      }
    } catch (error) {
      lost = error;
    }
    const wait = retryAfter(lost, pause);
    if (wait === undefined) throw lost;
    const silent = Date.now() - heard;
    if (silent + wait > patienceMs)
      throw new Error(`gave up after ${silent / 1000} s without the mesh`, { cause: lost });
    onCut?.(lost, wait);
    await sleep(wait);
    pause = Math.min(2 * pause, MAX_PAUSE_MS);
  }
}

// Run as long as the run is not known to have begun, Watch from then on.
function stream(connection: Connection, { request, runId, seq }: Known) {
  if (runId === undefined) return connection.stream(RouterService.method.run, request ?? {});
  return connection.stream(RouterService.method.watch, { runId, afterSeq: seq, follow: true, liveOutput: true });
}

function isNews({ frame }: RunStreamFrame, known: Known): boolean {
  if (frame.case !== "event") return true;
  if (frame.value.seq <= known.seq) return false;
  known.runId = frame.value.runId;
  known.seq = frame.value.seq;
  return true;
}

function isLast({ frame }: RunStreamFrame): boolean {
  return frame.case === "event" && frame.value.body.case === "runFinished";
}
