/** What every TypeScript adapter shares. */

export { declared } from "./declaration.ts";
export { AGENT, PLATFORM, USER, type Turn } from "./dialogue.ts";
export { MeshError } from "./errors.ts";
export { run } from "./host.ts";
export { contentText, textOf } from "./payload.ts";
export { rehearse } from "./rehearsal.ts";
export type { ModelPort, Ports, Runtime, Task, ToolPort } from "./runtime.ts";
