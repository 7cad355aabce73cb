"""Ceilings on a run, and the count that is held against them."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import duration_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

_COUNTS = ("max_model_calls", "max_tool_calls", "max_total_tokens")


def smallest(*limits: common.RunLimits) -> common.RunLimits:
    """Return the smallest ceiling of each sort; one that nobody sets stays unset."""
    chosen = common.RunLimits()
    for name in _COUNTS:
        if given := [getattr(one, name) for one in limits if one.HasField(name)]:
            setattr(chosen, name, min(given))
    durations = [one.max_duration for one in limits if one.HasField("max_duration")]
    if durations:
        chosen.max_duration.CopyFrom(min(durations, key=duration_pb2.Duration.ToNanoseconds))
    costs = [one.max_cost for one in limits if one.HasField("max_cost")]
    if costs:
        chosen.max_cost.CopyFrom(min(costs, key=lambda cost: cost.nanos))
    return chosen


@dataclass
class Ledger:
    """What a run has used so far, counted at a seam."""

    model_calls: int = 0
    tool_calls: int = 0
    total_tokens: int = 0
    cost_nanos: int = 0

    def add(self, event: events.RunEvent) -> None:
        """Count what a recorded event says was used."""
        match event.WhichOneof("body"):
            case "model_call_started":
                self.model_calls += 1
            case "model_call_finished":
                self.spend(event.model_call_finished)
            case "tool_call_requested":
                self.tool_calls += 1
            case _:
                pass

    def spend(self, finished: events.ModelCallFinished) -> None:
        """Count the tokens and the money of a model call."""
        self.total_tokens += finished.usage.input_tokens + finished.usage.output_tokens
        self.cost_nanos += finished.cost.nanos

    def reached_by_model_call(self, limits: common.RunLimits) -> events.RunLimitReached | None:
        """Return the ceiling that one more model call would break; None when there is none."""
        return (
            _over("max_model_calls", self.model_calls, limits)
            or _over("max_total_tokens", self.total_tokens, limits)
            or self._over_cost(limits)
        )

    def reached_by_tool_call(self, limits: common.RunLimits) -> events.RunLimitReached | None:
        """Return the ceiling that one more tool call would break; None when there is none."""
        return _over("max_tool_calls", self.tool_calls, limits)

    def _over_cost(self, limits: common.RunLimits) -> events.RunLimitReached | None:
        if not limits.HasField("max_cost") or self.cost_nanos < limits.max_cost.nanos:
            return None
        return events.RunLimitReached(limit="max_cost", observed=self.cost_nanos, allowed=limits.max_cost.nanos)

    def counted(self) -> dict[str, int]:
        """Return the counts by name, for conditions."""
        return {
            "model_calls": self.model_calls,
            "tool_calls": self.tool_calls,
            "total_tokens": self.total_tokens,
            "cost_nanos": self.cost_nanos,
        }


def _over(name: str, observed: int, limits: common.RunLimits) -> events.RunLimitReached | None:
    if not limits.HasField(name) or observed < getattr(limits, name):
        return None
    return events.RunLimitReached(limit=name, observed=observed, allowed=getattr(limits, name))
