"""Advice about a runtime: what the mesh knows is gathered, what it cannot know comes with the request."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from google.protobuf import duration_pb2

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import advice_pb2 as advice
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import error_reason_pb2 as reasons
from pal_advice import advisories, levels, matrix, releases, standing
from pal_advice.evidence import moment
from pal_advice.judge import judge
from pal_advice.rules import problems as problems_with_rules
from pal_advice.rules import shipped
from pal_advice.versions import PYPI
from pal_migration.certified import Certified
from pal_migration.judging import Judging
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot

AUTO = "auto"
_MONTH, _WEEK = timedelta(days=30), timedelta(days=7)
_UPGRADES = ("upgrades.broke_percent", "upgrades.measured")


class Advising:
    """Advises whether to stay on a runtime."""

    def __init__(
        self, snapshot: RegistrySnapshot, record: RecorderClient, judging: Judging, certified: Certified
    ) -> None:
        """Go by what *snapshot*, *record*, the verdicts of *judging* and *certified* say."""
        self._snapshot = snapshot
        self._record = record
        self._judging = judging
        self._certified = certified

    async def advise(self, request: pb.AdviseRequest) -> advice.Advice:
        """Return what to do about the runtime of *request*, and why.

        Raises:
            MeshError: the runtime is not there, or something in the request is wrong.
        """
        rules = _rules(request)
        await self._snapshot.require()
        runtime = self._runtime(request.runtime)
        now = datetime.now(UTC)
        month, running = await self._running(request.runtime, now)
        checked, source = await asyncio.to_thread(self._certified.checked, list(request.certificates))
        passed = await self._passed(request.runtime, now)
        users = self._users(request.runtime, month)
        evidence = [
            *_of_files(request, runtime, now),
            *running,
            *standing.certificates(request.runtime, checked, source, now),
            *standing.standby(request.runtime, users, self._snapshot.runtimes, checked, passed, now),
        ]
        found = await asyncio.to_thread(judge, rules, evidence, now)
        found.runtime, found.version = request.runtime, runtime.installed_version
        return found

    def _runtime(self, name: str) -> registry.RegisteredRuntime:
        known = self._snapshot.runtimes
        if not name:
            raise InvalidField("runtime", f"empty; name one of {', '.join(sorted(known)) or 'none'}")
        if name not in known:
            nearest = next(iter(difflib.get_close_matches(name, known, n=1)), "")
            hint = f"did you mean {nearest}? " if nearest else ""
            raise MeshError(
                reasons.ERROR_REASON_RUNTIME_NOT_FOUND,
                f"runtime {name} is not registered; {hint}registered are: {', '.join(sorted(known)) or 'none'}",
                runtime=name,
                nearest=nearest,
            )
        return known[name]

    async def _running(
        self, runtime: str, now: datetime
    ) -> tuple[Sequence[slo.SloReport], list[advice.AdviceEvidence]]:
        """Return the reports of 30 days, and what they say of *runtime*; nothing while the record is away."""
        try:
            month, week = await self._reports(_MONTH), await self._reports(_WEEK)
        except MeshError as error:
            if error.reason != reasons.ERROR_REASON_RECORDER_UNAVAILABLE:
                raise
            return (), levels.unavailable(error.message)
        return month, [*levels.levels(runtime, month, week, now), levels.cost(runtime, month, now)]

    async def _reports(self, window: timedelta) -> Sequence[slo.SloReport]:
        seconds = int(window.total_seconds())
        request = slo.GetSloRequest(window=duration_pb2.Duration(seconds=seconds))
        return (await self._record.slo(request)).reports

    async def _passed(self, runtime: str, now: datetime) -> set[tuple[str, str]]:
        """Return the agents and candidates whose newest verdict against *runtime* is a PASS that is not too old."""
        newest: dict[tuple[str, str], comparisons.Verdict] = {}
        for _, kept in await self._judging.kept("", ""):
            found = kept.verdict
            if found.baseline.partition(" ")[0] == runtime:
                newest.setdefault((found.agent.name, found.candidate.partition(" ")[0]), found)
        return {
            pair
            for pair, found in newest.items()
            if found.outcome == comparisons.VERDICT_OUTCOME_PASS and now - moment(found.decided_at) <= _MONTH
        }

    def _users(self, runtime: str, month: Sequence[slo.SloReport]) -> dict[str, agents.AgentSpec]:
        """Return the agents whose runs go to *runtime*, and those that choose by themselves and had some there."""
        had = {report.agent for report in month if report.runtime == runtime and report.counted}
        found = {}
        for document in self._snapshot.newest(registry.DOCUMENT_KIND_AGENT):
            agent = document.agent
            name, selector = agent.metadata.name, agent.spec.runtime.selector
            if selector == AUTO:
                uses = name in had
            else:
                uses = selector == runtime if selector else self._routed(name, runtime)
            if uses:
                found[name] = agent
        return found

    def _routed(self, agent: str, runtime: str) -> bool:
        routes = self._snapshot.routes_of(agent)
        own = [route for route in routes if route.agent == agent] or routes
        return any(
            runtime == route.stable or (runtime == route.candidate and route.candidate_basis_points) for route in own
        )


def _rules(request: pb.AdviseRequest) -> advice.AdviceRules:
    if not request.HasField("rules"):
        return shipped()
    if found := problems_with_rules(request.rules):
        path, problem = found[0]
        raise InvalidField(f"rules.{path}", problem)
    return request.rules


def _of_files(
    request: pb.AdviseRequest, runtime: registry.RegisteredRuntime, now: datetime
) -> list[advice.AdviceEvidence]:
    version, ecosystem = runtime.installed_version, request.ecosystem or PYPI
    package = advisories.Package(request.package or runtime.capability.runtime, ecosystem, version)
    licences = [(one.version, one.licence, one.source) for one in request.licences]
    found = [
        *advisories.evidence_of(list(request.osv), package, now),
        *releases.cadence(request.releases if request.HasField("releases") else None, ecosystem, now),
    ]
    declared = matrix.declared(runtime.capability, version)
    at = now
    if request.HasField("matrix"):
        source = request.matrix.source or "matrix"
        raw = matrix.read(request.matrix, package.name)
        at = matrix.measured_at(raw, request.matrix, now)
        declared += matrix.conformance(raw, version, source, at)
        licences += releases.licences_of(raw, source)
        found += matrix.upgrades(raw, source, at)
    else:
        found += matrix.unmeasured(_UPGRADES)
    return [
        *found,
        *(declared or matrix.unmeasured(["conformance.failed_cases"])),
        releases.licence(version, licences, ecosystem, at),
    ]
