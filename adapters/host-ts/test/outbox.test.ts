/** Frames: together when they pile up, never lost, the result last. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunFrame } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { frame, MAX_FRAMES, Outbox } from "../src/outbox.ts";

const RESULT = frame({ case: "result", value: { outcome: 1 } });

function text(offset: number): RunFrame {
  return frame({ case: "liveOutput", value: { offset: BigInt(offset) } });
}

async function batches(outbox: Outbox): Promise<(readonly RunFrame[])[]> {
  const taken: (readonly RunFrame[])[] = [];
  await outbox.drainTo(async (batch) => void taken.push(batch));
  return taken;
}

test("what piles up goes out together", async () => {
  const outbox = new Outbox();
  outbox.put([text(1)]);
  outbox.put([text(2), text(3)]);
  outbox.close([RESULT]);

  assert.deepEqual(await batches(outbox), [[text(1), text(2), text(3), RESULT]]);
});

test("a frame may wait for the next one", async () => {
  const outbox = new Outbox();
  const taken = batches(outbox);
  outbox.put([text(1)], true);
  await new Promise(setImmediate);
  outbox.close([RESULT]);

  assert.deepEqual(await taken, [[text(1), RESULT]]);
});

test("a full outbox makes the run wait until there is room", async () => {
  const outbox = new Outbox();
  const full = outbox.put(Array.from({ length: MAX_FRAMES }, (_, n) => text(n)));
  let room = false;
  void full?.then(() => (room = true));
  await new Promise(setImmediate);
  const before = room;

  void batches(outbox);
  await full;

  assert.deepEqual([before, room], [false, true]);
});

test("nothing follows the result", async () => {
  const outbox = new Outbox();
  outbox.close([RESULT]);
  outbox.close([RESULT]);
  outbox.put([text(1)]);
  outbox.pulse();

  assert.deepEqual(await batches(outbox), [[RESULT]]);
});

test("a quiet run gives a sign of life and a talking one does not", async () => {
  const outbox = new Outbox();
  const taken = batches(outbox);
  outbox.pulse();
  await new Promise(setImmediate);
  outbox.pulse();
  outbox.put([text(1)]);
  await new Promise(setImmediate);
  outbox.close([RESULT]);

  assert.deepEqual(
    (await taken).map((batch) => batch.map((sent) => sent.frame.case)),
    [["pulse"], ["liveOutput"], ["result"]],
  );
});
