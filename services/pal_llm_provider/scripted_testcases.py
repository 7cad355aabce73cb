"""The rule of the test-case writer: test cases from the "shall" and "must" sentences of a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pal_llm_provider.provider import ToolAsk
from pal_llm_provider.reading import Reading

LIST, GET = "list_requirements", "get_requirement"
_AT_ONCE = 8
_SENTENCE = re.compile(
    r"^(?P<subject>.*?)\b(?P<modal>shall|must)\b(?P<negation>\s+(?:not|never)\b)?\s*(?P<action>.*?)[.;:]?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_LEADING = re.compile(r"^\s*(?P<condition>(?:when|if|while|after|before|once|unless)\b[^,]*),\s*", re.IGNORECASE)
_TRAILING = re.compile(r"[\s,]+(?P<condition>(?:when|if|while|after|before|once|unless)\b.*)$", re.I | re.S)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")
_TITLE_CHARACTERS = 80


def fits(reading: Reading) -> bool:
    """Tell whether test cases are asked for."""
    return {LIST, GET} <= reading.tools or '"testcases"' in reading.schema


def answer(reading: Reading) -> tuple[str, list[ToolAsk]]:
    """Return the text and the tools to ask for next: first the list, then each requirement, then the test cases."""
    document = reading.newest
    if not {LIST, GET} <= reading.tools:
        found = [{"id": f"R-{n}", "text": text} for n, text in enumerate(sentences(document), start=1)]
        return _handed_back(found), []
    listed = reading.of(LIST)
    if not listed:
        return "", [_ask(LIST, document=document)]
    if listed[-1].is_failure:
        return _handed_back([]), []
    wanted = [str(item["id"]) for item in _items(listed[-1].value)]
    got = {str(result.arguments.get("id")): result for result in reading.of(GET)}
    if missing := [name for name in wanted if name not in got]:
        return "", [_ask(GET, document=document, id=name) for name in missing[:_AT_ONCE]]
    return _handed_back([_requirement(name, got[name].value) for name in wanted if not got[name].is_failure]), []


def sentences(document: str) -> Iterator[str]:
    """Yield the sentences of *document* that say what shall or must be."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n|\n\s*[-*]\s+", document):
        text = " ".join(sentence.split())
        if re.search(r"\b(shall|must)\b", text, re.IGNORECASE):
            yield text


def _handed_back(requirements: list[dict[str, Any]]) -> str:
    cases = [case for requirement in requirements for case in _cases(requirement)]
    for number, case in enumerate(cases, start=1):
        case["id"] = f"TC-{number:03d}"
    return json.dumps({"testcases": cases}, ensure_ascii=False, indent=2)


def _cases(requirement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    text = " ".join(str(requirement.get("text", "")).split())
    match = _SENTENCE.match(text)
    if match is None:
        return
    condition, subject = _split(_LEADING, match["subject"])
    later, action = _split(_TRAILING, match["action"])
    condition = condition or later
    negative = match["negation"] is not None
    subject = subject.strip() or "the system"
    steps = [f"Bring about the condition: {condition}."] if condition else []
    steps += [f"Have {subject} {'try to ' if negative else ''}{action}.", "Observe what happens."]
    expected = f"{subject[:1].upper()}{subject[1:]} {match['modal'].lower()}{' not' if negative else ''} {action}."
    yield _case(requirement, text, steps, expected, "negative" if negative else "positive")
    if number := _NUMBER.search(action + " " + condition):
        limit = [*steps[:-1], f"Repeat just below, at, and just above {number[0]}.", steps[-1]]
        title, held = f"Boundary at {number[0]}: {text}", f"{expected} The limit {number[0]} holds."
        yield _case(requirement, title, limit, held, "boundary")


def _case(requirement: Mapping[str, Any], title: str, steps: list[str], expected: str, kind: str) -> dict[str, Any]:
    short = title if len(title) <= _TITLE_CHARACTERS else title[: _TITLE_CHARACTERS - 1] + "…"
    return {
        "id": "",
        "requirement": str(requirement.get("id", "")),
        "title": short,
        "steps": steps,
        "expected": expected,
        "kind": kind,
    }


def _split(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    if match := pattern.search(text):
        return match["condition"].strip(), (text[: match.start()] + text[match.end() :]).strip()
    return "", text.strip()


def _items(value: Any) -> list[dict[str, Any]]:
    items = value.get("requirements", []) if isinstance(value, dict) else []
    return [item for item in items if isinstance(item, dict) and "id" in item]


def _requirement(name: str, value: Any) -> dict[str, Any]:
    return {"id": name, "text": value.get("text", "") if isinstance(value, dict) else str(value)}


def _ask(tool: str, **arguments: str) -> ToolAsk:
    return ToolAsk(tool, json.dumps(arguments, ensure_ascii=False))
