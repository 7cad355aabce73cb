"""The typed difference of two JSON values, place by place."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pal_diff.values import kind_of, same, spelling

MISSING, ADDED, TYPE, VALUE = "MISSING", "ADDED", "TYPE", "VALUE"
_ELEMENTS_ALIGNED = 1000
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Difference:
    """One place: *what* is MISSING or ADDED in b, or of another TYPE or VALUE there."""

    path: Path
    what: str
    a: Any
    b: Any

    @property
    def element(self) -> bool:
        """Return whether it is an element of a list that one side has more of."""
        return self.what in (MISSING, ADDED) and bool(self.path) and isinstance(self.path[-1], int)


def pointer(path: Path) -> str:
    """Return *path* with slashes, empty for the whole value."""
    return "".join(f"/{segment}" for segment in path)


def pattern(path: Path) -> str:
    """Return *path* with every element of a list as ``*``."""
    return "".join("/*" if isinstance(segment, int) else f"/{segment}" for segment in path)


def leaves(value: Any) -> list[str]:
    """Return the pattern of each place that holds neither members nor elements."""
    found: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, parent = stack.pop()
        if not parent or not isinstance(parent, dict | list):
            found.append(path)
        elif isinstance(parent, dict):
            for name, member in parent.items():
                if type(member) in _PLAIN:
                    found.append(f"{path}/{name}")
                else:
                    stack.append((f"{path}/{name}", member))
        else:
            stack.extend((f"{path}/*", element) for element in parent)
    return found


_PLAIN = frozenset({str, int, float, bool, type(None)})


def differences(a: Any, b: Any) -> Iterator[Difference]:
    """Yield what differs between two values; lists are aligned, so that one inserted element is one difference."""
    stack: list[tuple[Path, Any, Any]] = [((), a, b)]
    while stack:
        path, left, right = stack.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            for name, member in left.items():
                if name in right:
                    stack.append(((*path, name), member, right[name]))
                else:
                    yield Difference((*path, name), MISSING, member, None)
            for name, member in right.items():
                if name not in left:
                    yield Difference((*path, name), ADDED, None, member)
        elif isinstance(left, list) and isinstance(right, list):
            for place, one, other in _aligned(left, right):
                if one is _NONE:
                    yield Difference((*path, place), ADDED, None, other)
                elif other is _NONE:
                    yield Difference((*path, place), MISSING, one, None)
                else:
                    stack.append(((*path, place), one, other))
        elif kind_of(left) != kind_of(right):
            yield Difference(path, TYPE, left, right)
        elif not same(left, right):
            yield Difference(path, VALUE, left, right)


_NONE = object()


def _aligned(a: list[Any], b: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    start, most = 0, min(len(a), len(b))
    keys_a, keys_b = [spelling(element) for element in a], [spelling(element) for element in b]
    while start < most and keys_a[start] == keys_b[start]:
        start += 1
    end = 0
    while end < most - start and keys_a[-1 - end] == keys_b[-1 - end]:
        end += 1
    middle_a, middle_b = keys_a[start : len(a) - end], keys_b[start : len(b) - end]
    if len(middle_a) == len(middle_b) or max(len(middle_a), len(middle_b)) > _ELEMENTS_ALIGNED:
        blocks = [("", 0, len(middle_a), 0, len(middle_b))]
    else:
        blocks = list(difflib.SequenceMatcher(None, middle_a, middle_b, autojunk=False).get_opcodes())
    for word, low_a, high_a, low_b, high_b in blocks:
        if word == "equal":
            continue
        for offset in range(max(high_a - low_a, high_b - low_b)):
            place_a, place_b = low_a + offset, low_b + offset
            one = a[start + place_a] if place_a < high_a else _NONE
            other = b[start + place_b] if place_b < high_b else _NONE
            yield start + (place_a if one is not _NONE else place_b), one, other
