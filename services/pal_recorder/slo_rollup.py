"""Finished runs added up by agent, runtime and mode, over minutes, hours and days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import run_event_pb2 as events
from pal_log.ends import LOST_BEFORE, by_quota
from pal_recorder.slo_histogram import add_counts, add_duration, histogram
from pal_recorder.slo_timing import RunTiming

MINUTE, HOUR, DAY = 60, 3600, 86400
# How long rollups of each width are kept.
KEPT_SECONDS = {MINUTE: 2 * DAY, HOUR: 60 * DAY, DAY: 400 * DAY}
# Up to these lengths a window is looked at by minutes, and by hours and days; above them by days alone.
_BY_MINUTES_SECONDS, _BY_HOURS_SECONDS = HOUR, 7 * DAY


class RollupKey(NamedTuple):
    """Which runs a rollup is of: a stretch of time by its length and its beginning, both in seconds, and whose."""

    width: int
    start: int
    mode: int
    agent: str
    runtime: str


def outcome_of(finished: events.RunFinished) -> events.RunOutcome:
    """Return how a run counts: one that a quota ended was refused, only later than at its beginning."""
    return events.RUN_OUTCOME_REJECTED if by_quota(finished) else finished.outcome


@dataclass
class Rollup:
    """Runs added up; the message of the same name, made to be added to."""

    outcomes: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    # Counts by bucket; a Counter is half as fast.
    latency: dict[int, int] = field(default_factory=dict)
    first_output: dict[int, int] = field(default_factory=dict)
    overhead: dict[int, int] = field(default_factory=dict)
    priced_runs: int = 0
    cost_nanos: int = 0
    currency_code: str = ""
    complete_runs: int = 0
    repeated_runs: int = 0

    def add_run(self, run: RunTiming) -> None:
        """Count a finished *run* in."""
        finished = run.finished
        assert finished is not None
        self.outcomes[outcome_of(finished)] += 1
        if finished.HasField("failure"):
            self.failures[finished.failure.reason] += 1
        if finished.outcome == events.RUN_OUTCOME_SUCCEEDED:
            add_duration(self.latency, run.latency_ns)
            add_duration(self.overhead, run.overhead_ns)
        if run.first_output_ns is not None:
            add_duration(self.first_output, run.first_output_ns)
        if finished.HasField("cost"):
            self._price(1, finished.cost.nanos, finished.cost.currency_code)
        self.complete_runs += not finished.unresolved_call_ids
        self.repeated_runs += run.attempts > 1

    def add_lost(self) -> None:
        """Count in a run that the runtime has failed and that went on elsewhere."""
        self.outcomes[events.RUN_OUTCOME_FAILED] += 1
        self.failures[LOST_BEFORE] += 1
        self.complete_runs += 1

    def add(self, other: slo.SloRollup) -> None:
        """Count everything of *other* in."""
        self.add_outcomes(other)
        for reason, count in other.failures.items():
            self.failures[reason] += count
        add_counts(self.latency, other.latency)
        add_counts(self.first_output, other.first_output)
        add_counts(self.overhead, other.overhead)
        self._price(other.priced_runs, other.cost_nanos, other.currency_code)
        self.complete_runs += other.complete_runs
        self.repeated_runs += other.repeated_runs

    def add_outcomes(self, other: slo.SloRollup) -> None:
        """Count only how the runs of *other* ended."""
        # Going through a map of a message by its keys takes half as long as by its items.
        more = other.outcomes
        for outcome in more:
            self.outcomes[outcome] += more[outcome]

    def message(self) -> slo.SloRollup:
        """Return the rollup as it is kept and told."""
        return slo.SloRollup(
            outcomes=self.outcomes,
            failures=self.failures,
            latency=histogram(self.latency),
            first_output=histogram(self.first_output),
            overhead=histogram(self.overhead),
            priced_runs=self.priced_runs,
            cost_nanos=self.cost_nanos,
            currency_code=self.currency_code,
            complete_runs=self.complete_runs,
            repeated_runs=self.repeated_runs,
        )

    def _price(self, runs: int, nanos: int, currency_code: str) -> None:
        # Amounts of another currency cannot be added.
        if runs and self.currency_code in ("", currency_code):
            self.priced_runs += runs
            self.cost_nanos += nanos
            self.currency_code = currency_code


def keys_of(run: RunTiming) -> Iterator[RollupKey]:
    """Yield the rollups that a finished run belongs to."""
    yield from _keys(run, run.runtime)


def lost_keys_of(run: RunTiming) -> Iterator[RollupKey]:
    """Yield the rollups of the runtimes that have failed a finished run, so that it went on elsewhere."""
    for runtime in sorted(run.lost_on - {run.runtime}):
        yield from _keys(run, runtime)


def _keys(run: RunTiming, runtime: str) -> Iterator[RollupKey]:
    second = run.finished_ns // 1_000_000_000
    for width in KEPT_SECONDS:
        yield RollupKey(width, second // width * width, run.mode, run.agent, runtime)


def stretches(start: int, end: int) -> list[tuple[int, int, int]]:
    """Return what covers the time from *start* to *end* and a little before: widths with their first and last start.

    Short windows are made of minutes. Longer ones begin at a full hour, and those of more than a week at a full day;
    they are made of days, with hours before the first of them. The last one is still counted into.
    """
    if end - start <= _BY_MINUTES_SECONDS:
        return [(MINUTE, start // MINUTE * MINUTE, end)]
    if end - start > _BY_HOURS_SECONDS:
        return [(DAY, start // DAY * DAY, end)]
    first_hour = start // HOUR * HOUR
    first_day = -(-first_hour // DAY) * DAY
    if first_day > end:
        return [(HOUR, first_hour, end)]
    hours = [(HOUR, first_hour, first_day - 1)] if first_hour < first_day else []
    return [(DAY, first_day, end), *hours]
