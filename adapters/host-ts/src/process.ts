/** The life of a service process: signals, readiness, exit codes. */

import { closeSync, writeSync } from "node:fs";
import { StartError } from "./config.ts";
import { configure, log } from "./logs.ts";

const EXIT_BAD_CONFIGURATION = 2;
const PARENT_CHECK_MS = 500;

/**
 * Run *main* until SIGTERM or SIGINT aborts the signal it is given, then exit.
 *
 * Exits with 0 after an orderly stop and with 2, after one line on stderr, when the process cannot start.
 */
export async function run(service: string, main: (stop: AbortSignal) => Promise<void>): Promise<void> {
  configure(service, process.env["PAL_LOG_LEVEL"] ?? "INFO");
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stop.abort());
  if (process.env["PAL_DIE_WITH_PARENT"]) watchParent(() => stop.abort());
  // What an SDK leaves lying about must not end the runs of others.
  process.on("unhandledRejection", (error) => log.error("unhandled rejection", { error }));
  try {
    await main(stop.signal);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${service}: ${error.message}\n`);
    process.exit(EXIT_BAD_CONFIGURATION);
  }
  process.exit(0);
}

/** Tell the supervisor that this process serves, by one JSON line on the file descriptor PAL_READY_FD. */
export function announce(facts: Record<string, string>): void {
  const descriptor = process.env["PAL_READY_FD"];
  if (!descriptor) return;
  delete process.env["PAL_READY_FD"];
  writeSync(Number(descriptor), JSON.stringify(facts) + "\n");
  closeSync(Number(descriptor));
}

export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

// Node has no way to ask the kernel for a signal at the death of the parent.
function watchParent(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) gone();
  }, PARENT_CHECK_MS);
  timer.unref();
}
