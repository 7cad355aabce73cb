"""Runs against quotas: counted when they begin, held while they go on, and free again when they end or wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from pal.service.v1 import quota_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_router.active import ActiveRun
from pal_router.selection import Selection
from pal_rpc.errors import MeshError
from pal_rpc.quota_book import RUN, QuotaBook, User
from pal_rpc.quota_client import QuotaClient, Reservation

# How long a run is counted as going after its router was heard of last.
TTL_SECONDS = 30.0
_RENEWED_AT_ONCE = 1000
_BEGINS = pb.QuotaAmounts(runs=1, concurrent_runs=1)
_GOES_ON = pb.QuotaAmounts(concurrent_runs=1)


class RunQuotas:
    """The reservations of the runs that this router carries out."""

    def __init__(self, book: QuotaBook, client: QuotaClient) -> None:
        """Find quotas in *book* and reserve through *client*."""
        self._book = book
        self._client = client
        self._held: dict[str, Reservation] = {}

    async def begin(self, run: ActiveRun, selection: Selection) -> None:
        """Count *run*, which is to begin on the runtime of *selection*.

        Raises:
            MeshError: QUOTA_EXCEEDED, or RECORDER_UNAVAILABLE.
        """
        if claims := self._claims(run, selection):
            self._held[run.run_id] = await self._client.reserve(run.run_id, claims, _BEGINS, TTL_SECONDS)

    async def go_on(self, run: ActiveRun, selection: Selection) -> None:
        """Hold *run*, whose next attempt is on the runtime of *selection*; it was accepted, so it is not refused.

        Raises:
            MeshError: RECORDER_UNAVAILABLE.
        """
        claims = self._claims(run, selection)
        held = self._held.get(run.run_id)
        if held is not None and held.keys == [claim.key for claim in claims]:
            return
        self.release(run.run_id)
        if claims:
            self._held[run.run_id] = await self._hold(run.run_id, claims)

    def undo(self, run_id: str, error: BaseException) -> None:
        """Give back what was counted of a run that does not begin because of *error*."""
        held = self._held.pop(run_id, None)
        elsewhere = isinstance(error, MeshError) and error.reason == reasons.ERROR_REASON_HEAD_MISMATCH
        # What another router has begun is its own.
        if held is not None and not (held.repeated and elsewhere):
            self._client.settle(held, undone=True)

    def release(self, run_id: str, *, taken: bool = False) -> None:
        """Let go of a run that nothing is done for now; one that another router has *taken* is held by that one."""
        held = self._held.pop(run_id, None)
        if held is not None and not taken:
            self._client.settle(held)

    async def keep(self) -> None:
        """Keep hold of the runs that are going, for ever."""
        while True:
            await asyncio.sleep(TTL_SECONDS / 3)
            held = list(self._held.values())
            for start in range(0, len(held), _RENEWED_AT_ONCE):
                # A recorder that is away is asked again.
                with suppress(MeshError):
                    await self._renew(held[start : start + _RENEWED_AT_ONCE])

    async def _renew(self, held: Sequence[Reservation]) -> None:
        ended = await self._client.renew(held, TTL_SECONDS)
        for reservation in held:
            run_id = reservation.reservation_id
            if run_id in ended and self._held.get(run_id) is reservation:
                await self._hold(run_id, reservation.claims)

    async def _hold(self, run_id: str, claims: Sequence[pb.QuotaClaim]) -> Reservation:
        return await self._client.reserve(run_id, claims, _GOES_ON, TTL_SECONDS, accepted=True)

    def _claims(self, run: ActiveRun, selection: Selection) -> list[pb.QuotaClaim]:
        accepted = run.acceptance.accepted
        user = User(accepted.requester.tenant, accepted.agent.name, selection.runtime.name, run.mode)
        return self._book.claims(user, RUN)
