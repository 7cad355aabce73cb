/** Runs an agent on a PAL mesh and shows what it does. */

import { parseArgs } from "node:util";
import type { RunStreamFrame } from "@pal/contracts/pal/service/v1/router_service_pb.js";
import { RunState } from "@pal/contracts/pal/service/v1/shared_pb.js";
import { RunOutcome } from "@pal/contracts/pal/v1/run_event_pb.js";
import { Client } from "./runs/client.ts";
import { isServiceError, reason } from "./runs/errors.ts";
import { View } from "./view.ts";

const USAGE = `usage: node main.ts [--router ADDRESS] [--json] [--patience DURATION] COMMAND

  run AGENT TEXT          start a run and follow it; Ctrl-C cancels it
  watch RUN [AFTER]       follow a run after a position
  cancel RUN [REASON]     ask a run to stop

  --router ADDRESS        address of the router (127.0.0.1:7400)
  --json                  write every frame as a line of JSON
  --patience DURATION     how long to go on without hearing from the mesh, for example 300ms (1m)
`;
const [NOT_SUCCEEDED, BAD_USAGE, FAILED, INTERRUPTED] = [1, 2, 3, 130];
const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };

class Usage extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = given();
  const client = new Client(values.router, {
    patienceMs: milliseconds(values.patience),
    onCut: (error, waitMs) => console.error(`cut: ${(error as Error).message}; again in ${waitMs} ms`),
  });
  try {
    return await carryOut(client, new View(values.json), positionals);
  } finally {
    client.close();
  }
}

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        router: { type: "string", default: "127.0.0.1:7400" },
        json: { type: "boolean", default: false },
        patience: { type: "string", default: "1m" },
      },
    });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}

async function carryOut(client: Client, view: View, [command, ...rest]: string[]): Promise<number> {
  const [first, second] = rest;
  if (command === "run" && first !== undefined && second !== undefined && rest.length === 2) {
    cancelOnInterrupt(client, view);
    return followed(client.run({ agent: { name: first }, input: { content: { case: "text", value: second } } }), view);
  }
  if (command === "watch" && first !== undefined && rest.length <= 2) {
    return followed(client.watch(first, position(second)), view);
  }
  if (command === "cancel" && first !== undefined && rest.length <= 2) {
    const run = await client.cancel(first, second);
    console.log(first, RunState[run?.state ?? RunState.UNSPECIFIED]);
    return 0;
  }
  throw new Usage(command === undefined ? "name a command" : `${command} is no command, or takes other arguments`);
}

async function followed(frames: AsyncGenerator<RunStreamFrame>, view: View): Promise<number> {
  for await (const frame of frames) view.show(frame);
  return view.outcome === RunOutcome.SUCCEEDED ? 0 : NOT_SUCCEEDED;
}

/** Ask the run to stop at the first Ctrl-C; the second one ends the program. */
function cancelOnInterrupt(client: Client, view: View): void {
  process.once("SIGINT", () => {
    if (view.runId === undefined) process.exit(INTERRUPTED);
    client.cancel(view.runId, "interrupted").catch((error: unknown) => process.exit(failed(error)));
  });
}

function position(text = "0"): bigint {
  if (!/^\d+$/.test(text)) throw new Usage(`AFTER is the position of an event, 0 or more, not ${text}`);
  return BigInt(text);
}

function milliseconds(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  if (count === undefined) throw new Usage(`--patience ${text}: write for example 300ms, 30s or 1m`);
  return Number(count) * UNITS[unit]!;
}

function failed(error: unknown): number {
  if (error instanceof Usage) {
    console.error(`client: ${error.message}\n\n${USAGE}`);
    return BAD_USAGE;
  }
  const said = isServiceError(error) ? error.details : (error as Error).message;
  const why = reason(error);
  console.error(why ? `client: ${said} (${why})` : `client: ${said}`);
  return FAILED;
}

process.exitCode = await main().catch(failed);
