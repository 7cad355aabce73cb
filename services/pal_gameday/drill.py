"""One drill from its first step to its evidence; whatever happens, it leaves the mesh as it found it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal_gameday.evidence import Evidence, Put
from pal_gameday.home import Home
from pal_gameday.journal import Journal
from pal_gameday.mesh import ERRORS, Mesh, said
from pal_gameday.plan import DEFAULT_MAX_SECONDS, action_of, seconds_of, steps_of
from pal_gameday.processes import acted, lives
from pal_gameday.readings import (
    audited,
    check_runtimes,
    compared,
    documents,
    processes,
    repeatable,
    serving,
    whole,
)
from pal_gameday.rehearsals import Rehearsals, check_free, taken_back
from pal_gameday.routing import Routing
from pal_gameday.traffic import BrokenOff, Traffic
from pal_rpc.errors import InvalidField
from pal_rpc.identity import MIGRATION

CALL_SECONDS = 20.0
END_SECONDS = 120.0
WAIT_SECONDS = 60.0
_WITHIN = duration_pb2.Duration(seconds=10)
Metadata = tuple[tuple[str, str], ...]
Tell = Callable[[str, str], None]


class Drill:
    """Carries out one plan."""

    def __init__(
        self,
        mesh: Mesh,
        home: Home,
        metadata: Metadata,
        plan: pb.GameDay,
        drill_id: str,
        journal: Journal,
        tell: Tell,
    ) -> None:
        """Drill *mesh*, whose processes are those of *home*; *tell* each step.

        *metadata* proves that an operator wants it. What is to be put back is in *journal* before it is changed.
        """
        self._mesh = mesh
        self._home = home
        self._metadata = metadata
        self._journal = journal
        self._plan = plan
        self._tell = tell
        self._traffic = Traffic(mesh, plan.spec, drill_id)
        self._routing = Routing(mesh, plan.spec.agent.name, drill_id)
        self._rehearsals = Rehearsals(mesh, plan, drill_id, tell)
        self._evidence = Evidence(plan=plan, drill_id=drill_id, began_ns=time.time_ns())
        self._problems: dict[str, str] = {}
        # How long what the plan makes slow, silent or away is so, instead of what it says.
        self.delay_seconds: float | None = None

    async def carried_out(self) -> Evidence:
        """Return what was seen.

        Raises:
            MeshError: the plan names what the mesh does not have; nothing was done.
            AioRpcError: the mesh forbids drills, or the agent is not there; nothing was done.
        """
        # Refused where drills are forbidden, before anything is done.
        await self._heal("")
        before = await documents(self._mesh, self._plan.spec)
        await check_runtimes(self._mesh, self._plan.spec)
        lived = lives(self._home)
        steps = list(steps_of(self._plan.spec))
        if any(step.HasField("route") for step in steps):
            await check_free(self._mesh, self._plan.spec.agent.name)
        for step in steps:
            if step.HasField("process"):
                self._check_process(step)
        await self._journal.begin(await self._routing.remember())
        seen = self._evidence
        try:
            await self._method()
            await self._add_rollouts()
        finally:
            await self._rolled_back()
        until = time.monotonic() + END_SECONDS
        seen.runs = [await whole(self._mesh, run, until) for run in await self._traffic.begun()]
        seen.ended_ns = time.time_ns()
        seen.rollbacks = [*self._routing.rollbacks, *self._rehearsals.rollbacks()]
        seen.repeatable = repeatable(before)
        seen.documents = compared(before, await documents(self._mesh, self._plan.spec))
        seen.processes = processes(lived, lives(self._home), self._plan.spec, seen.runs)
        seen.audit = await audited(self._mesh, seen.runs)
        seen.problems = self._problems
        return seen

    def _check_process(self, step: pb.GameDayStep) -> None:
        self._home.find(step.process.name)
        if step.process.name == MIGRATION:
            raise InvalidField(
                f"plan.{step.id}.process.name", f"{MIGRATION} carries the drill out; name another process"
            )

    async def _method(self) -> None:
        limit = seconds_of(self._plan.spec.stop.max_duration, DEFAULT_MAX_SECONDS)
        try:
            async with asyncio.timeout(limit), asyncio.TaskGroup() as tasks:
                for step in self._plan.spec.method:
                    await self._take(step, tasks)
        except* TimeoutError:
            self._evidence.broken_off = f"it took longer than {limit:g} s"
        except* BrokenOff as group:
            self._evidence.broken_off = _first(group)
        except* ERRORS as group:
            self._evidence.broken_off = _first(group)

    async def _take(self, step: pb.GameDayStep, tasks: asyncio.TaskGroup) -> None:
        action = action_of(step)
        self._tell(step.id, _told(step, action))
        match action:
            case "runs" if step.runs.background:
                tasks.create_task(self._traffic.carry_out(step))
                # What comes next comes after the runs have begun.
                await asyncio.sleep(0)
            case "runs":
                await self._traffic.carry_out(step)
            case "fault":
                await self._put(step)
            case "heal":
                await self._heal(step.heal)
            case "route":
                self._receipt(step, "ROUTE", await self._routing.switch(step.route))
            case "route_back":
                self._receipt(step, "ROUTE_BACK", await self._routing.put_back(step.id))
            case "process":
                what = pb.GameDayAction.Name(step.process.action).removeprefix("GAME_DAY_ACTION_")
                seen = await acted(self._home, step.process, self.delay_seconds, self._journal.pausing)
                self._receipt(step, f"{what} {step.process.name}", seen)
            case "rollout":
                await self._rehearsals.begin(step)
                tasks.create_task(self._rehearsals.follow(step))
            case _:
                await self._wait(step.wait)

    async def _add_rollouts(self) -> None:
        self._evidence.rollouts = await self._rehearsals.seen()
        for one in self._evidence.rollouts:
            ended = pb.GameDayRolloutEnd.Name(one.ended).removeprefix("GAME_DAY_ROLLOUT_END_") if one.ended else ""
            self._evidence.actions.append(pb.DrillReceipt(step=one.step, what="ROLLOUT", seen=ended))

    async def _put(self, step: pb.GameDayStep) -> None:
        order = faults.FaultOrder()
        order.CopyFrom(step.fault)
        if self.delay_seconds is not None and order.HasField("delay") and order.kind != faults.FAULT_KIND_CLOCK_SKEW:
            order.delay.FromMilliseconds(int(self.delay_seconds * 1000))
        request = registry.PutFaultRequest(
            fault_id=self._fault_id(step.id),
            drill_id=self._evidence.drill_id,
            order=order,
            acknowledged_within=_WITHIN,
        )
        answer = await self._mesh.registry.PutFault(request, metadata=self._metadata, timeout=CALL_SECONDS)
        self._evidence.faults.append(Put(step=step.id, fault_id=request.fault_id, kind=order.kind))
        aware = [one.acknowledged for one in answer.acknowledgements]
        if not aware or not all(aware):
            self._problems[step.id] = f"{sum(aware)} of {len(aware)} services heard of the fault"

    async def _heal(self, step_id: str) -> None:
        request = registry.HealFaultsRequest(
            drill_id=self._evidence.drill_id,
            fault_id=self._fault_id(step_id) if step_id else "",
            acknowledged_within=_WITHIN,
        )
        await self._mesh.registry.HealFaults(request, metadata=self._metadata, timeout=CALL_SECONDS)

    async def _wait(self, wait: pb.GameDayWait) -> None:
        seconds = seconds_of(wait.timeout, WAIT_SECONDS)
        what = wait.runs or wait.runtime or wait.fault or wait.rollout
        try:
            async with asyncio.timeout(seconds):
                if wait.runs:
                    await self._traffic.until(lambda: self._traffic.over(wait.runs))
                elif wait.rollout:
                    await self._rehearsals.until(wait)
                elif wait.fault:
                    fault_id = self._fault_id(wait.fault)
                    await self._traffic.until(lambda: self._traffic.met(fault_id) >= max(wait.hits, 1))
                else:
                    await serving(self._mesh, wait.runtime)
        except TimeoutError:
            raise BrokenOff(f"waited {seconds:g} s for {what} in vain") from None

    async def _rolled_back(self) -> None:
        """Leave the mesh as it was before; what cannot be put back is said and does not keep the rest from it."""
        try:
            async with asyncio.timeout(END_SECONDS), asyncio.TaskGroup() as tasks:
                for step in self._plan.spec.rollback:
                    await self._take(step, tasks)
        except* TimeoutError:
            self._problems["rollback"] = f"it took longer than {END_SECONDS:g} s"
        except* (BrokenOff, *ERRORS) as group:
            self._problems["rollback"] = _first(group)
        parts = {
            "faults": self._heal(""),
            "rollouts": taken_back(self._mesh, self._evidence.drill_id),
            "route": self._routing.restore(),
        }
        for name, putting in parts.items():
            try:
                await putting
            except ERRORS as error:
                self._problems[name] = said(error)
        if not self._problems.keys() & {"rollback", *parts}:
            await self._journal.over()

    def _receipt(self, step: pb.GameDayStep, what: str, seen: str) -> None:
        self._evidence.actions.append(pb.DrillReceipt(step=step.id, what=what, seen=seen))

    def _fault_id(self, step_id: str) -> str:
        return f"{self._evidence.drill_id}/{step_id}"


def _told(step: pb.GameDayStep, action: str) -> str:
    match action:
        case "runs":
            of = f" of {step.runs.agent}" if step.runs.agent else ""
            on = f" on {step.runs.runtime}" if step.runs.runtime else ""
            return f"{step.runs.count or 1} runs{of}{on}"
        case "fault":
            return faults.FaultKind.Name(step.fault.kind).removeprefix("FAULT_KIND_")
        case "heal":
            return f"heals {step.heal}"
        case "route":
            return f"route to {step.route.candidate or step.route.stable}"
        case "route_back":
            return "route back"
        case "process":
            what = pb.GameDayAction.Name(step.process.action).removeprefix("GAME_DAY_ACTION_").lower()
            return f"{what} {step.process.name}"
        case "rollout":
            return f"rollout to {step.rollout.plan.candidate}"
        case _:
            wait = step.wait
            wave = f", wave {wait.wave}" if wait.wave else ""
            return f"waits for {wait.runs or wait.runtime or wait.fault or wait.rollout}{wave}"


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error = group.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return said(error)
