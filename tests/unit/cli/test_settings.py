"""Whatever a command runs into, an operator is told in one line."""

from __future__ import annotations

import pytest
import typer

from pal_cli.failures import REFUSED, RUN_FAILED
from pal_cli.settings import command

WRITE_PROTECTED = PermissionError(13, "Permission denied", "/var/lib/pal")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (WRITE_PROTECTED, REFUSED, "/var/lib/pal: Permission denied"),
        (TimeoutError(), REFUSED, "TimeoutError"),
        (ValueError("no such thing"), RUN_FAILED, "a fault of PAL: ValueError: no such thing"),
    ],
)
def test_what_nobody_thought_of_is_one_line(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> None:
        raise error

    with pytest.raises(typer.Exit) as left:
        command(fails)()

    assert left.value.exit_code == code
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_where_a_fault_is_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails() -> None:
        raise ValueError

    monkeypatch.setenv("PAL_TRACEBACK", "1")

    with pytest.raises(ValueError):
        command(fails)()
