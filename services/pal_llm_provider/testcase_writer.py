"""The rule of a test case writer: it looks requirements up and derives a test case from each obligation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pal_llm_provider.obligations import Requirement, requirements, testcases
from pal_llm_provider.reading import Reading, Reply, Result, ask

LIST, GET = "list_requirements", "get_requirement"
_AT_A_TIME = 8


def reply(reading: Reading) -> Reply | None:
    """Return the next lookups, or the test cases; None where neither is wanted."""
    if not {LIST, GET} <= reading.tools:
        return _answer(requirements(reading.newest)) if _wants_testcases(reading.answer_schema) else None
    listed = reading.of(LIST)
    if not listed:
        return Reply(asks=[ask(LIST, document=reading.newest)])
    known = _listed(listed[-1])
    if known is None:
        # Without the list there is still the document.
        return _answer(requirements(reading.newest))
    looked_up = {str(result.arguments.get("id")): result for result in reading.of(GET)}
    missing = [requirement.id for requirement in known if requirement.id not in looked_up]
    if missing:
        return Reply(asks=[ask(GET, document=reading.newest, id=id_) for id_ in missing[:_AT_A_TIME]])
    return _answer(_complete(requirement, looked_up[requirement.id]) for requirement in known)


def _answer(known: Iterable[Requirement]) -> Reply:
    return Reply(json.dumps({"testcases": testcases(known)}, ensure_ascii=False, indent=2))


def _wants_testcases(schema: Any) -> bool:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and "testcases" in properties


def _listed(result: Result) -> list[Requirement] | None:
    items = result.value.get("requirements") if isinstance(result.value, dict) else result.value
    if result.failed or not isinstance(items, list):
        return None
    named = [item for item in items if isinstance(item, dict) and "id" in item]
    return [Requirement(str(item["id"]), str(item.get("text", ""))) for item in named]


def _complete(requirement: Requirement, result: Result) -> Requirement:
    # What cannot be looked up is taken from the list.
    text = result.value.get("text") if isinstance(result.value, dict) and not result.failed else None
    return Requirement(requirement.id, str(text)) if text else requirement
