"""Stages: the host answers for their order and their ends, whatever the runtime does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.runtime import CarryOut, Ports, Stage, Task
from pal_conformance.run import Run
from pal_conformance.script import Say, Script
from pal_conformance.specs import agent
from tests.fakes.driven import Gate, driven, ran

Engine = Callable[[Sequence[Stage], CarryOut], Awaitable[None]]
PLAN = agents.Plan(
    stages=[
        agents.PlanStage(id="a", objective="Begin."),
        agents.PlanStage(id="b", objective="Go on.", after=["a"]),
        agents.PlanStage(id="c", objective="End.", after=["b"]),
    ]
)


class Foreign(EchoRuntime):
    """A runtime whose engine does whatever a test wants."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        await self.engine(stages, carry_out)


def planned() -> agents.AgentSpec:
    spec = agent()
    spec.spec.plan.CopyFrom(PLAN)
    return spec


async def carried_out(engine: Engine, script: Script | None = None) -> Run:
    script = script or Script(stages={name: [Say(chunks=[f"of {name}"])] for name in "abc"})
    async with driven(Foreign(engine)) as bench:
        return await ran(bench, script, spec=planned())


def ends(run: Run) -> dict[str, tuple[str, str]]:
    """Return how each stage ended: the outcome and the reason."""
    return {
        event.stage_id: (
            events.RunOutcome.Name(event.stage_finished.outcome).removeprefix("RUN_OUTCOME_"),
            event.stage_finished.failure.reason,
        )
        for event in run.events
        if event.type == "stage.finished"
    }


async def test_a_stage_is_begun_when_those_before_it_are_over_and_not_sooner() -> None:
    async def hasty(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        await carry_out("a")
        await carry_out("c")

    run = await carried_out(hasty)

    assert run.end == "FAILED RUNTIME_ERROR"
    assert "it began stage c before b was over" in run.result.failure.message
    assert ends(run) == {"a": ("SUCCEEDED", "")}


async def test_a_stage_is_carried_out_once() -> None:
    async def eager(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        await carry_out("a")
        await carry_out("a")

    run = await carried_out(eager)

    assert "it began a, which is no stage that waits to begin" in run.result.failure.message
    assert [event.type for event in run.events if event.stage_id == "a"].count("stage.started") == 1


async def test_every_stage_has_to_be_over() -> None:
    async def lazy(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        await carry_out("a")

    run = await carried_out(lazy)

    assert run.end == "FAILED RUNTIME_ERROR"
    assert "it came back before stage b was over" in run.result.failure.message


async def test_a_stage_that_is_tried_again_is_not() -> None:
    script = Script(stages={"a": [Say(chunks=[" "]), Say(chunks=["never"])]})

    async def stubborn(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        for stage in [*stages, *stages]:
            with suppress(Exception):
                await carry_out(stage.id)

    run = await carried_out(stubborn, script)

    assert run.end == "FAILED OUTPUT_EMPTY"
    assert run.result.failure.metadata["stage"] == "a"
    assert ends(run) == {"a": ("FAILED", "OUTPUT_EMPTY")}
    assert len(run.asked) == 1


async def test_what_the_engine_raises_ends_the_run_and_the_stages_that_are_going() -> None:
    gate = Gate()
    script = Script(stages={"a": [Say(hold=gate)]})

    async def broken(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        going = asyncio.ensure_future(carry_out("a"))
        await gate.reached.wait()
        try:
            raise LookupError("lost the way")
        finally:
            going.cancel()

    run = await carried_out(broken, script)

    assert run.end == "FAILED RUNTIME_ERROR"
    assert ends(run) == {"a": ("CANCELLED", "RUN_CANCELLED")}


async def test_an_engine_that_will_not_let_go_of_a_failed_run_is_left_behind() -> None:
    released = asyncio.Event()

    async def sticky(stages: Sequence[Stage], carry_out: CarryOut) -> None:
        while not released.is_set():
            with suppress(Exception, asyncio.CancelledError):
                await carry_out("a")
            with suppress(asyncio.CancelledError):
                await released.wait()

    async with driven(Foreign(sticky)) as bench:
        run = await ran(bench, Script(stages={"a": [Say(chunks=[" "])]}), spec=planned())
        released.set()

    assert run.end == "FAILED OUTPUT_EMPTY"


async def test_ports_of_a_stage_that_is_over_are_closed() -> None:
    script = Script(stages={"a": [Say(chunks=["of a"]), Say(chunks=["more of a"])], "b": [Say(chunks=["of b"])]})
    kept: list[tuple[Task, Ports]] = []

    class Keeping(Foreign):
        async def run(self, task: Task, ports: Ports) -> str:
            if kept:
                await kept[0][1].model.ask(task.opening, [])
            kept.append((task, ports))
            return await super().run(task, ports)

    async with driven(Keeping(EchoRuntime().workflow)) as bench:
        run = await ran(bench, script, spec=planned())

    assert run.end == "FAILED RUNTIME_ERROR"
    assert "went on with stage a after its end" in run.result.failure.message
    assert [request.stage_id for request in run.asked] == ["a"]


async def test_a_runtime_without_the_mode_refuses_a_plan() -> None:
    class Plain(EchoRuntime):
        capability = type(EchoRuntime.capability)()

    Plain.capability.CopyFrom(EchoRuntime.capability)
    Plain.capability.capabilities.modes[:] = ["conversational"]

    async with driven(Plain()) as bench:
        run = await ran(bench, Script(), spec=planned())

    assert run.end == "FAILED CAPABILITY_MISSING"


async def test_a_plan_that_goes_round_in_a_circle_is_refused() -> None:
    spec = planned()
    spec.spec.plan.stages[0].after.append("c")

    async with driven(EchoRuntime()) as bench:
        run = await ran(bench, Script(), spec=spec)

    assert (run.result.failure.reason, run.result.failure.metadata["path"]) == ("INVALID_DOCUMENT", "spec.plan.stages")
    assert run.events == []
