/** One attempt with a misbehaving runtime: the ports decide, not the runtime. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RunOutcome, SuspendReason, ToolCallOutcome } from "@pal/contracts/pal/v1/run_event_pb.js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { AGENT, USER, type Turn } from "../src/dialogue.ts";
import { MeshError } from "../src/errors.ts";
import { contentText, textOf, textPayload } from "../src/payload.ts";
import type { Ports, Task } from "../src/runtime.ts";
import { toStatus } from "../src/status.ts";
import { CALLS, driven, gone, said } from "./driving.ts";

async function ask(task: Task, ports: Ports): Promise<string> {
  await ports.model.ask(task.opening, []);
  return "fine";
}

async function loop(task: Task, ports: Ports): Promise<string> {
  const turns: Turn[] = [...task.opening];
  for (;;) {
    const { message } = await ports.model.ask(turns, ["add"]);
    const callIds = message!.toolCalls.map(({ callId }) => callId);
    if (!callIds.length) return textOf(message!.parts);
    const results = await Promise.all(callIds.map((callId) => ports.tools.call(callId)));
    turns.push(
      { role: AGENT, callIds },
      { role: USER, results: new Map(results.map((r) => [r.callId, contentText(r.result)])) },
    );
  }
}

function refused(reason: ErrorReason, message: string): Error {
  const error = new MeshError(reason, message);
  return Object.assign(error, toStatus(error), { metadata: toStatus(error).metadata });
}

const succeeded = { finished: { outcome: ToolCallOutcome.SUCCEEDED }, result: textPayload("done") };

test("a runtime that throws fails the run without telling its secrets", async (t) => {
  const driver = await driven(t, async () => {
    throw new RangeError("/home/secret");
  });

  const { result } = await driver.run();

  assert.equal(result.outcome, RunOutcome.FAILED);
  assert.equal(result.failure?.reason, "RUNTIME_ERROR");
  assert.match(result.failure.message, /RangeError/);
  assert.doesNotMatch(result.failure.message, /secret/);
  assert.ok(result.failure.message.includes(result.failure.metadata["error_id"]!));
});

test("an error of a port cannot be swallowed", async (t) => {
  const driver = await driven(t, (task, ports) => ask(task, ports).catch(() => "all is well"));
  driver.seams.says = [refused(ErrorReason.LIMIT_REACHED, "no more")];

  const { result, reason } = await driver.run();

  assert.deepEqual([result.outcome, reason], [RunOutcome.LIMITED, "LIMIT_REACHED"]);
});

test("a runtime that will not let go is left behind and can do nothing more", async (t) => {
  const released = Promise.withResolvers<void>();
  const late = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  const driver = await driven(t, async (task, ports) => {
    begun.resolve();
    await released.promise;
    await ports.model.ask(task.opening, []).catch(late.resolve);
    return "too late";
  });
  const running = driver.run();
  await begun.promise;

  const began = performance.now();
  await driver.cancel();
  const { reason } = await running;
  const took = performance.now() - began;
  released.resolve();

  assert.equal(reason, "RUN_CANCELLED");
  assert.ok(took < 500, `${took} ms`);
  assert.equal(((await late.promise) as MeshError).reason, ErrorReason.RUN_CANCELLED);
  assert.equal(driver.seams.asked.length, 0);
});

test("no answer is no output", async (t) => {
  const driver = await driven(t, async () => " ");

  const { reason } = await driver.run();

  assert.equal(reason, "OUTPUT_EMPTY");
});

test("a call that nobody asked for is not made", async (t) => {
  const driver = await driven(t, async (_, ports) => {
    const { isFailure } = await ports.tools.call("invented");
    return isFailure ? "refused" : "made";
  });

  const { result } = await driver.run();

  assert.equal(contentText(result.output), "refused");
  assert.equal(driver.seams.executed.length, 0);
});

test("a provider that is not there fails the run", async (t) => {
  const driver = await driven(t, ask, { llmProviderAddress: "127.0.0.1:1" });

  const { reason } = await driver.run();

  assert.equal(reason, "SEAM_UNAVAILABLE");
});

test("an executor that is not there is asked again and then fails the run", async (t) => {
  const driver = await driven(t, loop, { toolExecutorAddress: "127.0.0.1:1" });
  driver.seams.says = [CALLS, said("never")];

  const { reason } = await driver.run();

  assert.equal(reason, "SEAM_UNAVAILABLE");
  assert.equal(driver.seams.asked.length, 1);
});

test("a call whose executor was lost is repeated under its id", async (t) => {
  const driver = await driven(t, loop);
  const lost = new Set(["c1"]);
  driver.seams.says = [CALLS, said("fine")];
  driver.seams.execute = async ({ callId }) => (lost.delete(callId) ? Promise.reject(gone()) : succeeded);

  const { result } = await driver.run();

  assert.equal(contentText(result.output), "fine");
  assert.deepEqual(driver.seams.executed.map(({ callId }) => callId).sort(), ["c1", "c1", "c2"]);
});

test("a run that waits for a person lets its other calls end and asks no model", async (t) => {
  const driver = await driven(t, loop);
  const sibling = Promise.withResolvers<void>();
  driver.seams.says = [CALLS];
  driver.seams.execute = async ({ callId, mayWait }) => {
    assert.ok(mayWait);
    if (callId === "c1") return { waitsFor: { inputId: "input-1", toolCallId: callId } };
    await sibling.promise;
    return succeeded;
  };
  const running = driver.run();
  setTimeout(sibling.resolve, 20);

  const run = await running;

  assert.deepEqual(run.events, ["input.requested"]);
  assert.deepEqual(run.result.suspended?.inputIds, ["input-1"]);
  assert.equal(run.result.suspended.reason, SuspendReason.INPUT);
  assert.equal(run.result.outcome, RunOutcome.UNSPECIFIED);
  assert.equal(driver.seams.asked.length, 1);
});

test("a newer attempt takes over, an older one is refused", async (t) => {
  const begun = Promise.withResolvers<void>();
  let runs = 0;
  const driver = await driven(t, async (task, ports) => {
    runs += 1;
    if (runs > 1) return "newer";
    begun.resolve();
    return ask(task, ports);
  });
  const older = driver.run(2n);
  await begun.promise;

  await assert.rejects(driver.run(2n), { code: 9 });
  const newer = await driver.run(3n);

  assert.equal(contentText(newer.result.output), "newer");
  assert.match((await older).result.failure!.message, /a newer attempt takes over/);
});

test("a plan is refused: stages are not for this host", async (t) => {
  const driver = await driven(t, async () => "never");

  const { reason } = await driver.run(1n, { objective: "Say so.", plan: { stages: [{ id: "one" }] } });

  assert.equal(reason, "CAPABILITY_MISSING");
});

test("an attempt is measured", async (t) => {
  const driver = await driven(t, ask);
  driver.seams.says = [said("fine")];

  const { frames } = await driver.run();

  const [span] = frames.flatMap(({ frame }) => (frame.case === "span" ? frame.value : []));
  assert.deepEqual([span?.component, span?.parentSpanId], ["adapter.foreign", "b7ad6b7169203331"]);
});
