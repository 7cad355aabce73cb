"""Live runs are sampled and shadowed in two lanes; nothing that goes wrong there is lost without its reason."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pal.service.v1 import migration_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal_migration.sqlite import SqliteStore
from pal_migration.store import Item, Kind
from tests.integration.migration.conftest import Bench, plan, refusal, until

DESK = pb.ShadowSelector(agent="desk")


def reasons(losses: object) -> dict[str, int]:
    return {loss.reason: loss.pairs for loss in losses}  # type: ignore[attr-defined]


async def test_a_sampled_run_is_run_again_in_both_lanes(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        begun = (await service.StartShadow(plan())).shadow
        run_id = await bench.live()
        await until(service, pairs=1)

        lanes = await bench.shadows(run_id)
        listed = await service.ListComparisons(pb.ListComparisonsRequest(shadow=DESK))
        drift = await service.ListComparisons(
            pb.ListComparisonsRequest(shadow=DESK, pair_kind=comparisons.PAIR_KIND_DRIFT)
        )

    routed = {lane: log[1].run_routed.runtime for lane, log in lanes.items()}
    assert routed == {"candidate": "other", "baseline": "echo"}
    assert all(log[0].run_accepted.labels["pal.shadow"] == begun.shadow_id for log in lanes.values())
    assert {event.mode for log in lanes.values() for event in log} == {common.EXECUTION_MODE_SHADOW}
    (pair,) = listed.comparisons
    assert (pair.a.run_id, pair.b.run_id) == (lanes["baseline"][0].run_id, lanes["candidate"][0].run_id)
    assert drift.comparisons[0].a.run_id == run_id


async def test_other_agents_and_other_modes_are_left_alone(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
        other = await bench.live("vault")
        await bench.live()
        shadow = await until(service, pairs=1)
        await bench.live()
        shadow = await until(service, pairs=2)

    assert await bench.shadows(other) == {}
    assert (shadow.progress.seen, shadow.progress.sampled) == (2, 2)


async def test_without_a_baseline_there_is_no_pair(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        begun = (await service.StartShadow(plan(baseline_ppm=0))).shadow
        run_id = await bench.live()
        shadow = await until(service, compared=1)
        verdict = (await service.GetVerdict(pb.GetVerdictRequest(shadow=DESK))).verdict

    assert list(await bench.shadows(run_id)) == ["candidate"] and shadow.progress.pairs == 0
    assert any("there will be no verdict" in warning for warning in begun.warnings)
    assert verdict.outcome == comparisons.VERDICT_OUTCOME_NO_DATA


async def test_what_happens_while_the_service_is_away_is_seen_afterwards(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
        await bench.live()
        await until(service, pairs=1)
    missed = await bench.live()
    async with bench.service(tmp_path) as service:
        shadow = await until(service, pairs=2)

    assert set(await bench.shadows(missed)) == {"candidate", "baseline"}
    assert shadow.progress.seen == 2


async def test_a_place_that_the_record_does_not_have_is_left_for_its_end(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
    store = SqliteStore(tmp_path)
    await store.put([Item(Kind.CURSOR, "record", b"of another record")])
    await store.close()

    async with bench.service(tmp_path) as service:
        seen = 0
        async with asyncio.timeout(60):
            while not seen:
                await bench.live()
                seen = (await service.GetShadow(pb.GetShadowRequest(shadow=DESK))).shadow.progress.seen

    assert seen


async def test_a_full_queue_takes_no_newer_ones_and_says_so(bench: Bench, tmp_path: Path) -> None:
    # The second has its turn long after the test.
    async with bench.service(tmp_path, shadow_queue=1, shadow_workers=1, shadow_runs_per_second=0.001) as service:
        await service.StartShadow(plan())
        for _ in range(6):
            await bench.live()
        found = (await until(service, seen=6)).progress

    assert reasons(found.losses)["QUEUE_FULL"] >= 3
    assert found.waiting <= 1 and found.seen == 6


async def test_the_caps_of_a_day_hold(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan(max_runs_per_day=2))
        for _ in range(3):
            await bench.live()
        request = pb.WatchShadowRequest(shadow=DESK)
        async with asyncio.timeout(60):
            async for frame in service.WatchShadow(request):
                if reasons(frame.shadow.progress.left_out).get("CAP_RUNS") == 2 and frame.shadow.progress.pairs:
                    break

    assert frame.shadow.progress.pairs == 1 and frame.shadow.progress.runs_of_day == 2
    assert not frame.shadow.progress.losses


async def test_a_concurrent_shadow_does_not_wait_for_the_end_of_the_live_run(bench: Bench, tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan(start=pb.SHADOW_START_CONCURRENT))
        run_id = await bench.live(hold=hold)
        async with asyncio.timeout(60):
            while len(await bench.shadows(run_id)) < 2:
                await until(service, under_way=1)
        hold.set()
        shadow = await until(service, pairs=1)

    assert shadow.progress.sampled == 1 and not shadow.progress.losses


async def test_a_live_run_that_is_cancelled_is_no_loss(bench: Bench, tmp_path: Path) -> None:
    from pal.service.v1 import router_service_pb2 as router

    hold = asyncio.Event()
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan(start=pb.SHADOW_START_CONCURRENT))
        run_id = await bench.live(hold=hold)
        await bench.router.Cancel(router.CancelRequest(run_id=run_id))
        async with asyncio.timeout(60):
            async for frame in service.WatchShadow(pb.WatchShadowRequest(shadow=DESK)):
                if frame.shadow.progress.left_out:
                    break

    assert reasons(frame.shadow.progress.left_out) == {"LIVE_RUN_CANCELLED": 1}
    assert not frame.shadow.progress.losses


async def test_a_stopped_shadow_sees_nothing_and_its_watch_ends(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
        watching = asyncio.create_task(_all(service))
        stopped = (await service.StopShadow(pb.StopShadowRequest(shadow=DESK))).shadow
        frames = await asyncio.wait_for(watching, 10)
        again = (await service.StopShadow(pb.StopShadowRequest(shadow=DESK))).shadow

    assert stopped.state == frames[-1].state == pb.SHADOW_STATE_STOPPED
    assert again == stopped


async def _all(service: object) -> list[pb.Shadow]:
    frames = service.WatchShadow(pb.WatchShadowRequest(shadow=DESK))  # type: ignore[attr-defined]
    return [frame.shadow async for frame in frames]


async def test_what_happens_while_nothing_is_shadowed_is_nobodys(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
        await service.StopShadow(pb.StopShadowRequest(shadow=DESK))
        before = await bench.live()
        await service.StartShadow(plan(candidate="echo"))
        after = await bench.live()
        shadow = await until(service, pairs=1)

    assert await bench.shadows(before) == {} and set(await bench.shadows(after)) == {"candidate", "baseline"}
    assert shadow.progress.seen == 1


async def test_starting_twice_is_one_shadow_and_another_plan_is_refused(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        first = (await service.StartShadow(plan())).shadow
        again = (await service.StartShadow(plan())).shadow
        error = await refusal(service.StartShadow(plan(sample_ppm=5)))

    assert again.shadow_id == first.shadow_id
    assert error.reason_name == "SHADOW_EXISTS" and error.metadata["field"] == "sample_ppm"


@pytest.mark.parametrize(
    ("fields", "reason", "words"),
    [
        ({"agent": ""}, "INVALID_FIELD", "plan.agent"),
        ({"candidate": ""}, "INVALID_FIELD", "plan.candidate"),
        ({"sample_ppm": 0}, "INVALID_FIELD", "plan.sample_ppm"),
        ({"sample_ppm": 2_000_000}, "INVALID_FIELD", "plan.sample_ppm"),
        ({"baseline_ppm": -1}, "INVALID_FIELD", "plan.baseline_ppm"),
        ({"max_runs_per_day": -1}, "INVALID_FIELD", "plan.max_runs_per_day"),
        ({"max_cost_per_day": common.Money(nanos=1)}, "INVALID_FIELD", "plan.max_cost_per_day"),
        ({"agent": "nobody"}, "AGENT_NOT_FOUND", "nobody"),
        ({"agent": "vault"}, "NOT_CANARY", "--any-tier"),
        ({"candidate": "othr"}, "RUNTIME_NOT_FOUND", "did you mean other?"),
        ({"agent": "seer"}, "CAPABILITY_MISSING", "multimodal"),
    ],
)
async def test_a_plan_that_does_not_hold_is_refused(
    bench: Bench, tmp_path: Path, fields: dict[str, object], reason: str, words: str
) -> None:
    async with bench.service(tmp_path) as service:
        error = await refusal(service.StartShadow(plan(**fields)))
        listed = await service.ListShadows(pb.ListShadowsRequest())

    assert error.reason_name == reason and words in error.message
    assert not listed.shadows


async def test_without_data_there_is_no_pass(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        await service.StartShadow(plan())
        nothing = (await service.GetVerdict(pb.GetVerdictRequest(shadow=DESK))).verdict
        await bench.live()
        await until(service, pairs=1)
        one = (await service.GetVerdict(pb.GetVerdictRequest(shadow=DESK))).verdict
        kept = await service.ListVerdicts(pb.ListVerdictsRequest(agent="desk", candidate="other"))

    assert nothing.outcome == comparisons.VERDICT_OUTCOME_NO_DATA
    assert one.outcome in (comparisons.VERDICT_OUTCOME_INCONCLUSIVE, comparisons.VERDICT_OUTCOME_VOID)
    assert [entry.verdict.outcome for entry in kept.verdicts] == [one.outcome, nothing.outcome]


async def test_the_check_of_a_team_tells_what_success_is(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "shadow_checks.py").write_text("def never(log):\n    return False\n")
    (tmp_path / "checks.yaml").write_text("python_path: [.]\nchecks: {desk: shadow_checks:never}\n")
    first, second = await bench.live(), await bench.live()

    async with bench.service(tmp_path, checks_file=tmp_path / "checks.yaml") as service:
        found = (await service.Compare(pb.CompareRequest(run_a=first, run_b=second))).comparison

    assert (found.a.success, found.a.success_by) == (comparisons.SUCCESS_STATE_MISSED, "check never")


async def test_two_runs_are_compared_whatever_they_are(bench: Bench, tmp_path: Path) -> None:
    first, second = await bench.live(), await bench.live()
    async with bench.service(tmp_path) as service:
        found = (await service.Compare(pb.CompareRequest(run_a=first, run_b=second))).comparison
        missing = await refusal(service.Compare(pb.CompareRequest(run_a=first, run_b="nobody")))
        empty = await refusal(service.Compare(pb.CompareRequest(run_a=first)))

    assert (found.a.run_id, found.b.run_id) == (first, second)
    assert not any(tier.hard for tier in found.tiers)
    assert (missing.reason_name, empty.reason_name) == ("RUN_NOT_FOUND", "INVALID_FIELD")


async def test_what_is_not_there_is_named(bench: Bench, tmp_path: Path) -> None:
    async with bench.service(tmp_path) as service:
        error = await refusal(service.GetVerdict(pb.GetVerdictRequest(shadow=DESK)))

    assert error.reason_name == "SHADOW_NOT_FOUND" and "pal shadow start" in error.message
