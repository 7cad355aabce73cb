"""What is shown fits the terminal that it is shown in."""

from __future__ import annotations

import pytest
from rich.console import Console

from pal_cli import show

RUN = "39d198ab-c686-5288-bffd-50f477748fb3"
COLUMNS = ["RUN", "AGENT", "WHY"]
ROW = (RUN, "support-desk 1.0.0", "[blue] fails every run, and customers call")


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    monkeypatch.setattr(show, "out", Console(width=width, highlight=False))
    show.table(COLUMNS, [ROW], empty="nothing")
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_where_there_is_room_a_row_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head, line = shown(monkeypatch, capsys, 120)

    assert head.split() == COLUMNS
    assert line.split("  ") == list(ROW)


def test_a_table_breaks_no_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(monkeypatch, capsys, 65)

    assert lines[0].split() == COLUMNS and len(lines) > 2
    assert lines[1].startswith(RUN)


def test_where_words_would_break_a_row_is_a_paragraph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(monkeypatch, capsys, 44)

    assert lines[:2] == [RUN, "  AGENT support-desk 1.0.0"]
    assert " ".join(line.strip() for line in lines[2:]) == f"WHY {ROW[2]}"
    assert max(map(len, lines)) <= 44


def test_a_name_is_no_markup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(show, "out", Console(width=80, highlight=False))

    show.table(COLUMNS, [], empty="no rollout has had [/red]")

    assert capsys.readouterr().out == "no rollout has had [/red]\n"
