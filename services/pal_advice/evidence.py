"""Evidence: dated facts, and facts that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from google.protobuf import timestamp_pb2

from pal.v1 import advice_pb2 as pb

DAY_SECONDS = 86_400


def known(measure: str, value: float, detail: str, source: str, observed_at: datetime) -> pb.AdviceEvidence:
    """Return that *measure* was observed to be *value*."""
    return pb.AdviceEvidence(measure=measure, value=value, detail=detail, source=source, observed_at=stamp(observed_at))


def unknown(measure: str, remedy: str, source: str = "") -> pb.AdviceEvidence:
    """Return that *measure* is not known, and in *remedy* how it could be."""
    return pb.AdviceEvidence(measure=measure, detail=remedy, source=source)


def dated(
    evidence: Iterable[pb.AdviceEvidence], valid_days: Mapping[str, int], now: datetime
) -> list[pb.AdviceEvidence]:
    """Return *evidence* with what it is worth at *now*; *valid_days* says by measure for how long it is good.

    Evidence that states itself when it expires is good until the earlier of both. What was observed in the future, or
    nobody knows when, does not count.
    """
    return [_dated(one, valid_days.get(one.measure, 1), now) for one in evidence]


def stamp(at: datetime) -> timestamp_pb2.Timestamp:
    """Return a moment as contracts have it."""
    made = timestamp_pb2.Timestamp()
    made.FromDatetime(at)
    return made


def moment(at: timestamp_pb2.Timestamp) -> datetime:
    """Return a moment of a contract."""
    return at.ToDatetime(tzinfo=UTC)


def _dated(one: pb.AdviceEvidence, days: int, now: datetime) -> pb.AdviceEvidence:
    found = pb.AdviceEvidence()
    found.CopyFrom(one)
    if not one.HasField("value") or not one.HasField("observed_at"):
        found.state = pb.ADVICE_EVIDENCE_STATE_UNKNOWN
        return found
    expires = timestamp_pb2.Timestamp(seconds=one.observed_at.seconds + days * DAY_SECONDS, nanos=one.observed_at.nanos)
    if not one.HasField("expires_at") or one.expires_at.ToNanoseconds() > expires.ToNanoseconds():
        found.expires_at.CopyFrom(expires)
    at = stamp(now).ToNanoseconds()
    if found.expires_at.ToNanoseconds() <= at:
        found.state = pb.ADVICE_EVIDENCE_STATE_EXPIRED
    elif one.observed_at.ToNanoseconds() > at + DAY_SECONDS * 10**9:
        found.state = pb.ADVICE_EVIDENCE_STATE_UNKNOWN
        found.detail = f"{one.detail} (dated in the future; check the clock of whoever observed it)"
    else:
        found.state = pb.ADVICE_EVIDENCE_STATE_KNOWN
    return found
