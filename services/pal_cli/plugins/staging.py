"""Folders in which environments are made, so that a command that dies leaves nothing that looks whole."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(runtimes: Path) -> Iterator[Path]:
    """Yield a new folder below *runtimes*; it is deleted at the end unless it was moved away.

    What commands that died have left is deleted too.
    """
    stage = runtimes / ".stage"
    stage.mkdir(parents=True, exist_ok=True)
    for left in stage.iterdir():
        with _locked(left) as nobody_else:
            if nobody_else:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=stage))
    with _locked(folder):
        environment = folder / "environment"
        environment.mkdir()
        try:
            yield environment
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold *folder* where nobody else does; tell whether."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(opened)
