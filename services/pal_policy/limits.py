"""Ceilings of a run: which one holds, and whether it is reached."""

from __future__ import annotations

from collections import Counter

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

_DURATIONS = ("max_duration", "max_input_wait")
_COUNTERS = ("max_model_calls", "max_tool_calls", "max_total_tokens")


def smallest(*limits: common.RunLimits) -> common.RunLimits:
    """Return the smallest ceiling of each kind; a ceiling that none of *limits* sets stays unset.

    Money of different currencies cannot be compared: the currency of the first one counts, the others are left
    out.
    """
    least = common.RunLimits()
    for name in _COUNTERS:
        if stated := [getattr(limit, name) for limit in limits if limit.HasField(name)]:
            setattr(least, name, min(stated))
    for name in _DURATIONS:
        if durations := [getattr(limit, name) for limit in limits if limit.HasField(name)]:
            getattr(least, name).CopyFrom(min(durations, key=lambda duration: (duration.seconds, duration.nanos)))
    if costs := [limit.max_cost for limit in limits if limit.HasField("max_cost")]:
        comparable = [cost for cost in costs if cost.currency_code == costs[0].currency_code]
        least.max_cost.CopyFrom(min(comparable, key=lambda cost: cost.nanos))
    return least


class Ledger:
    """Counts what one run has used and says when a ceiling forbids the next call.

    Nothing is counted by asking: a call is counted when it is made.
    """

    def __init__(self, limits: common.RunLimits) -> None:
        """Hold the run to *limits*."""
        self._limits = limits
        self.model_calls = 0
        self.tool_calls = 0
        self.total_tokens = 0
        self._cost_nanos: Counter[str] = Counter()

    @property
    def cost_nanos(self) -> int:
        """Money used in the currency of the ceiling; of all, where no ceiling names a currency."""
        currency = self._limits.max_cost.currency_code
        return self._cost_nanos[currency] if currency else self._cost_nanos.total()

    def count_model_call(self) -> None:
        """Count an attempt to ask a model."""
        self.model_calls += 1

    def count_tool_call(self) -> None:
        """Count an attempt to call a tool."""
        self.tool_calls += 1

    def count_usage(self, usage: common.TokenUsage, cost: common.Money | None = None) -> None:
        """Count what a model call used."""
        self.total_tokens += usage.input_tokens + usage.output_tokens
        if cost is not None:
            self._cost_nanos[cost.currency_code] += cost.nanos

    def before_model_call(self) -> events.RunLimitReached | None:
        """Return the ceiling that forbids another model call; None when it may be made."""
        return (
            self._reached("max_model_calls", self.model_calls)
            or self._reached("max_total_tokens", self.total_tokens)
            or self._cost_reached()
        )

    def before_tool_call(self) -> events.RunLimitReached | None:
        """Return the ceiling that forbids another tool call; None when it may be made."""
        return self._reached("max_tool_calls", self.tool_calls)

    def _reached(self, name: str, observed: int) -> events.RunLimitReached | None:
        if not self._limits.HasField(name):
            return None
        allowed = getattr(self._limits, name)
        return events.RunLimitReached(limit=name, observed=observed, allowed=allowed) if observed >= allowed else None

    def _cost_reached(self) -> events.RunLimitReached | None:
        if not self._limits.HasField("max_cost") or self.cost_nanos < self._limits.max_cost.nanos:
            return None
        allowed = self._limits.max_cost.nanos
        return events.RunLimitReached(limit="max_cost", observed=self.cost_nanos, allowed=allowed)
