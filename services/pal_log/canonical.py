"""Canonical JSON: one spelling for equal values, so that digests can be compared.

Keys are sorted, there is no white space, numbers keep the spelling they came with (9007199254740993 and
5.0 survive), and text keeps its characters. The rules follow RFC 8785 except for numbers, which RFC 8785
would round to doubles.
"""

from __future__ import annotations

import json
from typing import Any

from pal_log.payload import digest


class Number(str):
    """A JSON number as it was spelled."""

    __slots__ = ()


def canonical_json(json_text: str) -> str:
    """Return *json_text* in its canonical spelling.

    Raises:
        ValueError: *json_text* is not JSON, holds NaN or an infinity, or is nested too deeply.
    """
    try:
        return dump(json.loads(json_text, parse_float=Number, parse_int=Number, parse_constant=_refuse))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump(value: Any) -> str:
    """Return *value* as canonical JSON text."""
    match value:
        case Number():
            return value
        case dict():
            return "{" + ",".join(f"{_scalar(key)}:{dump(value[key])}" for key in sorted(value)) + "}"
        case list() | tuple():
            return "[" + ",".join(map(dump, value)) + "]"
        case _:
            return _scalar(value)


def canonical_digest(json_text: str) -> str:
    """Return the digest of the canonical spelling of *json_text*."""
    return digest(canonical_json(json_text).encode())


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
