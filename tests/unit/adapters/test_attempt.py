"""One attempt with a misbehaving runtime: the ports decide, not the runtime."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config, adapter
from pal_adapter_host.runtime import Ports, Task
from pal_rpc.errors import MeshError
from tests.contract.runtimes.driver import Driver, say, tool
from tests.fakes.seams import FakeSeams, Say, Script, seams

Work = Callable[[Task, Ports], Awaitable[str]]


class Foreign(EchoRuntime):
    """A runtime that does whatever a test wants."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def run(self, task: Task, ports: Ports) -> str:
        return await self.work(task, ports)


@contextlib.asynccontextmanager
async def driven(work: Work, **config: object) -> AsyncIterator[tuple[Driver, FakeSeams]]:
    async with seams() as (fakes, _):
        addresses = dict.fromkeys(("registry_address", "llm_provider_address", "tool_executor_address"), fakes.address)
        settings = Config(**{"address": "127.0.0.1:0", "drain_seconds": 0, **addresses, **config})  # type: ignore[arg-type]
        async with adapter(settings, Foreign(work)) as server, Driver(server.address, fakes) as driver:
            yield driver, fakes


async def test_a_runtime_that_raises_fails_the_run_without_telling_its_secrets() -> None:
    async def work(task: Task, ports: Ports) -> str:
        raise LookupError("/home/secret")

    async with driven(work) as (driver, _):
        run = await driver.run(say())

    failure = run.result.failure
    assert (run.result.outcome, failure.reason) == (events.RUN_OUTCOME_FAILED, "RUNTIME_ERROR")
    assert "LookupError" in failure.message
    assert "secret" not in failure.message
    assert failure.metadata["error_id"] in failure.message


async def test_an_error_of_a_port_cannot_be_swallowed() -> None:
    async def work(task: Task, ports: Ports) -> str:
        with contextlib.suppress(MeshError):
            await ports.model.ask(task.opening, [])
        return "all is well"

    async with driven(work) as (driver, _):
        run = await driver.run(Script(says=[Say(error=MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more"))]))

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_LIMITED, "LIMIT_REACHED")


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

    async with driven(work) as (driver, _):
        run = driver.start(say("never"))
        await begun.wait()
        async with asyncio.timeout(0.2):
            await driver.cancel(run)
            await run.end()
        released.set()

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_CANCELLED, "RUN_CANCELLED")
    assert [error.reason for error in late] == [reasons.ERROR_REASON_RUN_CANCELLED]


async def test_no_answer_is_no_output() -> None:
    async def work(task: Task, ports: Ports) -> str:
        return " "

    async with driven(work) as (driver, _):
        run = await driver.run(say())

    assert run.reason == "OUTPUT_EMPTY"


async def test_a_call_that_nobody_asked_for_is_not_made() -> None:
    heard = []

    async def work(task: Task, ports: Ports) -> str:
        heard.append(await ports.tools.call("invented"))
        return "fine"

    script = say()
    async with driven(work) as (driver, _):
        await driver.run(script, tool_specs=[tool("add")])

    assert [result.is_failure for result in heard] == [True]
    assert script.executed == []


async def ask(task: Task, ports: Ports) -> str:
    await ports.model.ask(task.opening, [])
    return "fine"


async def test_a_provider_that_is_not_there_fails_the_run() -> None:
    async with driven(ask, llm_provider_address="127.0.0.1:1") as (driver, _):
        run = await driver.run(say("never"))

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_FAILED, "SEAM_UNAVAILABLE")


async def test_an_executor_that_is_not_there_is_asked_again_and_then_fails_the_run() -> None:
    script = Script(says=[Say(calls=[("c1", "add", "{}")]), Say(chunks=["never"])])

    async with driven(EchoRuntime().run, tool_executor_address="127.0.0.1:1") as (driver, _):
        run = await driver.run(script, tool_specs=[tool("add")])

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_FAILED, "SEAM_UNAVAILABLE")
    assert len(script.asked) == 1


async def test_an_attempt_is_measured() -> None:
    async with driven(ask) as (driver, _):
        run = await driver.run(say("fine"))

    (span,) = [frame.span for frame in run.frames if frame.HasField("span")]
    assert (span.component, span.parent_span_id, span.trace_id[:4]) == ("adapter.echo", "b7ad6b7169203331", "0af7")
