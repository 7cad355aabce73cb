/** Structured logging on stderr: a constant message, values beside it; JSON lines unless stderr is a terminal. */

const LEVELS = ["debug", "info", "warning", "error"] as const;
type Level = (typeof LEVELS)[number];
type Values = Record<string, unknown>;

let service = "pal";
let least = LEVELS.indexOf("info");

/** Name the *service* in every line and drop lines below *level*. */
export function configure(name: string, level: string): void {
  service = name;
  const known = LEVELS.indexOf(level.toLowerCase() as Level);
  least = known < 0 ? LEVELS.indexOf("info") : known;
}

export const log = {
  info: (message: string, values: Values = {}) => write("info", message, values),
  warning: (message: string, values: Values = {}) => write("warning", message, values),
  error: (message: string, values: Values = {}) => write("error", message, values),
};

function write(level: Level, message: string, { error, ...values }: Values): void {
  if (LEVELS.indexOf(level) < least) return;
  const exception =
    error instanceof Error ? { exception: error.stack ?? String(error) } : error ? { exception: String(error) } : {};
  process.stderr.write(
    (process.stderr.isTTY ? forPeople : forMachines)(level, message, { ...values, ...exception }) + "\n",
  );
}

function forMachines(level: Level, message: string, values: Values): string {
  return JSON.stringify({ time: new Date().toISOString(), level, service, message, ...values });
}

function forPeople(level: Level, message: string, { exception, ...values }: Values): string {
  const beside = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  const line = [level.toUpperCase().padEnd(7), service.padEnd(13), message, ...beside].join(" ");
  return exception ? `${line}\n${exception}` : line;
}
