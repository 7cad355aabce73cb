"""What a case has to work with: runs on the target, and what is expected of them."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Sequence

from google.protobuf import duration_pb2

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_conformance import specs
from pal_conformance.case import Case
from pal_conformance.kit import Kit
from pal_conformance.play import Play
from pal_conformance.record import RunRecord, lease
from pal_conformance.rules import violations
from pal_conformance.run import Run, ending
from pal_conformance.script import Script
from pal_conformance.target import Target
from pal_conformance.verdict import Broken
from pal_log.payload import text_payload

_numbers = itertools.count(1)
# No two kits share run ids: an adapter may still know runs of the last one.
_KIT = uuid.uuid4().hex[:8]
CANCEL_SECONDS = 0.2
_END_SECONDS = 20.0


class Bench:
    """Makes the runs of one case on *target*, which reaches *kit*."""

    def __init__(self, target: Target, kit: Kit, case: Case, tasks: asyncio.TaskGroup) -> None:
        """Read what the target streams in *tasks*."""
        self.target = target
        self.case = case
        self.runs: list[Run] = []
        self.kit = kit
        self._tasks = tasks

    def start(
        self,
        script: Script,
        *,
        spec: agents.AgentSpec | None = None,
        tool_specs: Sequence[tools.ToolSpec] = (),
        given: common.Payload | None = None,
        conversation: Sequence[llm.ModelMessage] = (),
        token: str = "token",
        timeout: float | None = 30.0,
        read: bool = True,
    ) -> Run:
        """Start a run in which *script* happens; with *read* its frames are taken as they come."""
        run_id = f"conformance-{_KIT}-{next(_numbers)}"
        request = rt.RuntimeServiceRunRequest(
            lease=lease(run_id, 1, token),
            agent=spec or specs.agent(),
            tools=tool_specs,
            input=given or text_payload("hello {name}"),
            traceparent=specs.TRACEPARENT,
            conversation=conversation,
        )
        play = Play(script=script, lease=request.lease, record=RunRecord(run_id))
        self.kit.seams.plays[run_id] = play
        return self._begin(request, play, timeout, read)

    async def lose(self, run: Run) -> None:
        """Go away from *run*, which a seam holds, as a router does that is lost; the next attempt can go on with it."""
        known = run.play.left
        run.play.record.pause()
        run.leave()
        if not await run.play.changes.until(lambda: run.play.left > known, 5.0):
            raise Broken("5 s after its router has gone the run still waits for the seams", run.asked[-1])
        await self.ended(run)

    def again(self, run: Run) -> Run:
        """Start the next attempt of *run*, from the start: the seams answer from the record."""
        request = rt.RuntimeServiceRunRequest()
        request.CopyFrom(run.request)
        request.lease.CopyFrom(lease(run.lease.run_id, run.lease.epoch + 1, f"token-{run.lease.epoch + 1}"))
        run.play.begin_again(request.lease)
        return self._begin(request, run.play, 30.0, True)

    def _begin(self, request: rt.RuntimeServiceRunRequest, play: Play, timeout: float | None, read: bool) -> Run:
        play.record.begin(request, request.lease.epoch)
        run = Run(self.target.stub.Run(request, timeout=timeout), request, play)
        self.runs.append(run)
        if read:
            self.read(run)
        return run

    def read(self, run: Run) -> None:
        """Take the frames of *run* as they come."""
        self._tasks.create_task(run.read())

    async def run(self, script: Script, **given: object) -> Run:
        """Run *script* to its end, which is the one the case expects."""
        run = self.start(script, **given)  # type: ignore[arg-type]
        await self.ended(run)
        self.ends(run)
        return run

    async def ended(self, run: Run, within_seconds: float = _END_SECONDS) -> Run:
        """Return *run* at its end.

        Raises:
            Broken: it does not come within that time.
        """
        await run.play.changes.until(run.over.is_set, within_seconds)
        if not run.over.is_set():
            last = run.frames[-1] if run.frames else "no frame came"
            raise Broken(f"the run did not end within {within_seconds * 1000:.0f} ms; the last that came", last)
        return run

    def ends(self, run: Run) -> None:
        """Hold *run* to the outcome of the case."""
        assert self.case.outcome is not None
        result = run.result
        if (result.outcome, result.failure.reason) != self.case.outcome:
            raise Broken(f"the run ended as {run.end}, it has to end as {ending(*self.case.outcome)}", result)

    async def cancel(self, run: Run, grace_seconds: float = 0, epoch: int = 0) -> None:
        """Take *run* away from the runtime."""
        await self.cancelling(run, grace_seconds, epoch)

    def cancelling(self, run: Run, grace_seconds: float = 0, epoch: int = 0) -> Awaitable[object]:
        """Say that *run* is to be taken away; what is returned is done once it is."""
        grace = duration_pb2.Duration(nanos=int(grace_seconds * 1e9)) if grace_seconds else None
        held = run.lease
        if epoch:
            held = lease(run.lease.run_id, epoch, run.lease.token)
        request = rt.RuntimeServiceCancelRequest(lease=held, reason="enough", grace=grace)
        return self.target.stub.Cancel(request, timeout=5 + grace_seconds)

    async def heard(self) -> None:
        """Return once the target has taken in what it was told before, which it takes in its order."""
        nobody = lease(f"conformance-{_KIT}-nobody", 1, "token")
        await self.target.stub.Cancel(rt.RuntimeServiceCancelRequest(lease=nobody), timeout=_END_SECONDS)

    def check(self) -> None:
        """Hold every run of the case to the rules that hold for all runs, or to those that the case is about.

        Raises:
            Broken: the first violation.
        """
        for run in self.runs:
            for violation in violations(run):
                if not self.case.rules or violation.rule in self.case.rules:
                    raise Broken(violation.problem, violation.evidence)

    def close(self) -> None:
        """Leave what is still going, and forget the runs."""
        for run in self.runs:
            if not run.over.is_set():
                run.leave()
            self.kit.seams.plays.pop(run.lease.run_id, None)


def expect(holds: bool, problem: str, evidence: object = "") -> None:
    """Raise Broken with *problem* unless *holds*."""
    if not holds:
        raise Broken(problem, evidence)  # type: ignore[arg-type]  # a message or text


def same(what: str, actual: object, expected: object, evidence: object = "") -> None:
    """Raise Broken unless *actual* is *expected*."""
    if actual != expected:
        raise Broken(f"{what}: expected {expected!r}, got {actual!r}", evidence)  # type: ignore[arg-type]
