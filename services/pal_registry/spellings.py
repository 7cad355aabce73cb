"""Short spellings for people: durations, money, selectors."""

from __future__ import annotations

import decimal
import re

from google.protobuf import duration_pb2

from pal.v1 import common_pb2 as common

_UNITS_NS = {"d": 86_400 * 10**9, "h": 3_600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:d|h|ms|us|ns|m|s))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(d|h|ms|us|ns|m|s)")
_MONEY = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ([A-Z]{3})")
# What google.protobuf.Duration holds.
_MAX_SECONDS = 315_576_000_000


def duration(text: str) -> duration_pb2.Duration | None:
    """Return ``10s``, ``1m30s`` or ``500ms`` as a duration; None when it is none."""
    if len(text) > 64 or not _DURATION.fullmatch(text):
        return None
    parts = _DURATION_PART.findall(text)
    total = int(sum(decimal.Decimal(number) * _UNITS_NS[unit] for number, unit in parts))
    seconds, nanos = divmod(total, 10**9)
    return duration_pb2.Duration(seconds=seconds, nanos=nanos) if seconds <= _MAX_SECONDS else None


def money(text: str) -> common.Money | None:
    """Return ``0.50 USD`` as money; None when it is none."""
    match = _MONEY.fullmatch(text)
    if not match or (nanos := int(decimal.Decimal(match[1]) * 10**9)) >= 2**63:
        return None
    return common.Money(currency_code=match[2], nanos=nanos)


def selector(text: str) -> common.SpecSelector:
    """Return ``name`` or ``name@range`` as a selector."""
    name, _, version_range = text.partition("@")
    return common.SpecSelector(name=name.strip(), version_range=version_range.strip())
