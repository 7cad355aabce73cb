"""A disk that fails when a test says so: what SQLite is told of it, below a store that knows nothing of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw


class FaultyDisk(apsw.VFS):
    """Files of the machine, until something is set."""

    def __init__(self, usual: str) -> None:
        """Keep files where *usual* does."""
        self.usual = usual
        self.name = f"faulty-{id(self)}"
        # Raised by the next writes, or by the next sync.
        self.write_error: type[apsw.Error] | None = None
        self.sync_error: type[apsw.Error] | None = None
        super().__init__(self.name, usual)

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        """Open a file that fails as this disk does."""
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__(disk.usual, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.write_error is not None:
            raise self._disk.write_error("the disk says so")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.sync_error is not None:
            raise self._disk.sync_error("the disk says so")
        super().xSync(flags)


@contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    """Have every database that is opened meanwhile on a disk that fails when it is told to."""
    usual = apsw.vfs_names()[0]
    disk = FaultyDisk(usual)
    apsw.set_default_vfs(disk.name)
    try:
        yield disk
    finally:
        apsw.set_default_vfs(usual)
