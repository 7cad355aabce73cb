"""Many replays: side by side, at a bounded rate, each begun once however often the command is repeated."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import grpc

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_log.events import stable_id
from pal_rpc.status import from_rpc_error, is_lost

_PAGE_SECONDS = 30.0
_REPEATS = 5
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What became of one run."""

    source_run_id: str
    run_id: str = ""
    outcome: str = ""
    reason: str = ""
    message: str = ""
    claim: events.ReplayClaim = field(default_factory=events.ReplayClaim)
    seconds: float = 0.0
    # Whether the replay ended as its source did.
    same: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """Which runs are repeated where. Equal jobs are the same job: it goes on where it was left."""

    query: shared.RunQuery
    runtime: str
    fidelity: events.ReplayFidelity
    name: str

    def request(self, run_id: str) -> pb.ReplayRequest:
        """Return the request that repeats *run_id* for this job."""
        key = stable_id(self.name, self.runtime, str(self.fidelity), run_id)
        return pb.ReplayRequest(
            source_run_id=run_id,
            pinned_runtime=self.runtime,
            fidelity=self.fidelity,
            request_id=key,
            labels={"replay": self.name[:63]},
        )


async def selected(router: rpc.RouterServiceStub, query: shared.RunQuery, limit: int) -> AsyncIterator[shared.Run]:
    """Yield the runs of *query*, newest first, at most *limit*."""
    page_of = shared.RunQuery()
    page_of.CopyFrom(query)
    while True:
        page = await router.ListRuns(pb.ListRunsRequest(query=page_of), timeout=_PAGE_SECONDS)
        for run in page.runs:
            if limit <= 0:
                return
            limit -= 1
            yield run
        if not page.next_page_token:
            return
        page_of.page_token = page.next_page_token


async def replay_all(
    router: rpc.RouterServiceStub,
    job: Job,
    runs: list[shared.Run],
    *,
    workers: int,
    per_second: float,
    done: Callable[[Replayed], None],
) -> list[Replayed]:
    """Repeat *runs* by *workers* at a time, beginning at most *per_second* (0: no bound); *done* is told of each."""
    waiting: asyncio.Queue[shared.Run] = asyncio.Queue()
    for run in runs:
        waiting.put_nowait(run)
    pace = _Pace(per_second)
    results: list[Replayed] = []

    async def work() -> None:
        while not waiting.empty():
            source = waiting.get_nowait()
            await pace.next()
            result = await replayed(router, job.request(source.run_id), source)
            results.append(result)
            done(result)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(max(min(workers, len(runs)), 1)):
            tasks.create_task(work())
    return results


class _Pace:
    """Lets one begin at a time."""

    def __init__(self, per_second: float) -> None:
        self._gap_seconds = 1 / per_second if per_second else 0.0
        self._next_at = 0.0

    async def next(self) -> None:
        """Return when the next may begin."""
        now = time.monotonic()
        at = max(self._next_at, now)
        self._next_at = at + self._gap_seconds
        if at > now:
            await asyncio.sleep(at - now)


async def replayed(router: rpc.RouterServiceStub, request: pb.ReplayRequest, source: shared.Run) -> Replayed:
    """Follow the replay that *request* begins, or has begun, to its end; what refuses it is part of the answer."""
    began = time.monotonic()
    for repeat in range(_REPEATS):
        try:
            log = [
                frame.event
                async for response in router.Replay(request)
                for frame in response.frames
                if frame.HasField("event")
            ]
        except grpc.aio.AioRpcError as error:
            # The same request follows the replay that it began.
            if is_lost(error) and repeat < _REPEATS - 1:
                await asyncio.sleep(_PAUSE_SECONDS * 2**repeat)
                continue
            known = from_rpc_error(error)
            reason, message = (
                (known.reason_name, known.message) if known else (error.code().name, error.details() or "")
            )
            return Replayed(source_run_id=source.run_id, outcome="refused", reason=reason, message=message)
        return _result(source, log, time.monotonic() - began)
    raise AssertionError


def _result(source: shared.Run, log: list[events.RunEvent], seconds: float) -> Replayed:
    finished = log[-1].run_finished
    diverged = [event.replay_diverged.message for event in log if event.HasField("replay_diverged")]
    return Replayed(
        source_run_id=source.run_id,
        run_id=log[-1].run_id,
        outcome=events.RunOutcome.Name(finished.outcome).removeprefix("RUN_OUTCOME_").lower(),
        reason=finished.failure.reason,
        message=(diverged or [finished.failure.message])[0],
        claim=finished.replay_claim,
        seconds=seconds,
        same=finished.outcome == source.outcome and not finished.replay_claim.misses,
    )
