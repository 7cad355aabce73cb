"""Declared equivalence as a tree of rules, walked beside the value it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pal.v1 import equivalence_pb2 as equivalences

ANY, BELOW = "*", "**"


@dataclass
class Rules:
    """The rules for one place, and for the places under it."""

    ignore: bool = False
    as_set: bool = False
    caseless: bool = False
    numbers: bool = False
    dates: bool = False
    words: bool = False
    spaces: bool = False
    # Values that stand for each other, as JSON values; the first speaks for all.
    classes: list[tuple[Any, ...]] = field(default_factory=list)
    # Values that mean the same as no value.
    absent: list[Any] = field(default_factory=list)
    children: dict[str, Rules] = field(default_factory=dict)
    below: Rules | None = None

    def child(self, segment: str) -> Rules:
        """Return the rules for a member or an element; those of its own name and those of any name together."""
        found = [rules for rules in (self.children.get(segment), self.children.get(ANY), self.below) if rules]
        if not found:
            return NO_RULES
        return found[0] if len(found) == 1 else _merged(found)

    @property
    def empty(self) -> bool:
        """Return whether nothing here or below may differ."""
        return self is NO_RULES

    @property
    def scalar(self) -> bool:
        """Return whether a value itself is respelled."""
        return self.caseless or self.numbers or self.dates or self.words or self.spaces or bool(self.classes)


NO_RULES = Rules()


def compiled(declared: equivalences.Equivalence) -> Rules:
    """Return *declared* as a tree; a path that is no JSON Pointer has no effect."""
    root = Rules()
    for attribute, paths in (
        ("ignore", declared.ignore),
        ("as_set", declared.sets),
        ("caseless", declared.caseless),
        ("numbers", declared.numbers),
        ("dates", declared.dates),
        ("words", declared.words),
        ("spaces", declared.spaces),
    ):
        for path in paths:
            setattr(_place(root, path), attribute, True)
    for entry in declared.values:
        values = tuple(_values(entry.values))
        place = _place(root, entry.path)
        place.classes.append(values)
        if entry.or_absent:
            place.absent.extend(values)
    return root if declared.ByteSize() else NO_RULES


def with_defaults(rules: Rules, schema_text: str) -> Rules:
    """Return *rules* with every default of the schema: leaving a member out means its default."""
    try:
        schema = json.loads(schema_text) if schema_text else {}
    except (ValueError, RecursionError):
        return rules
    root = Rules() if rules.empty else rules
    _defaults(root, schema, 0)
    return rules if rules.empty and not root.children else root


def _defaults(rules: Rules, schema: Any, depth: int) -> None:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or depth > 8:
        return
    for name, declared in properties.items():
        if isinstance(declared, Mapping) and ("default" in declared or "properties" in declared):
            place = rules.children.setdefault(name, Rules())
            if "default" in declared:
                place.absent.append(declared["default"])
            _defaults(place, declared, depth + 1)


def _place(root: Rules, path: str) -> Rules:
    place = root
    for segment in path.split("/")[1:]:
        if segment == BELOW:
            place.below = place.below or Rules()
            place.below.below = place.below
            return place.below
        place = place.children.setdefault(segment.replace("~1", "/").replace("~0", "~"), Rules())
    return place


def _values(texts: Iterable[str]) -> Iterable[Any]:
    for text in texts:
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            yield text


def _merged(found: list[Rules]) -> Rules:
    merged = Rules(
        **{name: any(getattr(rules, name) for rules in found) for name in _FLAGS},  # type: ignore[arg-type]
        classes=[entry for rules in found for entry in rules.classes],
        absent=[entry for rules in found for entry in rules.absent],
        below=next((rules.below for rules in found if rules.below), None),
    )
    for name in {name for rules in found for name in rules.children}:
        same = [rules.children[name] for rules in found if name in rules.children]
        merged.children[name] = same[0] if len(same) == 1 else _merged(same)
    return merged


_FLAGS = ("ignore", "as_set", "caseless", "numbers", "dates", "words", "spaces")
