"""Calls side by side: which arguments each has, of what type and value, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal_diff import paths
from pal_diff.alignment import Argued, Meanings, Pair
from pal_diff.findings import ORDER, STRUCTURE, VALUES, Findings
from pal_diff.record import Call, Record
from pal_diff.rules import NO_RULES
from pal_diff.terms import Terms
from pal_diff.values import line, normal, read, spelling
from pal_log.payload import artifact_digest

_STRUCTURE_KINDS = {paths.MISSING: "ARGUMENT_MISSING", paths.ADDED: "ARGUMENT_ADDED", paths.TYPE: "ARGUMENT_TYPE"}
_WORDS = {
    paths.MISSING: "A gives {place}, B leaves it out",
    paths.ADDED: "B gives {place}, A leaves it out",
    paths.TYPE: "{place} is of another type",
    paths.VALUE: "{place} has another value",
}


def argued(record: Record, terms: Terms, meanings: Meanings) -> list[Argued]:
    """Return the calls of a run with their arguments."""
    found = []
    for call in record.calls:
        arguments = call.asked.arguments
        found.append(Argued(call, arguments.json or text_of(arguments, terms), meanings))
    return found


def text_of(payload: common.Payload, terms: Terms) -> str:
    """Return the content of *payload* as text; what is kept elsewhere and was not brought stands as its digest."""
    match payload.WhichOneof("content"):
        case "json":
            return payload.json
        case "text":
            return payload.text
        case "blob":
            return payload.blob.decode(errors="replace")
    kept = terms.contents.get(artifact_digest(payload) or payload.digest)
    return payload.digest if kept is None else kept.decode(errors="replace")


def _known(tool: str, path: paths.Path, terms: Terms) -> bool:
    """Return whether a member is part of the structure: every argument is, and what the schema of the tool declares.

    Members of free objects are data, as the elements of lists are.
    """
    if len(path) <= 1:
        return True
    schema = terms.argument_schemas.get(tool)
    for segment in path:
        if not isinstance(schema, Mapping):
            return False
        if isinstance(segment, int):
            schema = schema.get("items")
        else:
            properties = schema.get("properties")
            schema = properties.get(segment) if isinstance(properties, Mapping) else None
    return schema is not None


def compare_calls(pairs: list[Pair], terms: Terms, findings: Findings) -> None:
    """Compare aligned calls argument by argument, and results where the arguments agree."""
    alike: dict[tuple[str, str], list[Argued]] = {}
    both: Counter[str] = Counter()
    for place, pair in enumerate(pairs):
        if pair.a is None or pair.b is None:
            _alone(pair.a or pair.b, pair.a is not None, place, findings)
            continue
        tool = pair.a.call.tool
        both[tool] += 1
        if pair.a.equals(pair.b):
            alike.setdefault((tool, pair.a.text), []).append(pair.a)
            _results(pair.a.call, pair.b.call, place, terms, findings)
        else:
            _arguments(pair.a, pair.b, place, terms, findings)
    findings.compared(STRUCTURE, both.total())
    for tool, times in both.items():
        findings.tally(ORDER, f"{tool}/call", times, 0)
    shapes: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for (tool, _), calls in alike.items():
        shapes[tool, tuple(paths.leaves(calls[0].value))] += len(calls)
    for (tool, leaves), times in shapes.items():
        for leaf in leaves:
            findings.tally(VALUES, f"{tool}/arguments{leaf}", times, 0)
        findings.compared(VALUES, times * len(leaves))


def _alone(call: Argued | None, of_a: bool, place: int, findings: Findings) -> None:
    assert call is not None
    findings.compared(ORDER)
    findings.tally(ORDER, f"{call.call.tool}/call", 1, 1)
    findings.add(
        ORDER, "CALL_MISSING" if of_a else "CALL_ADDED", path=f"calls/{place}", field=f"{call.call.tool}/call",
        a=call.key if of_a else "", b="" if of_a else call.key,
        seq_a=call.call.seq if of_a else 0, seq_b=0 if of_a else call.call.seq,
        message=f"only {'A' if of_a else 'B'} calls {call.call.tool} here",
    )  # fmt: skip


def _arguments(a: Argued, b: Argued, place: int, terms: Terms, findings: Findings) -> None:
    tool, compared = a.call.tool, Counter(paths.leaves(a.value))
    differing: Counter[str] = Counter()
    for found in paths.differences(a.value, b.value):
        field = paths.pattern(found.path)
        differing[field] += 1
        hard = found.what == paths.TYPE or (
            found.what in _STRUCTURE_KINDS and not found.element and _known(tool, found.path, terms)
        )
        name = f"{tool}{paths.pointer(found.path) or ' arguments'}"
        kind = _STRUCTURE_KINDS.get(found.what, "ARGUMENT_VALUE") if not found.element else "ARGUMENT_ELEMENT"
        findings.add(
            STRUCTURE if hard else VALUES, kind, hard=hard, a=_shown(found.a), b=_shown(found.b),
            path=f"calls/{place}/arguments{paths.pointer(found.path)}", field=f"{tool}/arguments{field}",
            seq_a=a.call.seq, seq_b=b.call.seq, message=_WORDS[found.what].format(place=name),
        )  # fmt: skip
    for field in compared.keys() | differing.keys():
        findings.tally(VALUES, f"{tool}/arguments{field}", max(compared[field], differing[field]), differing[field])
    findings.compared(VALUES, len(compared))


def _shown(value: Any) -> str:
    return "" if value is None else line(value)


def _results(a: Call, b: Call, place: int, terms: Terms, findings: Findings) -> None:
    if a.finished is None or b.finished is None:
        return
    one, other = a.finished.result, b.finished.result
    findings.compared(VALUES)
    equal = one.digest == other.digest and bool(one.digest)
    if not equal:
        one_text, other_text = text_of(one, terms), text_of(other, terms)
        rules = terms.result_rules.get(a.tool, NO_RULES)
        equal = one_text == other_text or equal_texts(one_text, other_text, rules)
        if not equal:
            findings.add(
                VALUES, "RESULT_VALUE", path=f"calls/{place}/result", field=f"{a.tool}/result", a=one_text,
                b=other_text, seq_a=a.seq, seq_b=b.seq, message=f"{a.tool} gave another result for the same arguments",
            )  # fmt: skip
    findings.tally(VALUES, f"{a.tool}/result", 1, int(not equal))


@lru_cache(maxsize=256)
def _spelled(text: str) -> str:
    return spelling(read(text))


def equal_texts(a: str, b: str, rules: Any) -> bool:
    """Return whether two texts of JSON mean the same under *rules*."""
    if rules is NO_RULES:
        return _spelled(a) == _spelled(b)
    return spelling(normal(read(a), rules)) == spelling(normal(read(b), rules))


def shown(pairs: list[Pair], terms: Terms) -> list[pb.AlignedCall]:
    """Return the calls as a reader sees them side by side."""
    rows = []
    for pair in pairs[: terms.max_calls]:
        a, b = pair.a, pair.b
        one = a or b
        assert one is not None
        row = pb.AlignedCall(tool=one.call.tool, effect_class=one.call.asked.effect_class)
        if a:
            row.seq_a, row.outcome_a = a.call.seq, a.call.outcome
            row.arguments_a = line(text_of(a.call.asked.arguments, terms))
        if b:
            row.seq_b, row.outcome_b = b.call.seq, b.call.outcome
            row.arguments_b = line(text_of(b.call.asked.arguments, terms))
        row.arguments_equal = bool(a and b and a.equals(b))
        row.results_equal = bool(a and b) and _same_result(a, b, terms)
        rows.append(row)
    return rows


def _same_result(a: Argued | None, b: Argued | None, terms: Terms) -> bool:
    if a is None or b is None or a.call.finished is None or b.call.finished is None:
        return False
    one, other = text_of(a.call.finished.result, terms), text_of(b.call.finished.result, terms)
    return one == other or equal_texts(one, other, terms.result_rules.get(a.call.tool, NO_RULES))
