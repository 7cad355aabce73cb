"""Recorded runs, replayed on the candidate where live ones are too few. They are labelled, and counted apart."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router_pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import rollout_pb2 as plans
from pal.v1 import run_event_pb2 as events
from pal_migration.pacing import Pace
from pal_migration.rollouts.counting import ROLLOUT_LABEL
from pal_migration.rollouts.holding import Rollouts
from pal_rollout.changes import here
from pal_rollout.machine import RUNNING
from pal_rollout.plan import least_runs
from pal_rpc.errors import MeshError, disposition
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.router_client import RouterClient

log = logging.getLogger("pal.migration")

STEP_LABEL = "pal.rollout.step"
_PAGE_RUNS = 200
Place = tuple[str, int, int, str]


class Filling:
    """Replays runs for the steps that ask for it, one after the other."""

    def __init__(
        self, rollouts: Rollouts, router: RouterClient, record: RecorderClient, pace: Pace, interval_seconds: float
    ) -> None:
        """Take runs from *record* and have *router* repeat them at *pace*."""
        self._rollouts = rollouts
        self._router = router
        self._record = record
        self._pace = pace
        self._interval_seconds = interval_seconds
        # The runs that were repeated for an agent in a step.
        self._repeated: defaultdict[Place, set[str]] = defaultdict(set)

    async def keep_on(self) -> None:
        """Fill for ever."""
        while True:
            await self._rollouts.wanted.wait()
            for status in self._rollouts.active():
                for agent in status.agents:
                    if _lacks(status, agent):
                        await self._fill(status, agent)
            await asyncio.sleep(self._interval_seconds)

    async def _fill(self, status: pb.RolloutStatus, agent: pb.RolloutAgent) -> None:
        place = status.rollout_id, status.wave, status.step, agent.agent
        try:
            source = await self._next(place, status)
            if not source:
                return
            await self._pace.turn()
            await self._router.replay(_request(status, source))
        except MeshError as error:
            log.warning("not filled", extra={"agent": agent.agent, "error": error.message})
            if disposition(error.reason) == common.FAILURE_DISPOSITION_RETRY:
                return
        self._repeated[place].add(source)

    async def _next(self, place: Place, status: pb.RolloutStatus) -> str:
        """Return the newest run that was not repeated in this step yet; empty for none."""
        repeated, candidate = self._repeated[place], status.rollout.spec.candidate
        query = shared.RunQuery(
            agent_name=place[3],
            mode=common.EXECUTION_MODE_LIVE,
            outcomes=[events.RUN_OUTCOME_SUCCEEDED],
            accepted_before=status.step_began_at,
            page_size=_PAGE_RUNS,
        )
        while True:
            page = await self._record.runs(query)
            for run in page.runs:
                if run.runtime != candidate and run.run_id not in repeated:
                    return run.run_id
            if not page.next_page_token:
                return ""
            query.page_token = page.next_page_token


def _lacks(status: pb.RolloutStatus, agent: pb.RolloutAgent) -> bool:
    if status.state != RUNNING or agent.wave != status.wave or agent.left or not status.HasField("step_began_at"):
        return False
    gates = status.rollout.spec.waves[status.wave].steps[status.step].gates
    done = agent.counts.ended + agent.counts.replayed
    return gates.fill == plans.ROLLOUT_FILL_REPLAY and done < least_runs(gates)


def _request(status: pb.RolloutStatus, source: str) -> router_pb.ReplayRequest:
    step = here(status)
    return router_pb.ReplayRequest(
        source_run_id=source,
        pinned_runtime=status.rollout.spec.candidate,
        # Asked for again it is the same run.
        request_id=f"{status.rollout_id}/{status.wave}.{status.step}/{source}",
        labels={ROLLOUT_LABEL: status.rollout_id, STEP_LABEL: step},
    )
