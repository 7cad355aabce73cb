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


def test_a_process_that_is_gone_uses_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()

    assert Census().usage(process.pid) == Usage(memory_mib=0, processes=0, cpu_seconds=0)


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (Usage(memory_mib=100, processes=10, cpu_seconds=0), ""),
        (Usage(memory_mib=101, processes=1, cpu_seconds=0), "out of memory: it used 101 MiB and its limit is 100 MiB"),
        (Usage(memory_mib=1, processes=11, cpu_seconds=0), "too many processes: it had 11 and its limit is 10"),
    ],
)
def test_what_is_over_a_limit_is_named(used: Usage, words: str) -> None:
    assert words in excess(used, LIMITS)
    assert bool(words) == bool(excess(used, LIMITS))


@pytest.mark.parametrize(
    ("silent_seconds", "cpu_seconds", "words"),
    [
        (SPIN_SECONDS - 1, SPIN_SECONDS - 1, ""),
        (SPIN_SECONDS + 1, SPIN_SECONDS + 1, "it spun: 100% of a core and no answer for 6 s"),
        (SPIN_SECONDS + 1, 1, ""),
        (HANG_SECONDS + 1, 1, "it hung: no answer for 16 s"),
    ],
)
def test_silence_is_judged_by_how_hard_it_works(
    monkeypatch: pytest.MonkeyPatch, silent_seconds: float, cpu_seconds: float, words: str
) -> None:
    now = 1000.0
    monkeypatch.setattr("pal_cli.plugins.watching.time.monotonic", lambda: now)
    silence = Silence()

    silence.broken(cpu_seconds=50)
    now += silent_seconds

    assert words in silence.verdict(50 + cpu_seconds)
    assert bool(words) == bool(silence.verdict(50 + cpu_seconds))
