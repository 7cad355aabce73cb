"""What tools are bound to, from configuration checked to the last field."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from pal_rpc.config import StartError
from pal_tool_executor.backends import Backend, HttpBackend, PersonBackend, PythonBackend

if TYPE_CHECKING:
    from pal_tool_executor.mcp_backend import McpServer

ENTRY_POINTS = "pal.tools"
_KINDS = ("python", "http", "mcp", "person")
_FIELDS: dict[str, dict[str, type]] = {
    "http": {"url": str, "headers": dict, "headers_env": dict},
    "mcp": {"command": list, "url": str, "env": list, "tool": str},
}


class Bindings:
    """The back end of each tool."""

    def __init__(self, backends: Mapping[str, Backend], servers: list[McpServer]) -> None:
        """Keep *backends* by tool name, and the MCP *servers* that some of them share."""
        self._backends = backends
        self._servers = servers

    def get(self, tool: str) -> Backend | None:
        """Return what *tool* is bound to."""
        return self._backends.get(tool)

    async def close(self) -> None:
        """Close every connection."""
        async with AsyncExitStack() as stack:
            for server in self._servers:
                stack.push_async_callback(server.close)
            for backend in self._backends.values():
                if isinstance(backend, HttpBackend):
                    stack.push_async_callback(backend.close)


def load(path: Path | None) -> Bindings:
    """Return the bindings in the YAML file *path*, and the tools that installed packages publish by entry point.

    Raises:
        StartError: the file is not there or something in it is wrong; the message has the path of the field.
    """
    backends: dict[str, Backend] = {
        entry.name: PythonBackend(entry.load()) for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)
    }
    if path is None:
        return Bindings(backends, [])
    reader = _Reader(path)
    backends.update(reader.backends())
    return Bindings(backends, list(reader.servers.values()))


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.servers: dict[str, McpServer] = {}

    def backends(self) -> dict[str, Backend]:
        try:
            raw = yaml.safe_load(self._path.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise self._wrong("", f"cannot be read: {' '.join(str(error).split())}") from None
        fields = self._mapping("the file", raw)
        self._known("", fields, ("tools", "python_path"))
        for directory in fields.get("python_path") or ():
            sys.path.insert(0, str((self._path.parent / str(directory)).resolve()))
        tools = self._mapping("tools", fields.get("tools") or {})
        return {str(name): self._backend(f"tools.{name}", binding) for name, binding in tools.items()}

    def _backend(self, where: str, raw: Any) -> Backend:
        binding = self._mapping(where, raw)
        self._known(where, binding, _KINDS)
        if len(binding) != 1:
            raise self._wrong(where, f"name exactly one of: {', '.join(_KINDS)}")
        ((kind, settings),) = binding.items()
        if kind == "python":
            return self._python(f"{where}.python", settings)
        if kind == "person":
            if settings is not True:
                raise self._wrong(f"{where}.person", "write true; the model's question is all that is needed")
            return PersonBackend()
        fields = self._mapping(f"{where}.{kind}", settings)
        self._known(f"{where}.{kind}", fields, tuple(_FIELDS[kind]))
        for key, value in fields.items():
            if not isinstance(value, _FIELDS[kind][key]):
                raise self._wrong(f"{where}.{kind}.{key}", f"{value!r} is not a {_FIELDS[kind][key].__name__}")
        return self._http(f"{where}.http", fields) if kind == "http" else self._mcp(f"{where}.mcp", fields)

    def _python(self, where: str, target: Any) -> Backend:
        module, _, name = str(target).partition(":")
        if not name:
            raise self._wrong(where, f"{target}: write package.module:function")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise self._wrong(where, f"{target} cannot be imported: {error}; check python_path") from None
        if not callable(function):
            raise self._wrong(where, f"{target} is no function")
        return PythonBackend(function)

    def _http(self, where: str, fields: Mapping[str, Any]) -> Backend:
        url = self._url(f"{where}.url", fields.get("url"))
        headers = {str(name): str(value) for name, value in (fields.get("headers") or {}).items()}
        for name, variable in (fields.get("headers_env") or {}).items():
            if variable not in os.environ:
                raise self._wrong(f"{where}.headers_env.{name}", f"{variable} is not set where this starts")
            headers[str(name)] = os.environ[variable]
        return HttpBackend(url, headers)

    def _mcp(self, where: str, fields: Mapping[str, Any]) -> Backend:
        # Loading the SDK takes longer than the rest of the start; most executors have no use for it.
        from pal_tool_executor.mcp_backend import McpBackend, McpServer

        if bool(fields.get("command")) == bool(fields.get("url")):
            raise self._wrong(where, "name either command or url")
        if not fields.get("tool"):
            raise self._wrong(f"{where}.tool", "missing; name the tool as the server does")
        command = tuple(map(str, fields.get("command") or ()))
        url = self._url(f"{where}.url", fields["url"]) if fields.get("url") else ""
        env = {name: os.environ[name] for name in ("PATH", *fields.get("env", ())) if name in os.environ}
        server = self.servers.setdefault(url or repr(command), McpServer(command=command, url=url, env=env))
        return McpBackend(server, fields["tool"])

    def _url(self, where: str, url: Any) -> str:
        parts = urlsplit(str(url or ""))
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise self._wrong(where, f"{url!r} is no http or https URL")
        return str(url)

    def _mapping(self, where: str, raw: Any) -> Mapping[str, Any]:
        if not isinstance(raw, dict):
            raise self._wrong(where, f"a mapping belongs here, not {type(raw).__name__}")
        return raw

    def _known(self, where: str, fields: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        for key in fields:
            if key not in allowed:
                nearest = difflib.get_close_matches(str(key), allowed, n=1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"there are: {', '.join(allowed)}"
                raise self._wrong(f"{where}.{key}".lstrip("."), f"unknown field; {hint}")

    def _wrong(self, where: str, problem: str) -> StartError:
        return StartError(f"PAL_TOOLS_FILE={self._path}: {where}{': ' if where else ''}{problem}")
