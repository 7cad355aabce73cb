"""Obligations in prose, and the test cases that follow from them.

An obligation is a sentence with "shall" or "must" (RFC 2119 uses them alike). Its subject stands before that word,
what has to happen after it, its condition in a clause that opens with "when", "if" and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_MODAL = re.compile(r"\b(?P<word>shall|must)\b(?P<not>\s+(?:not|never)\b|n't\b)?", re.IGNORECASE)
_OPENER = r"(?:when(?:ever)?|if|while|after|before|once|unless|until|as soon as|in case|where|for each|for every|upon)"
_LEADING = re.compile(rf"^(?P<condition>{_OPENER}\b[^,]*?),\s*(?:then\s+)?(?P<rest>.+)$", re.IGNORECASE | re.DOTALL)
_TRAILING = re.compile(rf"^(?P<rest>.+?),?\s+(?P<condition>{_OPENER}\b.+)$", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.\-])\d+(?:[.,]\d+)*(?:\s*(?:%|[^\W\d_]+))?")
# A condition that opens with one of these states what is the case.
_STATING = re.compile(r"^(?:when(?:ever)?|if|while|after|once|as soon as|where|in case)\s+", re.IGNORECASE)
_EXCLUDED = re.compile(r"^(?:rejects?|refuses?|den(?:y|ies)|blocks?|prevents?|forbids?|ignores?)\b", re.IGNORECASE)

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"^\s*(?:>\s*)*(?:[-*+•]\s+|\d+[.)]\s+|#{1,6}\s+)?(?:\[[ xX]\]\s+)?")
_EMPHASIS = re.compile(r"(\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))")
_ID = re.compile(
    r"^\W*(?P<id>[A-Za-z][A-Za-z0-9_]*(?:[-_.][A-Za-z0-9]+)*[-_.]?\d+(?:\.\d+)*)\W*(?:[:|)\]]|\s[-\u2013\u2014]\s|\s)\s*"
)
_END = re.compile(r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)(?<=[.!?;])\s+(?=[\"'“(\[]?[A-Z0-9])")
_TITLE_CHARACTERS = 100


@dataclass(frozen=True)
class Requirement:
    """A requirement: its identifier and its sentences."""

    id: str
    text: str


@dataclass(frozen=True)
class Obligation:
    """One sentence that obliges."""

    subject: str
    modal: str
    action: str
    condition: str
    forbidden: bool


def requirements(document: str) -> list[Requirement]:
    """Return the requirements in *document*, Markdown or plain text, in order.

    A line or paragraph that starts with an identifier such as ``REQ-7`` keeps it; the others get R-1, R-2 and so on.
    """
    found: list[Requirement] = []
    for block in _blocks(document):
        named = _ID.match(block)
        text = block[named.end() :] if named else block
        obliging = [sentence for sentence in _END.split(text) if _MODAL.search(sentence)]
        if named and obliging:
            found.append(Requirement(named["id"], " ".join(obliging)))
        else:
            found.extend(Requirement(f"R-{len(found) + at}", text) for at, text in enumerate(obliging, start=1))
    return found


def testcases(known: Iterable[Requirement]) -> list[dict[str, Any]]:
    """Return the test cases for *known* requirements, numbered from TC-001."""
    cases = [(known_one.id, case) for known_one in known for case in _cases(known_one.text)]
    return [{"id": f"TC-{at:03}", "requirement": id_, **case} for at, (id_, case) in enumerate(cases, start=1)]


def obligation(sentence: str) -> Obligation | None:
    """Return what *sentence* obliges to; None when it does not."""
    modal = _MODAL.search(sentence)
    if not modal:
        return None
    before, after = sentence[: modal.start()].strip(), sentence[modal.end() :].strip().rstrip(".!;")
    condition = ""
    if leading := _LEADING.match(before):
        condition, before = leading["condition"], leading["rest"]
    elif trailing := _TRAILING.match(after):
        condition, after = trailing["condition"], trailing["rest"]
    return Obligation(
        subject=before.strip(" ,:") or "the system",
        modal=modal["word"].lower(),
        action=after,
        condition=condition.strip(),
        forbidden=bool(modal["not"]),
    )


def _cases(text: str) -> Iterator[dict[str, Any]]:
    for sentence in _END.split(" ".join(text.split())):
        if obliged := obligation(sentence):
            yield _case(obliged)
            numbers = _NUMBER.findall(f"{obliged.subject} {obliged.action} {obliged.condition}")
            yield from (_boundary(obliged, number.strip()) for number in dict.fromkeys(numbers))


def _case(obliged: Obligation) -> dict[str, Any]:
    negative = obliged.forbidden or bool(_EXCLUDED.match(obliged.action))
    verb = "Try to make" if obliged.forbidden else "Have"
    return {
        "title": _title(_expected(obliged)),
        "steps": [*_arranged(obliged), f"{verb} {_lower(obliged.subject)} {obliged.action}.", "Observe what happens."],
        "expected": f"{_upper(_expected(obliged))}.",
        "kind": "negative" if negative else "positive",
    }


def _boundary(obliged: Obligation, number: str) -> dict[str, Any]:
    return {
        "title": _title(f"Boundary {number}: {_expected(obliged)}"),
        "steps": [
            *_arranged(obliged),
            f"Repeat with a value just below {number}, exactly {number} and just above {number}.",
            "Observe what happens at each value.",
        ],
        "expected": f"{_upper(_expected(obliged))}; the change is exactly at {number}.",
        "kind": "boundary",
    }


def _arranged(obliged: Obligation) -> list[str]:
    if not obliged.condition:
        return [f"Arrange {_lower(obliged.subject)}."]
    return [f"Bring this about: {_STATING.sub('', obliged.condition)}."]


def _expected(obliged: Obligation) -> str:
    what = f"{obliged.subject} {obliged.modal}{' not' if obliged.forbidden else ''} {obliged.action}"
    condition = obliged.condition
    return f"{what} {condition[:1].lower()}{condition[1:]}" if condition else what


def _title(text: str) -> str:
    title = _upper(text)
    return title if len(title) <= _TITLE_CHARACTERS else title[: _TITLE_CHARACTERS - 1].rstrip() + "…"


def _blocks(document: str) -> Iterator[str]:
    """Yield the items and paragraphs of *document* as plain text, without code.

    A heading counts where it has an identifier: it is the first line of what stands below it.
    """
    block: list[str] = []
    for line in [*_FENCE.sub("", document).splitlines(), ""]:
        marker = _MARKER.match(line)
        sign = marker.group().strip() if marker else ""
        text = _EMPHASIS.sub("", line[marker.end() if marker else 0 :]).strip(" |")
        titled = bool(block) and block[0].startswith("#")
        if block and (sign or "|" in line or _ID.match(text) or not (text or titled)):
            yield " ".join(block).lstrip("#")
            block = []
        if text and (not sign.startswith("#") or _ID.match(text)):
            opening = "#" if sign.startswith("#") and not _MODAL.search(text) else ""
            block.append(opening + text.replace(" | ", " "))
        elif block and titled and len(block) > 1:
            yield " ".join(block).lstrip("#")
            block = []
    if block:
        yield " ".join(block).lstrip("#")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    # Names and abbreviations keep their capitals.
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first in ("The", "A", "An", "Each", "Every", "All", "Any", "No") else text
