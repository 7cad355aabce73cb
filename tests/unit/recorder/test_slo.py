"""What finished runs add up to, and what is said of it."""

from __future__ import annotations

import itertools

import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_recorder.memory import MemoryStore
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_query import SloQuery
from pal_recorder.slo_report import lower_bound
from pal_recorder.slo_rollup import DAY, HOUR, MINUTE, RollupKey, stretches
from pal_recorder.store import Entry, Group, StoreDamaged
from pal_rpc.errors import InvalidField

SUCCEEDED, FAILED, CANCELLED = events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_CANCELLED
LIVE, SHADOW = common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_SHADOW
# A Monday, half past noon.
NOON = 1_790_000_000 // DAY * DAY + 12 * HOUR + 1800
MILLISECOND = 1_000_000
REJECTED = {"langgraph": "LOST_BEFORE", "pydantic-ai": "BREAKER_OPEN", "agno": "LOST_BEFORE"}
_positions = itertools.count(1)


def run(
    number: int,
    outcome: int = SUCCEEDED,
    *,
    ended_s: int = NOON - 30,
    latency_ms: int = 1000,
    busy_ms: int = 800,
    waited_ms: int = 0,
    mode: common.ExecutionMode = LIVE,
    agent_name: str = "desk",
    runtime: str = "agno",
    nanos: int = 0,
    unresolved: bool = False,
) -> list[events.RunEvent]:
    """Return the log of a run that was busy with one model call all along but for the rest, then showed a message."""
    end = ended_s * 10**9
    begin = end - (latency_ms + waited_ms) * MILLISECOND
    failure = common.Failure(reason="RUNTIME_ERROR") if outcome == FAILED else None
    cost = common.Money(currency_code="USD", nanos=nanos) if nanos else None
    calls = ["c1"] if unresolved else []
    finished = events.RunFinished(outcome=outcome, failure=failure, cost=cost, unresolved_call_ids=calls)  # type: ignore[arg-type]
    agent = common.SpecRef(name=agent_name, version="1.0.0")
    busy_until = begin + busy_ms * MILLISECOND
    bodies = [
        (begin, "run.accepted", {"run_accepted": events.RunAccepted(agent=agent)}),
        (begin, "run.routed", {"run_routed": events.RunRouted(runtime=runtime)}),
        (begin, "run.started", {"run_started": events.RunStarted(attempt=1)}),
        (begin, "model.call.started", {"model_call_started": events.ModelCallStarted(call_id="c1")}),
        (busy_until, "model.call.finished", {"model_call_finished": events.ModelCallFinished(call_id="c1")}),
        (busy_until, "message.added", {"message_added": events.MessageAdded(role=events.MESSAGE_ROLE_AGENT)}),
        (busy_until, "run.suspended", {"run_suspended": events.RunSuspended()}),
        (busy_until + waited_ms * MILLISECOND, "run.resumed", {"run_resumed": events.RunResumed()}),
        (end, "run.finished", {"run_finished": finished}),
    ]
    log = []
    for seq, (at_ns, type_, body) in enumerate(bodies, 1):
        event = events.RunEvent(run_id=f"r{number}", seq=seq, event_id=f"{number}-{seq}", type=type_, mode=mode, **body)
        event.recorded_at.FromNanoseconds(at_ns)
        log.append(event)
    return log


async def record(store: MemoryStore, *logs: list[events.RunEvent]) -> None:
    async with store.turn() as turn:
        entries = [
            Entry(next(_positions), one.run_id, one.seq, one.event_id, one.type, b"", one.SerializeToString())
            for log in logs
            for one in log
        ]
        await turn.write(Group(entries=entries))


def fold(store: MemoryStore) -> SloFold:
    return SloFold(store, lambda: NOON)


async def asked(store: MemoryStore, window: int = HOUR, now: int = NOON, **fields: object) -> list[slo.SloReport]:
    request = slo.GetSloRequest(window=duration_pb2.Duration(seconds=window), **fields)  # type: ignore[arg-type]
    return list((await SloQuery(store, fold(store), lambda: now).answer(request)).reports)


