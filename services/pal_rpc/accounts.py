"""What a seam keeps of each run that uses it: opened at the first call, opened again from the record if need be."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from pal.v1 import run_event_pb2 as events
from pal_log import clock
from pal_rpc.lease import Lease
from pal_rpc.recorder_client import RecorderClient

T = TypeVar("T")

RUNS_IN_MEMORY = 1024
# How far the clocks of the router and of a seam may be apart.
CLOCK_SKEW_SECONDS = 5.0
_FIRST_EPOCH = 1


class Accounts(Generic[T]):
    """The accounts of the runs that are going, one for each run and epoch.

    Nobody tells a seam that a run is over, so the least recently used account makes room. A run whose account is
    gone while its lease lasts, one that an earlier life of this seam may have known, and every later attempt of a run,
    gets an account that has read the record.
    """

    def __init__(
        self, recorder: RecorderClient, opened: Callable[[Lease], T], recall: Callable[[T, events.RunEvent], None]
    ) -> None:
        """Begin an account with *opened*; *recall* takes a recorded event into it."""
        self._recorder = recorder
        self._opened = opened
        self._recall = recall
        self._open: OrderedDict[tuple[str, int], T] = OrderedDict()
        # Holds what a call in progress still uses, however many other runs came since.
        self._used: WeakValueDictionary[tuple[str, int], T] = WeakValueDictionary()
        self._parked: dict[tuple[str, int], float] = {}
        self._alone_since = clock.now() + CLOCK_SKEW_SECONDS

    async def of(self, lease: Lease) -> T:
        """Return the account of the run and epoch that *lease* names."""
        key = (lease.run_id, lease.epoch)
        account = self._used.get(key)
        if account is None:
            account = self._opened(lease)
            if lease.epoch > _FIRST_EPOCH or lease.issued_at <= self._alone_since or key in self._parked:
                async for event in self._recorder.log(lease.run_id):
                    self._recall(account, event)
            # Another call of the run may have opened it meanwhile.
            account = self._used.setdefault(key, account)
        self._open[key] = account
        self._open.move_to_end(key)
        self._parked.pop(key, None)
        self._make_room(lease.expires_at)
        return account

    def _make_room(self, expires_at: float) -> None:
        while len(self._open) > RUNS_IN_MEMORY:
            key, _ = self._open.popitem(last=False)
            self._parked[key] = expires_at
        if len(self._parked) > 8 * RUNS_IN_MEMORY:
            now = clock.now()
            self._parked = {key: moment for key, moment in self._parked.items() if moment > now}
