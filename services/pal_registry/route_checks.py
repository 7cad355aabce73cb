"""What is wrong with a route, in words that name the field and the fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_policy.requirements import missing
from pal_registry.catalogue import Catalogue
from pal_registry.names import problem_with_range
from pal_registry.runtimes import Runtimes
from pal_registry.words import nearest
from pal_rpc.errors import InvalidField, MeshError

WHOLE = 10_000
STICKINESS = ("conversation", "run")
MAX_SALT_CHARACTERS = 128
MAX_MARK_CHARACTERS = 128
MAX_TEXT_CHARACTERS = 512
MAX_FALLBACKS = 8


def check_route(route: pb.Route, catalogue: Catalogue, runtimes: Runtimes) -> None:
    """Check a route that somebody wants to set.

    Raises:
        MeshError: RUNTIME_NOT_FOUND, AGENT_NOT_FOUND, CAPABILITY_MISSING, or a field is wrong.
    """
    _check_agent(route, catalogue)
    if not route.stable:
        raise InvalidField("route.stable", "missing; name the runtime that runs go to")
    _check_split(route)
    _check_fallbacks(route)
    for field, limit in (
        ("salt", MAX_SALT_CHARACTERS),
        ("mark", MAX_MARK_CHARACTERS),
        ("author", MAX_TEXT_CHARACTERS),
        ("reason", MAX_TEXT_CHARACTERS),
    ):
        if len(getattr(route, field)) > limit:
            raise InvalidField(f"route.{field}", f"longer than {limit} characters")
    if route.running not in pb.RunningRuns.values():
        raise InvalidField("route.running", f"{route.running} is unknown; one of LEAVE, MOVE")
    known = runtimes.names() | set(catalogue.names(pb.DOCUMENT_KIND_RUNTIME))
    for name in _named(route).values():
        if name not in known:
            raise _unknown("runtime", name, sorted(known))
    _check_capabilities(route, catalogue, runtimes)


def _check_agent(route: pb.Route, catalogue: Catalogue) -> None:
    if problem := problem_with_range(route.version_range):
        raise InvalidField("route.version_range", problem)
    if route.version_range and not route.agent:
        raise InvalidField("route.version_range", "the default is for all versions of all agents; leave it empty")
    if route.agent and not catalogue.has(pb.DOCUMENT_KIND_AGENT, route.agent):
        raise _unknown("agent", route.agent, catalogue.names(pb.DOCUMENT_KIND_AGENT))


def _check_split(route: pb.Route) -> None:
    share = route.candidate_basis_points
    if not 0 <= share <= WHOLE:
        raise InvalidField("route.candidate_basis_points", f"{share} is not within 0 to {WHOLE}; 100 are one percent")
    if share and not route.candidate:
        raise InvalidField("route.candidate", f"missing, though it gets {share} of {WHOLE} basis points; name it")
    if route.candidate and route.candidate == route.stable:
        raise InvalidField("route.candidate", f"{route.candidate} is stable already; name another runtime, or none")
    if route.stickiness not in ("", *STICKINESS):
        raise InvalidField("route.stickiness", f'"{route.stickiness}" is unknown; one of {", ".join(STICKINESS)}')


def _check_fallbacks(route: pb.Route) -> None:
    if len(route.fallbacks) > MAX_FALLBACKS:
        raise InvalidField("route.fallbacks", f"more than {MAX_FALLBACKS}")
    for index, name in enumerate(route.fallbacks):
        if name in (route.stable, *route.fallbacks[:index]):
            raise InvalidField(f"route.fallbacks[{index}]", f"{name or 'an empty name'} is named before; leave it out")
        if not name:
            raise InvalidField(f"route.fallbacks[{index}]", "empty; name a runtime, or leave it out")


def _check_capabilities(route: pb.Route, catalogue: Catalogue, runtimes: Runtimes) -> None:
    """Refuse a runtime that is here and lacks what the newest version of the agent needs."""
    if not route.agent:
        return
    try:
        selector = common.SpecSelector(name=route.agent, version_range=route.version_range)
        agent = catalogue.resolve(pb.DOCUMENT_KIND_AGENT, selector).agent
    except MeshError:
        # All its versions are withdrawn, or none is in the range yet.
        return
    present = {runtime.name: runtime.capability for runtime in runtimes.all()}
    for field, name in _named(route).items():
        if name in present and (lacking := missing(agent.spec, present[name])):
            raise MeshError(
                reasons.ERROR_REASON_CAPABILITY_MISSING,
                f"route.{field}: runtime {name} lacks what agent {route.agent} {agent.metadata.version} requires: "
                f"{', '.join(lacking)}; choose another runtime, or require less in spec.requires",
                field=f"route.{field}",
                agent=route.agent,
                runtime=name,
                missing=", ".join(lacking),
            )


def _named(route: pb.Route) -> Mapping[str, str]:
    single = {"stable": route.stable, "candidate": route.candidate}
    named = single | {f"fallbacks[{index}]": name for index, name in enumerate(route.fallbacks)}
    return {field: name for field, name in named.items() if name}


def _unknown(word: str, name: str, names: Sequence[str]) -> MeshError:
    reason = {"agent": reasons.ERROR_REASON_AGENT_NOT_FOUND, "runtime": reasons.ERROR_REASON_RUNTIME_NOT_FOUND}[word]
    meant = nearest(name, names)
    there = ", ".join(names) or "none"
    advice = f"did you mean {meant}?" if meant else f"there are: {there}"
    return MeshError(reason, f"{word} {name} not found: {advice}", **{word: name}, nearest=meant)
