"""Documents of advice rules: from a text to rules that hold, or what is wrong with which line."""

from __future__ import annotations

from pal.v1 import advice_pb2 as pb
from pal_advice.rules import KIND, problems
from pal_registry.conversion import to_message
from pal_registry.problems import Problems, refuse
from pal_registry.single import only
from pal_registry.words import found as told


def drafted(text: str, source: str = "") -> pb.AdviceRules:
    """Return the rules in *text*; messages call it *source*.

    Raises:
        MeshError: INVALID_DOCUMENT with the first few problems, each with its line, its path and how to mend it.
    """
    node = only(text, source, f"a document of the kind {KIND}")
    found = Problems(KIND, node.line)
    if isinstance(node.value, dict) and (kind := node.value.get("kind")) is not None and kind.value != KIND:
        found.add("kind", f"expected {KIND}, found {told(kind)}", line=kind.line)
        refuse(found.found, source)
    rules = to_message(node, pb.AdviceRules, found)
    if not found.found:
        for path, problem in problems(rules):
            found.add(path, problem)
    refuse(found.found, source)
    return rules
