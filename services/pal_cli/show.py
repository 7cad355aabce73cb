"""How things look: tables for people, JSON for machines, durations, money, tokens."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import json_format, timestamp_pb2
from google.protobuf.message import Message
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

# A pipe has no width; a table must not lose columns there.
_PIPE_COLUMNS = 240
# The longest word that a column is made wide enough for, an id of a run; and what is between two columns.
_WORD, _GAP = 36, 2
out = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)
err = Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """Print one error for the operator."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)


def say(text: str = "") -> None:
    """Print a line with rich markup."""
    out.print(text, soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print *rows*, or the sentence *empty* when there are none.

    Where columns would have to break words, each row becomes a paragraph: a terminal at night is 80 columns wide.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    words = [_longest_word(column) for column in zip(columns, *cells, strict=True)]
    if not cells:
        say(f"[dim]{escape(empty)}[/]")
    elif sum(words) + _GAP * (len(words) - 1) <= out.width:
        grid = Table(box=None, pad_edge=False, header_style="bold dim")
        for column, width in zip(columns, words, strict=True):
            grid.add_column(column, overflow="fold", min_width=width)
        for row in cells:
            grid.add_row(*map(escape, row))
        out.print(grid)
    else:
        for row in cells:
            _paragraph(columns, row)


def _longest_word(column: Sequence[str]) -> int:
    """Return how wide a column has to be that breaks no word of up to *_WORD* characters."""
    return min(max(map(cell_len, " ".join(column).split()), default=0), _WORD)


def _paragraph(columns: Sequence[str], row: Sequence[str]) -> None:
    """Print a row below its first cell, each value behind the name of its column."""
    out.print(f"[bold]{escape(row[0] or '-')}[/]", overflow="fold")
    pairs = [
        f"[dim]{escape(name)}[/] {escape(cell)}"
        for name, cell in zip(columns[1:], row[1:], strict=True)
        if cell.strip()
    ]
    line, used = "", 0
    for pair in pairs:
        width = cell_len(Text.from_markup(pair).plain) + _GAP
        if line and used + width > out.width - _GAP:
            out.print(Padding(line, (0, 0, 0, _GAP)), overflow="fold")
            line, used = "", 0
        line, used = f"{line}{pair}{' ' * _GAP}", used + width
    if line:
        out.print(Padding(line, (0, 0, 0, _GAP)), overflow="fold")


def as_json(message: Message) -> Any:
    """Return *message* as plain JSON values."""
    return json_format.MessageToDict(message)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print JSON to stdout."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def count(number: int, thing: str) -> str:
    """Return *number* of a *thing* whose plural ends in s."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def word(enum: Any, number: int, prefix: str) -> str:
    """Return an enum value as people write it, for example ``succeeded``."""
    known = number in enum.values()
    return enum.Name(number).removeprefix(prefix).lower().replace("_", " ") if known else f"unknown ({number})"


def outcome_word(number: int) -> str:
    """Return a RunOutcome as a word."""
    return word(events.RunOutcome, number, "RUN_OUTCOME_")


def moment(stamp: timestamp_pb2.Timestamp) -> str:
    """Return a timestamp in local time; empty for none."""
    if not stamp.seconds:
        return ""
    return datetime.datetime.fromtimestamp(stamp.seconds).strftime("%Y-%m-%d %H:%M:%S")


def seconds_between(begin: timestamp_pb2.Timestamp, end: timestamp_pb2.Timestamp) -> float:
    """Return the seconds from *begin* to *end*."""
    return float(end.ToNanoseconds() - begin.ToNanoseconds()) / 1e9


def tokens(usage: common.TokenUsage) -> str:
    """Return input and output tokens."""
    return f"{usage.input_tokens} in, {usage.output_tokens} out"


def money(cost: common.Money | None) -> str:
    """Return an amount; a dash where no price is known."""
    if cost is None or not cost.currency_code:
        return "-"
    return f"{cost.nanos / 1e9:.6f} {cost.currency_code}"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def shorten(text: str, limit: int = 100) -> str:
    """Return *text* in one line of at most *limit* characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
