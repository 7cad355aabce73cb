/** Configuration from the environment: one variable PAL_<FIELD> per field. */

/** A process cannot start; the message is for the operator and says how to mend it. */
export class StartError extends Error {}

/** Configuration of an adapter. There is no key in it: the lease of a run is all the right an adapter has. */
export interface Config {
  address: string;
  registryAddress: string;
  llmProviderAddress: string;
  toolExecutorAddress: string;
  /** Name to be routed to by. Empty means the name of the runtime. */
  runtimeName: string;
  concurrentRuns: number;
  /** How long the registry goes on believing in an adapter that it does not hear of. */
  registrationSeconds: number;
  drainSeconds: number;
}

const DEFAULTS: Config = {
  address: "127.0.0.1:7410",
  registryAddress: "127.0.0.1:7401",
  llmProviderAddress: "127.0.0.1:7403",
  toolExecutorAddress: "127.0.0.1:7404",
  runtimeName: "",
  concurrentRuns: 64,
  registrationSeconds: 9,
  drainSeconds: 5,
};

/** Return the configuration in *env*; throws StartError when a value does not parse. */
export function fromEnv(env: NodeJS.ProcessEnv): Config {
  const fields = Object.entries(DEFAULTS).map(([field, value]) => {
    const variable = "PAL_" + field.replace(/[A-Z]/g, (letter) => "_" + letter).toUpperCase();
    const text = env[variable];
    return [field, text === undefined ? value : typeof value === "number" ? number(variable, text) : text];
  });
  return Object.fromEntries(fields) as Config;
}

function number(variable: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new StartError(`${variable}=${text}: write a number`);
  return value;
}
