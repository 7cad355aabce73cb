"""What a well-formed Quota has to say."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_registry.names import problem_with_name
from pal_registry.problems import Problems

ANY = "*"
MAX_WINDOW_SECONDS = 31 * 24 * 3600
MAX_LIMITS, MAX_WEIGHT = 16, 100
_COUNTS = {"runs": "runs", "tokens": "tokens", "tool_calls": "toolCalls"}
_FORBID = "to forbid it, write a PolicySpec whose rule says DENY"


def check_terms_of_quota(terms: quotas.QuotaTerms, problems: Problems) -> None:
    """Note what is wrong with *terms*."""
    for field in ("agent", "runtime", "tenant"):
        named = getattr(terms.match, field)
        if named not in ("", ANY) and (problem := problem_with_name(named)):
            problems.add(f"spec.match.{field}", f"{problem}; or leave it out for all")
    for place, values in (("per", terms.per), ("pools", terms.pools)):
        for position, value in enumerate(values):
            if list(values).index(value) != position:
                problems.add(f"spec.{place}[{position}]", "is named twice; keep one")
    if len(terms.limits) > MAX_LIMITS:
        problems.add("spec.limits", f"{len(terms.limits)} are too many; write at most {MAX_LIMITS}")
    windows: dict[int, int] = {}
    for position, limit in enumerate(terms.limits):
        _check_limit(f"spec.limits[{position}]", limit, problems)
        if (first := windows.setdefault(limit.window.seconds, position)) != position:
            problem = f"is also the window of spec.limits[{first}]; write both bounds there"
            problems.add(f"spec.limits[{position}].window", problem)
    if terms.HasField("concurrent_runs"):
        _above_zero("spec.concurrentRuns", terms.concurrent_runs, problems)
    if terms.HasField("weight"):
        _check_weight(terms, problems)
    if not (terms.limits or terms.HasField("concurrent_runs") or terms.HasField("weight")):
        problems.add("spec", "bounds nothing; write limits, concurrentRuns or a weight")


def _check_limit(where: str, limit: quotas.QuotaLimit, problems: Problems) -> None:
    if not limit.HasField("window"):
        problems.add(f"{where}.window", "missing; write for what stretch of time it holds, for example 1m, 1h or 1d")
    elif limit.window.nanos or not 1 <= limit.window.seconds <= MAX_WINDOW_SECONDS:
        problems.add(f"{where}.window", "has to be whole seconds from 1s to 31d, for example 1m, 1h or 1d")
    stated = [field for field in (*_COUNTS, "cost") if limit.HasField(field)]
    if not stated:
        problems.add(where, "bounds nothing; write runs, tokens, cost or toolCalls")
    for field, word in _COUNTS.items():
        if limit.HasField(field):
            _above_zero(f"{where}.{word}", getattr(limit, field), problems)
    if limit.HasField("cost"):
        _check_cost(f"{where}.cost", limit.cost, problems)


def _check_cost(where: str, cost: common.Money, problems: Problems) -> None:
    code = cost.currency_code
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        problems.add(where, "the currency is missing or no ISO 4217 code; write for example 0.50 USD")
    _above_zero(where, cost.nanos, problems)


def _check_weight(terms: quotas.QuotaTerms, problems: Problems) -> None:
    if not 1 <= terms.weight <= MAX_WEIGHT:
        problems.add("spec.weight", f"has to be from 1 to {MAX_WEIGHT}, found {terms.weight}")
    if terms.match.tenant in ("", ANY):
        problems.add("spec.weight", "is that of one tenant; name it in match.tenant")


def _above_zero(where: str, number: int, problems: Problems) -> None:
    if number <= 0:
        problems.add(where, f"has to be more than 0, found {number}; {_FORBID}")
