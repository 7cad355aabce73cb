"""What each run has asked for so far: its calls by identifier, and what they count towards its ceilings."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.recorded import Record
from pal_llm_provider.replay import Source
from pal_policy.limits import Ledger
from pal_rpc.lease import Lease

_ANSWERS_IN_MEMORY = 4


@dataclass(eq=False)
class RunAccount:
    """The model calls of one attempt of a run."""

    ledger: Ledger
    # Digest of the request by call id, so that an identifier is not used twice for different things.
    digests: dict[str, str] = field(default_factory=dict)
    answers: OrderedDict[str, pb.ModelAnswer] = field(default_factory=OrderedDict)
    # What was recorded before this account was opened.
    record: Record = field(default_factory=Record)
    # The run that is repeated, once it was read, and the answers that earlier attempts were given from it.
    source: Source | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    given: set[int] = field(default_factory=set)
    # Stages whose start is on record.
    stages: set[str] = field(default_factory=set)
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


def opened(lease: Lease) -> RunAccount:
    """Return the account of a run that has asked for nothing yet."""
    return RunAccount(Ledger(lease.grant.accepted.limits))


def recall(account: RunAccount, event: events.RunEvent) -> None:
    """Take a recorded *event* of the run into *account*."""
    match event.WhichOneof("body"):
        case "model_call_started":
            account.ledger.count_model_call()
            account.digests[event.model_call_started.call_id] = event.model_call_started.request_digest
            account.record.recall(event)
        case "model_call_finished":
            finished = event.model_call_finished
            account.record.recall(event)
            account.given.add(finished.replayed_from_seq)
            account.ledger.count_usage(finished.usage, finished.cost if finished.HasField("cost") else None)
        case "stage_started":
            account.stages.add(event.stage_id)
        case "run_limit_reached":
            account.limit_recorded = True
        case _:
            pass
