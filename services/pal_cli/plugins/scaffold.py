"""A small project for the author of a runtime, whole and conformant as it is written."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pal_cli.bundled import BUNDLED
from pal_cli.failures import REFUSED, CommandError
from pal_registry.names import problem_with_name

_TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".tmpl"


class Language(StrEnum):
    """What an adapter can be written in with a host that we share."""

    python = "python"
    typescript = "typescript"


def write_project(name: str, language: Language, folder: Path) -> list[Path]:
    """Write the project of a runtime called *name* to *folder*; return its files.

    Raises:
        CommandError: the name is no name, or the folder holds something.
    """
    if problem := problem_with_name(name):
        raise CommandError(f"{name}: {problem}")
    if not name[0].isalpha() or "." in name:
        raise CommandError(f"{name}: a project is named like a package; begin with a letter, and use no dots")
    if name in BUNDLED:
        raise CommandError(f"{name}: this runtime comes with PAL; choose another name")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there and not empty; choose another --directory", REFUSED)
    words = {
        "__NAME__": name,
        "__MODULE__": name.replace("-", "_"),
        "__CLASS__": "".join(word.capitalize() for word in name.split("-")) + "Runtime",
    }
    template = _TEMPLATES / language
    written = []
    for path in sorted(template.rglob(f"*{_SUFFIX}")):
        relative = _filled(str(path.relative_to(template)).removesuffix(_SUFFIX), words)
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(path.read_text(), words))
        written.append(target)
    return written


def _filled(text: str, words: dict[str, str]) -> str:
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    return text
