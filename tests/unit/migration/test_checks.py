"""Checks of teams are loaded at the start, or the start says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_migration.checks import load
from pal_rpc.config import StartError


def test_a_check_is_loaded_by_agent(tmp_path: Path) -> None:
    (tmp_path / "team_checks.py").write_text("def resolved(log):\n    return len(log) == 2\n")
    file = tmp_path / "checks.yaml"
    file.write_text("python_path: [.]\nchecks: {desk: team_checks:resolved}\n")

    found = load(file)["desk"]

    assert found.name == "resolved" and found.check([None, None])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "a mapping belongs here"),
        ("checks: [desk]\n", "checks: a mapping belongs here"),
        ("check: {}\n", "check: unknown field"),
        ("checks: {desk: nowhere}\n", "package.module:function"),
        ("checks: {desk: 'json:nothing'}\n", "cannot be imported"),
        ("checks: {desk: 'json:__name__'}\n", "is no function"),
        ("checks: {", "cannot be read"),
    ],
)
def test_what_is_wrong_stops_the_start(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(text)

    with pytest.raises(StartError, match="PAL_CHECKS_FILE") as refused:
        load(file)

    assert words in str(refused.value)
