"""One shadow: its plan, its samples, and how they add up."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from google.protobuf import timestamp_pb2

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal_migration.sampling import sampled, with_baseline
from pal_migration.store import Item, Kind

_RECENT_RUNS = 10_000
CAP_RUNS, CAP_COST, STOPPED = "CAP_RUNS", "CAP_COST", "STOPPED"


@dataclass(frozen=True)
class Lane:
    """A shadow run that is over: its cost is counted, and whether it came to its horizon."""

    run_id: str
    cost: common.Money | None
    horizon: bool


class Ledger:
    """A shadow as it is now. Everything that changes is noted, to be kept by whoever owns the store."""

    def __init__(self, shadow: pb.Shadow, samples: Iterable[pb.Sample], clock: Callable[[], float] = time.time) -> None:
        """Go on from what was kept; of *samples* only those whose lanes are not over are held on to."""
        self.shadow = shadow
        self._waiting = {sample.run_id: sample for sample in samples if sample.state == pb.SAMPLE_STATE_WAITING}
        # Runs that were seen lately: after a cut the record tells some of them again.
        self._recent: OrderedDict[str, None] = OrderedDict.fromkeys(self._waiting)
        self._clock = clock
        self._losses = Counter({loss.reason: loss.pairs for loss in shadow.progress.losses})
        self._left_out = Counter({loss.reason: loss.pairs for loss in shadow.progress.left_out})
        self._changed: dict[str, pb.Sample] = {}
        self._dirty = False
        self._under_way: set[str] = set()
        self._count()

    @property
    def shadow_id(self) -> str:
        """Its identifier."""
        return self.shadow.shadow_id

    @property
    def plan(self) -> pb.ShadowPlan:
        """What was asked for."""
        return self.shadow.plan

    @property
    def progress(self) -> pb.ShadowProgress:
        """How far it is."""
        return self.shadow.progress

    @property
    def going(self) -> bool:
        """Whether live runs are sampled."""
        return self.shadow.state == pb.SHADOW_STATE_GOING

    @property
    def waiting(self) -> list[pb.Sample]:
        """The samples whose lanes are not over, oldest first."""
        return sorted(self._waiting.values(), key=lambda sample: sample.sampled_at.ToNanoseconds())

    def see(self, run_id: str) -> pb.Sample | None:
        """Take note of a live run of the agent, and return it if it is sampled now."""
        if run_id in self._recent or not self.going:
            return None
        self._recent[run_id] = None
        if len(self._recent) > _RECENT_RUNS:
            self._recent.popitem(last=False)
        self.progress.seen += 1
        self._dirty = True
        if not sampled(self.shadow_id, run_id, self.plan.sample_ppm):
            return None
        sample = pb.Sample(
            run_id=run_id,
            state=pb.SAMPLE_STATE_WAITING,
            with_baseline=with_baseline(self.shadow_id, run_id, self.plan.baseline_ppm),
            sampled_at=self._now(),
        )
        self._waiting[run_id] = self._changed[run_id] = sample
        self.progress.sampled += 1
        self.progress.newest_run_id = run_id
        self._count()
        return sample

    def refusal(self, sample: pb.Sample) -> str:
        """Return why the lanes of *sample* may not begin; empty when they may."""
        self._roll()
        if not self.going:
            return STOPPED
        if not sample.begun and self.progress.runs_of_day + _lanes(sample) > self.plan.max_runs_per_day:
            return CAP_RUNS
        cap, spent = self.plan.max_cost_per_day, self.progress.cost_of_day
        return CAP_COST if spent.currency_code == cap.currency_code and spent.nanos >= cap.nanos else ""

    def begin(self, sample: pb.Sample) -> None:
        """Count that the lanes of *sample* begin, once, however often the service has to begin them."""
        if not sample.begun:
            sample.begun = True
            self.progress.runs_of_day += _lanes(sample)
            self._changed[sample.run_id] = sample
        self._under_way.add(sample.run_id)
        self._count()

    def spent(self, sample: pb.Sample, name: str, lane: Lane) -> None:
        """Note that the lane *name* of *sample* is over, and count what it has cost."""
        self._roll()
        setattr(sample, f"{name}_run_id", lane.run_id)
        self._changed[sample.run_id] = sample
        self.progress.horizons += lane.horizon
        total = self.progress.cost_of_day
        if lane.cost is not None and lane.cost.nanos and total.currency_code in ("", lane.cost.currency_code):
            total.currency_code = lane.cost.currency_code
            total.nanos += lane.cost.nanos
        self._dirty = True

    def compared(self, sample: pb.Sample) -> None:
        """Note that the lanes of *sample* are over and compared."""
        self._end(sample, pb.SAMPLE_STATE_COMPARED)
        self.progress.compared += 1
        self.progress.pairs += bool(sample.baseline_run_id)

    def lose(self, sample: pb.Sample, reason: str) -> None:
        """Note that *sample* gave no comparison."""
        sample.loss = reason
        self._end(sample, pb.SAMPLE_STATE_LOST)
        self._losses[reason] += 1
        self._tell(self.progress.losses, self._losses)

    def leave_out(self, sample: pb.Sample, reason: str) -> None:
        """Note that *sample* is none after all."""
        sample.loss = reason
        self._end(sample, pb.SAMPLE_STATE_LEFT_OUT)
        self._left_out[reason] += 1
        self._tell(self.progress.left_out, self._left_out)

    def stop(self) -> None:
        """Sample nothing any more."""
        if self.going:
            self.shadow.state = pb.SHADOW_STATE_STOPPED
            self.shadow.stopped_at.CopyFrom(self._now())
            self._dirty = True

    def unkept(self) -> list[Item]:
        """Return what has changed since the last time, to be kept."""
        if not (self._dirty or self._changed):
            return []
        items = [
            Item(Kind.SAMPLE, f"{self.shadow_id}/{run_id}", sample.SerializeToString())
            for run_id, sample in sorted(self._changed.items())
        ]
        items.append(Item(Kind.SHADOW, self.shadow_id, self.shadow.SerializeToString()))
        self._changed.clear()
        self._dirty = False
        return items

    def put_back(self, items: Iterable[Item]) -> None:
        """Take note that *items* could not be kept."""
        for item in items:
            shadow_id, _, run_id = item.key.partition("/")
            if item.kind is Kind.SAMPLE and shadow_id == self.shadow_id:
                self._changed.setdefault(run_id, pb.Sample.FromString(item.encoded))
        self._dirty = True

    def _end(self, sample: pb.Sample, state: pb.SampleState) -> None:
        never_kept = self._changed.pop(sample.run_id, None) is not None
        sample.state = state
        self._under_way.discard(sample.run_id)
        self._waiting.pop(sample.run_id, None)
        # Of a sample that was dropped at once the counts are all there is to know.
        if not never_kept or sample.begun:
            self._changed[sample.run_id] = sample
        self._count()

    def _count(self) -> None:
        self.progress.under_way = len(self._under_way)
        self.progress.waiting = len(self._waiting) - len(self._under_way)
        self._dirty = True

    def _tell(self, field: object, counted: Counter[str]) -> None:
        del field[:]  # type: ignore[attr-defined]
        field.extend(  # type: ignore[attr-defined]
            comparisons.Loss(reason=reason, pairs=number) for reason, number in counted.most_common()
        )

    def _roll(self) -> None:
        day = time.strftime("%Y-%m-%d", time.gmtime(self._clock()))
        if self.progress.day != day:
            self.progress.day, self.progress.runs_of_day = day, 0
            self.progress.ClearField("cost_of_day")

    def _now(self) -> timestamp_pb2.Timestamp:
        moment = timestamp_pb2.Timestamp()
        moment.FromNanoseconds(int(self._clock() * 1e9))
        return moment


def _lanes(sample: pb.Sample) -> int:
    return 1 + sample.with_baseline
