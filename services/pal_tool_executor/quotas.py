"""Tool calls against quotas: each attempt is counted before it is made."""

from __future__ import annotations

from pal.service.v1 import quota_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from pal_rpc.quota_book import TOOL, QuotaBook, user_of
from pal_rpc.quota_client import QuotaClient
from pal_rpc.quota_refusal import as_limit
from pal_tool_executor.calls import Call
from pal_tool_executor.counting import RunLimit
from pal_tool_executor.recording import Recording

# So long an attempt that is asked for twice is counted once.
_TTL_SECONDS = 60.0
_ONE = pb.QuotaAmounts(tool_calls=1)


class ToolQuotas:
    """Counts the attempts of runs that have quotas to keep."""

    def __init__(self, book: QuotaBook, client: QuotaClient, recording: Recording) -> None:
        """Find quotas in *book* and count through *client*; a refusal is a fact of the run, for *recording*."""
        self._book = book
        self._client = client
        self._recording = recording

    async def count(self, call: Call, number: int, batch: list[events.RunEvent]) -> None:
        """Count attempt *number* of *call*.

        Raises:
            RunLimit: a quota has no room, and the run ends with it; the fact is in *batch*, once in a run.
            MeshError: RECORDER_UNAVAILABLE.
        """
        claims = self._book.claims(user_of(call.lease), TOOL)
        if not claims:
            return
        reservation_id = f"{call.lease.run_id}/{call.lease.epoch}/{call.known.call_id}/{number}"
        try:
            reservation = await self._client.reserve(reservation_id, claims, _ONE, _TTL_SECONDS)
        except MeshError as error:
            if error.reason != reasons.ERROR_REASON_QUOTA_EXCEEDED:
                raise
            if not call.account.limit_recorded:
                call.account.limit_recorded = True
                batch.append(self._recording.event(call, run_limit_reached=as_limit(error)))
            raise RunLimit(error, call.name) from None
        self._client.settle(reservation)
