"""One shadow run, from the request to its end."""

from __future__ import annotations

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router
from pal.v1 import run_event_pb2 as events
from pal_log.ends import by_quota
from pal_migration.ledger import Lane
from pal_migration.pacing import patiently
from pal_rpc.errors import MeshError
from pal_rpc.router_client import RouterClient

SHADOW_LABEL, LANE_LABEL = "pal.shadow", "pal.lane"
CANDIDATE, BASELINE = "candidate", "baseline"
HORIZON = "SHADOW_HORIZON"


class LaneLost(Exception):
    """A lane gave no run that could be compared."""

    def __init__(self, reason: str) -> None:
        """Keep the *reason*, machine-readable."""
        super().__init__(reason)
        self.reason = reason


class Lanes:
    """Has runs shadowed by the router."""

    def __init__(self, router: RouterClient) -> None:
        """Ask *router*."""
        self._router = router

    async def run(self, shadow: pb.Shadow, source_run_id: str, lane: str, runtime: str) -> Lane:
        """Return the shadow of *source_run_id* on *runtime*, once it is over; asked for again it is the same run.

        Raises:
            LaneLost: it could not begin, somebody stopped it, or a quota did.
        """
        request = router.ShadowRequest(
            source_run_id=source_run_id,
            pinned_runtime=runtime,
            request_id=f"{shadow.shadow_id}/{lane[0]}/{source_run_id}",
            labels={SHADOW_LABEL: shadow.shadow_id, LANE_LABEL: lane},
            limits=shadow.plan.limits,
        )
        try:
            return _lane(await patiently(lambda: self._router.shadow(request)))
        except MeshError as error:
            raise LaneLost(error.reason_name) from None


def _lane(event: events.RunEvent) -> Lane:
    finished = event.run_finished
    if finished.outcome == events.RUN_OUTCOME_CANCELLED:
        raise LaneLost("LANE_CANCELLED")
    if by_quota(finished):
        raise LaneLost(finished.failure.reason)
    cost = finished.cost if finished.HasField("cost") else None
    return Lane(run_id=event.run_id, cost=cost, horizon=finished.failure.reason == HORIZON)
