"""Reservations over several counters at once: from all of them, or from none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from pal.service.v1 import quota_service_pb2 as pb
from pal_recorder.quota_tally import Tally, pool_word
from pal_rpc.errors import InvalidField

MAX_CLAIMS, MAX_AT_ONCE, MAX_ID_CHARACTERS = 256, 1000, 256
_MIN_TTL_SECONDS, _MAX_TTL_SECONDS = 1, 24 * 3600
SEPARATOR = "\x1f"
Tallies = Mapping[str, Tally]


class QuotaCounters(Protocol):
    """Keeps counters by key; one change is made at a time, whoever makes it."""

    async def change(self, keys: Sequence[str], changed: Callable[[Tallies], object]) -> None:
        """Have *changed* change the tallies of *keys*, durably with the next group at the latest.

        What it raises is raised here, and nothing is changed then.
        """

    async def all(self, after: str, quota: str, limit: int) -> list[tuple[str, Tally]]:
        """Return counters with their keys, from just above the key *after* on; of one *quota*, or of all for none."""


def key_of(key: pb.QuotaKey) -> str:
    """Return the name of a counter in the store; names sort by quota, pool, tenant, agent and runtime."""
    return SEPARATOR.join((key.quota, pool_word(key.pool), key.tenant, key.agent, key.runtime))


def keys_of(keys: Iterable[pb.QuotaKey]) -> list[str]:
    """Return the names of several counters, each once and in order, so that two who lock them do not cross."""
    return sorted(set(map(key_of, keys)))


def reserve(tallies: Tallies, request: pb.ReserveRequest, now_ms: int) -> bool:
    """Take what *request* asks for; tell whether it was taken before.

    Raises:
        QuotaExceeded: nothing was taken.
    """
    claims = {key_of(claim.key): claim for claim in request.claims}
    expires_ms = now_ms + request.ttl.ToMilliseconds()
    stood = [tallies[key].renew(request.reservation_id, expires_ms, now_ms) for key in claims]
    if any(stood):
        return True
    for key, claim in claims.items():
        if request.accepted:
            tallies[key].know(claim)
        else:
            tallies[key].check(claim, request.amounts, now_ms)
    for key in claims:
        tallies[key].take(request.reservation_id, request.amounts, expires_ms, now_ms)
    return False


def settle(tallies: Tallies, request: pb.SettleRequest, now_ms: int) -> None:
    """End what *request* names, wherever it stands."""
    for ended in request.settlements:
        for key in keys_of(ended.keys):
            tallies[key].settle(ended.reservation_id, ended.used, now_ms, undone=ended.undone)


def renew(tallies: Tallies, request: pb.RenewRequest, now_ms: int) -> list[str]:
    """Begin the time of reservations anew; return those that stand nowhere any more."""
    expires_ms = now_ms + request.ttl.ToMilliseconds()
    ended = []
    for reservation in request.reservations:
        reservation_id = reservation.reservation_id
        stood = [tallies[key].renew(reservation_id, expires_ms, now_ms) for key in keys_of(reservation.keys)]
        if not all(stood):
            ended.append(reservation.reservation_id)
    return ended


def check_claims(request: pb.ReserveRequest) -> None:
    """Check the form of a request.

    Raises:
        InvalidField: something is missing or too much.
    """
    if not 0 < len(request.reservation_id) <= MAX_ID_CHARACTERS:
        raise InvalidField("reservation_id", f"1 to {MAX_ID_CHARACTERS} characters; choose one for each reservation")
    if not 0 < len(request.claims) <= MAX_CLAIMS:
        raise InvalidField("claims", f"{len(request.claims)} counters; name 1 to {MAX_CLAIMS}")
    for position, claim in enumerate(request.claims):
        if not claim.key.quota or not claim.key.pool:
            raise InvalidField(f"claims[{position}].key", "name the quota and the pool")
        if any(limit.window.seconds <= 0 for limit in claim.limits):
            raise InvalidField(f"claims[{position}].limits", "each has a window of at least 1 s")
    amounts = request.amounts
    numbers = (amounts.runs, amounts.tokens, amounts.tool_calls, amounts.concurrent_runs, amounts.cost.nanos)
    if min(numbers) < 0 or max(numbers) == 0:
        raise InvalidField("amounts", "none is negative, and one is more than 0")
    check_ttl(request.ttl.ToMilliseconds())


def check_count(field: str, count: int) -> None:
    """Check how many reservations are named at once.

    Raises:
        InvalidField: too many.
    """
    if count > MAX_AT_ONCE:
        raise InvalidField(field, f"{count} reservations; name at most {MAX_AT_ONCE} at once")


def check_ttl(ttl_ms: int) -> None:
    """Check how long a reservation is to stand.

    Raises:
        InvalidField: it is too short or too long.
    """
    if not _MIN_TTL_SECONDS * 1000 <= ttl_ms <= _MAX_TTL_SECONDS * 1000:
        raise InvalidField("ttl", f"{ttl_ms} ms; from {_MIN_TTL_SECONDS} s to 24 h")
