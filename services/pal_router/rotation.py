"""Taking turns: a queue in which nobody's many delay another's few."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
Weight = Callable[[str], int]


def one(branch: str) -> int:
    """Return the weight of a *branch* that is worth as much as any other."""
    return 1


class Rotation(Generic[Item]):
    """Waiting items by path, for example tenant, requester, agent.

    On each level the branches take turns; at the end of a path the first to come is the first to go. However much waits
    at one path, it delays what comes at another by one turn.

    On the first level a turn is as long as the branch has weight (weighted round robin, which for items of one size is
    the deficit round robin of Shreedhar and Varghese, 1995): of three and one, the first goes three times in four.
    """

    def __init__(self, weight: Weight = one) -> None:
        """Begin empty; *weight* of a branch of the first level is asked for when its turn begins."""
        self._weight = weight
        # How often the branch in front may go on before the others come.
        self._left = 0
        self._branches: OrderedDict[str, Rotation[Item]] = OrderedDict()
        self._items: OrderedDict[Item, None] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """Return how many items wait."""
        return self._count

    def count(self, path: Sequence[str]) -> int:
        """Return how many items wait at *path* and below it."""
        if not path:
            return self._count
        branch = self._branches.get(path[0])
        return branch.count(path[1:]) if branch else 0

    def add(self, path: Sequence[str], item: Item, *, first: bool = False) -> None:
        """Let *item* wait at *path*: as the last there, or, to give it back its turn, as the *first* of all."""
        self._count += 1
        if not path:
            self._items[item] = None
            self._items.move_to_end(item, last=not first)
            return
        branch = self._branches.setdefault(path[0], Rotation())
        branch.add(path[1:], item, first=first)
        if first and next(iter(self._branches)) != path[0]:
            self._branches.move_to_end(path[0], last=False)
            self._left = 0

    def next(self) -> Item:
        """Take out the item whose turn it is.

        Raises:
            KeyError: nothing waits.
        """
        if not self._count:
            raise KeyError("nothing waits")
        if self._items:
            item, _ = self._items.popitem(last=False)
        else:
            key, branch = next(iter(self._branches.items()))
            item = branch.next()
            self._left = (self._left or self._weight(key)) - 1
            if not branch:
                del self._branches[key]
                self._left = 0
            elif self._left <= 0:
                # Its turn is over; the others come first.
                self._branches.move_to_end(key)
        self._count -= 1
        return item

    def remove(self, path: Sequence[str], item: Item) -> None:
        """Take out *item*, which waits at *path* and needs its turn no more.

        Raises:
            KeyError: it does not wait there.
        """
        if path:
            branch = self._branches[path[0]]
            branch.remove(path[1:], item)
            if not branch:
                if next(iter(self._branches)) == path[0]:
                    self._left = 0
                del self._branches[path[0]]
        else:
            del self._items[item]
        self._count -= 1
