"""Routes as an operator writes and compares them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from pal.service.v1 import registry_service_pb2 as pb
from pal_cli.failures import NOT_FOUND, CommandError
from pal_gameday.routing import FIELDS, WHOLE, used


def split(words: Sequence[str]) -> tuple[str, str, int]:
    """Return stable, candidate and the share of the candidate in basis points, from ``agno=90 langgraph=10``.

    One of two may leave its share out and gets what the other leaves.

    Raises:
        CommandError: there are no runtimes or more than two, or the shares are no shares of a whole.
    """
    if not 1 <= len(words) <= 2:
        raise CommandError("name one runtime, or two that share the runs: agno, or agno=90 langgraph=10")
    names = [word.partition("=")[0] for word in words]
    stated = [_points(word) if "=" in word else None for word in words]
    if len(words) == 1:
        if stated[0] not in (None, WHOLE):
            raise CommandError(f"{words[0]}: {_percent(stated[0] or 0)} % leave runs without a runtime; name the other")
        return names[0], "", 0
    if stated == [None, None]:
        raise CommandError(f"say how the runs are shared, for example {names[0]}=90 {names[1]}=10")
    first, second = stated
    share = WHOLE - (first or 0) if second is None else second
    total = (WHOLE - share if first is None else first) + share
    if total != WHOLE:
        raise CommandError(f"the shares add up to {_percent(total)} %, not 100")
    return names[0], names[1], share


def shares(route: pb.Route) -> str:
    """Return which runtimes *route* uses, for people."""
    if not route.candidate:
        return route.stable
    candidate = route.candidate_basis_points
    return f"{route.stable} {_percent(WHOLE - candidate)} %, {route.candidate} {_percent(candidate)} %"


def difference(before: pb.Route, after: pb.Route) -> list[tuple[str, str, str]]:
    """Return what differs between two revisions: field, before, after."""
    fields = [(name, _shown(before, name), _shown(after, name)) for name in FIELDS]
    return [(name, old, new) for name, old, new in fields if old != new]


def rolled_back(history: Iterable[pb.Route], to: int | None, default: str = "") -> pb.Route:
    """Return the revision that takes back the newest of *history*, newest first.

    A trial is ended: everything goes to stable again. Without a trial it is the newest earlier revision that used
    other runtimes; after a rollback of a trial that is the trial. Before its first revision an agent went to the
    *default*. *to* names a revision instead.

    Raises:
        CommandError: there is nothing to go back to.
    """
    present, *earlier = history
    back = pb.Route()
    if to is None and present.candidate and present.candidate_basis_points:
        back.CopyFrom(present)
        back.candidate_basis_points, back.hold, back.mark = 0, False, ""
        return back
    if to is None:
        chosen = next((route for route in earlier if used(route) != used(present)), None)
    else:
        chosen = next((route for route in earlier if route.revision == to), None)
    if chosen is None and to is None and default and used(present) != {default}:
        return pb.Route(agent=present.agent, version_range=present.version_range, stable=default)
    if chosen is None:
        known = ", ".join(str(route.revision) for route in earlier) or "none"
        what = "no earlier revision used other runtimes" if to is None else f"revision {to} is not an earlier one"
        raise CommandError(f"{what}; earlier revisions: {known}", NOT_FOUND)
    back.CopyFrom(chosen)
    back.running, back.hold, back.mark = pb.RUNNING_RUNS_UNSPECIFIED, False, ""
    return back


def _points(word: str) -> int:
    text = word.partition("=")[2].removesuffix("%")
    try:
        points = Decimal(text) * 100
    except InvalidOperation:
        raise CommandError(f'{word}: "{text}" is no share; write a percentage, for example 10 or 0.5') from None
    if not points.is_finite() or not 0 <= points <= WHOLE:
        raise CommandError(f"{word}: a share is 0 to 100 percent")
    if points != points.to_integral_value():
        raise CommandError(f"{word}: a share has at most two digits after the point")
    return int(points)


def _percent(points: int) -> str:
    return f"{points / 100:g}"


def _shown(route: pb.Route, name: str) -> str:
    value = getattr(route, name)
    match name:
        case "candidate_basis_points":
            return f"{_percent(value)} %"
        case "fallbacks":
            return ", ".join(value) or "-"
        case "running":
            return "move" if value == pb.RUNNING_RUNS_MOVE else "leave"
        case "hold":
            return "yes" if value else "no"
        case "stickiness":
            return value or "conversation"
        case _:
            return value or "-"
