"""Text files that a command is given."""

from __future__ import annotations

from pathlib import Path

from pal_cli.failures import NOT_FOUND, CommandError


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        CommandError: it is not there, or no text.
    """
    try:
        return path.read_text()
    except FileNotFoundError:
        raise CommandError(f"{path}: no such file", NOT_FOUND) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
