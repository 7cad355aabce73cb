"""What a declaration of equivalence and of terms has to say beyond its shape."""

from __future__ import annotations

import json

from pal.v1 import equivalence_pb2 as equivalences
from pal_registry import schemas
from pal_registry.problems import Problems

_PATHS = ("ignore", "sets", "caseless", "numbers", "dates", "words", "spaces")
_WHOLE = 1_000_000
# Name in a document, field, and the largest that means anything; the smallest is 1.
_SHARES = (
    ("successMarginPpm", "success_margin_ppm", _WHOLE),
    ("costMarginPpm", "cost_margin_ppm", 10 * _WHOLE),
    ("latencyMarginPpm", "latency_margin_ppm", 10 * _WHOLE),
    ("promoteAlphaPpm", "promote_alpha_ppm", _WHOLE // 2),
    ("abortAlphaPpm", "abort_alpha_ppm", _WHOLE // 2),
    ("minCoveragePpm", "min_coverage_ppm", _WHOLE),
)


def check_equivalence(path: str, declared: equivalences.Equivalence, problems: Problems) -> None:
    """Note what is wrong with *declared*, which stands at *path*."""
    for name in _PATHS:
        for position, pointer in enumerate(getattr(declared, name)):
            _pointer(f"{path}.{name}[{position}]", pointer, problems)
    for position, entry in enumerate(declared.values):
        where = f"{path}.values[{position}]"
        _pointer(f"{where}.path", entry.path, problems)
        if not entry.values:
            problems.add(f"{where}.values", "empty; name the values that stand for each other")
        for number, text in enumerate(entry.values):
            if not _is_json(text):
                problem = f"{text[:60]!r} is not JSON; a text is written with its quotes, for example '\"NYC\"'"
                problems.add(f"{where}.values[{number}]", problem)


def check_terms(path: str, terms: equivalences.ComparisonTerms, problems: Problems) -> None:
    """Note what is wrong with *terms*, which stand at *path*."""
    check_equivalence(f"{path}.output", terms.output, problems)
    for name, field, most in _SHARES:
        if terms.HasField(field) and not 1 <= getattr(terms, field) <= most:
            problems.add(f"{path}.{name}", f"{getattr(terms, field)} is outside 1 to {most} parts per million")


def _pointer(path: str, pointer: str, problems: Problems) -> None:
    if not schemas.is_pointer(pointer):
        problems.add(path, f'"{pointer[:60]}" is not a JSON Pointer; write for example /tags or /rows/*/city')
    elif "**" in pointer.split("/")[:-1]:
        problems.add(path, f'"{pointer[:60]}": ** stands at the end, for everything below')


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
