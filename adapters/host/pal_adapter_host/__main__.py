"""A runtime that an installed distribution publishes, as a process: ``python -m pal_adapter_host NAME``.

A distribution publishes a runtime as an entry point of the group ``pal.runtimes``: the name is the runtime's, the value
the class that implements :class:`pal_adapter_host.runtime.Runtime`.
"""

from __future__ import annotations

import sys
from importlib import metadata

from pal_adapter_host import host
from pal_adapter_host.runtime import Runtime
from pal_rpc.config import StartError
from pal_rpc.process import EXIT_BAD_CONFIGURATION

GROUP = "pal.runtimes"


def published(name: str) -> Runtime:
    """Return the runtime that is published as *name*.

    Raises:
        StartError: there is none, it cannot be loaded, or it declares another name.
    """
    entries = metadata.entry_points(group=GROUP)
    if name not in entries.names:
        known = ", ".join(sorted(entries.names)) or "none"
        raise StartError(f"no installed distribution publishes a runtime {name} ({GROUP}); published are: {known}")
    entry = entries[name]
    try:
        runtime: Runtime = entry.load()()
        declared = runtime.capability.runtime
    except Exception as error:
        raise StartError(f"{entry.value} cannot be loaded: {type(error).__name__}: {error}") from error
    if declared != name:
        raise StartError(
            f"{entry.value} is published as {name} and declares the runtime {declared}; "
            f"make the entry point's name and capability.runtime the same"
        )
    return runtime


def main(arguments: list[str]) -> None:
    """Serve the runtime that *arguments* name."""
    try:
        if len(arguments) != 1:
            raise StartError("name one runtime: python -m pal_adapter_host NAME")
        runtime = published(arguments[0])
    except StartError as error:
        sys.stderr.write(f"adapter: {error}\n")
        sys.exit(EXIT_BAD_CONFIGURATION)
    host.run(lambda: runtime)


if __name__ == "__main__":
    main(sys.argv[1:])