async def test_a_report_says_how_runs_went_how_long_and_for_how_much() -> None:
    store = MemoryStore()
    good = [run(n, latency_ms=1000 + 10 * n, busy_ms=900, waited_ms=60_000, nanos=1000) for n in range(98)]
    await record(store, *good, run(98, FAILED), run(99, FAILED, unresolved=True), run(100, CANCELLED))

    (report,) = await asked(store)

    assert (report.agent, report.runtime, report.counted) == ("desk", "agno", 100)
    assert report.success == pytest.approx(0.98)
    assert 0.92 < report.success_lower < 0.95
    assert report.budget_left == pytest.approx(-1.0)
    assert [round(one.ToMilliseconds() / 1490, 1) for one in report.latency] == [1.0, 1.3, 1.3]
    assert report.first_output[0].ToMilliseconds() == pytest.approx(900, rel=0.05)
    assert report.overhead[0].ToMilliseconds() == pytest.approx(585, rel=0.06)
    assert report.cost_per_success == common.Money(currency_code="USD", nanos=1000)
    assert report.completeness == pytest.approx(100 / 101)
    assert dict(report.totals.failures) == {"RUNTIME_ERROR": 2}
    assert report.status == slo.SLO_STATUS_MISSED


async def test_what_a_quota_ends_is_not_the_runtimes_and_what_a_ceiling_ends_is() -> None:
    store = MemoryStore()
    ends = [run(number, events.RUN_OUTCOME_LIMITED) for number in (1, 2)]
    for log, reason in zip(ends, ("QUOTA_EXCEEDED", "LIMIT_REACHED"), strict=True):
        log[-1].run_finished.failure.reason = reason
    await record(store, run(0), *ends)

    (report,) = await asked(store)

    assert (report.counted, report.success) == (2, pytest.approx(0.5))
    assert dict(report.totals.failures) == {"QUOTA_EXCEEDED": 1, "LIMIT_REACHED": 1}


async def test_a_run_that_went_on_elsewhere_is_a_failure_of_the_runtime_that_failed_it() -> None:
    store = MemoryStore()
    saved = run(2)
    rejected = [events.RejectedRuntime(runtime=name, reason=why) for name, why in REJECTED.items()]
    saved[1].run_routed.rejected.extend(rejected)
    await record(store, run(1), saved, run(3, runtime="langgraph"))

    reports = await asked(store)

    assert [(one.runtime, one.counted, one.success) for one in reports] == [("agno", 2, 1.0), ("langgraph", 2, 0.5)]
    assert dict(reports[1].totals.failures) == {"LOST_BEFORE": 1}


async def test_modes_and_runtimes_are_never_mixed() -> None:
    store = MemoryStore()
    await record(store, run(1), run(2, FAILED, mode=SHADOW), run(3, FAILED, runtime="langgraph"))

    live, shadow = await asked(store), await asked(store, mode=SHADOW)

    assert [(one.runtime, one.success) for one in live] == [("agno", 1.0), ("langgraph", 0.0)]
    assert [(one.runtime, one.success) for one in shadow] == [("agno", 0.0)]


@pytest.mark.parametrize(
    ("good", "bad", "status"),
    [(19, 0, slo.SLO_STATUS_NO_DATA), (20, 0, slo.SLO_STATUS_MET), (0, 20, slo.SLO_STATUS_MISSED)],
)
async def test_too_few_runs_are_no_pass(good: int, bad: int, status: slo.SloStatus) -> None:
    store = MemoryStore()
    await record(store, *(run(n) for n in range(good)), *(run(n + 100, FAILED) for n in range(bad)))

    (report,) = await asked(store)

    assert report.status == status


class Damaged(MemoryStore):
    """A store of which the rollups cannot be read."""

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        raise StoreDamaged("record.db", "a page is torn")


async def test_figures_that_cannot_be_read_are_told_to_whoever_asks_and_end_no_recorder() -> None:
    store = Damaged()

    await SloQuery(store, fold(store), lambda: NOON).prepare()

    with pytest.raises(StoreDamaged, match="a page is torn"):
        await asked(store)


async def test_what_had_no_run_is_not_reported() -> None:
    assert await asked(MemoryStore()) == []


async def test_burn_rates_look_at_the_newest_runs() -> None:
    store = MemoryStore()
    old = [run(n, ended_s=NOON - 2 * HOUR) for n in range(90)]
    await record(store, *old, *(run(100 + n, FAILED) for n in range(10)))

    (report,) = await asked(store, 6 * HOUR)

    rates = {burn.window.seconds: (burn.runs, round(burn.rate)) for burn in report.burn_rates}
    assert rates == {300: (10, 100), HOUR: (10, 100), 6 * HOUR: (100, 10), 3 * DAY: (100, 10)}


async def test_a_window_without_runs_has_no_burn_rate() -> None:
    store = MemoryStore()
    await record(store, run(1, ended_s=NOON - 2 * HOUR))

    (report,) = await asked(store, 6 * HOUR)

    assert [burn.HasField("rate") for burn in report.burn_rates] == [False, False, True, True]


