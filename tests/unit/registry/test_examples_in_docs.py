"""The examples of docs/documents.md are documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pal_registry.documents import drafts

PAGE = Path(__file__).parents[3] / "docs" / "documents.md"
EXAMPLES = re.findall(r"```(?:yaml|json)\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_good(text: str) -> None:
    assert len(drafts(text, "docs/documents.md")) == 1


def test_every_kind_has_an_example() -> None:
    kinds = {drafts(text)[0].document.WhichOneof("spec") for text in EXAMPLES}

    assert kinds == {"agent", "tool", "policy", "quota", "runtime"}
