"""The rule of a test-case review: each stage computes what its schema asks for from what was handed on to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pal_llm_provider.obligations import Requirement, requirements, testcases
from pal_llm_provider.reading import Reading, Reply, ask, parsed

LIST = "list_requirements"
_HANDED_ON = re.compile(r"Output of stage [a-z0-9-]+:\n\n(?P<output>.*)", re.DOTALL)
# What two readers take for different things, and what has to be asked.
_VAGUE = {
    r"(?:quick|fast|prompt|timely|immediate|soon)(?:ly)?|as soon as possible": "Within which time?",
    r"(?:easy|easily|simple|simply|intuitive(?:ly)?|user-friendly)(?: to \w+)?": "How is that measured, and with whom?",
    r"(?:appropriate|suitable|adequate|sufficient|proper|reasonable)(?:ly)?": "What exactly has to happen?",
    r"etc\b\.?|and so on|and/or|among others": "What else belongs to it?",
    r"(?:some|several|many|few|various|most)(?= \w)": "How many?",
    r"(?:usual|normal|typical|general)(?:ly)?|if possible|where possible|if necessary|as needed": "When not?",
    r"(?:about|approximately|roughly|nearly|around)(?= \d)": "With which tolerance?",
}


def reply(reading: Reading) -> Reply | None:
    """Return what the stage hands on; None where no review is asked for."""
    schema = reading.answer_schema
    asked = set(schema.get("properties", ())) if isinstance(schema, dict) else set()
    handed_on = _handed_on([*reading.earlier, reading.newest])
    if asked == {"requirements"}:
        return _listed(reading)
    if "requirements" in handed_on and asked == {"testcases"}:
        return _answer(testcases=testcases(_requirements(handed_on)))
    if "requirements" in handed_on and asked == {"doubts"}:
        return _answer(doubts=list(doubts(_requirements(handed_on))))
    if {"testcases", "doubts"} <= asked & handed_on.keys():
        return _merged(handed_on["testcases"], handed_on["doubts"])
    return None


def doubts(known: Iterable[Requirement]) -> Iterator[dict[str, str]]:
    """Yield the words in *known* requirements that have to be asked about, in their order."""
    for requirement in known:
        found = [
            (match.start(), match.group(), question)
            for words, question in _VAGUE.items()
            for match in re.finditer(rf"\b(?:{words})(?!\w)", requirement.text, re.IGNORECASE)
        ]
        for _, words, question in sorted(found):
            yield {"requirement": requirement.id, "words": words, "question": f"{words}: {question}"}


def _listed(reading: Reading) -> Reply:
    if LIST in reading.tools and not reading.of(LIST):
        return Reply(asks=[ask(LIST, document=reading.newest)])
    given = reading.of(LIST)
    value = given[-1].value if given and not given[-1].failed else None
    listed = value.get("requirements") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        listed = [{"id": found.id, "text": found.text} for found in requirements(reading.newest)]
    return _answer(requirements=listed)


def _merged(cases: Any, doubtful: Any) -> Reply:
    in_doubt = {doubt.get("requirement") for doubt in doubtful}
    marked = [{**case, "inDoubt": case.get("requirement") in in_doubt} for case in cases]
    return _answer(testcases=marked, doubts=doubtful)


def _handed_on(said: Iterable[str]) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    for text in said:
        if (match := _HANDED_ON.fullmatch(text)) and isinstance(value := parsed(match["output"]), dict):
            outputs.update(value)
    return outputs


def _requirements(handed_on: Mapping[str, Any]) -> list[Requirement]:
    items = [item for item in handed_on["requirements"] if isinstance(item, dict)]
    return [Requirement(str(item.get("id", "")), str(item.get("text", ""))) for item in items]


def _answer(**content: Any) -> Reply:
    return Reply(json.dumps(content, ensure_ascii=False, indent=2))
