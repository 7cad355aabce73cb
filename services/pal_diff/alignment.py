"""Which call of one run stands for which of the other: by name, then at the least cost among repeated calls.

The cost of a pair is the Jaccard distance of its arguments, place by place, plus a little for how far apart the two
stand. Both are metrics, so that calls with equal arguments may be paired first without losing the optimum: exchanging
partners cannot cost more (triangle inequality). What is left is small in practice and goes to the Hungarian method
(Kuhn 1955; here the Jonker-Volgenant variant of scipy), in blocks where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pal_diff.record import Call
from pal_diff.rules import NO_RULES, Rules
from pal_diff.values import normal, read, spelling

# Calls of one tool that are assigned at once; larger runs are assigned block by block in their order.
_BLOCK = 200
_NEARNESS = 0.01
_LEAVES = 200


class Meanings:
    """What texts of arguments mean, each read once and only when somebody asks."""

    def __init__(self, rules: Mapping[str, Rules]) -> None:
        """Read under *rules*, by tool."""
        self._rules = rules
        self._values: dict[tuple[str, str], Any] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def value(self, tool: str, text: str) -> Any:
        """Return the arguments in the form that equivalent ones share."""
        place = tool, text
        if place not in self._values:
            self._values[place] = normal(read(text), self._rules.get(tool, NO_RULES))
        return self._values[place]

    def key(self, tool: str, text: str) -> str:
        """Return the spelling that equivalent arguments share."""
        place = tool, text
        if place not in self._keys:
            self._keys[place] = spelling(self.value(tool, text))
        return self._keys[place]


class Argued:
    """A call with its arguments. Equal texts mean the same without being read."""

    __slots__ = ("_meanings", "call", "text")

    def __init__(self, call: Call, text: str, meanings: Meanings) -> None:
        """Take the arguments as their *text*."""
        self.call, self.text, self._meanings = call, text, meanings

    @property
    def value(self) -> Any:
        """Return the arguments in the form that equivalent ones share."""
        return self._meanings.value(self.call.tool, self.text)

    @property
    def key(self) -> str:
        """Return their spelling."""
        return self._meanings.key(self.call.tool, self.text)

    def equals(self, other: Argued) -> bool:
        """Return whether both mean the same."""
        return self.text == other.text or self.key == other.key


@dataclass(slots=True)
class Pair:
    """Two calls that stand for each other; one is None where the other stands alone."""

    a: Argued | None
    b: Argued | None


def aligned(a: Sequence[Argued], b: Sequence[Argued]) -> list[Pair]:
    """Return every call of both once, in the order of *a*, then what only *b* has."""
    of_a, of_b = _by_tool(a), _by_tool(b)
    pairs: list[Pair] = []
    for tool, calls in of_a.items():
        pairs.extend(_matched(calls, of_b.pop(tool, [])))
    pairs.extend(Pair(None, call) for calls in of_b.values() for call in calls)
    order = {id(call): place for place, call in enumerate([*a, *b])}
    return sorted(pairs, key=lambda pair: order[id(pair.a or pair.b)])


def _by_tool(calls: Sequence[Argued]) -> dict[str, list[Argued]]:
    found: dict[str, list[Argued]] = {}
    for call in calls:
        found.setdefault(call.call.tool, []).append(call)
    return found


def _matched(a: list[Argued], b: list[Argued]) -> Iterator[Pair]:
    pairs, left, right = _same(a, b, lambda call: call.text)
    yield from pairs
    if left and right:
        pairs, left, right = _same(left, right, lambda call: call.key)
        yield from pairs
    if not left or not right:
        yield from (Pair(call, None) for call in left)
        yield from (Pair(None, call) for call in right)
        return
    for start in range(0, max(len(left), len(right)), _BLOCK):
        yield from _assigned(left[start : start + _BLOCK], right[start : start + _BLOCK])


def _same(
    a: list[Argued], b: list[Argued], key: Callable[[Argued], str]
) -> tuple[list[Pair], list[Argued], list[Argued]]:
    """Return the pairs of equal *key*, first with first, and what is left of both."""
    waiting: dict[str, list[Argued]] = {}
    for call in reversed(b):
        waiting.setdefault(key(call), []).append(call)
    pairs, left = [], []
    for call in a:
        if others := waiting.get(key(call)):
            pairs.append(Pair(call, others.pop()))
        else:
            left.append(call)
    if len(pairs) == len(b):
        return pairs, left, []
    taken = {id(call) for calls in waiting.values() for call in calls}
    return pairs, left, [call for call in b if id(call) in taken]


def _assigned(a: list[Argued], b: list[Argued]) -> Iterator[Pair]:
    if len(a) == len(b) == 1:
        yield Pair(a[0], b[0])
        return
    # Imported where it is needed: it takes half a second that most comparisons have no use for.
    from scipy.optimize import linear_sum_assignment

    parts_a, parts_b = [_parts(call.value) for call in a], [_parts(call.value) for call in b]
    cost = [
        [
            _distance(one, other) + _NEARNESS * abs(row / len(a) - column / len(b))
            for column, other in enumerate(parts_b)
        ]
        for row, one in enumerate(parts_a)
    ]
    rows, columns = (list(map(int, found)) for found in linear_sum_assignment(cost)) if a and b else ([], [])
    yield from (Pair(a[row], b[column]) for row, column in zip(rows, columns, strict=True))
    paired_a, paired_b = set(rows), set(columns)
    yield from (Pair(call, None) for row, call in enumerate(a) if row not in paired_a)
    yield from (Pair(None, call) for column, call in enumerate(b) if column not in paired_b)


def _apart(a: float, b: float) -> float:
    return _NEARNESS * abs(a - b)


def _distance(a: frozenset[str], b: frozenset[str]) -> float:
    return 1 - len(a & b) / len(a | b) if a or b else 0.0


def _parts(value: Any) -> frozenset[str]:
    parts: set[str] = set()
    stack: list[tuple[str, Any]] = [("", value)]
    while stack and len(parts) < _LEAVES:
        path, found = stack.pop()
        if isinstance(found, dict):
            stack.extend((f"{path}/{name}", member) for name, member in found.items())
        elif isinstance(found, list):
            stack.extend((f"{path}/*", element) for element in found)
        else:
            parts.add(f"{path}={spelling(found)}")
    return frozenset(parts)
