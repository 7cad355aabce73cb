"""Closed-loop load: so many workers, each starting its next run when the last has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from measure import percentile, total_cpu


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a round of load measured."""

    runs: int
    seconds: float
    cpu_seconds: float
    latencies: list[float]

    @property
    def runs_per_second(self) -> float:
        """Throughput by the wall clock."""
        return self.runs / self.seconds

    @property
    def cpu_ms_per_run(self) -> float:
        """CPU time of the measured processes per run, in milliseconds."""
        return self.cpu_seconds / self.runs * 1000

    @property
    def p50_ms(self) -> float:
        """Median latency in milliseconds."""
        return percentile(self.latencies, 0.5) * 1000

    @property
    def p99_ms(self) -> float:
        """99th percentile of the latency in milliseconds."""
        return percentile(self.latencies, 0.99) * 1000


async def apply_load(
    run_once: Callable[[], Awaitable[object]], *, runs: int, concurrent: int, pids: Iterable[int]
) -> Load:
    """Return what *runs* runs, *concurrent* at a time, cost the processes *pids*."""
    measured = list(pids)
    left = iter(range(runs))
    latencies: list[float] = []

    async def worker() -> None:
        for _ in left:
            began = time.perf_counter()
            await run_once()
            latencies.append(time.perf_counter() - began)

    cpu_before, began = total_cpu(measured), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrent):
            group.create_task(worker())
    return Load(
        runs=runs,
        seconds=time.perf_counter() - began,
        cpu_seconds=total_cpu(measured) - cpu_before,
        latencies=latencies,
    )
