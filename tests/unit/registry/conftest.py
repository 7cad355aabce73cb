"""What the parts of a registry stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pal_registry.sqlite import SqliteStore
from pal_registry.watchers import Watchers


@pytest.fixture
async def watchers(tmp_path: Path) -> AsyncIterator[Watchers]:
    """Yield watchers of whom none is known yet."""
    store = SqliteStore(tmp_path)
    yield Watchers(store, 0)
    await store.close()
