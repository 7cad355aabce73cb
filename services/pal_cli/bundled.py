"""The runtimes that come with PAL, as data: what each is made of and how its adapter is started."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class RuntimeKind:
    """A runtime with an adapter of its own below ``adapters/``.

    *sdk* is the package that the adapter wraps, as its package registry calls it: what `pal runtime install
    SDK==VERSION` names. *needs* are the files without which *command* cannot run; `make setup` makes them, with the
    help of the program *installer*.
    """

    name: str
    sdk: str
    folder: Path
    command: tuple[str, ...]
    needs: tuple[Path, ...]
    installer: str = "make"

    @property
    def installed(self) -> bool:
        """Whether everything that the adapter needs is there."""
        return all(path.exists() for path in self.needs) and shutil.which(self.command[0]) is not None

    @property
    def installable(self) -> bool:
        """Whether this machine has what it takes to install it."""
        return shutil.which(self.installer) is not None


def environment_python(environment: str) -> Path:
    """Return the interpreter of an environment below ``.venvs``."""
    return ROOT / ".venvs" / environment / "bin" / "python"


def python_kind(name: str, *, sdk: str, module: str) -> RuntimeKind:
    """Return a runtime whose adapter is a Python module in the environment ``.venvs/<name>``."""
    python = environment_python(name)
    return RuntimeKind(
        name=name,
        sdk=sdk,
        folder=ROOT / "adapters" / name,
        command=(str(python), "-P", "-m", module),
        needs=(python,),
    )


def node_kind(name: str, *, sdk: str, script: str) -> RuntimeKind:
    """Return a runtime whose adapter is the *script* in its folder.

    It runs on the Node that npm installed, for the machine's may be too old.
    """
    installed = ROOT / "node_modules"
    folder = ROOT / "adapters" / name
    own = installed / ".bin" / "node"
    node = str(own) if own.exists() else "node"
    return RuntimeKind(
        name=name,
        sdk=sdk,
        folder=folder,
        command=(node, str(folder / script)),
        needs=(installed / ".ready",),
        installer="npm",
    )


_KINDS = (
    python_kind("agno", sdk="agno", module="pal_agno"),
    python_kind("pydantic-ai", sdk="pydantic-ai-slim", module="pal_pydantic_ai"),
    python_kind("langgraph", sdk="langgraph", module="pal_langgraph"),
    python_kind("openai-agents", sdk="openai-agents", module="pal_openai_agents"),
    node_kind("ai-sdk", sdk="ai", script="src/main.ts"),
)
BUNDLED: Mapping[str, RuntimeKind] = {kind.name: kind for kind in _KINDS}


def installed_runtimes() -> list[str]:
    """Return the names of the bundled runtimes that can be started."""
    return [kind.name for kind in BUNDLED.values() if kind.installed]
