"""Hold every claim about verdicts against real runs, and write what was seen into docs/verdicts.md."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.verdicts import layouts, sequences, serving, splits, traced, usual_rules, variants
from tests.verdicts.airline import DATA

PAGE = Path(__file__).parents[2] / "docs/verdicts.md"
BEGIN, END = "<!-- measured: make verdicts writes this -->", "<!-- measured: end -->"
SECTIONS = (
    splits.silence,
    splits.planted,
    sequences.success,
    usual_rules.false_alarms,
    serving.rates,
    layouts.same_effect,
    variants.accepted,
    traced.figures,
)


def main() -> int:
    """Return 0 when every claim holds, 1 when one fails, 3 without the data."""
    if not DATA.is_dir():
        print(f"the recorded runs are not there: {DATA}")
        return 3
    found = []
    for make in SECTIONS:
        before = time.perf_counter()
        section = make()
        found.append(section)
        print(f"{section.title} ({time.perf_counter() - before:.1f} s)")
        for text, seen, holds in section.claims:
            print(f"  {'holds' if holds else 'FAILS'}: {text}: {seen}")
    text = PAGE.read_text()
    before_, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(before_ + BEGIN + "\n\n" + "\n".join(section.markdown() for section in found) + "\n" + END + after)
    return int(not all(holds for section in found for *_, holds in section.claims))


if __name__ == "__main__":
    sys.exit(main())
