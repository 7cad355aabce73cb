"""What a process said last, for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_cli.spawning import last_words


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "it said nothing"),
        ("first\nlast\n\n", "last"),
        ('{"level": "error", "message": "it broke", "code": 3}', "it broke"),
        ('{"message": "it broke", "exception": "Traceback\\n  File\\nKeyError: 3"}', "it broke: KeyError: 3"),
        ("Traceback (most recent call last):\n  File x\nImportError: no module\n", "ImportError: no module"),
        ("  | ExceptionGroup\n  +-+--- 1 ---\n    | OSError: in use\n    +-----------\n", "OSError: in use"),
        ("x.ts:3\n  ^\n\nTypeError: no f\n    at g (x.ts:3)\n  code: 14\n\nNode.js v22.1.0\n", "TypeError: no f"),
        ('{"level": "error", "message": "it broke"}\n{"level": "info", "message": "rpc"}\n', "it broke"),
        ('{"level": "info", "message": "rpc"}\n', "it said nothing"),
        ("{not json", "{not json"),
    ],
)
def test_the_last_line_that_says_something_counts(tmp_path: Path, log: str, words: str) -> None:
    path = tmp_path / "x.log"
    path.write_text(log)

    assert last_words(path) == words


def test_an_earlier_life_does_not_speak_for_this_one(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("an earlier life\n")

    assert last_words(path, path.stat().st_size) == "it said nothing"
    assert last_words(tmp_path / "none.log") == "it said nothing"


def test_half_a_line_is_no_last_word(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text('{"level": "info", "message": "rpc"}\n' * 10_000)

    assert last_words(path) == "it said nothing"
