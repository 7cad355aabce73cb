"""The directory that a service keeps its data in: one process at a time works in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pal_rpc.config import StartError


def lock(directory: Path, service: str, file: str) -> int:
    """Make *directory* and hold *file* in it for *service*; return the descriptor, which gives it back when closed.

    Raises:
        StartError: the directory cannot be written to, or another process of the service has it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"PAL_DATA_DIR={directory}: {error.strerror}; make it writable or choose another directory"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StartError(f"PAL_DATA_DIR={directory}: another {service} uses it; stop it or choose another") from None
    return descriptor
