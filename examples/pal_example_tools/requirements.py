"""Requirements in a document: the sentences that say what shall or must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pal_tool_executor.tool_error import ToolError

_LABEL = re.compile(r"^\W*(?P<id>[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d+(?:\.\d+)*)\W*[:.)-]*\s+(?P<rest>\S.*)$", re.DOTALL)
_MODAL = re.compile(r"\b(shall|must)\b", re.IGNORECASE)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(?P<title>.*?)\s*#*\s*$")
_BREAK = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[]?[A-Z0-9*_])")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_MARKUP = re.compile(r"[*_`]{1,3}")


@dataclass(frozen=True)
class Requirement:
    """One requirement: its identifier, its sentence, and the heading it stands under."""

    id: str
    text: str
    section: str

    @property
    def kind(self) -> str:
        """The word that makes it one: shall or must."""
        match = _MODAL.search(self.text)
        return match[1].lower() if match else ""


def list_requirements(document: str) -> dict[str, Any]:
    """Return the requirements in *document*, Markdown or plain text, in their order."""
    return {"requirements": [{"id": found.id, "text": found.text} for found in _requirements(document)]}


def get_requirement(document: str, id: str) -> dict[str, Any]:
    """Return one requirement of *document* with its section and kind."""
    for found in _requirements(document):
        if found.id == id:
            return {"id": found.id, "text": found.text, "section": found.section, "kind": found.kind}
    raise ToolError(f"the document has no requirement {id}")


def _requirements(document: str) -> list[Requirement]:
    found: list[Requirement] = []
    taken: set[str] = set()
    for section, block in _blocks(document):
        label = ""
        if match := _LABEL.match(block):
            label, block = match["id"], match["rest"]
        sentences = [sentence for sentence in _BREAK.split(block) if _MODAL.search(sentence)]
        for number, sentence in enumerate(sentences, start=1):
            own = f"{label}.{number}" if label and len(sentences) > 1 else label
            identifier = own if own and own not in taken else f"R-{len(found) + 1}"
            taken.add(identifier)
            found.append(Requirement(identifier, " ".join(sentence.split()), section))
    return found


def _blocks(document: str) -> list[tuple[str, str]]:
    """Return paragraphs and list items, each with the heading above it."""
    blocks: list[tuple[str, list[str]]] = []
    section, open_block = "", False
    for line in document.splitlines():
        if match := _HEADING.match(line):
            section, open_block = _plain(match["title"]), False
        elif not line.strip():
            open_block = False
        elif not open_block or _ITEM.match(line) or _LABEL.match(_plain(line)):
            blocks.append((section, [_ITEM.sub("", line)]))
            open_block = True
        else:
            blocks[-1][1].append(line)
    return [(heading, _plain(" ".join(lines))) for heading, lines in blocks]


def _plain(text: str) -> str:
    return _MARKUP.sub("", text).strip()
