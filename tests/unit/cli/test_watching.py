"""What an adapter uses, and when that is too much."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pal_cli.plugins.limits import Limits
from pal_cli.plugins.watching import HANG_SECONDS, SPIN_SECONDS, Census, Silence, Usage, excess

LIMITS = Limits(memory_mib=100, processes=10)
# Speaks twice: once it has its memory, and once it has a child too.
GREEDY = """
import subprocess, sys
held = bytearray(64 * 1024 * 1024)
print("held", flush=True); sys.stdin.readline()
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print("child", flush=True); sys.stdin.readline()
child.kill()
"""


def test_memory_and_processes_of_a_whole_session_are_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GREEDY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        alone = Census().usage(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        together = Census().usage(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()

    assert alone.memory_mib > 64 and alone.processes == 1
    assert together.processes == 2 and together.memory_mib > alone.memory_mib


def used(memory_mib: float = 0, processes: int = 0, cpu_seconds: float = 0, busy_seconds: float = 0) -> Usage:
    return Usage(memory_mib=memory_mib, processes=processes, cpu_seconds=cpu_seconds, busy_seconds=busy_seconds)


def test_a_process_that_is_gone_uses_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()

    assert Census().usage(process.pid) == used()


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (used(memory_mib=100, processes=10), ""),
        (used(memory_mib=101, processes=1), "out of memory: it used 101 MiB and its limit is 100 MiB"),
        (used(memory_mib=1, processes=11), "too many processes: it had 11 and its limit is 10"),
    ],
)
def test_what_is_over_a_limit_is_named(seen: Usage, words: str) -> None:
    assert words in excess(seen, LIMITS)
    assert bool(words) == bool(excess(seen, LIMITS))


@pytest.mark.parametrize(
    ("silent_seconds", "cpu_seconds", "busy_seconds", "words"),
    [
        (SPIN_SECONDS - 1, 4, 4, ""),
        (SPIN_SECONDS + 1, 6, 6, "it spun: 6.0 s of CPU time and no answer for 6 s"),
        (SPIN_SECONDS + 1, 1, 1, ""),
        # The machine is busy with other things: it has wanted a core all the time and has had little of one.
        (SPIN_SECONDS + 1, 1, 6, ""),
        (SPIN_SECONDS + 5, 2.5, 9, "it spun: 2.5 s of CPU time and no answer for 10 s"),
        (HANG_SECONDS + 1, 1, 1, "it hung: no answer for 16 s"),
    ],
)
def test_silence_is_judged_by_how_hard_it_works(
    monkeypatch: pytest.MonkeyPatch, silent_seconds: float, cpu_seconds: float, busy_seconds: float, words: str
) -> None:
    now = 1000.0
    monkeypatch.setattr("pal_cli.plugins.watching.time.monotonic", lambda: now)
    silence = Silence()

    silence.broken(used(cpu_seconds=50, busy_seconds=70))
    now += silent_seconds
    verdict = silence.verdict(used(cpu_seconds=50 + cpu_seconds, busy_seconds=70 + busy_seconds))

    assert words in verdict
    assert bool(words) == bool(verdict)


def test_one_that_may_have_little_of_a_core_spins_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("pal_cli.plugins.watching.time.monotonic", lambda: now)
    silence = Silence()
    now += SPIN_SECONDS + 1
    seen = used(cpu_seconds=1.2, busy_seconds=1.2)

    assert silence.verdict(seen) == ""
    assert "it spun" in silence.verdict(seen, cpu_percent=20)
