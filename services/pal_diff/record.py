"""A run read once: its calls, what it said and made, what it used, and where its time went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf import duration_pb2, timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.terms import Log, Terms

HARMLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})
_REFUSED = frozenset(
    {events.TOOL_CALL_OUTCOME_FAILED, events.TOOL_CALL_OUTCOME_DENIED, events.TOOL_CALL_OUTCOME_CANCELLED}
)


@dataclass(slots=True)
class Call:
    """A tool call and its end. *turn* counts the model answers that asked for calls; those of one are parallel."""

    asked: events.ToolCallRequested
    seq: int
    turn: int
    tool: str
    finished: events.ToolCallFinished | None = None

    @property
    def harmless(self) -> bool:
        """Return whether the call changes nothing."""
        return self.asked.effect_class in HARMLESS

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
    clock: Clock = field(default_factory=lambda: Clock())


class Clock:
    """Where the time went: to people, else to a model, else to a tool, else to the runtime."""

    def __init__(self) -> None:
        """Start before the first event."""
        self.spent = [0, 0, 0, 0]
        self.trusted = True
        self._open = [0, 0, 0]
        self._at = 0

    def pass_to(self, stamp: timestamp_pb2.Timestamp) -> None:
        """Give the time since the last event to whatever was going on."""
        now = stamp.seconds * 1_000_000_000 + stamp.nanos
        if self._at and now:
            if now < self._at:
                self.trusted = False
                return
            waiting, model, tool = self._open
            self.spent[0 if waiting else 1 if model else 2 if tool else 3] += now - self._at
        self._at = now or self._at

    def open(self, what: int, by: int) -> None:
        """Let *by* more things of a kind go on: 0 people, 1 models, 2 tools."""
        self._open[what] = max(self._open[what] + by, 0)

    def split(self) -> pb.LatencySplit:
        """Return the times."""
        _, model, tool, runtime = map(_duration, self.spent)
        return pb.LatencySplit(
            total=_duration(sum(self.spent[1:])), model=model, tool=tool, runtime=runtime,
            trusted=self.trusted and self._at > 0,
        )  # fmt: skip


def _duration(nanos: int) -> duration_pb2.Duration:
    return duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


def read(log: Log, terms: Terms) -> Record:
    """Return what *log* adds up to. It may be cut off anywhere."""
    record = Record(events=len(log))
    asked: dict[str, Call] = {}
    models: dict[str, events.ModelCallStarted] = {}
    turns: dict[str, int] = {}
    clock = record.clock
    for event in log:
        body = event.WhichOneof("body")
        # The recorder's clock never runs back; what was never recorded has only its producer's.
        clock.pass_to(event.recorded_at if event.HasField("recorded_at") else event.occurred_at)
        if body == "tool_call_requested":
            clock.open(2, 1)
            request = event.tool_call_requested
            turn = turns.setdefault(request.model_call_id or request.call_id, len(turns))
            asked[request.call_id] = call = Call(request, event.seq, turn, request.tool.name)
            record.calls.append(call)
        elif body == "tool_call_finished":
            clock.open(2, -1)
            ended = event.tool_call_finished
            if found := asked.get(ended.call_id):
                found.finished = ended
        elif body == "model_call_started":
            clock.open(1, 1)
            models[event.model_call_started.call_id] = event.model_call_started
        elif body == "model_call_finished":
            clock.open(1, -1)
            _answered(record, models.get(event.model_call_finished.call_id), event.model_call_finished, terms)
        elif body == "message_added":
            if event.message_added.role == events.MESSAGE_ROLE_AGENT:
                record.said.append((event.seq, event.message_added))
        elif body == "artifact_added":
            record.artifacts.append((event.seq, event.artifact_added))
        elif body is None:
            record.unknown_types.add(event.type)
        else:
            _whole(record, event, body)
    # A later attempt made the call again; the first try asked for nothing of its own.
    record.calls = [call for call in record.calls if not _made_again(call)]
    return record


def _made_again(call: Call) -> bool:
    return call.finished is not None and call.finished.failure.reason == "RUN_CANCELLED"


def _answered(
    record: Record, started: events.ModelCallStarted | None, ended: events.ModelCallFinished, terms: Terms
) -> None:
    record.model_calls += 1
    model = ended.model or (started.model if started else "")
    provider = started.provider if started else ""
    usage = ended.usage
    if model:
        record.models.add(f"{provider}/{model}")
    if not (usage.input_tokens or usage.output_tokens):
        return
    for name in _COUNTERS:
        setattr(record.usage, name, getattr(record.usage, name) + getattr(usage, name))
    price = terms.prices.price(provider, model, usage)
    if price is None:
        record.unpriced.add(model or "a model without a name")
        record.nanos = None
    elif record.nanos is not None:
        record.nanos += price


_COUNTERS = (
    "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_output_tokens",
)  # fmt: skip


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
        record.clock.open(0, 1)
    elif body == "run_resumed":
        record.clock.open(0, -1)


def irreversible(record: Record, terms: Terms) -> list[str]:
    """Return the tools by which the run intended something that cannot be taken back, sorted."""
    known: Mapping[str, bool] = terms.irreversible
    return sorted({call.tool for call in record.calls if not call.harmless and known.get(call.tool, True)})
