"""What one run has called: each call by identifier, and what they count towards its ceilings."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import first
from pal_policy.limits import Ledger
from pal_rpc.lease import Lease
from pal_rpc.recorder_client import RecorderClient
from pal_tool_executor.primary import Primary
from pal_tool_executor.replay import Recorded, Source, Writes, source


@dataclass
class Known:
    """A call that was asked for: the digest of its arguments, when it was, and its end once there is one."""

    digest: str
    call_id: str
    epoch: int
    requested: events.ToolCallRequested | None = None
    asked_at: float = 0.0
    finished: events.ToolCallFinished | None = None
    seq: int = 0
    # How often it was sent to its back end.
    dispatched: int = 0
    # How many wait for its end now, and whether that is on its way into the record.
    waiting: int = 0
    closing: bool = False
    carrying: asyncio.Task[pb.ExecuteToolResponse] | None = None


@dataclass
class RunAccount:
    """The tool calls of one attempt of a run."""

    ledger: Ledger
    calls: dict[str, Known] = field(default_factory=dict)
    by_tool: Counter[str] = field(default_factory=Counter)
    # Answers of people by input.
    answers: dict[str, events.InputReceived] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    limit_recorded: bool = False
    _source: Source | None = None
    _primary: Primary | None = None
    _writes: Writes = field(default_factory=Writes)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def repeated(self, asked: events.ToolCallRequested, source_run_id: str, recorder: RecorderClient) -> Recorded:
        """Return what the run that is repeated was given for *asked*.

        Raises:
            Missing: nothing.
            MeshError: RUN_NOT_FOUND, or the recorder cannot be reached.
        """
        async with self._reading:
            if self._source is None:
                self._source = await source(source_run_id, recorder)
                for known in self.calls.values():
                    # What an earlier attempt of the replay was given.
                    if known.finished is not None and known.requested is not None:
                        self._given(self._source, known.requested)
            return self._given(self._source, asked)

    async def primary(self, lease: Lease, recorder: RecorderClient) -> Primary:
        """Return the run that the one of *lease* shadows.

        Raises:
            MeshError: RUN_NOT_FOUND, or the recorder cannot be reached.
        """
        async with self._reading:
            if self._primary is None:
                read = await source(lease.grant.accepted.source_run_id, recorder)
                before = [known.requested for known in self.calls.values() if known.requested is not None]
                self._primary = Primary(read, recorder, before)
        return self._primary

    def _given(self, source: Source, asked: events.ToolCallRequested) -> Recorded:
        found = source.find(asked, self._writes)
        self._writes.add(asked)
        return found


def opened(lease: Lease) -> RunAccount:
    """Return the account of a run that has called nothing."""
    return RunAccount(Ledger(lease.grant.accepted.limits))


def recall(account: RunAccount, event: events.RunEvent) -> None:
    """Take a recorded event into *account*."""
    match event.WhichOneof("body"):
        case "tool_call_requested":
            requested = event.tool_call_requested
            if requested.call_id == first(requested.call_id):
                account.by_tool[requested.tool.name] += 1
            account.calls[requested.call_id] = Known(
                requested.arguments_digest,
                requested.call_id,
                event.lease_epoch,
                requested,
                event.recorded_at.ToNanoseconds() / 1e9,
            )
        case "tool_call_dispatched":
            account.ledger.count_tool_call()
            account.calls[event.tool_call_dispatched.call_id].dispatched += 1
        case "tool_call_finished":
            known = account.calls[event.tool_call_finished.call_id]
            known.finished, known.seq = event.tool_call_finished, event.seq
        case "input_received":
            account.answers.setdefault(event.input_received.input_id, event.input_received)
        case "input_expired":
            account.expired.add(event.input_expired.input_id)
        case "run_limit_reached":
            account.limit_recorded = True
        case _:
            pass
