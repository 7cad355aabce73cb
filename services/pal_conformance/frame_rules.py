"""Rules about what an adapter streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from google.protobuf.message import Message

from pal.v1 import run_event_pb2 as events
from pal_conformance.run import Run
from pal_conformance.violation import Violation
from pal_log.events import ADAPTER_TYPES, BODIES
from pal_log.payload import content_text

ENDS, IDS, FAMILIES, MESSAGES, CLOSED, TWICE = "ends", "ids", "families", "messages", "closed", "twice"


def result_is_last(run: Run) -> Iterator[Violation]:
    """One result, and it is the last frame."""
    kinds = [frame.WhichOneof("frame") for frame in run.frames]
    count = kinds.count("result")
    if count > 1:
        yield Violation(ENDS, f"there are {count} results; there has to be one", run.frames[-1])
    if count and kinds[-1] != "result":
        yield Violation(ENDS, "something follows the result, which has to be the last frame", run.frames[-1])
    if not count and not run.taken_away and not run.refusal and not run.status.startswith("DEADLINE_EXCEEDED"):
        yield Violation(ENDS, f"the stream ended without a result ({run.status or 'OK'})", _last(run))


def result_says_how(run: Run) -> Iterator[Violation]:
    """A result says how the run ended: with output, with a failure that has a reason, or suspended."""
    for frame in run.frames:
        if not frame.HasField("result"):
            continue
        result = frame.result
        good = result.outcome == events.RUN_OUTCOME_SUCCEEDED
        waits = result.HasField("suspended")
        if waits and result.outcome:
            yield Violation(ENDS, "a suspended run has no outcome yet", result)
        elif good and (result.HasField("failure") or not content_text(result.output)):
            yield Violation(ENDS, "a run that succeeded has output and no failure", result)
        elif not good and not waits and not result.failure.reason:
            yield Violation(ENDS, "a run that did not succeed says why: failure.reason is empty", result)


def events_are_the_adapters(run: Run) -> Iterator[Violation]:
    """Events are of the families that an adapter owns, and named after their body."""
    for event in run.events:
        if event.type not in ADAPTER_TYPES:
            yield Violation(FAMILIES, f"an adapter does not write {event.type or 'events without a type'}", event)
        elif event.WhichOneof("body") != BODIES[event.type]:
            yield Violation(FAMILIES, f"the event is named {event.type} and carries another body", event)


def one_run_id(run: Run) -> Iterator[Violation]:
    """Whatever names a run names this one."""
    for frame in run.frames:
        match frame.WhichOneof("frame"):
            case "event":
                found = frame.event.run_id or run.lease.run_id
            case "live_output":
                found = frame.live_output.run_id
            case "span":
                found = frame.span.run_id or run.lease.run_id
            case _:
                continue
        if found != run.lease.run_id:
            yield Violation(IDS, f"the run is {run.lease.run_id}, the frame names {found or 'none'}", frame)


def live_output_is_whole(run: Run) -> Iterator[Violation]:
    """Live output fits together: what is new begins where the last piece ended, what comes again is equal."""
    texts: defaultdict[tuple[str, int], bytearray] = defaultdict(bytearray)
    for live in run.live:
        part = (live.message_id, live.part_index)
        raw, known = live.text.encode(), texts[part]
        if live.offset > len(known):
            gap = f"live output begins at byte {live.offset}, the last ended at {len(known)}: something is missing"
            yield Violation(MESSAGES, gap, live)
        elif known[live.offset : live.offset + len(raw)] != raw[: len(known) - live.offset]:
            yield Violation(MESSAGES, "live output says something else about the same place", live)
        known.extend(raw[max(len(known) - live.offset, 0) :])
    yield from _live_equals_messages(run, texts)


def _live_equals_messages(run: Run, texts: Mapping[tuple[str, int], bytearray]) -> Iterator[Violation]:
    for said in run.messages:
        for index, part in enumerate(said.parts):
            live = texts.get((said.message_id, index))
            if live is not None and live.decode(errors="replace") != content_text(part):
                yield Violation(MESSAGES, "the message says something else than its live output did", said)


def messages_are_the_models(run: Run) -> Iterator[Violation]:
    """What the model said is announced, word for word, each answer once and in order."""
    answers = run.play.answers
    for said in run.messages:
        known = answers.get(said.model_call_id)
        if said.model_call_id and known is None:
            yield Violation(MESSAGES, f"the message names the model call {said.model_call_id}, which gave none", said)
        elif known is not None and list(said.parts) != list(known.message.parts):
            yield Violation(MESSAGES, f"the model said something else in {said.model_call_id}", said)
    if run.taken_away or run.lease.epoch < run.play.lease.epoch:
        return
    told = {event.message_added.model_call_id for event in run.play.record.log}
    for call_id, answer in answers.items():
        if answer.message.parts and call_id not in told:
            problem = f"what the model said in {call_id} was not announced with message.added"
            yield Violation(MESSAGES, problem, answer)


def messages_are_closed(run: Run) -> Iterator[Violation]:
    """Every message that was begun by live output is closed by message.added, unless the model never ended it."""
    closed = {said.message_id for said in run.messages}
    open_ids = list(dict.fromkeys(live.message_id for live in run.live if live.message_id not in closed))
    cut = sum(1 for event in run.play.record.log if event.model_call_finished.HasField("failure"))
    if len(open_ids) > cut and not run.taken_away:
        live = next(live for live in run.live if live.message_id == open_ids[-1])
        yield Violation(CLOSED, "live output was sent for a message that message.added never closed", live)


def nothing_twice(run: Run) -> Iterator[Violation]:
    """No event, message, artifact or input is announced twice."""
    seen: set[tuple[str, str]] = set()
    for event in run.events:
        for name in _identities(event):
            if name in seen:
                yield Violation(TWICE, f"{name[0]} {name[1]} is announced twice", event)
            seen.add(name)


def _identities(event: events.RunEvent) -> Iterator[tuple[str, str]]:
    if event.event_id:
        yield "event", event.event_id
    match event.WhichOneof("body"):
        case "message_added":
            yield "message", event.message_added.message_id
            if event.message_added.model_call_id:
                yield "the message of model call", event.message_added.model_call_id
        case "artifact_added":
            yield "artifact", event.artifact_added.artifact_id
        case "input_requested":
            yield "input", event.input_requested.input_id
        case "stage_started":
            yield "the start of stage", event.stage_id
        case "stage_finished":
            yield "the end of stage", event.stage_id
        case _:
            pass


def _last(run: Run) -> Message | str:
    return run.frames[-1] if run.frames else "no frame came"
