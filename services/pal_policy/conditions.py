"""Conditions in CEL (Common Expression Language), compiled once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import cel

from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_policy.matching import Question

VARIABLES = (
    "action", "agent", "agent_version", "tool", "effect_class", "args", "principal", "tenant", "runtime", "mode",
    "model", "labels", "run",
)  # fmt: skip


class ConditionError(Exception):
    """A condition does not compile, fails, or is not a boolean; the message is for the author of the policy."""


def compiles(expression: str) -> bool:
    """Tell whether *expression* is CEL."""
    try:
        _program(expression)
    except ConditionError:
        return False
    return True


def holds(expression: str, question: Question) -> bool:
    """Return the value of *expression* for *question*.

    Raises:
        ConditionError: it does not compile, it fails, or its value is not a boolean.
    """
    program = _program(expression)
    try:
        value = program.execute(_variables(question))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of the evaluator is no Exception, and means DENY as well
        raise ConditionError(f"{expression}: {error}") from None
    if not isinstance(value, bool):
        raise ConditionError(f"{expression}: gives {type(value).__name__} instead of a boolean")
    return value


@functools.lru_cache(4096)
def _program(expression: str) -> Any:
    try:
        return cel.compile(expression)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of the parser is no Exception
        raise ConditionError(f"{expression}: {error}") from None


def _variables(question: Question) -> Mapping[str, Any]:
    effect = question.effect_class
    return {
        "args": {},
        "run": {},
        **question.variables,
        "action": question.action,
        "agent": question.agent,
        "agent_version": question.agent_version,
        "tool": question.tool,
        "effect_class": _short(tools.EffectClass, effect, "EFFECT_CLASS_") if effect is not None else "",
        "principal": question.principal,
        "tenant": question.tenant,
        "runtime": question.runtime,
        "mode": _short(common.ExecutionMode, question.mode, "EXECUTION_MODE_"),
        "model": question.model,
        "labels": dict(question.labels),
    }


def _short(enum: Any, number: int, prefix: str) -> str:
    return str(enum.Name(number)).removeprefix(prefix) if number in enum.values() else "UNSPECIFIED"
