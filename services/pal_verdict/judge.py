"""The judge: takes in pairs one by one and says, whenever asked, what they prove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pal.v1 import comparison_pb2 as pb
from pal.v1 import equivalence_pb2 as equivalences
from pal_diff.findings import EFFECTS, ORDER, STRUCTURE, TEXT, VALUES
from pal_verdict import opinion
from pal_verdict.evidence import Mean
from pal_verdict.matching import Matching
from pal_verdict.seen import Sightings, Sort
from pal_verdict.standards import filled
from pal_verdict.tallies import Fields, Ratio, Signed, amount, differs, success_worse

MATCHED = (EFFECTS, VALUES, ORDER, TEXT)
# Inputs that may lack one of their two pairs before other inputs lend theirs.
_PATIENCE = 10


class Judge:
    """Judges one candidate for one agent.

    Every question has a test that holds at every look, so asking often costs nothing in validity. Pairs of A and A'
    (PAIR_KIND_DRIFT) are the noise that pairs of A' and B are held against; without them values and effects stay
    INCONCLUSIVE.
    """

    def __init__(self, terms: equivalences.ComparisonTerms | None = None) -> None:
        """Judge by *terms*; what they leave open has defaults."""
        self.terms = filled(terms or equivalences.ComparisonTerms())
        margin = self.terms.success_margin_ppm / 1e6
        self.runtime, self.drift = Sightings(), Sightings()
        self.success, self.drift_success = Signed(margin), Signed(margin)
        self.matched = {tier: Signed(margin) for tier in MATCHED}
        self.broken = Mean(margin, -1)
        self.broken_pairs = 0
        self.cost = Ratio(self.terms.cost_margin_ppm / 1e6)
        self.slow = Ratio(self.terms.latency_margin_ppm / 1e6)
        self.latencies: tuple[list[float], list[float]] = ([], [])
        self.fields = Fields(self.terms.abort_alpha_ppm / 1e6)
        self.losses: Counter[str] = Counter()
        self.drift_excluded = 0
        self.remarks: dict[str, None] = {}
        self.agents: dict[tuple[str, str], None] = {}
        self.lanes: tuple[dict[str, None], dict[str, None]] = ({}, {})
        self.unpriced = 0
        self.differing = {"runtime": 0, "drift": 0}
        self._matching = Matching()
        # Irreversible tools that production was seen to use, in how many runs, and what of the level is spent.
        self._known: set[str] = set()
        self._known_runs = 0
        self._spent = 0.0
        self.new_classes: set[Sort] = set()

    def remember(self, irreversible_tools: Iterable[str], runs: int) -> None:
        """Know of *runs* recorded runs of production beyond the pairs, and what they could not take back.

        The longer that history, the sooner an irreversible tool that is not in it counts as new.
        """
        self._known.update(irreversible_tools)
        self._known_runs += runs

    def lose(self, reason: str, pairs: int = 1) -> None:
        """Count eligible pairs that were not compared."""
        self.losses[reason] += pairs

    def add(self, comparison: pb.Comparison) -> bool:
        """Take in a pair; return whether it could be used.

        A pair whose lanes had other models or prices says nothing about the runtime: it is counted as lost.
        """
        drift = comparison.pair_kind == pb.PAIR_KIND_DRIFT
        if reason := unequal(comparison):
            if drift:
                self.drift_excluded += 1
            else:
                self.losses[reason] += 1
            return False
        self._remember_run(comparison.a)
        if drift:
            self._remember_run(comparison.b)
            self._add_drift(comparison)
        else:
            self._add_runtime(comparison)
        if matched := self._matching.add(comparison):
            self._add_matched(*matched)
        if self._matching.waiting >= _PATIENCE:
            self.settle()
        return True

    def settle(self) -> None:
        """Match what waits for its counterpart with other inputs: call it when no more pairs will come."""
        for runtime, drift in self._matching.leftovers():
            self._add_matched(runtime, drift)

    def verdict(self, rates: pb.JudgeRates | None = None) -> pb.Verdict:
        """Return what is known by now; *rates* is what the judge's own test has shown."""
        return opinion.verdict(self, rates)

    def hard(self) -> set[Sort]:
        """Return the differences that count at n = 1 and that A and A' do not show as well."""
        noise = self.drift.hard()
        return {sort for sort in self.runtime.hard() if sort not in noise} | self.new_classes

    def _add_drift(self, comparison: pb.Comparison) -> None:
        self.drift.add(comparison)
        worse = success_worse(comparison.a, comparison.b)
        if worse is not None:
            self.drift_success.add(worse)
        self.differing["drift"] += bool(worse) or differs(comparison, EFFECTS)

    def _add_runtime(self, comparison: pb.Comparison) -> None:
        a, b = comparison.a, comparison.b
        self._classes(comparison)
        self.runtime.add(comparison)
        broken = any(entry.hard for entry in comparison.tiers if entry.tier == STRUCTURE)
        self.broken_pairs += broken
        self.broken.add(float(broken))
        worse = success_worse(a, b)
        if worse is not None:
            self.success.add(worse)
        self.differing["runtime"] += bool(worse) or differs(comparison, EFFECTS)
        spent_a, spent_b = amount(a), amount(b)
        if a.HasField("cost") != b.HasField("cost"):
            spent_a = spent_b = None
        if spent_a is not None and spent_b is not None:
            self.cost.add(spent_a, spent_b)
            self.unpriced += not a.HasField("cost")
        if a.latency.trusted and b.latency.trusted:
            took = [run.latency.total.ToNanoseconds() / 1e9 for run in (a, b)]
            self.slow.add(*took)
            for lane, seconds in zip(self.latencies, took, strict=True):
                lane.append(seconds)
        self._describe(comparison)

    def _add_matched(self, runtime: pb.Comparison, drift: pb.Comparison) -> None:
        for tier, signed in self.matched.items():
            if tier != VALUES:
                signed.add(int(differs(runtime, tier)) - int(differs(drift, tier)))
        self.matched[VALUES].add(self.fields.add(runtime, drift))

    def _remember_run(self, run: pb.ComparedRun) -> None:
        self._known_runs += 1
        self._known.update(run.irreversible_tools)

    def _classes(self, comparison: pb.Comparison) -> None:
        """Find irreversible tools that are new, as long as the level allows.

        Among n runs of production and one of B that are exchangeable, the chance that B alone uses a tool is 1/(n+1) at
        most. The sum of these chances over all looks bounds the probability of ever calling it new wrongly; once it
        exceeds the level, nothing is called new any more. The bound is for each tool.
        """
        new = [tool for tool in comparison.b.irreversible_tools if tool not in self._known]
        self._spent += 1 / (self._known_runs + 1)
        if self._spent <= self.terms.abort_alpha_ppm / 1e6:
            self.new_classes.update(("EFFECT_CLASS_NEW", f"{tool}/class") for tool in new)

    def _describe(self, comparison: pb.Comparison) -> None:
        agent = comparison.a.agent
        self.agents[agent.name, agent.version] = None
        for lane, run in zip(self.lanes, (comparison.a, comparison.b), strict=True):
            lane[f"{run.runtime} {run.runtime_version}".strip()] = None
        for text in comparison.remarks:
            if len(self.remarks) < 20:
                self.remarks[text] = None


def unequal(comparison: pb.Comparison) -> str:
    """Return why the lanes of a pair cannot be compared; empty when they can."""
    a, b = comparison.a, comparison.b
    if a.models and b.models and set(a.models) != set(b.models):
        return "MODEL_DIFFERS"
    if a.price_table != b.price_table:
        return "PRICE_TABLE_DIFFERS"
    return ""
