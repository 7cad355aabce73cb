"""What was claimed and seen: tables for the page, and whether every claim holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Section:
    """A part of the page: *text* says what was done, *claims* are (claim, what was seen, whether it holds)."""

    title: str
    text: str
    header: Sequence[str] = ()
    rows: list[Sequence[object]] = field(default_factory=list)
    claims: list[tuple[str, str, bool]] = field(default_factory=list)

    def claim(self, text: str, seen: object, holds: bool) -> None:
        """State that *text* was held against what was *seen*."""
        self.claims.append((text, str(seen), holds))

    def markdown(self) -> str:
        """Return the section as Markdown."""
        lines = [f"### {self.title}", "", self.text, ""]
        if self.header:
            lines += [_row(self.header), _row(["---"] * len(self.header)), *map(_row, self.rows), ""]
        lines += [_row(["Claim", "Seen", ""]), _row(["---"] * 3)]
        lines += [_row([text, seen, "holds" if holds else "**fails**"]) for text, seen, holds in self.claims]
        return "\n".join(lines) + "\n"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def percent(part: float, whole: float, digits: int = 1) -> str:
    """Return a share with its counts."""
    return f"{part / whole:.{digits}%} ({part:g} of {whole:g})" if whole else "none"
