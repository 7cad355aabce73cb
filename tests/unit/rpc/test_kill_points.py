"""A process ends where a drill wants it to, and nowhere else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pal_rpc import kill_points
kill_points.arm("recorder", sys.argv[1])
for number in range(3):
    kill_points.reached("commit.before")
    print(number, flush=True)
"""


def passed(folder: str) -> tuple[int, int]:
    """Return how often a process passed its point, and how it ended."""
    command = [sys.executable, "-c", PROGRAM, folder]
    ended = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=False)
    return len(ended.stdout.split()), ended.returncode


@pytest.mark.parametrize(("wish", "passes"), [("", 0), ("0", 0), ("2", 2)])
def test_a_process_ends_at_the_point_that_is_wished_for(tmp_path: Path, wish: str, passes: int) -> None:
    (tmp_path / "commit.before@recorder").write_text(wish)

    assert passed(str(tmp_path)) == (passes, -signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_or_a_wish_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "commit.before@router").touch()
    (tmp_path / "commit.after@recorder").touch()

    assert passed("") == passed(str(tmp_path)) == (3, 0)
