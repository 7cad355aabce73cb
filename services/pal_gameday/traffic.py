"""The runs of a drill: each is started once, followed across every cut, and remembered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc

from pal.service.v1 import router_service_pb2 as router_pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_gameday.evidence import Seen
from pal_gameday.mesh import Mesh, said
from pal_gameday.plan import seconds_of, steps_of
from pal_log.payload import text_payload
from pal_rpc.status import from_rpc_error, is_lost

DRILL_LABEL, STEP_LABEL = "pal.drill", "pal.drill.step"
_AGAIN_SECONDS, _CALL_SECONDS = 0.2, 20.0


class BrokenOff(Exception):
    """A condition to stop is met; the message says which."""


@dataclass
class Followed:
    """One run as it is seen from outside."""

    step: pb.GameDayStep
    request: router_pb.RunRequest
    run_id: str = ""
    log: dict[int, events.RunEvent] = field(default_factory=dict)
    problem: str = ""
    over: bool = False

    def seen(self) -> Seen:
        """Return what was seen of it so far."""
        log = [self.log[seq] for seq in sorted(self.log)]
        return Seen(step=self.step, run_id=self.run_id, log=log, problem=self.problem)


class Traffic:
    """Starts the runs of a drill and follows them."""

    def __init__(self, mesh: Mesh, plan: pb.GameDayPlan, drill_id: str) -> None:
        """Run the agent of *plan* in *mesh*, as *drill_id*."""
        self._mesh = mesh
        self._plan = plan
        self._drill_id = drill_id
        own = {step.id: step.runs.inputs for step in steps_of(plan) if step.runs.inputs}
        # By the step that has inputs of its own; the plan's are under no name.
        self._inputs = {name: itertools.cycle(inputs) for name, inputs in ({"": plan.inputs} | own).items()}
        self._changed = asyncio.Condition()
        self.runs: list[Followed] = []

    async def carry_out(self, step: pb.GameDayStep) -> None:
        """Start the runs of *step* and return once they are over.

        Raises:
            BrokenOff: a condition of the plan to stop is met.
        """
        wanted = [self._run(step, number) for number in range(1, (step.runs.count or 1) + 1)]
        self.runs.extend(wanted)
        places = asyncio.Semaphore(step.runs.parallel or 1)

        async def one(run: Followed) -> None:
            async with places:
                await self._follow(run)
                await asyncio.sleep(seconds_of(step.runs.pause, 0))

        async with asyncio.TaskGroup() as tasks:
            for run in wanted:
                tasks.create_task(one(run))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once *condition*, which looks at the runs, holds."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def begun(self) -> list[Followed]:
        """Return the runs that were begun, or refused; also those of which the drill left before it heard anything."""
        known = {run.run_id for run in self.runs}
        query, token = shared.RunQuery(page_size=200, labels={DRILL_LABEL: self._drill_id}), ""
        while True:
            query.page_token = token
            page = await self._mesh.router.ListRuns(router_pb.ListRunsRequest(query=query), timeout=_CALL_SECONDS)
            for found in page.runs:
                silent = (run for run in self.runs if not (run.run_id or run.problem))
                lost = next((run for run in silent if run.step.id == found.labels[STEP_LABEL]), None)
                if found.run_id not in known and lost is not None:
                    lost.run_id = found.run_id
            token = page.next_page_token
            if not token:
                return [run for run in self.runs if run.run_id or run.problem]

    def over(self, step_id: str) -> bool:
        """Tell whether the runs of a step are over."""
        runs = [run for run in self.runs if run.step.id == step_id]
        return bool(runs) and all(run.over for run in runs)

    def met(self, fault_id: str) -> int:
        """Return how often a fault was met so far."""
        facts = (event.fault_injected for run in self.runs for event in run.log.values())
        return sum(fact.fault_id == fault_id for fact in facts)

    def _run(self, step: pb.GameDayStep, number: int) -> Followed:
        inputs = self._inputs[step.id if step.runs.inputs else ""]
        agent = common.SpecSelector(name=step.runs.agent) if step.runs.agent else self._plan.agent
        request = router_pb.RunRequest(
            request_id=f"{self._drill_id}/{step.id}/{number}",
            agent=agent,
            input=text_payload(next(inputs)),
            pinned_runtime=step.runs.runtime,
            labels={DRILL_LABEL: self._drill_id, STEP_LABEL: step.id},
            drill_id=self._drill_id,
        )
        return Followed(step, request)

    async def _follow(self, run: Followed) -> None:
        while not run.over:
            try:
                async for response in self._mesh.router.Run(run.request):
                    await self._take(run, response)
            except grpc.aio.AioRpcError as error:
                away = is_lost(error) or (error.code() is grpc.StatusCode.UNAVAILABLE and not from_rpc_error(error))
                if not away:
                    run.problem, run.over = said(error), True
            if not run.over:
                await asyncio.sleep(_AGAIN_SECONDS)
        async with self._changed:
            self._changed.notify_all()
        self._check_stop()

    async def _take(self, run: Followed, response: router_pb.RunResponse) -> None:
        for frame in response.frames:
            if frame.HasField("event"):
                run.run_id = frame.event.run_id
                run.log[frame.event.seq] = frame.event
                run.over = run.over or frame.event.type == "run.finished"
        async with self._changed:
            self._changed.notify_all()

    def _check_stop(self) -> None:
        stop, over = self._plan.stop, [run.seen() for run in self.runs if run.over]
        unexpected = sum(not run.expected for run in over)
        if stop.HasField("max_unexpected_runs") and unexpected > stop.max_unexpected_runs:
            raise BrokenOff(f"{unexpected} runs ended otherwise than expected; allowed are {stop.max_unexpected_runs}")
        if stop.HasField("max_cost"):
            spent = common.Money(currency_code=stop.max_cost.currency_code)
            for run in over:
                if run.finished.cost.currency_code == spent.currency_code:
                    spent.nanos += run.finished.cost.nanos
            if spent.nanos > stop.max_cost.nanos:
                raise BrokenOff(f"the runs cost {spent.nanos / 1e9:.6f} {spent.currency_code}")
