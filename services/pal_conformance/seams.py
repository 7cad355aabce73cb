"""Both seams, playing scripts run by run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance.changes import Changes
from pal_conformance.model_seam import answered
from pal_conformance.play import Play
from pal_conformance.tool_seam import executed
from pal_rpc.errors import MeshError

# The token of a lease that the seams refuse, whatever the run.
REFUSED = "refused"


class Seams:
    """Plays the script of every run it knows."""

    def __init__(self) -> None:
        """Know no run."""
        self.plays: dict[str, Play] = {}
        self.changes = Changes()
        # Questions and calls so far, of any run.
        self.reached = 0

    def answer(self, request: llm.ModelRequest, metadata: Mapping[str, str]) -> AsyncIterator[llm.ModelFrame]:
        """Return the frames of the answer to *request*.

        Raises:
            MeshError: LEASE_INVALID.
        """
        return answered(self._play(request.lease, request, metadata), request)

    async def execute(
        self, request: executor.ExecuteToolRequest, metadata: Mapping[str, str]
    ) -> executor.ExecuteToolResponse:
        """Carry out *request*.

        Raises:
            MeshError: LEASE_INVALID, or what the script has the executor answer with.
        """
        return await executed(self._play(request.lease, request, metadata), request)

    def finished(self, run_id: str, call_id: str) -> events.ToolCallFinished | None:
        """Return the end of a call; None while it is open."""
        play = self.plays.get(run_id)
        known = play.results.get(call_id) if play else None
        return known.finished if known else None

    def _play(
        self,
        lease: shared.RunLease,
        request: llm.ModelRequest | executor.ExecuteToolRequest,
        metadata: Mapping[str, str],
    ) -> Play:
        self.reached += 1
        self.changes.tell()
        play = self.plays.get(lease.run_id)
        if play is None or lease.token == REFUSED:
            raise MeshError(
                reasons.ERROR_REASON_LEASE_INVALID, f"lease: not one for run {lease.run_id}", run_id=lease.run_id
            )
        if (lease.epoch, lease.token) != (play.lease.epoch, play.lease.token):
            play.problems.append(("a seam was asked under another lease than the run was given", request))
        play.metadata.append(dict(metadata))
        return play
