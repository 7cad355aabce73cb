"""The refusal of whoever asks for more than a quota has left."""

from __future__ import annotations

import math
from dataclasses import dataclass

from google.protobuf import duration_pb2

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError

_NANOS = 10**9
AT_ONCE = "runs at once"


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """How a *limit* of a quota, "tokens per 1h" for example, stands beside what was asked for.

    Amounts of money are in nanos of *currency*. Without *retry_seconds* waiting does not help.
    """

    quota: str
    pool: str
    limit: str
    used: int
    reserved: int
    asked: int
    allowed: int
    currency: str
    retry_seconds: float | None


class QuotaExceeded(MeshError):
    """A quota has no room now."""

    def __init__(self, lack: Shortage) -> None:
        """Say how the quota stands, and what to do."""
        taken = f"{_amount(lack.used, lack.currency)} used"
        if lack.limit == AT_ONCE:
            taken = f"{lack.reserved} going"
        elif lack.reserved:
            taken += f" and {_amount(lack.reserved, lack.currency)} reserved"
        problem = f"quota {lack.quota} ({lack.pool}): {lack.limit}: {taken} of {_amount(lack.allowed, lack.currency)}"
        if lack.asked:
            problem += f", {_amount(lack.asked, lack.currency)} asked"
        seconds = None if lack.retry_seconds is None else max(math.ceil(lack.retry_seconds), 1)
        if seconds is None:
            advice = "that is more than the quota ever has; ask for less or publish a larger one (`pal quota show`)"
        else:
            advice = f"try again in {seconds} s (`pal quota usage`)"
        super().__init__(
            reasons.ERROR_REASON_QUOTA_EXCEEDED,
            f"{problem}; {advice}",
            quota=lack.quota,
            pool=lack.pool,
            limit=lack.limit,
            used=lack.used,
            reserved=lack.reserved,
            asked=lack.asked,
            allowed=lack.allowed,
            currency=lack.currency,
            retry_after_seconds="" if seconds is None else seconds,
        )


def only_held(error: MeshError) -> bool:
    """Tell whether *error* refuses what a quota has room for once the reservations of others are settled."""
    if error.reason != reasons.ERROR_REASON_QUOTA_EXCEEDED:
        return False
    said = error.metadata
    return int(said["used"]) + max(int(said["asked"]), 1) <= int(said["allowed"])


def as_limit(error: MeshError) -> events.RunLimitReached:
    """Return the fact that a run ends because of *error*, which is a refusal of a quota."""
    said = error.metadata
    reached = events.RunLimitReached(
        limit=said["limit"],
        observed=int(said["used"]) + int(said["reserved"]),
        allowed=int(said["allowed"]),
        quota=said["quota"],
        pool=said["pool"],
        asked=int(said["asked"]),
    )
    if said["retry_after_seconds"]:
        reached.retry_after.CopyFrom(duration_pb2.Duration(seconds=int(said["retry_after_seconds"])))
    return reached


def as_error(reached: events.RunLimitReached) -> QuotaExceeded:
    """Return the refusal of a quota from its fact."""
    lack = Shortage(
        quota=reached.quota,
        pool=reached.pool,
        limit=reached.limit,
        used=reached.observed,
        reserved=0,
        asked=reached.asked,
        allowed=reached.allowed,
        currency=reached.limit.partition(" ")[0] if reached.limit[:3].isupper() else "",
        retry_seconds=reached.retry_after.seconds if reached.HasField("retry_after") else None,
    )
    return QuotaExceeded(lack)


def _amount(number: int, currency: str) -> str:
    return f"{number / _NANOS:.9f}".rstrip("0").rstrip(".") + f" {currency}" if currency else str(number)
