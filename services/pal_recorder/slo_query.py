"""Answers how well runs go, from the rollups."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_report import BURN_WINDOWS_SECONDS, DEFAULT_LEAST_RUNS, DEFAULT_OBJECTIVE, report
from pal_recorder.slo_rollup import DAY, MINUTE, Rollup, stretches
from pal_recorder.slo_sums import SloSums, Wanted, Who
from pal_recorder.store import EventStore
from pal_rpc.errors import InvalidField, MeshError

DEFAULT_WINDOW_SECONDS, MAX_WINDOW_SECONDS = 30 * DAY, 400 * DAY
# A log that is long to be caught up with is answered from as far as it is.
_CATCH_UP_SECONDS = 2.0


class SloQuery:
    """Reads what a fold keeps."""

    def __init__(self, store: EventStore, fold: SloFold, now: Callable[[], float] = time.time) -> None:
        """Read *store*, which *fold* keeps up to date."""
        self._store = store
        self._fold = fold
        self._now = now
        self._sums = SloSums(store, fold)

    async def prepare(self) -> None:
        """Add up what is asked for most, so that whoever asks first after a start does not wait for it."""
        # What keeps it from doing so is told to whoever asks.
        with suppress(MeshError):
            await self.answer(slo.GetSloRequest())

    async def answer(self, request: slo.GetSloRequest) -> slo.GetSloResponse:
        """Return the reports that *request* asks for.

        Raises:
            InvalidField: a field is wrong.
        """
        objective, window = _checked(request)
        class_of = _class_of(request.classes)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                await self._fold.catch_up()
        now = int(self._now())
        wanted = Wanted(request.mode or common.EXECUTION_MODE_LIVE, request.agent, request.runtime)
        totals = _by_class(await self._sums.of(wanted, now - window, now), class_of)
        ends = replace(wanted, outcomes=True)
        burns = [_by_class(await self._sums.of(ends, now - width, now), class_of) for width in BURN_WINDOWS_SECONDS]
        least = request.least_runs or DEFAULT_LEAST_RUNS
        response = slo.GetSloResponse(objective=objective, events_behind=await self._fold.behind())
        response.since.FromSeconds(min(start for _, start, _ in stretches(now - window, now)))
        empty = Rollup()
        for who in sorted(totals, key=lambda who: (who[1], who[2])):
            newest = [burn.get(who, empty).outcomes for burn in burns]
            response.reports.append(report(who, totals[who].message(), newest, objective, least))
        return response


def _by_class(sums: Mapping[Who, Rollup], class_of: Mapping[str, str]) -> Mapping[Who, Rollup]:
    if not class_of:
        return sums
    found: defaultdict[Who, Rollup] = defaultdict(Rollup)
    for (mode, agent, runtime), rollup in sums.items():
        found[mode, class_of.get(agent, agent), runtime].add(rollup.message())
    return found


def _class_of(classes: Sequence[slo.AgentClass]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, one in enumerate(classes):
        if not one.name:
            raise InvalidField(
                f"classes[{place}].name", "missing; write what the reports are to say, such as tier=prod"
            )
        for agent in one.agents:
            if found.setdefault(agent, one.name) != one.name:
                raise InvalidField(f"classes[{place}].agents", f"{agent} is in {found[agent]} already; one class each")
    return found


def _checked(request: slo.GetSloRequest) -> tuple[float, int]:
    objective = request.objective or DEFAULT_OBJECTIVE
    if not 0 < objective < 1:
        raise InvalidField("objective", f"{objective:g} is not above 0 and below 1; write 0.99 for 99 %")
    if request.least_runs < 0:
        raise InvalidField("least_runs", f"cannot be negative, found {request.least_runs}")
    if request.mode not in common.ExecutionMode.values():
        raise InvalidField("mode", f"{request.mode} is unknown; one of LIVE, SHADOW, REPLAY, DRILL")
    window = request.window.seconds if request.HasField("window") else DEFAULT_WINDOW_SECONDS
    if not MINUTE <= window <= MAX_WINDOW_SECONDS:
        raise InvalidField("window", f"{window} s is not within 1 minute to 400 days")
    return objective, window
