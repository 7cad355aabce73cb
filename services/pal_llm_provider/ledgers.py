"""What each run has asked for so far: its calls by identifier, and what they count towards its ceilings."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal_policy.limits import Ledger
from pal_rpc.lease import Lease
from pal_rpc.recorder_client import RecorderClient

_RUNS_IN_MEMORY = 1024
_ANSWERS_IN_MEMORY = 4
_FIRST_EPOCH = 1
Key = tuple[str, int]


@dataclass(eq=False)
class RunAccount:
    """The model calls of one attempt of a run."""

    ledger: Ledger
    # Digest of the request by call id, so that an identifier is not used twice for different things.
    digests: dict[str, str] = field(default_factory=dict)
    answers: OrderedDict[str, pb.ModelAnswer] = field(default_factory=OrderedDict)
    limit_recorded: bool = False

    def mint(self) -> str:
        """Return a call id that the run has not used."""
        number = len(self.digests) + 1
        while f"m{number}" in self.digests:
            number += 1
        return f"m{number}"

    def keep(self, answer: pb.ModelAnswer) -> None:
        """Keep *answer* for a client that asks again because it lost its connection."""
        self.answers[answer.call_id] = answer
        if len(self.answers) > _ANSWERS_IN_MEMORY:
            self.answers.popitem(last=False)


class Accounts:
    """The accounts of the runs that are going.

    Nobody tells this service that a run is over, so accounts are kept by use; one that had to make room is opened
    again from the record.
    """

    def __init__(self, recorder: RecorderClient) -> None:
        """Read the record through *recorder*."""
        self._recorder = recorder
        self._recent: OrderedDict[Key, RunAccount] = OrderedDict()
        # Holds what a call in progress still uses, however many other runs came since.
        self._alive: WeakValueDictionary[Key, RunAccount] = WeakValueDictionary()
        self._parked: dict[Key, float] = {}

    async def of(self, lease: Lease, *, continuing: bool) -> RunAccount:
        """Return the account of the run and epoch that *lease* names.

        A run that is *continuing* has asked before; when it is not known here, another life of this service knew it.

        Raises:
            MeshError: the record had to be read and cannot be.
        """
        key = (lease.run_id, lease.epoch)
        account = self._alive.get(key)
        if account is None:
            opened = RunAccount(Ledger(lease.grant.accepted.limits))
            if continuing or lease.epoch > _FIRST_EPOCH or key in self._parked:
                await self._recall(lease.run_id, opened)
            # Another call of the run may have opened it meanwhile.
            account = self._alive.setdefault(key, opened)
        self._recent[key] = account
        self._recent.move_to_end(key)
        self._parked.pop(key, None)
        self._make_room(lease.expires_at)
        return account

    async def _recall(self, run_id: str, account: RunAccount) -> None:
        async for event in self._recorder.log(run_id):
            match event.WhichOneof("body"):
                case "model_call_started":
                    account.ledger.count_model_call()
                    account.digests[event.model_call_started.call_id] = event.model_call_started.request_digest
                case "model_call_finished":
                    finished = event.model_call_finished
                    account.ledger.count_usage(finished.usage, finished.cost if finished.HasField("cost") else None)
                case "run_limit_reached":
                    account.limit_recorded = True
                case _:
                    pass

    def _make_room(self, expires_at: float) -> None:
        while len(self._recent) > _RUNS_IN_MEMORY:
            key, _ = self._recent.popitem(last=False)
            self._parked[key] = expires_at
        if len(self._parked) > 8 * _RUNS_IN_MEMORY:
            now = time.time()
            self._parked = {key: moment for key, moment in self._parked.items() if moment > now}
