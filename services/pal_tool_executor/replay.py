"""Results of a recorded run, found again for a run that repeats it.

A result is found by the tool, its canonical arguments, the writes before it, and how often the same was asked before.
By order alone a result of another call would be served, and by arguments alone one from before a write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import first
from pal_log.payload import digest
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_tool_executor.effects import EFFECTLESS

# (tool, digest of the arguments, digest of the writes before)
Key = tuple[str, str, str]


@dataclass
class Writes:
    """The writes of a run by the model call that asked for them: those of one answer do not come before each other."""

    _by_turn: dict[str, list[str]] = field(default_factory=dict)

    def before(self, model_call_id: str) -> str:
        """Return the digest of the writes that were asked for before *model_call_id*, whatever their order."""
        earlier: list[str] = []
        for turn, writes in self._by_turn.items():
            if turn == model_call_id:
                break
            earlier.extend(writes)
        return digest("\n".join(sorted(earlier)).encode())

    def add(self, asked: events.ToolCallRequested) -> None:
        """Take in a call."""
        writes = self._by_turn.setdefault(asked.model_call_id, [])
        if asked.effect_class not in EFFECTLESS:
            writes.append(f"{asked.tool.name} {asked.arguments_digest}")


@dataclass(frozen=True)
class Recorded:
    """A recorded end of a call."""

    run_id: str
    seq: int
    requested: events.ToolCallRequested
    finished: events.ToolCallFinished


class Source:
    """The tool calls of the run that is repeated or shadowed, and what people said about them."""

    def __init__(self, run_id: str, log: Iterable[events.RunEvent]) -> None:
        """Read the *log* of *run_id*, as far as there is one."""
        self.run_id = run_id
        self.head_seq = 0
        self.finished = False
        self._by_key: dict[Key, list[Recorded]] = {}
        self._used: Counter[Key] = Counter()
        self._writes = Writes()
        self._requests: dict[str, tuple[events.ToolCallRequested, Key]] = {}
        self._calls_asked_about: dict[str, str] = {}
        self._answers: dict[str, tuple[int, events.InputReceived]] = {}
        for event in log:
            self.add(event)

    def add(self, event: events.RunEvent) -> None:
        """Take in the next event of the log."""
        self.head_seq = event.seq
        match event.WhichOneof("body"):
            case "tool_call_requested":
                asked = event.tool_call_requested
                key = key_of(asked, self._writes)
                if asked.call_id == first(asked.call_id):
                    self._writes.add(asked)
                self._requests[asked.call_id] = asked, key
            case "tool_call_finished" if not _abandoned(event.tool_call_finished):
                asked, key = self._requests[event.tool_call_finished.call_id]
                ended = Recorded(self.run_id, event.seq, asked, event.tool_call_finished)
                self._by_key.setdefault(key, []).append(ended)
            case "input_requested":
                self._calls_asked_about[event.input_requested.input_id] = event.input_requested.tool_call_id
            case "input_received":
                call_id = self._calls_asked_about.get(event.input_received.input_id, "")
                self._answers.setdefault(call_id, (event.seq, event.input_received))
            case "run_finished":
                self.finished = True
            case _:
                pass

    def results(self, key: Key) -> list[Recorded]:
        """Return what calls at *key* were given, in order."""
        return self._by_key.get(key, [])

    def answer(self, call_id: str) -> tuple[int, events.InputReceived] | None:
        """Return the first answer of a person about *call_id*, and its place."""
        return self._answers.get(call_id)

    def find(self, asked: events.ToolCallRequested, writes: Writes) -> Recorded:
        """Return the result for *asked*, which comes after *writes*; each answers once.

        Raises:
            Missing: there is none.
        """
        key = key_of(asked, writes)
        recorded, used = self._by_key.get(key, []), self._used[key]
        if used >= len(recorded):
            raise self.missing(asked, key)
        self._used[key] += 1
        return recorded[used]

    def missing(self, asked: events.ToolCallRequested, key: Key) -> Missing:
        """Return the fact that nothing was recorded for *asked* at *key*."""
        return Missing(asked, self._nearest(asked), key[2])

    def _nearest(self, asked: events.ToolCallRequested) -> Recorded | None:
        same_tool = [
            entry for (tool, _, _), found in self._by_key.items() if tool == asked.tool.name for entry in found
        ]
        same_arguments = [entry for entry in same_tool if entry.requested.arguments_digest == asked.arguments_digest]
        return next(iter(same_arguments or same_tool), None)


class Missing(Exception):
    """The record has no result for a call."""

    def __init__(self, asked: events.ToolCallRequested, nearest: Recorded | None, writes_digest: str) -> None:
        """Keep the fact for the record."""
        super().__init__(asked.call_id)
        has = "it has no call of that tool"
        if nearest is not None:
            same = nearest.requested.arguments_digest == asked.arguments_digest
            what = "the same arguments at another place" if same else "other arguments"
            has = f"the nearest it has, at seq {nearest.seq}, has {what}"
        self.fact = events.ReplayDiverged(
            source_seq=nearest.seq if nearest else 0,
            reason="TOOL_CALL_UNKNOWN",
            expected_digest=nearest.requested.arguments_digest if nearest else "",
            actual_digest=asked.arguments_digest,
            fatal=True,
            call_id=asked.call_id,
            message=f"the record has no result for {asked.tool.name} after the writes {writes_digest[:19]}; {has}",
        )

    def error(self, run_id: str) -> MeshError:
        """Return the error that ends the replay."""
        return MeshError(
            reasons.ERROR_REASON_DIVERGED,
            f"tool call {self.fact.call_id}: {self.fact.message}",
            run_id=run_id,
            call_id=self.fact.call_id,
            source_seq=self.fact.source_seq,
        )


async def source(run_id: str, recorder: RecorderClient) -> Source:
    """Return the tool calls of *run_id*.

    Raises:
        MeshError: RUN_NOT_FOUND, or the recorder cannot be reached.
    """
    return Source(run_id, [event async for event in recorder.log(run_id)])


def _abandoned(finished: events.ToolCallFinished) -> bool:
    # The call was made again by the attempt that came after.
    return finished.failure.reason == "RUN_CANCELLED"


def key_of(asked: events.ToolCallRequested, writes: Writes) -> Key:
    """Return what *asked*, which comes after *writes*, is found by."""
    return asked.tool.name, asked.arguments_digest, writes.before(asked.model_call_id)
