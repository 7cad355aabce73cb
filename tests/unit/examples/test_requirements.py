"""The example tools read documents that nobody here wrote."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pal_tool_executor.tool_error import ToolError

sys.path.insert(0, str(Path(__file__).parents[3] / "examples"))

from pal_example_tools.requirements import get_requirement, list_requirements


def ids(document: str) -> list[str]:
    return [found["id"] for found in list_requirements(document)["requirements"]]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("", []),
        ("Nothing is asked for here.", []),
        ("The door shall close.", ["R-1"]),
        ("The door shall close. It is red. It must lock.", ["R-1", "R-2"]),
        ("- FR-3: The door shall close.\n- FR-4: It must lock.", ["FR-3", "FR-4"]),
        ("**REQ-12**: The door shall close.", ["REQ-12"]),
        ("1. The door shall close.\n2. It is red.\n3. It must lock.", ["R-1", "R-2"]),
        ("FR-3: The door shall close. It must lock.", ["FR-3.1", "FR-3.2"]),
        ("# FR-9 Doors\r\n\r\nThe door shall close\r\nwithin 3 s.\r\n", ["R-1"]),
        ("Die Tür shall schließen — sofort.", ["R-1"]),
        ("SHALLOW water is no requirement.", []),
    ],
)
def test_requirements_are_found(document: str, expected: list[str]) -> None:
    assert ids(document) == expected


def test_a_requirement_knows_its_section() -> None:
    document = "# House\n\n## Doors\n\nThe door must\nclose.\n"

    assert get_requirement(document, "R-1") == {
        "id": "R-1",
        "text": "The door must close.",
        "section": "Doors",
        "kind": "must",
    }


def test_an_unknown_requirement_is_an_error_for_the_model() -> None:
    with pytest.raises(ToolError, match="no requirement R-7"):
        get_requirement("The door shall close.", "R-7")
