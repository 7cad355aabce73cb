"""What the benchmarks share: CPU and memory of processes from /proc, percentiles, and the table they print."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that *pid* has used, user and system, in seconds."""
    # The clock of another process, as clock_getcpuclockid(3) of glibc makes it; /proc counts in ticks of 10 ms.
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of *pid* in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def heap_bytes(pid: int) -> int:
    """Return the resident memory of *pid* that no file backs, in bytes: the kernel takes the rest back as it likes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def total_cpu(pids: Iterable[int]) -> float:
    """Return the CPU time of all *pids* together, in seconds."""
    return sum(cpu_seconds(pid) for pid in pids)


def percentile(values: Sequence[float], q: float) -> float:
    """Return the *q* quantile (0 to 1) of *values* by nearest rank; the result is one of them."""
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def report(title: str, rows: Mapping[str, float | int | str]) -> None:
    """Print *rows* for people and, last, as one JSON line for machines."""
    print(f"\n{title}")
    width = max(map(len, rows))
    for name, value in rows.items():
        shown = f"{value:,.3f}" if isinstance(value, float) else str(value)
        print(f"  {name:<{width}}  {shown}")
    print(json.dumps({"benchmark": title, **rows}))
