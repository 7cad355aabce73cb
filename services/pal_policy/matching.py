"""Structured tests: does a match fit a question?"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import tool_spec_pb2 as tools


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody wants to do.

    *effect_class* is None where no tool is concerned. *variables* are what conditions see beside the fields
    below: ``args`` (the parsed arguments of a tool call) and ``run`` (counters of the run); the asker gives only
    what it knows, and a condition that needs more fails, which is a DENY.
    """

    action: str
    agent: str
    agent_version: str = ""
    tool: str = ""
    effect_class: tools.EffectClass | None = None
    principal: str = ""
    principal_kind: common.PrincipalKind = common.PRINCIPAL_KIND_UNSPECIFIED
    tenant: str = ""
    runtime: str = ""
    mode: common.ExecutionMode = common.EXECUTION_MODE_UNSPECIFIED
    model: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


def fits(match: policies.PolicyMatch, question: Question, *, cautious: bool) -> bool:
    """Tell whether every non-empty field of *match* fits *question*.

    Within a field one entry is enough, except for labels: the run has to carry all of them. A *cautious* match
    takes a tool that declares no effect for a WRITE as well; only a match that allows something is not cautious.
    """
    return (
        _any(match.actions, question.action)
        and _any(match.agents, question.agent)
        and _any(match.tools, question.tool)
        and _any(match.principals, question.principal)
        and _any(match.tenants, question.tenant)
        and _any(match.runtimes, question.runtime)
        and _any(match.models, question.model)
        and (not match.modes or question.mode in match.modes)
        and (not match.effect_classes or _effect(match, question, cautious))
        and all(key in question.labels and like(text, question.labels[key]) for key, text in match.labels.items())
    )


def like(pattern: str, text: str) -> bool:
    """Tell whether *text* is like *pattern*, where ``*`` stands for any run of characters."""
    return _compiled(pattern).fullmatch(text) is not None


def _any(patterns: Any, text: str) -> bool:
    return not patterns or any(like(pattern, text) for pattern in patterns)


def _effect(match: policies.PolicyMatch, question: Question, cautious: bool) -> bool:
    effect = question.effect_class
    if cautious and effect == tools.EFFECT_CLASS_UNSPECIFIED and tools.EFFECT_CLASS_WRITE in match.effect_classes:
        return True
    return effect in match.effect_classes


@functools.lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Runs of stars are one star; without this, a long run of them would take exponential time to fail.
    parts = re.split(r"\*+", pattern)
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
