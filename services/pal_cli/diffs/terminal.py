"""Two runs side by side in a terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_cli.diffs.figures import figures, judged_word, tier_word
from pal_cli.show import out, say, shorten, word

_MOST_CALLS, _MOST_FINDINGS, _WIDTH = 60, 40, 60


def show(comparison: pb.Comparison) -> None:
    """Print *comparison*."""
    _grid(["", "A", "B"], [_figure(*row) for row in figures(comparison)])
    say()
    _grid(["TIER", "DIFFERENCES", "COMPARED"], [_tier(entry, comparison) for entry in comparison.tiers])
    if comparison.calls:
        say()
        _grid(["CALL", "A", "B"], [_call(call) for call in comparison.calls[:_MOST_CALLS]])
        _more(len(comparison.calls) - _MOST_CALLS, "calls")
    if comparison.findings:
        say()
        columns = ["FINDING", "WHERE", "A", "B", "SEQ"]
        _grid(columns, [_finding(found) for found in comparison.findings[:_MOST_FINDINGS]])
        _more(len(comparison.findings) - _MOST_FINDINGS, "findings")
    for remark in comparison.remarks:
        say(f"[dim]note: {escape(remark)}[/]")


def _grid(columns: list[str], rows: list[list[str]]) -> None:
    grid = Table(box=None, pad_edge=False, header_style="bold dim")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    out.print(grid)


def _more(count: int, what: str) -> None:
    if count > 0:
        say(f"[dim]and {count} more {what}; --json has them, --html shows them[/]")


def _figure(name: str, a: str, b: str) -> list[str]:
    colour = "" if a == b or name == "run" else "[yellow]"
    return [f"[dim]{name}[/]", escape(a), f"{colour}{escape(b)}"]


def _tier(entry: pb.TierDifference, comparison: pb.Comparison) -> list[str]:
    colour = "red" if entry.hard else "yellow" if entry.soft else "green"
    return [tier_word(entry.tier), f"[{colour}]{judged_word(entry, comparison)}[/]", str(entry.compared)]


def _call(call: pb.AlignedCall) -> list[str]:
    if not call.seq_a or not call.seq_b:
        colour, mark = ("red", "-") if call.seq_a else ("green", "+")
    else:
        colour, mark = ("yellow", "~") if not call.arguments_equal else ("dim", "=")
    sides = [
        f"[{colour}]{seq} {escape(shorten(arguments, _WIDTH))}{_ended(outcome)}[/]" if seq else ""
        for seq, arguments, outcome in (
            (call.seq_a, call.arguments_a, call.outcome_a),
            (call.seq_b, call.arguments_b, call.outcome_b),
        )
    ]
    return [f"[{colour}]{mark} {escape(call.tool)}[/]", *sides]


def _ended(outcome: int) -> str:
    if outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED:
        return ""
    return f" ({word(events.ToolCallOutcome, outcome, 'TOOL_CALL_OUTCOME_')})"


def _finding(found: pb.Finding) -> list[str]:
    colour = "red" if found.hard else "yellow"
    seqs = f"{found.seq_a or '-'} / {found.seq_b or '-'}"
    sides = [escape(shorten(side, _WIDTH)) for side in (found.a, found.b)]
    return [f"[{colour}]{'! ' if found.hard else ''}{found.kind}[/]", escape(shorten(found.path, _WIDTH)), *sides, seqs]
