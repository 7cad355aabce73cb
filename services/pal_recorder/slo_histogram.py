"""Durations by size: small, and as good as the durations themselves to within 5 %."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pal.service.v1 import slo_pb2 as slo

_PER_DOUBLING = 8


def bucket_of(duration_ns: int) -> int:
    """Return the bucket of a duration."""
    return math.floor(_PER_DOUBLING * math.log2(max(duration_ns / 1000, 1.0)))


def counted(histogram: slo.DurationHistogram) -> dict[int, int]:
    """Return the counts of *histogram* by bucket."""
    return dict(zip(histogram.buckets, histogram.counts, strict=True))


def add_duration(counts: dict[int, int], duration_ns: int) -> None:
    """Count one more duration in *counts*."""
    bucket = bucket_of(duration_ns)
    counts[bucket] = counts.get(bucket, 0) + 1


def add_counts(counts: dict[int, int], more: slo.DurationHistogram) -> None:
    """Add *more* to *counts*."""
    # Copies of both lists are gone through faster than the lists of the message.
    for bucket, count in zip(more.buckets[:], more.counts[:], strict=True):
        if bucket in counts:
            counts[bucket] += count
        else:
            counts[bucket] = count


def histogram(counts: Mapping[int, int]) -> slo.DurationHistogram:
    """Return *counts* by bucket as a message."""
    buckets = sorted(counts)
    return slo.DurationHistogram(buckets=buckets, counts=[counts[bucket] for bucket in buckets])


def quantiles_ns(counts: Mapping[int, int], shares: Iterable[float]) -> list[int]:
    """Return the durations below which each of *shares* (0 to 1) lies, by nearest rank; empty for no counts."""
    total = sum(counts.values())
    if not total:
        return []
    return [_at(counts, max(math.ceil(share * total), 1)) for share in shares]


def _at(counts: Mapping[int, int], rank: int) -> int:
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return round(2 ** ((bucket + 0.5) / _PER_DOUBLING) * 1000)
    raise ValueError(f"rank {rank} of {seen}")
