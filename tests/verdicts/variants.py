"""Argument values that a benchmark accepts for the same call, and values that it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from pal.v1 import tool_spec_pb2 as tools
from pal_diff.compare import compare
from pal_diff.terms import Log, Terms
from tests.unit.diff.logs import raw_call, run
from tests.verdicts.airline import DATA
from tests.verdicts.report import Section, percent

_FILES = ("simple_python", "multiple", "parallel_multiple")
_ABSENT = ""


@dataclass(frozen=True)
class Accepted:
    """A call with its first accepted values, the alternatives of each argument, and what has to be declared."""

    tool: str
    arguments: dict[str, Any]
    alternatives: dict[str, list[Any]]

    def variants(self) -> Iterator[dict[str, Any]]:
        """Yield the call with one argument as another accepted value, or left out where that is accepted."""
        for name, values in self.alternatives.items():
            rest = {key: value for key, value in self.arguments.items() if key != name}
            for value in values:
                if value == _ABSENT:
                    if name in self.arguments:
                        yield rest
                elif name not in self.arguments or value != self.arguments[name]:
                    yield {**rest, name: value}

    def others(self) -> Iterator[dict[str, Any]]:
        """Yield the call with one argument as a value that is not accepted, or left out where that is not."""
        for name, values in self.alternatives.items():
            rest = {key: value for key, value in self.arguments.items() if key != name}
            if _ABSENT not in values and name in self.arguments:
                yield rest
            for other in _others(next((value for value in values if value != _ABSENT), "x")):
                if other not in values or isinstance(other, bool) is not any(isinstance(v, bool) for v in values):
                    yield {**rest, name: other}


def accepted() -> Section:
    """Compare every accepted variant of every call with its first form, and every unaccepted one."""
    section = Section(
        "Accepted and unaccepted arguments",
        "BFCL v4 (simple, multiple, parallel multiple). For each call one argument at a time takes another accepted "
        "value, or is left out where that is accepted; then a value that is not accepted. Forms are declared without "
        "knowing the answers: case, punctuation and the spelling of numbers and dates mean nothing. What the benchmark "
        "accepts beyond forms only a declaration of values can say.",
        ("Declared", "Accepted variants equal", "Unaccepted variants different"),
    )
    calls = [call for name in _FILES for call in _calls(name)]
    rows = {}
    for name, declare in (("nothing", _nothing), ("forms", _forms), ("forms and the accepted values", _values)):
        same, pairs = _equal(calls, declare, accept=True)
        kept, others = _equal(calls, declare, accept=False)
        rows[name] = same, pairs, others - kept, others
        section.rows.append([name, percent(same, pairs), percent(others - kept, others)])
    same, pairs, different, others = rows["forms and the accepted values"]
    section.claim("every accepted variant is equal under declared equivalence", f"{same} of {pairs}", same == pairs)
    section.claim("every unaccepted one is different", f"{different} of {others}", different == others)
    return section


def _equal(calls: list[Accepted], declare: Any, *, accept: bool) -> tuple[int, int]:
    equal = total = 0
    for call in calls:
        spec = tools.ToolSpec()
        json_format.ParseDict(declare(call), spec.spec.equivalence.input)
        terms = Terms(tools={call.tool: spec})
        first = _run(call.tool, call.arguments)
        for variant in call.variants() if accept else call.others():
            equal += not compare(first, _run(call.tool, variant), terms).findings
            total += 1
    return equal, total


def _run(tool: str, arguments: dict[str, Any]) -> Log:
    return run([raw_call(tool, json.dumps(arguments))])


def _calls(name: str) -> Iterator[Accepted]:
    for line in (DATA / f"bfcl/possible_answer_BFCL_v4_{name}.jsonl").read_text().splitlines():
        for call in json.loads(line)["ground_truth"]:
            ((tool, arguments),) = call.items()
            alternatives = {key: [_plain(value) for value in values] for key, values in arguments.items()}
            first = {key: next((v for v in values if v != _ABSENT), None) for key, values in alternatives.items()}
            given = {key: value for key, value in first.items() if value is not None}
            yield Accepted(tool, given, alternatives)


def _plain(value: Any) -> Any:
    """Return a value whose members, for which the benchmark lists alternatives too, have their first one."""
    if isinstance(value, dict):
        first = {key: next((v for v in values if v != _ABSENT), None) for key, values in value.items()}
        return {key: _plain(member) for key, member in first.items() if member is not None}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1017
        yield [value]
    elif isinstance(value, str):
        yield value + " zzz"
        yield [value, "zzz"]
    elif isinstance(value, list):
        yield [*value, "zzz"]
        yield {"zzz": value}
    elif isinstance(value, dict):
        yield {**value, "zzz": 1}


def _nothing(call: Accepted) -> dict[str, Any]:
    return {}


def _forms(call: Accepted) -> dict[str, Any]:
    return {"caseless": ["/**"], "words": ["/**"], "numbers": ["/**"], "dates": ["/**"]}


def _values(call: Accepted) -> dict[str, Any]:
    values = [
        {
            "path": "/" + name.replace("~", "~0").replace("/", "~1"),
            "values": [json.dumps(value) for value in alternatives if value != _ABSENT],
            "orAbsent": _ABSENT in alternatives,
        }
        for name, alternatives in call.alternatives.items()
    ]
    return {**_forms(call), "values": values}
