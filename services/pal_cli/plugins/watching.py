"""What an adapter process uses of the machine, and whether it is still there for others.

Where the kernel keeps no account of its own for an adapter, looking often is what keeps it to its limits.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from pal_cli.plugins.limits import Limits

LOOK_SECONDS, _COUNT_SECONDS = 0.2, 1.0
_LOOKS_AT_NEW = 3
# An adapter that wants a core all the time and answers nobody spins; one that does neither may only be slow.
SPIN_SECONDS, HANG_SECONDS = 5.0, 15.0
_SPIN_SHARE = 0.5
# On a machine that is busy it may not have got round to an answer yet; with this much CPU time it has.
_SPIN_CPU_SECONDS = 2.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process and its descendants use.

    *memory_mib* is memory of their own, not shared with files. *busy_seconds* is how long the main thread of the
    process has run or waited for a core, which is the same on a machine that is busy with other things.
    """

    memory_mib: float
    processes: int
    cpu_seconds: float
    busy_seconds: float


class Census:
    """Which processes belong to which adapter, looked up once a second for all; every adapter leads a session."""

    def __init__(self) -> None:
        """Know of nobody yet."""
        self._counted_at = 0.0
        # The session of every process, and how often it was looked up.
        self._sessions: dict[int, tuple[int, int]] = {}

    def usage(self, leader: int) -> Usage:
        """Return what the process *leader* uses, with all of its session; zeros when it is gone."""
        if time.monotonic() - self._counted_at > _COUNT_SECONDS:
            self._count()
        family = {pid for pid, (session, _) in self._sessions.items() if session == leader}
        shares = [_share(pid) for pid in {leader, *family}]
        return Usage(
            memory_mib=sum(share.memory_mib for share in shares),
            processes=sum(share.processes for share in shares),
            cpu_seconds=sum(share.cpu_seconds for share in shares),
            busy_seconds=_busy_seconds(leader),
        )

    def _count(self) -> None:
        known = self._sessions
        self._counted_at, self._sessions = time.monotonic(), {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            pid = int(name)
            session, looks = known.get(pid, (0, 0))
            # A process changes its session soon after its start or not at all.
            if looks < _LOOKS_AT_NEW and (fields := _fields(Path("/proc") / name)):
                session, looks = int(fields[3]), looks + 1
            self._sessions[pid] = session, looks


def excess(used: Usage, limits: Limits) -> str:
    """Return why a process that uses that much is killed; nothing when it may go on."""
    if limits.memory_mib and used.memory_mib > limits.memory_mib:
        return f"killed: out of memory: it used {used.memory_mib:.0f} MiB and its limit is {limits.memory_mib} MiB"
    if limits.processes and used.processes > limits.processes:
        return f"killed: too many processes: it had {used.processes} and its limit is {limits.processes}"
    return ""


class Silence:
    """How long an adapter has not answered, and how hard it worked meanwhile."""

    def __init__(self) -> None:
        """Begin as if it had just answered."""
        self._since = time.monotonic()
        self._used = Usage(memory_mib=0, processes=0, cpu_seconds=0, busy_seconds=0)

    def broken(self, used: Usage) -> None:
        """Note an answer, when so much was *used*."""
        self._since, self._used = time.monotonic(), used

    def verdict(self, used: Usage, cpu_percent: int | None = None) -> str:
        """Return why it is killed, having *used* so much, of *cpu_percent* that it may; nothing when it may go on."""
        silent_seconds = time.monotonic() - self._since
        worked_seconds = used.cpu_seconds - self._used.cpu_seconds
        share = (used.busy_seconds - self._used.busy_seconds) / max(silent_seconds, LOOK_SECONDS)
        least = min(1.0, (cpu_percent or 100) / 100)
        if silent_seconds > SPIN_SECONDS and share > _SPIN_SHARE * least and worked_seconds > _SPIN_CPU_SECONDS * least:
            return f"killed: it spun: {worked_seconds:.1f} s of CPU time and no answer for {silent_seconds:.0f} s"
        if silent_seconds > HANG_SECONDS:
            return f"killed: it hung: no answer for {silent_seconds:.0f} s"
        return ""


def _share(pid: int) -> Usage:
    path = Path("/proc") / str(pid)
    try:
        _, resident, shared, *_ = (path / "statm").read_text().split()
    except (OSError, ValueError):
        return Usage(memory_mib=0, processes=0, cpu_seconds=0, busy_seconds=0)
    fields = _fields(path)
    return Usage(
        memory_mib=(int(resident) - int(shared)) * _PAGE_BYTES / _MIB,
        processes=int(fields[17]) if fields else 0,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS if fields else 0,
        busy_seconds=0,
    )


def _busy_seconds(pid: int) -> float:
    try:
        run_ns, wait_ns, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    except (OSError, ValueError):
        return 0.0
    return (int(run_ns) + int(wait_ns)) / 1e9


def _fields(process: Path) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the third on; the second may hold anything."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
