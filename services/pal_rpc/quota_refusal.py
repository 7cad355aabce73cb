"""The refusal of whoever asks for more than a quota has left."""

from __future__ import annotations

import math

from google.protobuf import duration_pb2

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError

_NANOS = 10**9
AT_ONCE = "runs at once"


class QuotaExceeded(MeshError):
    """A quota has no room now."""

    def __init__(
        self,
        quota: str,
        pool: str,
        limit: str,
        *,
        used: int,
        reserved: int,
        asked: int,
        allowed: int,
        currency: str = "",
        retry_seconds: float | None,
    ) -> None:
        """Say how the *limit*, "tokens per 1h" for example, stands; without *retry_seconds* waiting does not help."""
        taken = f"{_amount(used, currency)} used"
        if limit == AT_ONCE:
            taken = f"{reserved} going"
        elif reserved:
            taken += f" and {_amount(reserved, currency)} reserved"
        problem = f"quota {quota} ({pool}): {limit}: {taken} of {_amount(allowed, currency)}"
        if asked:
            problem += f", {_amount(asked, currency)} asked"
        seconds = None if retry_seconds is None else max(math.ceil(retry_seconds), 1)
        if seconds is None:
            advice = "that is more than the quota ever has; ask for less or publish a larger one (`pal quota show`)"
        else:
            advice = f"try again in {seconds} s (`pal quota usage`)"
        super().__init__(
            reasons.ERROR_REASON_QUOTA_EXCEEDED,
            f"{problem}; {advice}",
            quota=quota,
            pool=pool,
            limit=limit,
            used=used,
            reserved=reserved,
            asked=asked,
            allowed=allowed,
            currency=currency,
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
    return QuotaExceeded(
        reached.quota,
        reached.pool,
        reached.limit,
        used=reached.observed,
        reserved=0,
        asked=reached.asked,
        allowed=reached.allowed,
        currency=reached.limit.partition(" ")[0] if reached.limit[:3].isupper() else "",
        retry_seconds=reached.retry_after.seconds if reached.HasField("retry_after") else None,
    )


def _amount(number: int, currency: str) -> str:
    return f"{number / _NANOS:.9f}".rstrip("0").rstrip(".") + f" {currency}" if currency else str(number)
