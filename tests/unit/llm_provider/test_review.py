"""The stand-in in a review: each stage computes its answer from what the stages before handed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pal_llm_provider.obligations import Requirement
from pal_llm_provider.reading import Reply
from pal_llm_provider.testcase_review import doubts
from tests.unit.llm_provider.test_scripted import Talk

DOCUMENT = "- CM-1: The machine shall brew a cup quickly.\n- CM-2: The machine must stop within 5 seconds.\n"
REQUIREMENTS = [
    {"id": "CM-1", "text": "The machine shall brew a cup quickly."},
    {"id": "CM-2", "text": "The machine must stop within 5 seconds."},
]


def schema(*names: str) -> str:
    return json.dumps({"type": "object", "properties": {name: {"type": "array"} for name in names}})


def output(stage: str, **content: Any) -> str:
    return f"Output of stage {stage}:\n\n{json.dumps(content)}"


def said(answer: Reply) -> Any:
    return json.loads(answer.text)


def in_stage(wanted: tuple[str, ...], *outputs: str) -> Any:
    talk = Talk("list_requirements", schema=schema(*wanted))
    answers = [talk.say(text) for text in (DOCUMENT, *outputs)]
    return said(answers[-1])


def test_requirements_are_looked_up_and_handed_on() -> None:
    talk = Talk("list_requirements", schema=schema("requirements"))

    asked = talk.say(DOCUMENT)
    answer = talk.give(asked, [{"requirements": REQUIREMENTS}])

    assert [(ask.name, json.loads(ask.arguments)) for ask in asked.asks] == [
        ("list_requirements", {"document": DOCUMENT})
    ]
    assert said(answer) == {"requirements": REQUIREMENTS}


def test_without_the_tool_they_are_read_from_the_document() -> None:
    answer = Talk(schema=schema("requirements")).say(DOCUMENT)

    assert said(answer) == {"requirements": REQUIREMENTS}


def test_test_cases_are_of_the_requirements_that_were_handed_on() -> None:
    answer = in_stage(("testcases",), output("extract", requirements=REQUIREMENTS[1:]))

    cases = answer["testcases"]
    assert [(case["requirement"], case["kind"]) for case in cases] == [("CM-2", "positive"), ("CM-2", "boundary")]


def test_doubts_are_of_the_requirements_that_were_handed_on() -> None:
    answer = in_stage(("doubts",), output("extract", requirements=REQUIREMENTS))

    question = "quickly: Within which time?"
    assert answer == {"doubts": [{"requirement": "CM-1", "words": "quickly", "question": question}]}


def test_the_last_stage_merges_and_marks_what_is_in_doubt() -> None:
    cases = [{"id": "TC-001", "requirement": "CM-1"}, {"id": "TC-002", "requirement": "CM-2"}]
    found = [{"requirement": "CM-1", "words": "quickly", "question": "?"}]

    answer = in_stage(
        ("testcases", "doubts"), output("write-cases", testcases=cases), output("find-doubts", doubts=found)
    )

    assert [case["inDoubt"] for case in answer["testcases"]] == [True, False]
    assert answer["doubts"] == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It shall answer as soon as possible and be easy to read.", ["as soon as possible", "easy to read"]),
        ("It shall take coins, notes, etc.", ["etc."]),
        ("It shall keep several copies for about 3 days.", ["several", "about"]),
        ("It shall react appropriately if necessary.", ["appropriately", "if necessary"]),
        ("It shall be fastened with 4 screws within 3 seconds.", []),
    ],
)
def test_words_that_say_too_little_are_found(text: str, words: list[str]) -> None:
    assert [doubt["words"] for doubt in doubts([Requirement("R-1", text)])] == words
