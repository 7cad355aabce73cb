/** An adapter process: configuration and wiring, the same for every runtime. */

import { clone, create } from "@bufbuild/protobuf";
import { Connection } from "@pal/contracts/grpc.js";
import {
  RegisterRuntimeRequestSchema,
  type RegisterRuntimeRequest,
} from "@pal/contracts/pal/service/v1/registry_service_pb.js";
import { RuntimeService } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import { RuntimeCapabilitySchema, RuntimeLimitsSchema } from "@pal/contracts/pal/v1/runtime_capability_pb.js";
import { Attempts, CONTRACT_LEVEL } from "./attempts.ts";
import { fromEnv, type Config } from "./config.ts";
import { CLIENT } from "./options.ts";
import * as process from "./process.ts";
import { Registration } from "./registration.ts";
import type { Runtime } from "./runtime.ts";
import { serve } from "./server.ts";
import { servicer } from "./servicer.ts";

/** An adapter that serves. */
export interface Adapter {
  readonly address: string;
  close(): Promise<void>;
}

/** Run the adapter of *runtime* as a process, until it is told to stop. */
export async function run(runtime: Runtime): Promise<void> {
  await process.run(`adapter.${runtime.capability.runtime}`, async (stop) => {
    const running = await adapter(fromEnv(globalThis.process.env), runtime);
    process.announce({ address: running.address });
    await process.stopped(stop);
    await running.close();
  });
}

/** Serve RuntimeService over *runtime*, and have the registry know it. */
export async function adapter(config: Config, runtime: Runtime): Promise<Adapter> {
  const models = new Connection(config.llmProviderAddress, CLIENT);
  const tools = new Connection(config.toolExecutorAddress, CLIENT);
  const registry = new Connection(config.registryAddress, CLIENT);
  await runtime.warmUp();
  const attempts = new Attempts(runtime, { models, tools }, config.concurrentRuns);
  const serving = await serve(config.address, RuntimeService, servicer(attempts));
  await greeted(serving.address);
  const announcement = announced(config, runtime, serving.address);
  const registration = new Registration(registry, announcement, config.registrationSeconds, () => attempts.count);
  const kept = registration.keep();
  const silence = attempts.pulse();
  return {
    address: serving.address,
    async close() {
      silence();
      await registration.drain();
      await Promise.all([kept, serving.close(config.drainSeconds * 1000)]);
      for (const connection of [models, tools, registry]) connection.close();
    },
  };
}

// The first connection to a server of Node takes longer than the patience of whoever opens it: 100 ms, for a router.
async function greeted(address: string): Promise<void> {
  const connection = new Connection(address, CLIENT);
  await connection.unary(RuntimeService.method.describe, {});
  connection.close();
}

function announced(
  { runtimeName: name, concurrentRuns }: Config,
  { capability, installedVersion }: Runtime,
  endpoint: string,
): RegisterRuntimeRequest {
  const declared = clone(RuntimeCapabilitySchema, capability);
  declared.limits = create(RuntimeLimitsSchema, { ...declared.limits, concurrentRuns });
  const contractLevel = CONTRACT_LEVEL;
  return create(RegisterRuntimeRequestSchema, {
    capability: declared,
    installedVersion,
    endpoint,
    name,
    contractLevel,
  });
}
