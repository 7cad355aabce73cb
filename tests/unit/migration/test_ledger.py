"""A shadow adds up, keeps to its caps, and goes on from what was kept."""

from __future__ import annotations

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_migration.ledger import CAP_COST, CAP_RUNS, STOPPED, Lane, Ledger
from pal_migration.sampling import WHOLE_PPM
from pal_migration.store import Kind

NOON = 1_700_000_000.0
DAY = 24 * 3600


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def ledger(clock: Clock | None = None, samples: tuple[pb.Sample, ...] = (), **plan: object) -> Ledger:
    asked = pb.ShadowPlan(
        **{  # type: ignore[arg-type]
            "agent": "desk",
            "candidate": "other",
            "sample_ppm": WHOLE_PPM,
            "baseline_ppm": WHOLE_PPM,
            "max_runs_per_day": 100,
            "max_cost_per_day": usd(1),
            **plan,
        }
    )
    shadow = pb.Shadow(shadow_id="s1", plan=asked, state=pb.SHADOW_STATE_GOING)
    return Ledger(shadow, samples, clock or Clock())


def usd(amount: float) -> common.Money:
    return common.Money(currency_code="USD", nanos=int(amount * 1e9))


def sample(of: Ledger, run_id: str) -> pb.Sample:
    found = of.see(run_id)
    assert found is not None
    return found


def test_a_run_is_seen_once() -> None:
    shadow = ledger()

    assert [shadow.see(run_id) is not None for run_id in ("a", "b", "a")] == [True, True, False]
    assert (shadow.progress.seen, shadow.progress.sampled, shadow.progress.waiting) == (2, 2, 2)


def test_every_sample_is_somewhere() -> None:
    shadow = ledger()
    compared, lost, left_out, waiting = (sample(shadow, run_id) for run_id in "abcd")
    shadow.begin(compared)
    compared.baseline_run_id = "x"
    shadow.compared(compared)
    shadow.lose(lost, "QUEUE_FULL")
    shadow.leave_out(left_out, CAP_RUNS)
    shadow.begin(waiting)

    progress = shadow.progress
    assert (progress.compared, progress.pairs, progress.under_way, progress.waiting) == (1, 1, 1, 0)
    assert [(loss.reason, loss.pairs) for loss in progress.losses] == [("QUEUE_FULL", 1)]
    assert [(loss.reason, loss.pairs) for loss in progress.left_out] == [(CAP_RUNS, 1)]


def test_the_cap_on_runs_counts_both_lanes_and_ends_with_the_day() -> None:
    clock = Clock()
    shadow = ledger(clock, max_runs_per_day=3)
    first, second = sample(shadow, "a"), sample(shadow, "b")

    assert shadow.refusal(first) == ""
    shadow.begin(first)
    assert shadow.refusal(second) == CAP_RUNS
    clock.now += DAY
    assert shadow.refusal(second) == ""


def test_the_cap_on_money_holds_once_it_is_reached() -> None:
    shadow = ledger(max_cost_per_day=usd(0.5))
    first, second = sample(shadow, "a"), sample(shadow, "b")
    shadow.begin(first)
    for lane in ("candidate", "baseline"):
        shadow.spent(first, lane, Lane(lane, usd(0.3), horizon=False))

    assert shadow.refusal(second) == CAP_COST
    assert shadow.progress.cost_of_day == usd(0.6)


def test_another_currency_is_not_added() -> None:
    shadow = ledger()
    one = sample(shadow, "a")
    shadow.spent(one, "candidate", Lane("x", usd(0.3), horizon=True))
    shadow.spent(one, "baseline", Lane("y", common.Money(currency_code="EUR", nanos=1), horizon=False))

    assert shadow.progress.cost_of_day == usd(0.3) and shadow.progress.horizons == 1


def test_a_stopped_shadow_begins_nothing() -> None:
    shadow = ledger()
    waiting = sample(shadow, "a")
    shadow.stop()

    assert shadow.refusal(waiting) == STOPPED
    assert shadow.see("b") is None and shadow.shadow.HasField("stopped_at")


def test_what_was_kept_is_gone_on_from() -> None:
    before = ledger()
    sample(before, "a")
    before.lose(sample(before, "b"), "QUEUE_FULL")
    kept = before.unkept()
    shadow = pb.Shadow.FromString(next(item.encoded for item in kept if item.kind is Kind.SHADOW))
    samples = [pb.Sample.FromString(item.encoded) for item in kept if item.kind is Kind.SAMPLE]

    after = Ledger(shadow, samples, Clock())

    assert before.unkept() == []
    assert [waiting.run_id for waiting in after.waiting] == ["a"] and after.see("a") is None
    after.lose(after.waiting[0], "QUEUE_FULL")
    assert [(loss.reason, loss.pairs) for loss in after.progress.losses] == [("QUEUE_FULL", 2)]


def test_what_was_under_way_is_counted_once_and_goes_on_at_the_cap() -> None:
    before = ledger(max_runs_per_day=2)
    begun = sample(before, "a")
    assert before.refusal(begun) == ""
    before.begin(begun)
    before.spent(begun, "candidate", Lane("x", usd(0.3), horizon=False))
    kept = before.unkept()
    shadow = pb.Shadow.FromString(next(item.encoded for item in kept if item.kind is Kind.SHADOW))

    after = Ledger(shadow, [pb.Sample.FromString(item.encoded) for item in kept if item.kind is Kind.SAMPLE], Clock())
    (again,) = after.waiting
    refused = after.refusal(again)
    after.begin(again)
    after.lose(again, "LANE_CANCELLED")

    assert (refused, again.candidate_run_id, after.progress.runs_of_day) == ("", "x", 2)
    assert pb.SAMPLE_STATE_LOST in [
        pb.Sample.FromString(item.encoded).state for item in after.unkept() if item.kind is Kind.SAMPLE
    ]


def test_what_could_not_be_kept_is_kept_the_next_time() -> None:
    shadow = ledger()
    sample(shadow, "a")
    items = shadow.unkept()

    shadow.put_back(items)

    assert {item.key for item in shadow.unkept()} == {item.key for item in items}


def test_a_sample_that_is_dropped_at_once_is_counted_and_not_kept() -> None:
    shadow = ledger()
    shadow.lose(sample(shadow, "a"), "QUEUE_FULL")

    assert [item.kind for item in shadow.unkept()] == [Kind.SHADOW]


def test_a_sample_that_was_kept_waiting_is_kept_as_lost() -> None:
    shadow = ledger()
    waiting = sample(shadow, "a")
    shadow.unkept()
    shadow.lose(waiting, "OVERLOADED")

    kept = [pb.Sample.FromString(item.encoded) for item in shadow.unkept() if item.kind is Kind.SAMPLE]

    assert [(entry.state, entry.loss) for entry in kept] == [(pb.SAMPLE_STATE_LOST, "OVERLOADED")]
