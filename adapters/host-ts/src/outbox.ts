/** Frames on their way to the router: bounded, batched, the result last. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RunFrameSchema, type RunFrame } from "@pal/contracts/pal/service/v1/runtime_service_pb.js";

export const MAX_FRAMES = 256;

/** Return the frame that carries *content*. */
export function frame(content: NonNullable<MessageInitShape<typeof RunFrameSchema>["frame"]>): RunFrame {
  return create(RunFrameSchema, { frame: content });
}

/**
 * Holds what a run has to say until the stream takes it.
 *
 * What piled up while the last write was pending goes out together. A run that produces faster than the router reads
 * waits here, and with it the model it listens to.
 */
export class Outbox {
  #frames: RunFrame[] = [];
  #closed = false;
  #quiet = true;
  #filled = false;
  #reader: (() => void) | undefined;
  #writers: (() => void)[] = [];

  /** Add *frames*; with *linger* they may wait for whatever comes next. A promise says when there is room for more. */
  put(frames: readonly RunFrame[], linger = false): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#frames.push(...frames);
    if (!linger) this.#fill();
    if (this.#frames.length < MAX_FRAMES) return undefined;
    this.#fill();
    return new Promise((resolve) => this.#writers.push(resolve));
  }

  /** Give a sign of life, unless one was given since the last call. */
  pulse(): void {
    if (this.#quiet && !this.#closed) {
      if (!this.#frames.length) this.#frames.push(frame({ case: "pulse", value: {} }));
      this.#fill();
    }
    this.#quiet = true;
  }

  /** Add *last*, which ends in the result, and take nothing more. */
  close(last: readonly RunFrame[]): void {
    if (this.#closed) return;
    this.#frames.push(...last);
    this.#closed = true;
    this.#fill();
    this.#makeRoom();
  }

  /** Hand what has piled up to *send*, one batch after the other, until the result is out. */
  async drainTo(send: (batch: readonly RunFrame[]) => Promise<void>): Promise<void> {
    for (let closed = false; !closed;) {
      if (!this.#filled) await new Promise<void>((resolve) => (this.#reader = resolve));
      closed = this.#closed;
      await send(this.#taken());
    }
  }

  #taken(): readonly RunFrame[] {
    const batch = this.#frames;
    this.#filled = false;
    this.#frames = [];
    this.#quiet = false;
    this.#makeRoom();
    return batch;
  }

  #fill(): void {
    this.#filled = true;
    this.#reader?.();
    this.#reader = undefined;
  }

  #makeRoom(): void {
    for (const resume of this.#writers.splice(0)) resume();
  }
}
