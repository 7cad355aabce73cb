"""One attempt with a misbehaving runtime: the ports decide, not the runtime."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from pal.v1 import error_reason_pb2 as reasons
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.runtime import Ports, Task
from pal_cli.ports import free_addresses
from pal_conformance.script import Say, Script, calls, says
from pal_conformance.specs import ADD
from pal_rpc.errors import MeshError
from tests.fakes.cut_proxy import CutProxy
from tests.fakes.driven import driven, ran

Work = Callable[[Task, Ports], Awaitable[str]]


class Foreign(EchoRuntime):
    """A runtime that does whatever a test wants."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def run(self, task: Task, ports: Ports) -> str:
        return await self.work(task, ports)


async def test_a_runtime_that_raises_fails_the_run_without_telling_its_secrets() -> None:
    async def work(task: Task, ports: Ports) -> str:
        raise LookupError("/home/secret")

    async with driven(Foreign(work)) as bench:
        run = await ran(bench, says())

    failure = run.result.failure
    assert run.end == "FAILED RUNTIME_ERROR"
    assert "LookupError" in failure.message
    assert "secret" not in failure.message
    assert failure.metadata["error_id"] in failure.message


async def test_an_error_of_a_port_cannot_be_swallowed() -> None:
    async def work(task: Task, ports: Ports) -> str:
        with contextlib.suppress(MeshError):
            await ports.model.ask(task.opening, [])
        return "all is well"

    async with driven(Foreign(work)) as bench:
        run = await ran(bench, Script(says=[Say(error=MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more"))]))

    assert run.end == "LIMITED LIMIT_REACHED"


async def test_a_runtime_that_will_not_let_go_is_left_behind() -> None:
    begun, released = asyncio.Event(), asyncio.Event()
    late: list[MeshError] = []

    async def work(task: Task, ports: Ports) -> str:
        begun.set()
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        try:
            await ports.model.ask(task.opening, [])
        except MeshError as error:
            late.append(error)
        return "too late"

    async with driven(Foreign(work)) as bench:
        run = bench.start(says("never"))
        await begun.wait()
        async with asyncio.timeout(30):
            await bench.cancel(run)
            await bench.ended(run)
        released.set()

    assert run.end == "CANCELLED RUN_CANCELLED"
    assert [error.reason for error in late] == [reasons.ERROR_REASON_RUN_CANCELLED]


async def test_no_answer_is_no_output() -> None:
    async def work(task: Task, ports: Ports) -> str:
        return " "

    async with driven(Foreign(work)) as bench:
        run = await ran(bench, says())

    assert run.end == "FAILED OUTPUT_EMPTY"


async def test_a_call_that_nobody_asked_for_is_not_made() -> None:
    heard = []

    async def work(task: Task, ports: Ports) -> str:
        heard.append(await ports.tools.call("invented"))
        return "fine"

    async with driven(Foreign(work)) as bench:
        run = await ran(bench, says(), tool_specs=[ADD])

    assert [result.is_failure for result in heard] == [True]
    assert run.executed == []


async def ask(task: Task, ports: Ports) -> str:
    await ports.model.ask(task.opening, [])
    return "fine"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("model_port", "tool_port"):
        monkeypatch.setattr(f"pal_adapter_host.{module}.AWAY_SECONDS", 0.3)


@pytest.mark.usefixtures("impatient")
async def test_a_provider_that_is_not_there_fails_the_run() -> None:
    async with driven(Foreign(ask), llm_provider_address="127.0.0.1:1") as bench:
        run = await ran(bench, says("never"))

    assert run.end == "FAILED SEAM_UNAVAILABLE"


async def test_a_provider_that_is_being_started_is_waited_for() -> None:
    (address,) = free_addresses(1)
    async with driven(Foreign(ask), llm_provider_address=address) as bench:
        running = asyncio.create_task(ran(bench, says("fine")))
        await asyncio.wait([running], timeout=0.3)
        there = CutProxy(bench.kit.addresses["llm_provider"])
        host, _, port = address.rpartition(":")
        async with await asyncio.start_server(there.carry, host, int(port)):
            run = await running
            there.cut()

    assert run.end == "SUCCEEDED"
    assert len(run.asked) == 1


@pytest.mark.usefixtures("impatient")
async def test_an_executor_that_is_not_there_is_asked_again_and_then_fails_the_run() -> None:
    async with driven(EchoRuntime(), tool_executor_address="127.0.0.1:1") as bench:
        run = await ran(bench, calls(("c1", "add", "{}"), then="never"), tool_specs=[ADD])

    assert run.end == "FAILED SEAM_UNAVAILABLE"
    assert len(run.asked) == 1


async def test_an_attempt_is_measured() -> None:
    async with driven(Foreign(ask)) as bench:
        run = await ran(bench, says("fine"))

    (span,) = [frame.span for frame in run.frames if frame.HasField("span")]
    assert (span.component, span.parent_span_id, span.trace_id[:4]) == ("adapter.echo", "b7ad6b7169203331", "0af7")
