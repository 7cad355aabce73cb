"""Documents that are not published, one to a text: plans and rules."""

from __future__ import annotations

from pal_registry.nodes import Node, Unreadable, read
from pal_registry.problems import Problem, refuse


def only(text: str, source: str, word: str) -> Node:
    """Return the one document in *text*, which is *word* ("a plan"); messages call the text *source*.

    Raises:
        MeshError: INVALID_DOCUMENT, it cannot be read, or there is none, or another one.
    """
    try:
        nodes = read(text)
    except Unreadable as error:
        refuse([Problem(error.line, "text", error.problem, "")], source)
        raise
    if len(nodes) != 1:
        many = f"{len(nodes)} documents; {word} is one" if nodes else f"empty; write {word}"
        refuse([Problem(nodes[1].line if len(nodes) > 1 else 1, "text", many, "")], source)
    return nodes[0]
