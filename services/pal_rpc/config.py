"""Configuration from the environment: one frozen dataclass per process, one variable ``PAL_<FIELD>`` per field."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})


class StartError(Exception):
    """A process cannot start; the message is for the operator and says how to mend it."""


def from_env(cls: type[T], env: Mapping[str, str]) -> T:
    """Return *cls* with each field taken from ``PAL_<FIELD>`` where *env* has it.

    Fields are str, int, float, bool, Path, or one of these or None.

    Raises:
        StartError: a value does not parse; the message names the variable.
    """
    hints = typing.get_type_hints(cls)
    values = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        variable = f"PAL_{field.name.upper()}"
        if variable in env:
            values[field.name] = _parse(variable, env[variable], hints[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise StartError(f"{variable} is not set; this process cannot start without it")
    return cls(**values)


def _parse(variable: str, text: str, kind: Any) -> Any:
    if isinstance(kind, types.UnionType):
        if not text:
            return None
        kind = next(member for member in typing.get_args(kind) if member is not type(None))
    if kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise StartError(f"{variable}={text}: write true or false")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise StartError(f"{variable}={text}: write a number") from None
    return Path(text) if kind is Path else text
