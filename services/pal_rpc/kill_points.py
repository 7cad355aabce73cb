"""Points at which the crash drill ends a process: where a crash would tell the most. Off unless a drill asks for it.

With PAL_KILL_POINTS, a folder, a file ``POINT@SERVICE`` in it ends SERVICE by SIGKILL when it comes to POINT the next
time; a number in the file lets it pass so often before. The file is gone with the process.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_folder: Path | None = None
_service = ""


def arm(service: str, folder: str) -> None:
    """Look for wishes concerning *service* in *folder*; an empty one means never."""
    global _folder, _service
    _folder, _service = Path(folder) if folder else None, service


def reached(point: str) -> None:
    """End this process if the drill wants it to end at *point*."""
    if _folder is not None:
        _look(_folder / f"{point}@{_service}")


def _look(wish: Path) -> None:
    try:
        passes = int(wish.read_text() or 0)
        if passes:
            wish.write_text(str(passes - 1))
            return
        wish.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
