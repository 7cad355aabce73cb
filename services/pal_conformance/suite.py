"""Holds a target to the cases: side by side where nothing is measured, one by one where it is, within a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import grpc

from pal_conformance.bench import Bench
from pal_conformance.case import CONVERSATIONAL, Case, declares
from pal_conformance.cases import ALL
from pal_conformance.kit import Kit
from pal_conformance.observation import observation
from pal_conformance.target import Target, Unreached
from pal_conformance.verdict import Broken, Result, Status, Unmeasured

SUITE = "pal-conformance/1"
CASE_SECONDS, ALL_SECONDS, REACH_SECONDS = 20.0, 180.0, 10.0
_SIDE_BY_SIDE = 6


def matching(patterns: Sequence[str]) -> list[Case]:
    """Return the cases whose id matches one of *patterns*, a whole id, a group or with wildcards; all for none."""
    if not patterns:
        return list(ALL)
    return [case for case in ALL if any(_matches(case.id, pattern) for pattern in patterns)]


def _matches(case_id: str, pattern: str) -> bool:
    return fnmatchcase(case_id, pattern) or case_id.startswith(pattern + ".")


async def results(
    target: Target,
    kit: Kit,
    cases: Sequence[Case],
    *,
    case_seconds: float = CASE_SECONDS,
    all_seconds: float = ALL_SECONDS,
    undeclared_too: bool = False,
) -> AsyncIterator[Result]:
    """Yield what each case finds on *target*, as they end.

    Cases of what the target does not declare are skipped, unless *undeclared_too*. What is not over after
    *all_seconds* has failed.
    """
    ends_at = time.monotonic() + all_seconds
    gate = asyncio.Semaphore(_side_by_side(target))

    async def held_to(case: Case) -> Result:
        if not undeclared_too and not declares(target.declared, case.capability):
            return _result(case, Status.skipped, reason=f"{target.declared.runtime} does not declare {case.capability}")
        async with gate:
            left = ends_at - time.monotonic()
            if left <= 0:
                return _result(case, Status.failed, reason=f"not begun: the {all_seconds:g} s for all cases were up")
            return _advertised(target, case, await run_case(target, kit, case, min(case_seconds, left)))

    async with asyncio.TaskGroup() as tasks:
        for done in asyncio.as_completed([tasks.create_task(held_to(case)) for case in cases if not case.alone]):
            yield await done
    for case in cases:
        if case.alone:
            yield await held_to(case)


async def reached(target: Target, kit: Kit, seconds: float = REACH_SECONDS) -> None:
    """Return once a run on *target* has come to *kit*.

    Raises:
        Unreached: none does within *seconds*.
    """
    ends_at = time.monotonic() + seconds
    while True:
        result = await run_case(target, kit, ALL[0], max(ends_at - time.monotonic(), 0.1))
        # A channel that found nobody takes a moment before it tries again.
        await kit.seams.changes.until(lambda: kit.seams.reached > 0, min(1.0, ends_at - time.monotonic()))
        if kit.seams.reached:
            return
        if time.monotonic() >= ends_at:
            raise Unreached(f"the adapter on {target.address} takes a run and asks the model nothing: {result.reason}")


def _advertised(target: Target, case: Case, result: Result) -> Result:
    """Return *result*; the failure of something that is declared says so."""
    special = case.capability not in ("", CONVERSATIONAL)
    if result.status is not Status.failed or not special or not declares(target.declared, case.capability):
        return result
    return replace(result, reason=f"false advertising, {case.capability} is declared: {result.reason}")


def _side_by_side(target: Target) -> int:
    limit = target.declared.limits.concurrent_runs
    # A case may have several runs going.
    return max(1, min(_SIDE_BY_SIDE, limit // 20)) if limit else _SIDE_BY_SIDE


async def run_case(target: Target, kit: Kit, case: Case, seconds: float = CASE_SECONDS) -> Result:
    """Return what *case* finds on *target*, which gets *seconds* for it."""
    began = time.monotonic()
    try:
        runs = await _tested(target, kit, case, seconds)
    except Unmeasured as unmeasured:
        return _result(case, Status.skipped, began, reason=str(unmeasured))
    except Broken as broken:
        return _result(case, Status.failed, began, reason=broken.problem, evidence=broken.evidence, runs=broken.runs)
    return _result(case, Status.passed, began, runs=runs)


async def _tested(target: Target, kit: Kit, case: Case, seconds: float) -> tuple[dict[str, Any], ...]:
    bench = None
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            bench = Bench(target, kit, case, tasks)
            try:
                await case.test(bench)
                bench.check()
                return _seen(bench)
            except Broken as broken:
                broken.runs = _seen(bench)
                raise
            finally:
                bench.close()
    except TimeoutError:
        frames = [frame for run in bench.runs for frame in run.frames] if bench else []
        raise Broken(f"not over after {seconds:g} s", frames[-1] if frames else "no frame came") from None
    except BaseExceptionGroup as group:
        raise _first(group) from None
    except grpc.aio.AioRpcError as error:
        raise Broken(f"the call failed with {error.code().name}: {error.details()}") from None


def _seen(bench: Bench) -> tuple[dict[str, Any], ...]:
    # What a case alone sees depends on the machine.
    return () if bench.case.alone else tuple(observation(run) for run in bench.runs)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    if isinstance(first, BaseExceptionGroup):
        return _first(first)
    if isinstance(first, grpc.aio.AioRpcError):
        return Broken(f"the call failed with {first.code().name}: {first.details()}")
    return first


def _result(case: Case, status: Status, began: float = 0.0, **found: object) -> Result:
    seconds = time.monotonic() - began if began else 0.0
    return Result(
        case_id=case.id,
        claim=case.claim,
        capability=case.capability,
        status=status,
        seconds=round(seconds, 3),
        **found,  # type: ignore[arg-type]
    )
