/** Shows a run on standard output. */

import { toJsonString } from "@bufbuild/protobuf";
import { RunStreamFrameSchema, type RunStreamFrame } from "@pal/contracts/pal/service/v1/router_service_pb.js";
import { RunOutcome, type RunEvent } from "@pal/contracts/pal/v1/run_event_pb.js";

export class View {
  readonly #machine: boolean;
  #midLine = false;
  runId: string | undefined;
  outcome = RunOutcome.UNSPECIFIED;

  /** Write every frame as a line of JSON if *machine*, else for people. */
  constructor(machine: boolean) {
    this.#machine = machine;
  }

  show(shown: RunStreamFrame): void {
    const { frame } = shown;
    if (frame.case === "event") this.#keep(frame.value);
    if (this.#machine) console.log(toJsonString(RunStreamFrameSchema, shown));
    else if (frame.case === "liveOutput") this.#live(frame.value.text);
    else if (frame.case === "event") this.#event(frame.value);
  }

  #keep({ runId, body }: RunEvent): void {
    this.runId = runId;
    if (body.case === "runFinished") this.outcome = body.value.outcome;
  }

  #live(text: string): void {
    process.stdout.write(text);
    this.#midLine = true;
  }

  #event(event: RunEvent): void {
    if (this.#midLine) console.log();
    this.#midLine = false;
    console.log(`${String(event.seq).padStart(4)} ${event.type}${detail(event)}`);
  }
}

function detail({ body, runId }: RunEvent): string {
  switch (body.case) {
    case "runAccepted":
      return ` ${runId}`;
    case "runRouted":
      return ` to ${body.value.runtime}`;
    case "toolCallRequested":
      return ` ${body.value.tool?.name ?? ""}`;
    case "runFinished":
      return ` ${RunOutcome[body.value.outcome]} ${body.value.failure?.message ?? ""}`.trimEnd();
    default:
      return "";
  }
}
