"""Test cases from prose."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pal_llm_provider import obligations
from pal_llm_provider.obligations import Obligation, Requirement, obligation, requirements

DOCUMENT = """# Doors, which must be read by nobody

Introduction. The **system** shall lock the door, e.g. at night. It is nice.

- REQ-2: When a guest knocks, the system must open the door within 5 seconds.
- [REQ-3] The door must not open for strangers.
  It stays closed.

| REQ-4 | The bell shall ring. |

## REQ-5 Guests

A guest shall be greeted.

## REQ-6 The light must go on.

Nothing follows from this.

```
this shall be ignored
```
"""


def test_requirements_keep_their_identifiers_and_get_one_otherwise() -> None:
    found = requirements(DOCUMENT)

    assert [(one.id, one.text) for one in found] == [
        ("R-1", "The system shall lock the door, e.g. at night."),
        ("REQ-2", "When a guest knocks, the system must open the door within 5 seconds."),
        ("REQ-3", "The door must not open for strangers."),
        ("REQ-4", "The bell shall ring."),
        ("REQ-5", "Guests A guest shall be greeted."),
        ("REQ-6", "The light must go on."),
    ]


def test_a_condition_is_told_from_subject_and_action() -> None:
    leading = obligation("When a guest knocks, the system must open the door.")
    trailing = obligation("The system must open the door when a guest knocks.")

    told: dict[str, Any] = {"modal": "must", "action": "open the door", "forbidden": False}
    assert leading == Obligation(subject="the system", condition="When a guest knocks", **told)
    assert trailing == Obligation(subject="The system", condition="when a guest knocks", **told)


def test_what_must_not_happen_is_a_negative_case() -> None:
    (case,) = obligations.testcases([Requirement("REQ-3", "The door must not open for strangers.")])

    assert (case["id"], case["requirement"], case["kind"]) == ("TC-001", "REQ-3", "negative")
    assert case["expected"] == "The door must not open for strangers."
    assert "Try to make the door open for strangers." in case["steps"]


def test_a_number_gives_a_boundary_case() -> None:
    plain, boundary = obligations.testcases([Requirement("REQ-2", "The door must open within 5 seconds.")])

    assert (plain["kind"], boundary["kind"]) == ("positive", "boundary")
    assert "just below 5 seconds, exactly 5 seconds and just above 5 seconds" in " ".join(boundary["steps"])


def test_prose_without_obligations_gives_nothing() -> None:
    assert requirements("All is well. It should stay so.") == []


@given(st.text())
def test_any_document_is_read(document: str) -> None:
    cases = obligations.testcases(requirements(document))

    assert [case["id"] for case in cases] == [f"TC-{n:03}" for n in range(1, len(cases) + 1)]
    assert all(case["title"] and case["expected"] and all(case["steps"]) for case in cases)
