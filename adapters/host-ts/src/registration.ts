/** Being known to the registry for as long as the process serves. */

import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { status, type ServiceError } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, Connection } from "@pal/contracts/grpc.js";
import { RegistryService, type RegisterRuntimeRequest } from "@pal/contracts/pal/service/v1/registry_service_pb.js";
import { newId } from "./identifiers.ts";
import { log } from "./logs.ts";
import { isServiceError } from "./status.ts";

const RETRY_MS = 500;
const CALL_MS = 2_000;
const { registerRuntime, renewRuntime, drainRuntime } = RegistryService.method;

/** Announces a runtime, keeps the announcement alive and takes it back. */
export class Registration {
  readonly #registry: Connection;
  readonly #request: RegisterRuntimeRequest;
  readonly #renewMs: number;
  readonly #activeRuns: () => number;
  readonly #over = new AbortController();
  #registrationId = "";
  #reached = true;

  /** Announce what *request* says for *ttlSeconds* at a time, under an identifier of this process life. */
  constructor(registry: Connection, request: RegisterRuntimeRequest, ttlSeconds: number, activeRuns: () => number) {
    this.#registry = registry;
    const ttl = create(DurationSchema, { seconds: BigInt(Math.round(ttlSeconds)) });
    this.#request = { ...request, instanceId: newId(), ttl };
    this.#renewMs = (ttlSeconds * 1000) / 3;
    this.#activeRuns = activeRuns;
  }

  /** Register, and renew until `drain`; a registry that forgot, was restarted or is gone is told again. */
  async keep(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const pause = await this.#renew().catch((error: unknown) => this.#lost(error));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Take the runtime out of routing; silent when the registry is gone, which then notices by itself. */
  async drain(): Promise<void> {
    this.#over.abort();
    const registrationId = this.#registrationId;
    if (registrationId) await this.#registry.unary(drainRuntime, { registrationId }, within()).catch(() => undefined);
  }

  async #renew(): Promise<number> {
    const registrationId = this.#registrationId;
    if (registrationId) {
      await this.#registry.unary(renewRuntime, { registrationId, activeRuns: this.#activeRuns() }, within());
    } else {
      const { runtime } = await this.#registry.unary(registerRuntime, this.#request, within());
      this.#registrationId = runtime?.registrationId ?? "";
      log.info("registered", { registration_id: this.#registrationId });
    }
    this.#reached = true;
    return this.#renewMs;
  }

  #lost(error: unknown): number {
    if (!isServiceError(error)) throw error;
    if (error.code === status.NOT_FOUND) {
      this.#registrationId = "";
      return 0;
    }
    // Once, not at every try.
    if (this.#reached) log.warning("not registered", described(error));
    this.#reached = false;
    return RETRY_MS;
  }
}

function within(): CallOptions {
  return { deadline: Date.now() + CALL_MS };
}

function described({ code, details }: ServiceError): Record<string, string | undefined> {
  return { code: status[code], details };
}