async def test_a_fold_that_begins_anew_counts_nothing_twice_and_nothing_less() -> None:
    store = MemoryStore()
    first, second = run(1), run(2)
    await record(store, first, second[:4])
    await fold(store).catch_up()
    await record(store, second[4:], run(3))

    (report,) = await asked(store)

    assert report.counted == 3
    assert report.overhead[2].ToMilliseconds() == pytest.approx(200, rel=0.05)


async def test_of_two_that_fold_the_same_log_one_counts() -> None:
    store = MemoryStore()
    one, other = fold(store), fold(store)
    await other.catch_up()
    for number in range(6):
        await record(store, run(number))
        await (one if number % 2 else other).catch_up()

    (report,) = await asked(store)

    assert report.counted == 6


@pytest.mark.parametrize("window", [MINUTE, HOUR, 6 * HOUR, 13 * HOUR, DAY, 7 * DAY, 30 * DAY, 399 * DAY])
def test_stretches_cover_a_window_without_gaps_or_overlaps(window: int) -> None:
    covered = sorted((first, last, width) for width, first, last in stretches(NOON - window, NOON))

    assert covered[0][0] <= NOON - window < covered[0][0] + (HOUR if window <= 7 * DAY else DAY)
    assert covered[-1][1] == NOON
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(covered))
    assert all(first % width == 0 for first, _, width in covered)
    assert sum((last - first) // width + 1 for first, last, width in covered) <= 500


@pytest.mark.parametrize("window", [HOUR, 6 * HOUR, 13 * HOUR, 3 * DAY, 7 * DAY, 8 * DAY, 30 * DAY])
async def test_every_run_that_ended_since_the_beginning_of_a_window_is_in_it_once(window: int) -> None:
    store, ended = MemoryStore(), [NOON - 1 - number * 47 * MINUTE * (1 + number // 40) for number in range(240)]
    await record(store, *(run(number, ended_s=at) for number, at in enumerate(ended)))

    request = slo.GetSloRequest(window=duration_pb2.Duration(seconds=window))
    answer = await SloQuery(store, fold(store), lambda: NOON).answer(request)

    assert min(ended) < NOON - 30 * DAY
    assert answer.reports[0].counted == sum(at >= answer.since.seconds for at in ended) > 0


@pytest.mark.parametrize(
    ("good", "runs", "bound"), [(0, 10, 0.0), (10, 10, 0.7225), (50, 100, 0.4038), (990, 1000, 0.9817)]
)
def test_the_lower_bound_is_that_of_wilson(good: int, runs: int, bound: float) -> None:
    assert lower_bound(good, runs) == pytest.approx(bound, abs=5e-4)


async def test_agents_of_a_class_are_told_of_together_and_others_by_themselves() -> None:
    store = MemoryStore()
    named = ("desk", FAILED, 1000), ("desk", SUCCEEDED, 1000), ("shop", SUCCEEDED, 4000), ("bank", SUCCEEDED, 1000)
    await record(
        store, *(run(n, end, agent_name=who, latency_ms=ms, nanos=100) for n, (who, end, ms) in enumerate(named))
    )
    await record(store, run(9, agent_name="shop", runtime="langgraph"))

    reports = await asked(store, classes=[slo.AgentClass(name="tier=prod", agents=["desk", "shop", "unused"])])

    assert [(one.agent, one.runtime, one.counted) for one in reports] == [
        ("bank", "agno", 1), ("tier=prod", "agno", 3), ("tier=prod", "langgraph", 1),
    ]  # fmt: skip
    together = reports[1]
    assert together.success == pytest.approx(2 / 3)
    assert together.latency[2].ToMilliseconds() == pytest.approx(4000, rel=0.05)
    assert together.burn_rates[0].rate == pytest.approx(1 / 3 / 0.01)
    assert together.cost_per_success.nanos == 150


@pytest.mark.parametrize(
    "classes",
    [[slo.AgentClass(agents=["desk"])],
     [slo.AgentClass(name="a", agents=["desk"]), slo.AgentClass(name="b", agents=["desk"])]],
)  # fmt: skip
async def test_a_class_without_a_name_or_with_an_agent_of_another_is_refused(classes: list[slo.AgentClass]) -> None:
    with pytest.raises(InvalidField, match=rf"^classes\[{len(classes) - 1}\]"):
        await asked(MemoryStore(), classes=classes)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"objective": 1.0}, "objective"), ({"objective": -1.0}, "objective"), ({"least_runs": -1}, "least_runs"),
     ({"mode": 77}, "mode"), ({"window": 5}, "window"), ({"window": 500 * DAY}, "window")],
)  # fmt: skip
async def test_a_wrong_question_names_its_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidField, match=f"^{field}: "):
        await asked(MemoryStore(), **fields)  # type: ignore[arg-type]
