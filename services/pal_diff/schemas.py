"""Whether a text fits a JSON Schema."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema_rs

from pal_diff.values import Opaque, read


def problem(schema: str, text: str) -> tuple[str, str] | None:
    """Return where and why *text* does not fit *schema*; None when it fits or the schema is none."""
    validator = _validator(schema)
    if validator is None:
        return None
    value = read(text)
    if isinstance(value, Opaque):
        return "", "it is not JSON"
    try:
        wrong = next(iter(validator.iter_errors(value)), None)
    except ValueError as error:
        return "", str(error)
    if wrong is None:
        return None
    return "".join(f"/{segment}" for segment in wrong.instance_path), wrong.message


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    try:
        return jsonschema_rs.validator_for(schema)
    except ValueError:
        return None
