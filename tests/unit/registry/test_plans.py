"""Plans: what is taken, and what is refused with the place and the remedy."""

from __future__ import annotations

import pytest

from pal_registry.documents import drafts
from pal_rpc.errors import MeshError

PLAN = """\
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: reviewer, version: 1.0.0}
spec:
  objective: Review.
  tools: [lookup, list_items]
  output: {filename: review.json}
  plan:
    stages:
      - id: extract
        objective: Find the requirements.
        tools: [list_items]
        output: {schema: {type: object}, filename: requirements.json}
      - id: write-cases
        objective: Write test cases.
        after: [extract]
      - id: doubts
        objective: Find what is unclear.
        after: [extract]
        output: {schema: {type: array}}
      - id: merge
        objective: Put both together.
        after: [write-cases, doubts]
"""


def refused(text: str) -> MeshError:
    with pytest.raises(MeshError) as caught:
        drafts(text, "x.yaml")
    return caught.value


def test_a_plan_is_read_as_it_is_written() -> None:
    (draft,) = drafts(PLAN)

    stages = draft.document.agent.spec.plan.stages
    assert [(stage.id, list(stage.after), list(stage.tools)) for stage in stages] == [
        ("extract", [], ["list_items"]),
        ("write-cases", ["extract"], []),
        ("doubts", ["extract"], []),
        ("merge", ["write-cases", "doubts"], []),
    ]
    assert (stages[0].output.schema.text, stages[0].output.filename) == ('{"type":"object"}', "requirements.json")


def test_a_plan_may_be_one_chain_of_32_stages() -> None:
    ids = ["merge", *(f"s{number}" for number in range(28))]
    chain = "".join(f"      - {{id: {id_}, objective: Go on., after: [{ids[at]}]}}\n" for at, id_ in enumerate(ids[1:]))

    (draft,) = drafts(PLAN + chain)

    assert len(draft.document.agent.spec.plan.stages) == 32


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "says"),
    [
        ("id: merge", "id: Merge It", 21, "stages[3].id", "is no id; use lower-case letters"),
        ("id: merge", f"id: {'w' * 64}", 21, "stages[3].id", "at most 63 characters"),
        ("id: write-cases\n        ", "", 14, "stages[1].id", "missing; give the stage an id"),
        ("id: doubts", "id: extract", 17, "stages[2].id", "also the id of spec.plan.stages[0]; ids are unique"),
        ("objective: Write test cases.", "objective: ' '", 15, "stages[1].objective", "missing; say in a sentence"),
        ("[write-cases, doubts]", "[write-case, doubts]", 23, "stages[3].after[0]", "did you mean write-cases?"),
        ("[write-cases, doubts]", "[write-cases, doubts, doubts]", 23, "stages[3].after[2]", "already named"),
        ("[list_items]", "[list_item]", 12, "stages[0].tools[0]", "is no tool of the agent; did you mean list_items?"),
        ("[list_items]", "[lookup, lookup]", 12, "stages[0].tools[1]", "already named by spec.plan.stages[0].tools[0]"),
        ("tools: [lookup, list_items]\n  ", "", 11, "stages[0].tools[0]", "there is none it could name"),
        ("[write-cases, doubts]", "[write-cases]", 9, "stages", "doubts, merge come last side by side; add one stage"),
        ("{type: array}", "{type: arrow}", 20, "stages[2].output.schema", "not a JSON Schema at /type"),
        ("requirements.json", "a/b.json", 13, "stages[0].output.filename", "is not a plain file name"),
        ("requirements.json", "review.json", 13, "stages[0].output.filename", "also the file of spec.output"),
        ("after: [write-cases, doubts]", "after: [write-cases, doubts]\n        output: {}", 24, "stages[3].output",
         "merge is the last, so what it hands on is spec.output"),
        ("objective: Find the requirements.", "objective: x\n        when: now", 12, "stages[0].when", "unknown field"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(good: str, bad: str, line: int, path: str, says: str) -> None:
    assert good in PLAN

    error = refused(PLAN.replace(good, bad, 1))

    assert (error.metadata["path"], error.metadata["line"]) == (f"spec.plan.{path}", str(line))
    assert says in error.message


@pytest.mark.parametrize(
    ("after", "around"),
    [
        ("[merge]", "extract after merge after write-cases after extract"),
        ("[extract]", "extract after extract"),
        ("[doubts]", "extract after doubts after extract"),
    ],
)
def test_a_circle_is_named(after: str, around: str) -> None:
    text = PLAN.replace("objective: Find the requirements.", f"objective: x\n        after: {after}")

    error = refused(text)

    assert error.metadata["path"] == "spec.plan.stages[0].after"
    assert f"goes round in a circle: {around}; take one of them out" in error.message


def test_more_than_32_stages_are_refused() -> None:
    more = "".join(f"      - {{id: s{n}, objective: Go on., after: [merge]}}\n" for n in range(29))

    error = refused(PLAN + more)

    assert "33 stages; a plan has at most 32" in error.message


def test_a_plan_without_stages_is_refused() -> None:
    error = refused(PLAN.partition("    stages:")[0] + "    stages: []\n")

    assert error.metadata["path"] == "spec.plan.stages"
    assert "name the stages, or leave the plan out" in error.message
