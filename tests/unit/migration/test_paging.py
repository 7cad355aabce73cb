"""Lists in pages."""

from __future__ import annotations

import pytest

from pal_migration.paging import page
from pal_rpc.errors import InvalidField

ENTRIES = [(f"k{number}", number) for number in range(5, 0, -1)]


def test_pages_hold_everything_once() -> None:
    found, token = [], ""
    while True:
        values, token = page(ENTRIES, 2, token)
        found.extend(values)
        if not token:
            break

    assert found == [5, 4, 3, 2, 1]


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(InvalidField, match="page_size"):
        page(ENTRIES, -1, "")
