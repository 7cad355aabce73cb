"""Rules: what is wrong with a document of them, and those that come with PAL."""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Iterable, Iterator
from importlib import resources

import semantic_version
import yaml
from google.protobuf import json_format

from pal.v1 import advice_pb2 as pb
from pal_advice.measures import MEASURES, RULES
from pal_log.canonical import canonical_digest

API_VERSION, KIND = "pal/v1", "AdviceRules"
Problem = tuple[str, str]
_MOST_DAYS = 3650
_VERDICTS = tuple(name.removeprefix("ADVICE_VERDICT_") for name in pb.AdviceVerdict.keys())[1:]


@functools.cache
def shipped() -> pb.AdviceRules:
    """Return the rules that come with PAL."""
    text = (resources.files("pal_advice") / "default_rules.yaml").read_text()
    raw = yaml.safe_load(text)
    for rule in raw["spec"]["rules"]:
        for condition in rule["conditions"]:
            condition["then"] = f"ADVICE_VERDICT_{condition['then']}"
    return json_format.ParseDict(raw, pb.AdviceRules())


def digest_of(rules: pb.AdviceRules) -> str:
    """Return the digest of what *rules* say."""
    return canonical_digest(json_format.MessageToJson(rules))


def problems(rules: pb.AdviceRules) -> list[Problem]:
    """Return what is wrong with *rules*, each with the path of the field; empty when nothing is."""
    return list(_problems(rules))


def _problems(rules: pb.AdviceRules) -> Iterator[Problem]:
    for field, stated, wanted in (("apiVersion", rules.api_version, API_VERSION), ("kind", rules.kind, KIND)):
        if stated != wanted:
            yield field, f"expected {wanted}, found {stated[:60] or 'nothing'}"
    if not rules.metadata.name:
        yield "metadata.name", "missing; give the rules a name"
    try:
        semantic_version.Version(rules.metadata.version)
    except ValueError:
        yield "metadata.version", "missing or no version; write MAJOR.MINOR.PATCH, for example 1.0.0"
    if not rules.spec.rules:
        yield "spec.rules", f"missing; write at least one of {', '.join(RULES)}"
    seen: set[str] = set()
    for position, rule in enumerate(rules.spec.rules):
        path = f"spec.rules[{position}]"
        if rule.rule in seen:
            yield f"{path}.rule", f"{rule.rule} is there twice; put all its conditions in one"
        seen.add(rule.rule)
        yield from _rule(rule, path)


def _rule(rule: pb.AdviceRule, path: str) -> Iterator[Problem]:
    if rule.rule not in RULES:
        yield f"{path}.rule", f"there is no rule {rule.rule[:60] or '(empty)'}; {_hint(rule.rule, RULES)}"
    if not 1 <= rule.valid_days <= _MOST_DAYS:
        yield f"{path}.validDays", f"write 1 to {_MOST_DAYS}, found {rule.valid_days}"
    if not rule.conditions:
        yield f"{path}.conditions", "missing; a rule without one decides nothing"
    for position, condition in enumerate(rule.conditions):
        yield from _condition(condition, f"{path}.conditions[{position}]")


def _condition(condition: pb.AdviceCondition, path: str) -> Iterator[Problem]:
    if condition.then not in pb.AdviceVerdict.values() or not condition.then:
        yield f"{path}.then", f"missing; one of {', '.join(_VERDICTS)}"
    if not condition.because.strip():
        yield f"{path}.because", "missing; say in a few words why"
    if not condition.when:
        yield f"{path}.when", "missing; without a bound it would always hold"
    for position, bound in enumerate(condition.when):
        where = f"{path}.when[{position}]"
        if bound.measure not in MEASURES:
            yield (
                f"{where}.measure",
                f"there is no measure {bound.measure[:60] or '(empty)'}; {_hint(bound.measure, MEASURES)}",
            )
        yield from _limits(bound, where)


def _limits(bound: pb.AdviceBound, path: str) -> Iterator[Problem]:
    stated = [name for name in ("at_least", "at_most") if bound.HasField(name)]
    if not stated:
        yield path, "has no bound; write atLeast or atMost"
    for name, word in (("at_least", "atLeast"), ("at_most", "atMost")):
        if name in stated and not math.isfinite(getattr(bound, name)):
            yield f"{path}.{word}", "write a number"
    if len(stated) == 2 and bound.at_least > bound.at_most:
        yield path, f"nothing is at least {bound.at_least:g} and at most {bound.at_most:g}"


def _hint(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = next(iter(difflib.get_close_matches(name, names, n=1)), "")
    return f"did you mean {near}?" if near else f"there are: {', '.join(names)}"
