"""The journal of an export survives a crash at any of its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_transfer.export_file import BrokenExport, Part
from pal_transfer.export_journal import JOURNAL, Journal, Step

WORDS = {"selection": "agent=desk", "unfinished": False}
PART = Part(name="runs-000001.zst", kind="runs", sha256="0" * 64, size_bytes=1, records=3, runs=1, events=2)


@pytest.fixture
def written(tmp_path: Path) -> bytes:
    journal = Journal(tmp_path, WORDS)
    journal.add(Step(cursor="1.a", complete=False, parts=[PART], documents=[["agent", "sha256:1"]]))
    journal.add(Step(cursor="2.b", complete=True, missing=["sha256:2"]))
    return (tmp_path / JOURNAL).read_bytes()


def test_steps_come_back(tmp_path: Path, written: bytes) -> None:
    steps = Journal(tmp_path, WORDS).steps

    assert [(step.cursor, step.complete, step.parts) for step in steps] == [("1.a", False, [PART]), ("2.b", True, [])]


def test_a_line_that_was_torn_was_never_written(tmp_path: Path, written: bytes) -> None:
    whole = written.count(b"\n")
    for length in range(len(written)):
        (tmp_path / JOURNAL).write_bytes(written[:length])
        lines = written[:length].count(b"\n")

        journal = Journal(tmp_path, WORDS)
        journal.add(Step(cursor="3.c", complete=True))

        assert len(journal.steps) == max(lines - 1, 0) + 1
        assert [step.cursor for step in Journal(tmp_path, WORDS).steps] == [*["1.a", "2.b"][: max(lines - 1, 0)], "3.c"]
    assert whole == 3


def test_another_export_is_refused(tmp_path: Path, written: bytes) -> None:
    with pytest.raises(BrokenExport, match="the beginning of another export"):
        Journal(tmp_path, {**WORDS, "selection": ""})


def test_a_directory_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")

    with pytest.raises(BrokenExport, match="holds no export"):
        Journal(tmp_path, WORDS)
