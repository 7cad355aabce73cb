"""Model calls against quotas: as much is reserved as a call may use, and what it has used is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pal.service.v1 import quota_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_llm_provider.admission import Call
from pal_llm_provider.drilling import Drilling
from pal_llm_provider.profiles import OPENAI
from pal_llm_provider.provider import Completion, Profile
from pal_llm_provider.recording import Recording
from pal_log import clock
from pal_rpc.errors import MeshError
from pal_rpc.faults import DRILL
from pal_rpc.quota_book import MODEL, QuotaBook, user_of
from pal_rpc.quota_client import QuotaClient, Reservation
from pal_rpc.quota_refusal import as_limit, only_held

# A token of a model has seldom fewer characters, and a request is recorded with more than the model is sent.
_CHARACTERS_PER_TOKEN = 3
# Where neither the request nor the profile says how long an answer may be. A longer one is counted whole.
_ANSWER_TOKENS = 1024
_MARGIN_SECONDS = 30.0
# How long a call waits for what other calls hold, and how often it looks.
WAIT_SECONDS = 30.0
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.05, 1.0


class Use:
    """What one call has used so far."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.amounts = pb.QuotaAmounts()

    def count(self, completion: Completion) -> None:
        """Count what the model, or its price list, says."""
        tokens = completion.usage.input_tokens + completion.usage.output_tokens
        self.amounts = pb.QuotaAmounts(tokens=tokens, cost=completion.cost)


class ModelQuotas:
    """Reserves for the calls of runs that have quotas to keep."""

    def __init__(self, book: QuotaBook, client: QuotaClient, recording: Recording, drilling: Drilling) -> None:
        """Find quotas in *book*, reserve through *client*; a refusal is a fact of the run, for *recording*.

        Calls of drills meet the faults of *drilling*.
        """
        self._drilling = drilling
        self._book = book
        self._client = client
        self._recording = recording

    @asynccontextmanager
    async def reserved(self, call: Call) -> AsyncIterator[Use]:
        """Hold what *call* may use until the block ends; then what it has used is counted.

        Raises:
            MeshError: QUOTA_EXCEEDED, and the run ends with it; or RECORDER_UNAVAILABLE.
        """
        use, claims = Use(), self._book.claims(user_of(call.lease), MODEL)
        try:
            if call.lease.mode == DRILL:
                await self._drilling.refuse(call, at_most(call).tokens)
            reservation = await self._room(call, claims) if claims else None
        except MeshError as error:
            if error.reason == reasons.ERROR_REASON_QUOTA_EXCEEDED and not call.account.limit_recorded:
                call.account.limit_recorded = True
                await self._recording.append(call.lease, call.request.stage_id, run_limit_reached=as_limit(error))
            raise
        try:
            yield use
        finally:
            if reservation is not None:
                self._client.settle(reservation, use.amounts)

    async def _room(self, call: Call, claims: Sequence[pb.QuotaClaim]) -> Reservation:
        """Reserve for *call*; what is only held by other calls, most of which use less, is waited for a while."""
        reservation_id = f"{call.lease.run_id}/{call.lease.epoch}/{call.call_id}"
        until = min(clock.now() + WAIT_SECONDS, call.lease.expires_at)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._client.reserve(reservation_id, claims, at_most(call), _ttl_seconds(call))
            except MeshError as error:
                if not only_held(error) or clock.now() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def at_most(call: Call) -> pb.QuotaAmounts:
    """Return what *call* may use, by the length of its request and the ceiling of its answer."""
    asked = -(-len(call.text) // _CHARACTERS_PER_TOKEN)
    answered = call.request.max_output_tokens or call.profile.max_output_tokens or _ANSWER_TOKENS
    usage = common.TokenUsage(input_tokens=asked, output_tokens=answered)
    return pb.QuotaAmounts(tokens=asked + answered, cost=_cost(call.profile, usage))


def _cost(profile: Profile, usage: common.TokenUsage) -> common.Money | None:
    if profile.provider != OPENAI:
        return None
    # Only whoever asks endpoints pays for the import of their prices.
    from pal_llm_provider import prices

    return prices.cost(profile.model, profile.base_url, usage)


def _ttl_seconds(call: Call) -> float:
    profile = call.profile
    own = call.request.timeout.ToNanoseconds() / 1e9 if call.request.HasField("timeout") else 0.0
    return max(own, profile.timeout_seconds * profile.max_attempts) + _MARGIN_SECONDS
