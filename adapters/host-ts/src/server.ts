/** A gRPC server with health and reflection on a loopback address. */

import { toBinary, type DescFile, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import { isIPv4, isIPv6 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceDefinition } from "@pal/contracts/grpc.js";
import { StartError } from "./config.ts";
import { SERVER } from "./options.ts";

/** A server that serves. */
export interface Serving {
  readonly address: string;

  /** Report NOT_SERVING, then give open calls *drainMs* to end. */
  close(drainMs: number): Promise<void>;
}

/** Serve *handlers* on *address* (port 0 picks one); throws StartError when it cannot be had. */
export async function serve(
  address: string,
  service: DescService,
  handlers: UntypedServiceImplementation,
): Promise<Serving> {
  requireLoopback(address);
  const server = new Server(SERVER);
  server.addService(serviceDefinition(service as never), handlers);
  const health = new HealthImplementation({ "": "SERVING", [service.typeName]: "SERVING" });
  health.addToServer(server);
  new ReflectionService({ [service.typeName]: { fileDescriptorProtos: files(service.file) } as never }).addToServer(
    server,
  );
  const port = await bound(server, address);
  return {
    address: `${address.slice(0, address.lastIndexOf(":"))}:${port}`,
    async close(drainMs) {
      for (const name of ["", service.typeName]) health.setStatus(name, "NOT_SERVING");
      await closed(server, drainMs);
    },
  };
}

function bound(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (!error) return resolve(port);
      const problem = "is in use or cannot be bound; stop the process that has it or choose another";
      reject(new StartError(`PAL_ADDRESS=${address} ${problem}`));
    });
  });
}

async function closed(server: Server, drainMs: number): Promise<void> {
  const waiting = new AbortController();
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const tooLate = sleep(drainMs, undefined, waiting).then(() => server.forceShutdown());
  await Promise.race([drained, tooLate.catch(() => undefined)]);
  waiting.abort();
}

function requireLoopback(address: string): void {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const loopback = isIPv6(host) ? host === "::1" : host === "localhost" || (isIPv4(host) && host.startsWith("127."));
  if (loopback) return;
  throw new StartError(
    `PAL_ADDRESS=${address} is not a loopback address; serving others needs TLS and authentication, ` +
      "which this version does not have: bind to 127.0.0.1",
  );
}

function files(file: DescFile): Buffer[] {
  return [Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)), ...file.dependencies.flatMap(files)];
}
