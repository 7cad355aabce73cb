"""How advice looks on one screen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich.markup import escape

from pal.v1 import advice_pb2 as pb
from pal_advice.measures import rule_of, shown
from pal_cli.show import moment, say, shorten, table

_COLOURS = {
    pb.ADVICE_VERDICT_MAY_STAY: "green",
    pb.ADVICE_VERDICT_WATCH: "yellow",
    pb.ADVICE_VERDICT_PREPARE: "yellow",
    pb.ADVICE_VERDICT_MUST_MIGRATE: "red",
}
_STATES = {pb.ADVICE_EVIDENCE_STATE_KNOWN: "", pb.ADVICE_EVIDENCE_STATE_EXPIRED: "expired"}


def word(verdict: pb.AdviceVerdict) -> str:
    """Return *verdict* as people write it."""
    return pb.AdviceVerdict.Name(verdict).removeprefix("ADVICE_VERDICT_")


def show(found: pb.Advice) -> None:
    """Print *found*: the verdict, what each rule came to with its evidence, and what would change it."""
    colour = _COLOURS.get(found.verdict, "yellow")
    say(f"[bold {colour}]{word(found.verdict)}[/] {escape(f'{found.runtime} {found.version}'.strip())}")
    rules = f"{found.rules.name} {found.rules.version}"
    until = f", good until {moment(found.expires_at)}" if found.HasField("expires_at") else ""
    say(f"[dim]by the rules {escape(rules)}, {moment(found.decided_at)}{until}[/]")
    say()
    table(["RULE", "VERDICT", "WHY"], [_finding(one) for one in found.findings], empty="no rule")
    say()
    order = [measure for one in found.findings for measure in one.measures]
    evidence = sorted(found.evidence, key=lambda one: order.index(one.measure))
    rows = [_evidence(list(same)) for _, same in itertools.groupby(evidence, key=_alike)]
    table(["EVIDENCE", "VALUE", "OBSERVED", "GOOD UNTIL", "WHAT, AND FROM WHERE"], rows, empty="no evidence")
    _change(found.milder if found.HasField("milder") else None)
    _change(found.severer if found.HasField("severer") else None)


def _finding(one: pb.AdviceFinding) -> list[object]:
    return [one.rule, word(one.verdict), one.reason]


def _alike(one: pb.AdviceEvidence) -> object:
    """Return a key that is equal for what is missing for the same reason."""
    return one.measure if one.HasField("value") else (rule_of(one.measure), one.detail)


def _evidence(same: Sequence[pb.AdviceEvidence]) -> list[object]:
    one = same[0]
    value = shown(one.measure, one.value) if one.HasField("value") else "not known"
    state = _STATES.get(one.state, "not known")
    source = f" [{one.source}]" if one.source else ""
    return [
        f"{one.measure} and {len(same) - 1} more" if len(same) > 1 else one.measure,
        f"{value} ({state})" if state and state != value else value,
        moment(one.observed_at)[:16],
        moment(one.expires_at)[:16],
        shorten(one.detail, 90) + source,
    ]


def _change(change: pb.AdviceChange | None) -> None:
    if change is None:
        return
    say(f"\nIt would be [bold]{word(change.verdict)}[/] with")
    for shift in change.shifts:
        say(f"  {escape(shift.text)}")
