"""How messages name what was meant and what was found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pal_registry.nodes import Node

_SHOWN = 60
_MOST_NAMES = 16


def found(node: Node) -> str:
    """Return what *node* is, in the words of an author."""
    match node.value:
        case None:
            return "nothing"
        case bool(value):
            return str(value).lower()
        case int() | float():
            return f"the number {node.spelling[:_SHOWN]}"
        case str(text):
            return f'the text "{text[:_SHOWN]}"'
        case list():
            return "a list"
        case _:
            return "a mapping"


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of *names* that *name* was probably meant to be; empty when there is none."""
    by_folded = {folded(known): known for known in names}
    return next((by_folded[match] for match in difflib.get_close_matches(folded(name), by_folded, n=1)), "")


def hint(name: str, names: Sequence[str]) -> str:
    """Return what may help whoever wrote *name*: the nearest of *names*, else all of them."""
    if meant := nearest(name, names):
        return f"did you mean {meant}?"
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"allowed are {', '.join(names[:_MOST_NAMES])}{more}"


def folded(name: str) -> str:
    """Return *name* without the difference between camelCase, snake_case and kebab-case."""
    return re.sub(r"[-_ ]", "", name).lower()


def enum_words(enum: Any) -> dict[str, int]:
    """Return the short words of a protobuf enum descriptor, for example READ for EFFECT_CLASS_READ."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix): value.number for value in enum.values}
