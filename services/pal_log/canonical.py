"""Canonical JSON: one spelling for equal values, so that digests can be compared.

Keys are sorted, there is no white space, numbers keep the spelling they came with (9007199254740993 and
5.0 survive), and text keeps its characters. The rules follow RFC 8785 except for numbers, which RFC 8785
would round to doubles.
"""

from __future__ import annotations

import json
from typing import Any

from pal_log.payload import digest


class Number(float):
    """A JSON number that keeps the text it was written with."""

    def __new__(cls, text: str) -> Number:
        """Return the number spelled *text*."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        """Return the original spelling, which is what ``json`` writes."""
        return self.text


def canonical_json(json_text: str) -> str:
    """Return *json_text* in its canonical spelling.

    Raises:
        ValueError: *json_text* is not JSON, or holds NaN or an infinity.
    """
    return dump(json.loads(json_text, parse_float=Number, parse_constant=_refuse))


def dump(value: Any) -> str:
    """Return *value* as canonical JSON text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_digest(json_text: str) -> str:
    """Return the digest of the canonical spelling of *json_text*."""
    return digest(canonical_json(json_text).encode())


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
