"""Documents of advice rules: from a text to rules that hold, or what is wrong with which line."""

from __future__ import annotations

from pal.v1 import advice_pb2 as pb
from pal_advice.rules import KIND, problems
from pal_registry.conversion import to_message
from pal_registry.nodes import Unreadable, read
from pal_registry.problems import Problem, Problems, refuse


def drafted(text: str, source: str = "") -> pb.AdviceRules:
    """Return the rules in *text*; messages call it *source*.

    Raises:
        MeshError: INVALID_DOCUMENT with the first few problems, each with its line, its path and how to mend it.
    """
    try:
        nodes = read(text)
    except Unreadable as error:
        refuse([Problem(error.line, "text", error.problem, "")], source)
        raise
    if len(nodes) != 1:
        many = f"{len(nodes)} documents; {KIND} are one" if nodes else f"empty; write a document of the kind {KIND}"
        refuse([Problem(nodes[1].line if len(nodes) > 1 else 1, "text", many, "")], source)
    found = Problems(KIND, nodes[0].line)
    rules = to_message(nodes[0], pb.AdviceRules, found)
    if not found.found:
        for path, problem in problems(rules):
            found.add(path, problem)
    refuse(found.found, source)
    return rules
