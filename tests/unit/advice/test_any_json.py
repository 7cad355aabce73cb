"""Whatever stands in a place of a file, it is understood or refused with a field: never a fault of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from pal.service.v1 import migration_service_pb2 as pb
from pal_advice import advisories, matrix, releases
from pal_rpc.errors import InvalidField
from tests.unit.advice.facts import NOW
from tests.unit.advice.test_advisories import vulnerability
from tests.unit.advice.test_sources import MATRIX, NPM, PYPI, SIMPLE

INSTEAD: tuple[Any, ...] = (None, True, 3, -1.5, "", "soon", [], {}, [3], ["1.0"], {"a": {}})
ADVISORIES = {
    "vulns": [
        vulnerability(
            {"introduced": "0"},
            {"fixed": "4.0"},
            withdrawn="2030-01-01T00:00:00Z",
            database_specific={"severity": "HIGH"},
        )
    ]
}


def altered(content: Any) -> Iterator[Any]:
    """Yield *content* with something else in each of its places, and without it."""
    for path in _paths(content):
        for instead in INSTEAD:
            changed = copy.deepcopy(content)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = instead
            yield changed
        del holder[path[-1]]
        yield changed


def _paths(content: Any) -> Iterator[tuple[Any, ...]]:
    steps = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for step in steps:
        yield (step,)
        yield from ((step, *rest) for rest in _paths(content[step]))


def as_file(content: object) -> pb.AdviceFile:
    return pb.AdviceFile(source="given.json", text=json.dumps(content))


def test_advisories() -> None:
    for content in altered(ADVISORIES):
        with suppress(InvalidField):
            seen = advisories.evidence_of([as_file(content)], advisories.Package("agno", "PyPI", "3.1.10"), NOW)

            assert [one.measure for one in seen if one.HasField("value")] == [one.measure for one in seen]


@pytest.mark.parametrize(("content", "ecosystem"), [(PYPI, "PyPI"), (SIMPLE, "PyPI"), (NPM, "npm")])
def test_releases(content: object, ecosystem: str) -> None:
    for changed in altered(content):
        with suppress(InvalidField):
            assert len(releases.cadence(as_file(changed), ecosystem, NOW)) == 2


def test_a_matrix() -> None:
    for content in altered(MATRIX):
        with suppress(InvalidField):
            raw = matrix.read(as_file(content), "agno")
            at = matrix.measured_at(raw, as_file(content), NOW)
            matrix.conformance(raw, "3.1.10", "", at)
            releases.licence("3.1.10", releases.licences_of(raw, ""), "PyPI", at)

            assert len(matrix.upgrades(raw, "", at)) == 2
