"""Conditions in CEL, the Common Expression Language (cel.dev)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import cel

from pal.v1 import policy_spec_pb2 as policies

LANGUAGE = "cel"


class ConditionError(Exception):
    """A condition cannot be evaluated, which makes the answer DENY."""


def holds(condition: policies.Condition, variables: Mapping[str, Any]) -> bool:
    """Tell whether *condition* holds for *variables*.

    Raises:
        ConditionError: the language is unknown, the expression does not compile or evaluate, or is no boolean.
    """
    if condition.language not in ("", LANGUAGE):
        raise ConditionError(f"language {condition.language} is not known; write cel")
    try:
        value = compile_expression(condition.expression).execute(dict(variables))
    except ConditionError:
        raise
    except Exception as error:  # noqa: BLE001  the boundary to a foreign evaluator, which raises many types
        raise ConditionError(f"{condition.expression}: {error}") from None
    if not isinstance(value, bool):
        raise ConditionError(f"{condition.expression}: is no boolean")
    return value


@functools.lru_cache(1024)
def compile_expression(expression: str) -> Any:
    """Return the compiled *expression*.

    Raises:
        ConditionError: it is no CEL expression.
    """
    try:
        return cel.compile(expression)
    except Exception as error:  # noqa: BLE001  the boundary to a foreign parser
        raise ConditionError(f"{expression}: {str(error).splitlines()[0]}") from None
