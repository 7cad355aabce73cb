"""A run read once: its calls, what it said and made, what it used, and where its time went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from google.protobuf import duration_pb2, timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.terms import Log, Terms
from pal_log.events import TYPES

HARMLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})
_REFUSED = frozenset(
    {events.TOOL_CALL_OUTCOME_FAILED, events.TOOL_CALL_OUTCOME_DENIED, events.TOOL_CALL_OUTCOME_CANCELLED}
)


@dataclass(slots=True)
class Call:
    """A tool call and its end. *turn* counts the model answers that asked for calls; those of one are parallel.

    A *harmless* call changes nothing.
    """

    asked: events.ToolCallRequested
    seq: int
    turn: int
    tool: str
    harmless: bool = False
    finished: events.ToolCallFinished | None = None

    @property
    def refused(self) -> bool:
        """Return whether the call ended without an effect."""
        return self.finished is not None and self.finished.outcome in _REFUSED

    @property
    def outcome(self) -> events.ToolCallOutcome:
        """Return how it ended."""
        return self.finished.outcome if self.finished else events.TOOL_CALL_OUTCOME_UNSPECIFIED


@dataclass(slots=True)
class Record:
    """What a comparison needs of a run."""

    calls: list[Call] = field(default_factory=list)
    said: list[tuple[int, events.MessageAdded]] = field(default_factory=list)
    artifacts: list[tuple[int, events.ArtifactAdded]] = field(default_factory=list)
    output: common.Payload | None = None
    finished: events.RunFinished | None = None
    finished_seq: int = 0
    accepted: events.RunAccepted = field(default_factory=events.RunAccepted)
    accepted_at: timestamp_pb2.Timestamp = field(default_factory=timestamp_pb2.Timestamp)
    mode: common.ExecutionMode = common.EXECUTION_MODE_UNSPECIFIED
    run_id: str = ""
    runtime: str = ""
    runtime_version: str = ""
    events: int = 0
    models: set[str] = field(default_factory=set)
    model_calls: int = 0
    usage: common.TokenUsage = field(default_factory=common.TokenUsage)
    nanos: int | None = 0
    unpriced: set[str] = field(default_factory=set)
    unknown_types: set[str] = field(default_factory=set)
    # True when one reading sees nothing that could break the grammar of a log; False means that it has to be looked at.
    orderly: bool = True
    clock: Clock = field(default_factory=lambda: Clock())


class Clock:
    """Where the time went: to people, else to a model, else to a tool, else to the runtime."""

    def __init__(self) -> None:
        """Start before the first event."""
        self.spent = [0, 0, 0, 0]
        self.trusted = True
        # How many things of each kind go on: people, models, tools.
        self.going = [0, 0, 0]
        self._at = 0

    def pass_to(self, now: int) -> None:
        """Give the nanoseconds since the last event to whatever was going on; 0 is no time."""
        before = self._at
        if not now:
            return
        if now < before:
            self.trusted = False
            return
        if before:
            people, models, tools = self.going
            self.spent[0 if people else 1 if models else 2 if tools else 3] += now - before
        self._at = now

    def split(self) -> pb.LatencySplit:
        """Return the times."""
        _, model, tool, runtime = map(_duration, self.spent)
        return pb.LatencySplit(
            total=_duration(sum(self.spent[1:])), model=model, tool=tool, runtime=runtime,
            trusted=self.trusted and self._at > 0,
        )  # fmt: skip


def _duration(nanos: int) -> duration_pb2.Duration:
    return duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


# Events that neither begin nor end anything: the time goes on.
_TIMELESS = frozenset({"message_added", "tool_call_dispatched", "artifact_added", "policy_decided", "note_added"})


def read(log: Log, terms: Terms, *, grammar: bool = True) -> Record:
    """Return what *log* adds up to. It may be cut off anywhere.

    Without *grammar* nobody asks whether it is orderly, which is a good part of the reading.
    """
    reading = _Reading(log, grammar)
    for position, event in enumerate(log, start=1):
        reading.take(position, event)
    record = reading.record
    closed = all(call.finished is not None for call in record.calls) and record.model_calls == len(reading.models)
    record.orderly = grammar and record.orderly and closed and bool(record.run_id) and record.finished is not None
    _add_up(record, reading.used, terms)
    # A later attempt made the call again; the first try asked for nothing of its own.
    record.calls = [call for call in record.calls if not _made_again(call)]
    return record


class _Reading:
    """A log that is read, event after event."""

    __slots__ = ("_asked", "_grammar", "_length", "_run_id", "_turns", "models", "record", "used")

    def __init__(self, log: Log, grammar: bool) -> None:
        self.record = Record(events=len(log))
        # Provider and model of each model call, and what each model used.
        self.models: dict[str, tuple[str, str]] = {}
        self.used: dict[tuple[str, str], list[int]] = {}
        self._asked: dict[str, Call] = {}
        self._turns: dict[str, int] = {}
        self._run_id, self._length, self._grammar = log[0].run_id if log else "", len(log), grammar

    def take(self, position: int, event: events.RunEvent) -> None:
        record, body = self.record, event.WhichOneof("body") or ""
        type_, timed, taken = _KINDS[body]
        if self._grammar and (
            event.type != type_ or event.seq != position or event.run_id != self._run_id or event.stage_id
        ):
            record.orderly = False
        if timed:
            # The recorder's clock never runs back; what was never recorded has only its producer's.
            record.clock.pass_to(_nanos(event.recorded_at) or _nanos(event.occurred_at))
        if taken is not None:
            taken(self, position, event)
        elif not body:
            record.unknown_types.add(event.type)
        elif body != "tool_call_dispatched":
            record.orderly = record.orderly and (body != "run_accepted" or position == 1)
            record.orderly = record.orderly and (body != "run_finished" or position == self._length)
            _whole(record, event, body)

    def tool_call_requested(self, position: int, event: events.RunEvent) -> None:
        record, request = self.record, event.tool_call_requested
        record.clock.going[2] += 1
        call_id, model_call_id = request.call_id, request.model_call_id
        turn = self._turns.setdefault(model_call_id or call_id, len(self._turns))
        record.orderly = record.orderly and call_id not in self._asked
        harmless = request.effect_class in HARMLESS
        self._asked[call_id] = call = Call(request, position, turn, request.tool.name, harmless)
        record.calls.append(call)

    def tool_call_finished(self, position: int, event: events.RunEvent) -> None:
        record, ended = self.record, event.tool_call_finished
        record.clock.going[2] -= record.clock.going[2] > 0
        found = self._asked.get(ended.call_id)
        if found is None or found.finished is not None:
            record.orderly = False
        if found is not None:
            found.finished = ended

    def model_call_started(self, position: int, event: events.RunEvent) -> None:
        record, started = self.record, event.model_call_started
        record.clock.going[1] += 1
        record.orderly = record.orderly and started.call_id not in self.models
        self.models[started.call_id] = started.provider, started.model

    def model_call_finished(self, position: int, event: events.RunEvent) -> None:
        record = self.record
        record.clock.going[1] -= record.clock.going[1] > 0
        _answered(event.model_call_finished, self.models, self.used)
        record.model_calls += 1

    def message_added(self, position: int, event: events.RunEvent) -> None:
        message = event.message_added
        if message.role == events.MESSAGE_ROLE_AGENT:
            self.record.said.append((position, message))

    def artifact_added(self, position: int, event: events.RunEvent) -> None:
        self.record.artifacts.append((position, event.artifact_added))


# What is taken from an event, by the name of its body.
_TAKEN: Mapping[str, Callable[[_Reading, int, events.RunEvent], None]] = {
    "tool_call_requested": _Reading.tool_call_requested,
    "tool_call_finished": _Reading.tool_call_finished,
    "model_call_started": _Reading.model_call_started,
    "model_call_finished": _Reading.model_call_finished,
    "message_added": _Reading.message_added,
    "artifact_added": _Reading.artifact_added,
}
# The type that goes with each body, whether time passes with it, and what is taken from it; no body: unknown.
_KINDS = {body: (type_, body not in _TIMELESS, _TAKEN.get(body)) for body, type_ in TYPES.items()} | {
    "": (None, True, None)
}


def _nanos(stamp: timestamp_pb2.Timestamp) -> int:
    return stamp.seconds * 1_000_000_000 + stamp.nanos


def _made_again(call: Call) -> bool:
    ended = call.finished
    return ended is not None and ended.HasField("failure") and ended.failure.reason == "RUN_CANCELLED"


def _answered(
    ended: events.ModelCallFinished, models: dict[str, tuple[str, str]], used: dict[tuple[str, str], list[int]]
) -> None:
    provider, asked = models.get(ended.call_id, ("", ""))
    total = used.setdefault((provider, ended.model or asked), [0] * len(_COUNTERS))
    usage = ended.usage
    total[0] += usage.input_tokens
    total[1] += usage.output_tokens
    total[2] += usage.cached_input_tokens
    total[3] += usage.cache_write_input_tokens
    total[4] += usage.reasoning_output_tokens


_COUNTERS = (
    "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_output_tokens",
)  # fmt: skip


def _add_up(record: Record, used: dict[tuple[str, str], list[int]], terms: Terms) -> None:
    """Price what each model used; one price that is not known leaves the whole without one."""
    for (provider, model), counts in used.items():
        if model:
            record.models.add(f"{provider}/{model}")
        usage = common.TokenUsage(**dict(zip(_COUNTERS, counts, strict=True)))  # type: ignore[arg-type]
        if not (usage.input_tokens or usage.output_tokens):
            continue
        for name, count in zip(_COUNTERS, counts, strict=True):
            setattr(record.usage, name, getattr(record.usage, name) + count)
        price = terms.prices.price(provider, model, usage)
        if price is None:
            record.unpriced.add(model or "a model without a name")
            record.nanos = None
        elif record.nanos is not None:
            record.nanos += price


def _whole(record: Record, event: events.RunEvent, body: str) -> None:
    if body == "run_accepted":
        record.accepted, record.mode, record.run_id = event.run_accepted, event.mode, event.run_id
        record.accepted_at = event.recorded_at if event.HasField("recorded_at") else event.occurred_at
    elif body == "run_routed":
        record.runtime, record.runtime_version = event.run_routed.runtime, event.run_routed.runtime_version
    elif body == "run_finished":
        record.finished, record.finished_seq = event.run_finished, event.seq
        record.output = event.run_finished.output if event.run_finished.HasField("output") else None
    elif body == "run_suspended":
        record.clock.going[0] += 1
    elif body == "run_resumed":
        record.clock.going[0] -= record.clock.going[0] > 0


def irreversible(record: Record, terms: Terms) -> list[str]:
    """Return the tools by which the run intended something that cannot be taken back, sorted."""
    known: Mapping[str, bool] = terms.irreversible
    return sorted({call.tool for call in record.calls if not call.harmless and known.get(call.tool, True)})
