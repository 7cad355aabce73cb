"""A runtime's ceiling, kept by the router: the rest waits, in turn, and no longer than it wants to."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pal.service.v1 import recorder_service_pb2 as recorder
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import runtime_service_pb2_grpc as rt_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_cli.health import wait_ready
from pal_log.grammar import violations
from pal_router.__main__ import router
from pal_router.acceptance import run_id_of
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import Say, Script
from tests.integration.router.conftest import Bench, ask
from tests.integration.router.counted import CountedRuntime, counted, declare, endpoint

HELLO = Say(chunks=["Hello."])
BASICS = ["run.accepted", "run.routed", "run.started", "message.added", "run.finished"]
# One agent alone may fill half of it.
QUEUED_RUNS = 40


@pytest.fixture(scope="module")
def router_options() -> dict[str, Any]:
    return {"queued_runs": QUEUED_RUNS}


class Going:
    """A run that was asked for: its log once it is over, and the means to let it go on."""

    def __init__(self, bench: Bench, agent: str = "one", say: Say = HELLO, **fields: Any) -> None:
        """Ask for a run of *agent*, whose model answers with *say*."""
        request_id = str(uuid.uuid4())
        self.run_id = run_id_of(request_id, "default")
        self.script: Script = bench.script(request_id, say)
        self.request = ask(request_id, agent=agent, **fields)
        self.accepted = asyncio.Event()
        self.log = asyncio.create_task(self._follow(bench))

    async def _follow(self, bench: Bench) -> list[events.RunEvent]:
        seen = []
        async for response in bench.router.Run(self.request):
            seen += [frame.event for frame in response.frames if frame.HasField("event")]
            self.accepted.set()
        return seen


def held() -> tuple[Say, asyncio.Event]:
    """Return an answer that waits to be let go, and what lets it go."""
    hold = asyncio.Event()
    return Say(chunks=["Hello."], hold=hold), hold


async def begun(bench: Bench, runtime: CountedRuntime, *agents: str) -> tuple[Going, asyncio.Event, list[Going]]:
    """Return a run that has the only place until it is let go, and those of *agents* that wait for it."""
    say, hold = held()
    first = Going(bench, say=say)
    await first.script.reached.wait()
    waiting = []
    for agent in agents:
        waiting.append(Going(bench, agent))
        await waiting[-1].accepted.wait()
    return first, hold, waiting


async def logs(runs: Sequence[Going]) -> list[list[events.RunEvent]]:
    return await asyncio.gather(*(run.log for run in runs))


def types(log: list[events.RunEvent]) -> list[str]:
    return [event.type for event in log]


async def test_never_more_at_once_than_declared_and_all_come_to_their_end(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=2):
        seen = await logs([Going(bench) for _ in range(20)])

    assert runtime.peak == 2
    assert [types(log) for log in seen] == [BASICS] * 20
    assert [problem for log in seen for problem in violations(log)] == []
    assert len(runtime.begun) == len(set(runtime.begun)) == 20


async def test_a_flood_of_one_agent_does_not_starve_another(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        first, hold, waiting = await begun(bench, runtime, *["one"] * 15, "other")
        hold.set()
        await logs([first, *waiting])

    assert runtime.begun.index(waiting[-1].run_id) <= 2
    assert [i for i in runtime.begun if i != waiting[-1].run_id] == [run.run_id for run in (first, *waiting[:-1])]


async def test_above_the_bound_a_request_is_refused_before_anything_is_recorded(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        first, hold, waiting = await begun(bench, runtime, *["one"] * (QUEUED_RUNS // 2))
        refused = Going(bench)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await refused.log
        with pytest.raises(MeshError, match=refused.run_id):
            await bench.record.run(refused.run_id)
        other = Going(bench, "other")
        hold.set()
        seen = await logs([first, *waiting, other])

    error = from_rpc_error(caught.value)
    assert error is not None
    assert (caught.value.code(), error.reason_name) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert {**error.metadata, "retry_after_seconds": "n"} == {
        "runtime": "counted",
        "limit": "1",
        "queue_length": "20",
        "retry_after_seconds": "n",
    }
    assert 1 <= retry_seconds(caught.value) <= 60
    assert [log[-1].run_finished.outcome for log in seen] == [events.RUN_OUTCOME_SUCCEEDED] * 22


def retry_seconds(error: grpc.aio.AioRpcError) -> int:
    """Return the delay that *error* names for every client that knows the standard detail."""
    retry = error_details_pb2.RetryInfo()
    status = rpc_status.from_call(error)
    assert any(detail.Unpack(retry) for detail in status.details)
    return int(retry.retry_delay.seconds)


async def test_a_run_that_was_begun_before_is_followed_however_full_it_is(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        done = Going(bench)
        log = await done.log
        first, hold, waiting = await begun(bench, runtime, *["one"] * (QUEUED_RUNS // 2))
        again = [f.event async for r in bench.router.Run(done.request) for f in r.frames if f.HasField("event")]
        hold.set()
        await logs([first, *waiting])

    assert again == log


async def test_a_run_that_waits_is_cancelled_without_a_call_to_its_adapter(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        first, hold, (waiting,) = await begun(bench, runtime, "one")
        await bench.router.Cancel(pb.CancelRequest(run_id=waiting.run_id, reason="enough"))
        log = await waiting.log
        hold.set()
        await first.log

    assert types(log) == ["run.accepted", "run.routed", "run.stop.requested", "run.finished"]
    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_CANCELLED
    assert "enough" in log[-1].run_finished.failure.message
    assert runtime.begun == [first.run_id]


async def test_waiting_counts_against_the_time_of_a_run(bench: Bench) -> None:
    limits = common.RunLimits()
    limits.max_duration.FromMilliseconds(200)
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        first, hold, _ = await begun(bench, runtime)
        log = await Going(bench, limits=limits).log
        hold.set()
        await first.log

    finished = log[-1].run_finished
    assert types(log) == ["run.accepted", "run.routed", "run.finished"]
    assert (finished.outcome, finished.failure.reason) == (events.RUN_OUTCOME_LIMITED, "DEADLINE_EXCEEDED")
    assert "while it waited for a place on runtime counted" in finished.failure.message
    assert runtime.begun == [first.run_id]


async def test_the_wait_is_measured(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        first, hold, (waiting,) = await begun(bench, runtime, "one")
        hold.set()
        await logs([first, waiting])
        spans = await spans_of(bench, waiting.run_id)
        none = await spans_of(bench, first.run_id)

    waits = [span for span in spans if span.kind == traces.SPAN_KIND_QUEUE]
    assert [(span.name, span.status, span.runtime) for span in waits] == [
        ("queue counted", traces.SPAN_STATUS_OK, "counted")
    ]
    assert not [span for span in none if span.kind == traces.SPAN_KIND_QUEUE]


async def spans_of(
    bench: Bench, run_id: str, kind: traces.SpanKind = traces.SPAN_KIND_RUN
) -> Sequence[traces.TraceSpan]:
    """Return the measurements of a run once one of a *kind* is there; that of the whole run is the last."""
    async with channel(bench.config.recorder_address) as opened:
        stub = recorder_rpc.RecorderServiceStub(opened)
        async with asyncio.timeout(30):
            while True:
                spans = (await stub.ListSpans(recorder.ListSpansRequest(run_id=run_id))).spans
                if any(span.kind == kind for span in spans):
                    return spans


async def test_a_raised_limit_lets_more_go_at_once(bench: Bench) -> None:
    runtime = CountedRuntime()
    say, hold = held()
    async with counted(bench, runtime, limit=1):
        runs = [Going(bench, say=say) for _ in range(5)]
        await runtime.until(lambda: runtime.going == 1)
        await declare(bench, 3)
        await runtime.until(lambda: runtime.going == 3)
        hold.set()
        await logs(runs)

    assert runtime.peak == 3


async def test_runs_that_end_badly_free_their_places(bench: Bench) -> None:
    runtime = CountedRuntime()
    broken = Say(error=MeshError(140, "the model is not there"))
    async with counted(bench, runtime, limit=1):
        failed = await logs([Going(bench, say=broken) for _ in range(3)])
        say, _ = held()
        stopped = Going(bench, say=say)
        await stopped.script.reached.wait()
        await bench.router.Cancel(pb.CancelRequest(run_id=stopped.run_id))
        await stopped.log
        log = await Going(bench).log

    assert [entry[-1].run_finished.outcome for entry in failed] == [events.RUN_OUTCOME_FAILED] * 3
    assert types(log) == BASICS


async def test_those_who_wait_go_on_with_the_next_life_of_the_adapter(bench: Bench) -> None:
    before, after = CountedRuntime(), CountedRuntime()
    async with counted(bench, before, limit=1):
        first, _, waiting = await begun(bench, before, *["one"] * 5)
        # The model is not asked a second time by a real provider; the fake has another answer for it.
        first.script.says = [*first.script.says, HELLO]
    async with counted(bench, after, limit=1):
        seen = await logs([first, *waiting])

    assert [log[-1].run_finished.outcome for log in seen] == [events.RUN_OUTCOME_SUCCEEDED] * 6
    assert [types(log) for log in seen[1:]] == [BASICS] * 5
    assert (before.begun, sorted(after.begun)) == ([first.run_id], sorted(run.run_id for run in (first, *waiting)))


async def test_a_run_that_comes_while_its_adapter_is_started_again_waits_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_router.settling.RESTART_SECONDS", 60.0)
    async with counted(bench, CountedRuntime()):
        await Going(bench).log
    runs = [Going(bench) for _ in range(3)]
    # Nothing of them can be seen until they are accepted, which the adapter's next life has to come before.
    done, _ = await asyncio.wait([run.log for run in runs], timeout=0.1)
    async with counted(bench, CountedRuntime()):
        seen = await logs(runs)

    assert not done
    assert [log[-1].run_finished.outcome for log in seen] == [events.RUN_OUTCOME_SUCCEEDED] * 3


async def test_a_runtime_that_has_been_away_for_long_takes_no_runs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_router.settling.RESTART_SECONDS", 0.1)
    async with counted(bench, CountedRuntime()):
        await Going(bench).log

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await Going(bench).log

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "does not take runs now" in (refused.value.details() or "")


async def test_an_adapter_that_is_full_with_the_runs_of_others_has_a_run_wait(bench: Bench) -> None:
    runtime = CountedRuntime()
    say, hold = held()
    bench.fakes.scripts["foreign"] = foreign = Script(says=[say])
    async with counted(bench, runtime, limit=1, ceiling=1) as server, channel(server.address) as opened:
        lease = shared.RunLease(run_id="foreign", epoch=1, token="another router's")
        call = rt_rpc.RuntimeServiceStub(opened).Run(rt.RuntimeServiceRunRequest(lease=lease))
        taken = asyncio.create_task(to_the_end(call))
        await foreign.reached.wait()
        run = Going(bench)
        # It has its place here at once, so that it waits only if the adapter has refused it.
        await spans_of(bench, run.run_id, traces.SPAN_KIND_QUEUE)
        hold.set()
        log = await run.log
        await taken

    assert types(log) == BASICS
    assert runtime.begun == ["foreign", run.run_id]


async def to_the_end(call: Any) -> None:
    async for _ in call:
        pass


async def test_a_router_that_stops_leaves_those_who_wait_to_the_next(bench: Bench) -> None:
    runtime = CountedRuntime()
    config = dataclasses.replace(bench.config, drain_seconds=0.0)
    async with counted(bench, runtime, limit=0) as adapter:
        async with router(config) as server, channel(server.address) as opened:
            await wait_ready({"router": server.address, "registry": config.registry_address}, [], 60)
            going = Going(dataclasses.replace(bench, router=rpc.RouterServiceStub(opened)))
            await going.accepted.wait()
        with pytest.raises(grpc.aio.AioRpcError):
            await going.log
        waiting = await bench.record.run(going.run_id)
        await declare(bench, 1)
        async with router(config) as server, channel(server.address) as opened:
            await wait_ready({"router": server.address, "registry": config.registry_address}, [], 60)
            watch = pb.WatchRequest(run_id=going.run_id, follow=True)
            call = rpc.RouterServiceStub(opened).Watch(watch)
            log = [f.event async for response in call for f in response.frames if f.HasField("event")]
        where = await endpoint(bench)

    assert waiting.state == shared.RUN_STATE_PENDING
    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
    assert (runtime.begun, where) == ([going.run_id], adapter.address)
