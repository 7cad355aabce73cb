"""The page about the conformance kit says what every case claims."""

from __future__ import annotations

import os
from pathlib import Path

from pal_conformance.suite import matching

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
BEGIN, END = "pytest tests/contract/contracts/test_conformance_page.py -->\n", "<!-- end -->"


def table() -> str:
    """Return the cases as a table."""
    rows = [f"| `{c.id}` | {c.capability or 'every adapter'} | {c.ending} | {c.claim} |\n" for c in matching([])]
    return "".join(["\n| Case | Of | Its runs end as | Claim |\n|---|---|---|---|\n", *rows, "\n"])


def test_the_page_lists_every_case() -> None:
    text = PAGE.read_text()
    before, after = text.split(BEGIN)
    if os.environ.get("PAL_GOLDEN") == "write":
        PAGE.write_text(before + BEGIN + table() + END + after.partition(END)[2])
        text = PAGE.read_text()

    assert table() in text
