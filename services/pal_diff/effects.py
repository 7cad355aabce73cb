"""The writes that two runs intended, as sets: how often the world would have been changed, and how.

A write that was refused changed nothing and counts as no effect; it still shows what the run intended, so its tool
counts among the classes of irreversible writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from pal_diff.alignment import Argued, Pair
from pal_diff.findings import EFFECTS, Findings
from pal_diff.record import Record, irreversible
from pal_diff.terms import Terms


def compare_effects(pairs: list[Pair], a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    """Compare what both runs did to the world."""
    intended = ((place, _write(pair.a), _write(pair.b)) for place, pair in enumerate(pairs))
    writes = [(place, one, other) for place, one, other in intended if one or other]
    of_a, of_b = _effects(one for _, one, _ in writes), _effects(other for _, _, other in writes)
    places = {id(call): place for place, *both in writes for call in both if call}
    findings.compared(EFFECTS, len(of_a.keys() | of_b.keys()))
    changed: set[tuple[str, str]] = set()
    for place, one, other in writes:
        if one and other and not one.equals(other):
            key_a, key_b = _key(one), _key(other)
            if key_a not in of_b and key_b not in of_a:
                changed |= {key_a, key_b}
                _add(findings, "EFFECT_DIFFERS", one, other, place, "was called with other arguments")
    for key, calls in of_a.items():
        if key not in of_b and key not in changed:
            _add(findings, "EFFECT_MISSING", calls[0], None, places[id(calls[0])], "was called by A alone")
    for key, calls in of_b.items():
        if key not in of_a and key not in changed:
            _add(findings, "EFFECT_ADDED", None, calls[0], places[id(calls[0])], "was called by B alone")
    _repeated(of_a, of_b, places, terms, findings)
    _new_classes(a, b, terms, findings)
    tools = {key[0] for key in of_a.keys() | of_b.keys()}
    differing = Counter(key[0] for key in of_a.keys() ^ of_b.keys())
    for tool in tools:
        findings.tally(EFFECTS, f"{tool}/effect", 1, int(differing[tool] > 0))


Effects = dict[tuple[str, str], list[Argued]]


def _write(call: Argued | None) -> Argued | None:
    return call if call and not call.call.harmless and not call.call.refused else None


def _effects(calls: Iterable[Argued | None]) -> Effects:
    found: Effects = {}
    for call in calls:
        if call:
            found.setdefault(_key(call), []).append(call)
    return found


def _key(call: Argued) -> tuple[str, str]:
    return call.call.tool, call.key


def _repeated(of_a: Effects, of_b: Effects, places: dict[int, int], terms: Terms, findings: Findings) -> None:
    """Note the same write done again by B alone; hard where no other write came in between.

    After another write, the same may be meant: a booking that was cancelled is made again.
    """
    in_a, in_b = (_again(sorted(chain(*done.values()), key=lambda call: call.call.seq)) for done in (of_a, of_b))
    for key, (times, second) in in_b.items():
        before = in_a[key][0] if key in in_a else 1
        if times > before:
            at_once, tool = key[2], key[0]
            text = f"was done {times} times by B" + (" with no other write in between" if at_once else "")
            hard = at_once and tool not in terms.repeatable
            _add(findings, "EFFECT_REPEATED", None, second, places[id(second)], text, hard=hard)


def _again(calls: list[Argued]) -> dict[tuple[str, str, bool], tuple[int, Argued]]:
    """Return how often each write was done more than once, and the second time; apart by whether it was at once."""
    found: dict[tuple[str, str, bool], tuple[int, Argued]] = {}
    last: tuple[str, str] | None = None
    done: set[tuple[str, str]] = set()
    for call in calls:
        key = _key(call)
        if key in done:
            times, second = found.get((*key, key == last), (1, call))
            found[(*key, key == last)] = times + 1, second
        done.add(key)
        last = key
    return found


def _new_classes(a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    """Note tools whose irreversible writes B intends and A does not.

    Hard where A could not have called the tool at all; where it could and did not, the history of A decides, which only
    a judge of many pairs knows.
    """
    pinned = {tool.name for tool in a.accepted.tools}
    intended = set(irreversible(a, terms))
    for tool in irreversible(b, terms):
        if tool in intended:
            continue
        seq = next(call.seq for call in b.calls if call.tool == tool)
        findings.add(
            EFFECTS, "EFFECT_CLASS_NEW", hard=tool not in pinned, path=f"effects/{tool}", field=f"{tool}/class",
            b=tool, seq_b=seq, message=f"B intends {tool}, which cannot be taken back and which A does not call",
        )  # fmt: skip


def _add(
    findings: Findings, kind: str, a: Argued | None, b: Argued | None, place: int, text: str, *, hard: bool = False
) -> None:
    tool = (a or b).call.tool  # type: ignore[union-attr]
    findings.add(
        EFFECTS, kind, hard=hard, path=f"calls/{place}", field=f"{tool}/effect", a=a.key if a else "",
        b=b.key if b else "", seq_a=a.call.seq if a else 0, seq_b=b.call.seq if b else 0, message=f"{tool} {text}",
    )  # fmt: skip
