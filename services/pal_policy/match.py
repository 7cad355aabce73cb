"""Structured tests: every field that says something has to fit, one entry within a field is enough."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from pal.v1 import policy_spec_pb2 as policies
from pal_policy.question import Question


def matches(test: policies.PolicyMatch, question: Question) -> bool:
    """Tell whether *question* passes *test*; a test that says nothing passes everything."""
    return (
        _any(test.actions, question.action)
        and _any(test.agents, question.agent)
        and _any(test.tools, question.tool)
        and (not test.effect_classes or question.effect_class in test.effect_classes)
        and _any(test.principals, question.principal)
        and _any(test.tenants, question.tenant)
        and _any(test.runtimes, question.runtime)
        and (not test.modes or question.mode in test.modes)
        and _any(test.models, question.model)
        and all(question.labels.get(key) == value for key, value in test.labels.items())
    )


def _any(patterns: Sequence[str], value: str) -> bool:
    return not patterns or any(_pattern(pattern).fullmatch(value) for pattern in patterns)


@functools.lru_cache(4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
