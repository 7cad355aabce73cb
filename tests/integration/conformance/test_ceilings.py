"""A target that hangs costs a case its time, and all cases together theirs, and no more."""

from __future__ import annotations

import asyncio
import time

from pal.service.v1 import runtime_service_pb2 as rt
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.runtime import Ports, Task
from pal_conformance.kit import kit
from pal_conformance.suite import matching, results
from pal_conformance.target import connected
from pal_conformance.verdict import Status
from tests.fakes.faulty_adapter import Fault, faulty_adapter


class Hanging(EchoRuntime):
    """Takes runs and does nothing with them."""

    async def run(self, task: Task, ports: Ports) -> str:
        """Wait for ever."""
        await asyncio.Event().wait()
        return ""


async def test_a_target_that_hangs_is_given_up_in_time() -> None:
    began = time.monotonic()

    async with (
        kit() as served,
        faulty_adapter(Fault(runtime=Hanging, pulse=False), served.addresses) as address,
        connected(address) as target,
    ):
        found = [r async for r in results(target, served, matching([]), case_seconds=0.5, all_seconds=3)]

    assert time.monotonic() - began < 60
    assert len(found) == len(matching([]))
    reasons = {result.case_id: result.reason for result in found if result.status is Status.failed}
    assert reasons["answer.plain"] == "not over after 0.5 s"
    assert "the 3 s for all cases were up" in reasons["load.back-pressure"]


async def test_garbage_is_named() -> None:
    def garbage(state: object, frame: rt.RunFrame) -> list[rt.RunFrame]:
        return [rt.RunFrame()]

    async with (
        kit() as served,
        faulty_adapter(Fault(frames=garbage), served.addresses) as address,
        connected(address) as target,
    ):
        found = [r async for r in results(target, served, matching(["answer.plain"]))]

    assert [result.reason for result in found] == ["the stream ended without a result (OK)"]
