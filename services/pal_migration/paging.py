"""Lists in pages: the token of a page is the key of the last entry before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pal_rpc.errors import InvalidField

T = TypeVar("T")


def page(
    entries: Sequence[tuple[str, T]], size: int, token: str, *, default: int = 50, most: int = 200
) -> tuple[list[T], str]:
    """Return the entries of a page, whose keys fall from one to the next, and the token of the page after it.

    Raises:
        InvalidField: the size is negative.
    """
    if size < 0:
        raise InvalidField("page_size", f"{size} is negative; write 0 for {default}")
    wanted = [(key, value) for key, value in entries if not token or key < token]
    taken = wanted[: min(size or default, most)]
    return [value for _, value in taken], taken[-1][0] if len(wanted) > len(taken) else ""
