/** Drives an adapter with a runtime of the test's own, between seams that say what the test wants. */

import type { TestContext } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { Connection, serviceDefinition } from "@pal/contracts/grpc.js";
import {
  LLMProviderService,
  StreamCompleteResponseSchema,
  type ModelAnswerSchema,
  type StreamCompleteRequest,
} from "@pal/contracts/pal/service/v1/llm_provider_service_pb.js";
import {
  DrainRuntimeResponseSchema,
  RegisterRuntimeResponseSchema,
  RegistryService,
} from "@pal/contracts/pal/service/v1/registry_service_pb.js";
import { RuntimeService, type RunFrame, type RuntimeResult } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";
import {
  ExecuteToolResponseSchema,
  ToolExecutorService,
  type ExecuteToolRequest,
} from "@pal/contracts/pal/service/v1/tool_executor_service_pb.js";
import type { AgentDefinitionSchema } from "@pal/contracts/pal/v1/agent_spec_pb.js";
import { RuntimeCapabilitySchema } from "@pal/contracts/pal/v1/runtime_capability_pb.js";
import { fromEnv, type Config } from "../src/config.ts";
import { AGENT } from "../src/dialogue.ts";
import { adapter } from "../src/host.ts";
import { textPayload } from "../src/payload.ts";
import type { Ports, Runtime, Task } from "../src/runtime.ts";

export type Answer = MessageInitShape<typeof ModelAnswerSchema>;
export type ToolAnswer = MessageInitShape<typeof ExecuteToolResponseSchema>;
type Work = (task: Task, ports: Ports, signal: AbortSignal) => Promise<string>;

/** What the seams say, an error where they refuse, and what they were asked. */
export class Seams {
  readonly asked: StreamCompleteRequest[] = [];
  readonly executed: ExecuteToolRequest[] = [];
  says: (Answer | Error)[] = [];
  execute: (request: ExecuteToolRequest) => Promise<ToolAnswer> = async () => ({ result: textPayload("done") });
}

export const CALLS: Answer = {
  message: { role: AGENT, toolCalls: ["c1", "c2"].map((callId) => ({ callId, name: "add", argumentsJson: "{}" })) },
};

export function said(text: string): Answer {
  return { callId: "model-1", message: { role: AGENT, parts: [textPayload(text)] } };
}

/** One run and everything it streamed. */
export class Run {
  readonly frames: RunFrame[] = [];

  get result(): RuntimeResult {
    const last = this.frames.at(-1)?.frame;
    if (last?.case !== "result") throw new Error(`the last frame is ${last?.case ?? "missing"}`);
    return last.value;
  }

  get reason(): string | undefined {
    return this.result.failure?.reason;
  }

  get events(): string[] {
    return this.frames.flatMap(({ frame }) => (frame.case === "event" ? frame.value.type : []));
  }
}

/** An adapter that does *work*. */
export class Driver {
  readonly seams = new Seams();
  readonly connection: Connection;

  constructor(address: string) {
    this.connection = new Connection(address);
  }

  async run(epoch = 1n, spec: MessageInitShape<typeof AgentDefinitionSchema> = { objective: "Say so." }): Promise<Run> {
    const run = new Run();
    for await (const { frames } of this.connection.stream(RuntimeService.method.run, request(epoch, spec))) {
      run.frames.push(...frames);
    }
    return run;
  }

  async cancel(): Promise<void> {
    await this.connection.unary(RuntimeService.method.cancel, {
      lease: { runId: "run-1", epoch: 1n },
      reason: "enough",
    });
  }
}

/** Start an adapter for the test *t* that does *work*. */
export async function driven(t: TestContext, work: Work, config: Partial<Config> = {}): Promise<Driver> {
  const server = new Server();
  let driver: Driver | undefined;
  serveSeams(server, () => driver!.seams);
  const address = await bound(server);
  const peers = { registryAddress: address, llmProviderAddress: address, toolExecutorAddress: address };
  const settings = { ...fromEnv({}), address: "127.0.0.1:0", drainSeconds: 0, ...peers, ...config };
  const running = await adapter(settings, runtime(work));
  driver = new Driver(running.address);
  t.after(async () => {
    driver.connection.close();
    await running.close();
    server.forceShutdown();
  });
  return driver;
}

function runtime(work: Work): Runtime {
  const capability = create(RuntimeCapabilitySchema, {
    runtime: "foreign",
    capabilities: { modes: ["conversational"] },
  });
  return { capability, installedVersion: "1.0.0", problems: () => [], warmUp: async () => {}, run: work };
}

function request(epoch: bigint, spec: MessageInitShape<typeof AgentDefinitionSchema>) {
  return {
    lease: { runId: "run-1", epoch },
    agent: { metadata: { name: "tester" }, spec },
    tools: [{ metadata: { name: "add" }, spec: { purpose: "Adds." } }],
    input: textPayload("hello"),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
}

function serveSeams(server: Server, seams: () => Seams): void {
  server.addService(serviceDefinition(LLMProviderService), {
    streamComplete: (call: ServerWritableStream<StreamCompleteRequest, unknown>) => {
      const { asked, says } = seams();
      const answer = says[asked.push(call.request) - 1];
      if (answer instanceof Error) return void call.emit("error", answer);
      // With nothing to say it thinks for ever.
      if (!answer) return;
      call.write(create(StreamCompleteResponseSchema, { frames: [{ frame: { case: "answer", value: answer } }] }));
      call.end();
    },
  });
  server.addService(serviceDefinition(ToolExecutorService), {
    executeTool: ({ request }: ServerUnaryCall<ExecuteToolRequest, unknown>, callback: sendUnaryData<unknown>) => {
      seams().executed.push(request);
      const answer = seams().execute(request);
      answer.then((response) => callback(null, create(ExecuteToolResponseSchema, response)), callback);
    },
  });
  server.addService(serviceDefinition(RegistryService), {
    registerRuntime: (_: unknown, callback: sendUnaryData<unknown>) =>
      callback(null, create(RegisterRuntimeResponseSchema, { runtime: { registrationId: "registration-1" } })),
    drainRuntime: (_: unknown, callback: sendUnaryData<unknown>) => callback(null, create(DrainRuntimeResponseSchema)),
  });
}

function bound(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}

/** Return an error as gRPC gives it for a peer that is gone. */
export function gone(): Error {
  return Object.assign(new Error("gone"), { code: 14, details: "gone", metadata: new Metadata() });
}
