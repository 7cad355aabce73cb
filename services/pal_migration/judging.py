"""Verdicts: everything that a shadow has compared, judged, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import equivalence_pb2 as equivalences
from pal.v1 import error_reason_pb2 as reasons
from pal_diff.terms import Terms
from pal_log.events import new_id
from pal_migration.comparing import DEFAULT_ENTRIES, Comparing, Log
from pal_migration.history import History, history
from pal_migration.ledger import Ledger
from pal_migration.store import Item, Kind, MigrationStore
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.snapshot import RegistrySnapshot

# Pairs of A and A' that the judge is tested on, the newest ones: the test reads their logs and compares them again.
CONTROLS = 60
_GONE = frozenset({reasons.ERROR_REASON_RUN_NOT_FOUND, reasons.ERROR_REASON_RUN_DELETED})


class Judging:
    """Judges shadows."""

    def __init__(
        self, store: MigrationStore, snapshot: RegistrySnapshot, comparing: Comparing, record: RecorderClient
    ) -> None:
        """Judge what *store* keeps; what production did before is in *record*."""
        self._record = record
        self._histories: dict[str, History] = {}
        self._store = store
        self._snapshot = snapshot
        self._comparing = comparing
        # What the judge is worth, by shadow and by the newest pair that it was tested on.
        self._known: dict[str, tuple[str, comparisons.JudgeRates]] = {}

    async def verdict(self, ledger: Ledger) -> comparisons.Verdict:
        """Return what the shadow of *ledger* proves by now; it is kept."""
        await self._snapshot.require()
        items = await self._store.items(Kind.COMPARISON, f"{ledger.shadow_id}/")
        pairs = [comparisons.Comparison.FromString(item.encoded) for item in items]
        declared = self._declared(ledger.plan.agent)
        rates = await self._rates(ledger.shadow_id, pairs, declared)
        before = self._histories.get(ledger.shadow_id)
        if before is None:
            before = await history(ledger.shadow, self._record, self._snapshot)
            self._histories[ledger.shadow_id] = before
        found = await asyncio.to_thread(_judged, pairs, ledger.progress.losses, declared, rates, before)
        _describe(found, ledger)
        kept = pb.KeptVerdict(shadow_id=ledger.shadow_id, verdict=found)
        await self._store.put([Item(Kind.VERDICT, new_id(), kept.SerializeToString())])
        return found

    async def kept(self, agent: str, candidate: str) -> list[tuple[str, pb.KeptVerdict]]:
        """Return the verdicts about *agent* and *candidate*, empty for all, newest first, each with its key."""
        items = reversed(await self._store.items(Kind.VERDICT))
        verdicts = [(item.key, pb.KeptVerdict.FromString(item.encoded)) for item in items]
        return [
            (key, kept)
            for key, kept in verdicts
            if agent in ("", kept.verdict.agent.name)
            and candidate in ("", kept.verdict.candidate, kept.verdict.candidate.partition(" ")[0])
        ]

    async def compared(self, ledger: Ledger, kind: comparisons.PairKind) -> list[tuple[str, comparisons.Comparison]]:
        """Return the comparisons of a shadow, newest first, each with its key."""
        items = reversed(await self._store.items(Kind.COMPARISON, f"{ledger.shadow_id}/"))
        suffix = f"/{kind}"
        return [
            (item.key, comparisons.Comparison.FromString(item.encoded)) for item in items if item.key.endswith(suffix)
        ]

    def _declared(self, agent: str) -> equivalences.ComparisonTerms:
        document = self._snapshot.resolve(registry.DOCUMENT_KIND_AGENT, common.SpecSelector(name=agent))
        return document.agent.spec.comparison

    async def _rates(
        self, shadow_id: str, pairs: Sequence[comparisons.Comparison], declared: equivalences.ComparisonTerms
    ) -> comparisons.JudgeRates:
        drift = [pair for pair in pairs if pair.pair_kind == comparisons.PAIR_KIND_DRIFT][-CONTROLS:]
        if not drift:
            return comparisons.JudgeRates(problem="there is no pair of A and A' yet: the judge cannot be tested")
        tested_on = f"{len(pairs)} {drift[-1].b.run_id}"
        known = self._known.get(shadow_id)
        if known is None or known[0] != tested_on:
            controls = [logs for pair in drift if (logs := await self._logs(pair)) is not None]
            if not controls:
                return comparisons.JudgeRates(problem="the logs of A and A' are not kept any more")
            terms = await self._comparing.terms([log for pair in controls for log in pair], DEFAULT_ENTRIES)
            known = self._known[shadow_id] = tested_on, await asyncio.to_thread(_tested, controls, terms, declared)
        return known[1]

    async def _logs(self, pair: comparisons.Comparison) -> tuple[Log, Log] | None:
        try:
            return await self._comparing.log(pair.a.run_id), await self._comparing.log(pair.b.run_id)
        except MeshError as error:
            if error.reason not in _GONE:
                raise
            return None


def _tested(
    controls: Sequence[tuple[Log, Log]], terms: Terms, declared: equivalences.ComparisonTerms
) -> comparisons.JudgeRates:
    # Loading the statistics takes a second and 80 MB that a service without a verdict does not need.
    from pal_verdict.self_test import rates

    return rates(controls, terms, declared)


def _judged(
    pairs: Sequence[comparisons.Comparison],
    losses: Sequence[comparisons.Loss],
    declared: equivalences.ComparisonTerms,
    rates: comparisons.JudgeRates,
    before: History,
) -> comparisons.Verdict:
    from pal_verdict.judge import Judge

    judge = Judge(declared)
    judge.remember(before.tools, before.runs)
    for pair in pairs:
        judge.add(pair)
    for loss in losses:
        judge.lose(loss.reason, loss.pairs)
    return judge.verdict(rates)


def _describe(found: comparisons.Verdict, ledger: Ledger) -> None:
    found.agent.name = found.agent.name or ledger.plan.agent
    found.baseline = found.baseline or ledger.shadow.baseline
    found.candidate = found.candidate or ledger.plan.candidate
    found.remarks.extend(ledger.shadow.warnings)
