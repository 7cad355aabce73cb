"""The same script looks the same on every runtime, to the model and to everybody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from tests.contract.runtimes.driver import Driver, agent, say, tool
from tests.fakes.seams import Say, Script


async def ok(request: executor.ExecuteToolRequest) -> str:
    return "ok"


async def denied(request: executor.ExecuteToolRequest) -> str:
    raise MeshError(reasons.ERROR_REASON_TOOL_FAILED, "denied")


def tool_script() -> Script:
    says = [
        Say(
            chunks=["Let me ", "see."], calls=[("c1", "add", '{"a": 1.0}'), ("c2", "nope", "{}"), ("c3", "find", "{}")]
        ),
        Say(calls=[("c4", "add", "{}")]),
        Say(chunks=["Here: ", '{"n": 1}']),
    ]
    return Script(says=says, tools={"add": ok, "find": denied})


SCRIPTS: list[Callable[[], Script]] = [
    lambda: say("plain"),
    lambda: say(""),
    lambda: Script(says=[Say(chunks=["cut"], stop_reason=events.MODEL_STOP_REASON_LENGTH)]),
    lambda: Script(says=[Say(error=MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more"))]),
    tool_script,
]


@pytest.mark.parametrize("make", SCRIPTS)
async def test_a_script_looks_the_same_on_every_runtime(drivers: dict[str, Driver], make: Callable[[], Script]) -> None:
    shapes, asked = {}, {}

    for name, driver in drivers.items():
        script = make()
        run = await driver.run(script, tool_specs=[tool("add"), tool("find")], spec=agent())
        shapes[name] = run.shape
        asked[name] = [(list(request.messages), list(request.tools)) for request in script.asked]

    assert all(shape == shapes["echo"] for shape in shapes.values()), shapes
    assert all(requests == asked["echo"] for requests in asked.values()), asked
