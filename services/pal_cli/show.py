"""How things look: tables for people, JSON for machines, durations, money, tokens."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import json_format, timestamp_pb2
from google.protobuf.message import Message
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

# A pipe has no width; a table must not lose columns there.
_PIPE_COLUMNS = 240
out = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)
err = Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """Print one error for the operator."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)


def say(text: str = "") -> None:
    """Print a line with rich markup."""
    out.print(text, soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print *rows*, or the sentence *empty* when there are none."""
    grid = Table(box=None, pad_edge=False, header_style="bold dim")
    for column in columns:
        grid.add_column(column, overflow="fold")
    count = 0
    for row in rows:
        grid.add_row(*(escape(str(cell)) for cell in row))
        count += 1
    if count:
        out.print(grid)
    else:
        say(f"[dim]{empty}[/]")


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
