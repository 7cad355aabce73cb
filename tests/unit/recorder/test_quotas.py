"""What is left of quotas, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from google.protobuf import duration_pb2
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from pal.service.v1 import quota_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_recorder import quota_counters
from pal_recorder.quota_counters import keys_of
from pal_recorder.quota_memory import MemoryCounters
from pal_recorder.quotas import Quotas
from pal_rpc.errors import InvalidField
from pal_rpc.quota_refusal import QuotaExceeded

LIVE, SHADOW = common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_SHADOW
ONE_RUN = pb.QuotaAmounts(runs=1, concurrent_runs=1)
# In the middle of an hour and of a minute.
NOON_MS = 1_800_000_030_000 - 1_800_000_030_000 % 3_600_000 + 90_000


class Bench:
    """Quotas in memory, and their time."""

    def __init__(self, rows: dict[str, bytes] | None = None, now_ms: int = NOON_MS) -> None:
        """Begin with what a store has."""
        self.now_ms = now_ms
        self.counters = MemoryCounters(rows or {}, lambda: self.now_ms)
        self.quotas = Quotas(self.counters, lambda: self.now_ms)

    async def reserve(
        self, reservation_id: str, amounts: pb.QuotaAmounts, *claims: pb.QuotaClaim, ttl: int = 10, **fields: bool
    ) -> bool:
        """Reserve; tell whether it was reserved before."""
        request = pb.ReserveRequest(
            reservation_id=reservation_id,
            claims=claims,
            amounts=amounts,
            ttl=duration_pb2.Duration(seconds=ttl),
            **fields,  # type: ignore[arg-type]
        )
        return (await self.quotas.reserve(request)).repeated

    async def settle(self, reservation_id: str, *claims: pb.QuotaClaim, undone: bool = False, **used: object) -> None:
        """Settle."""
        amounts = pb.QuotaAmounts(**used)  # type: ignore[arg-type]
        keys = [claim.key for claim in claims]
        ended = pb.QuotaSettlement(reservation_id=reservation_id, keys=keys, used=amounts, undone=undone)
        await self.quotas.settle(pb.SettleRequest(settlements=[ended]))

    async def stands(self) -> dict[str, list[tuple[int, int]]]:
        """Return what is used and reserved of each bound, by quota."""
        page = await self.quotas.usage(pb.ListUsageRequest())
        return {counter.key.quota: [(one.used, one.reserved) for one in counter.usage] for counter in page.counters}


def claim(
    quota: str = "day", *, seconds: int = 3600, concurrent: int | None = None, pool: int = LIVE, **bounds: object
) -> pb.QuotaClaim:
    limits = []
    if bounds:
        window = duration_pb2.Duration(seconds=seconds)
        limits = [quotas.QuotaLimit(window=window, **bounds)]  # type: ignore[arg-type]
    key = pb.QuotaKey(quota=quota, pool=pool)  # type: ignore[arg-type]
    return pb.QuotaClaim(key=key, limits=limits, concurrent_runs=concurrent)


def usd(amount: float) -> common.Money:
    return common.Money(currency_code="USD", nanos=int(amount * 10**9))


async def test_from_all_counters_or_from_none() -> None:
    bench, wide, narrow = Bench(), claim("wide", runs=10), claim("narrow", runs=1)
    await bench.reserve("r1", ONE_RUN, wide, narrow)

    with pytest.raises(QuotaExceeded, match=r"quota narrow \(live\): runs per 1h: 1 used of 1, 1 asked"):
        await bench.reserve("r2", ONE_RUN, wide, narrow)

    assert await bench.stands() == {"narrow": [(1, 0)], "wide": [(1, 0)]}


async def test_a_repeated_reservation_takes_nothing_twice() -> None:
    bench, day = Bench(), claim(runs=1, concurrent=1)

    assert [await bench.reserve("r1", ONE_RUN, day) for _ in range(3)] == [False, True, True]
    assert await bench.stands() == {"day": [(1, 0), (0, 1)]}


async def test_a_reservation_ends_by_itself() -> None:
    bench, day = Bench(), claim(concurrent=1)
    await bench.reserve("r1", ONE_RUN, day, ttl=10)
    with pytest.raises(QuotaExceeded, match="runs at once: 1 going of 1, 1 asked; try again in 1 s"):
        await bench.reserve("r2", ONE_RUN, day)

    bench.now_ms += 10_000

    assert await bench.reserve("r2", ONE_RUN, day) is False
    assert await bench.stands() == {"day": [(0, 1)]}


async def test_a_renewed_reservation_stands_longer_and_an_ended_one_is_named() -> None:
    bench, day = Bench(), claim(concurrent=2)
    await bench.reserve("kept", ONE_RUN, day, ttl=10)
    await bench.reserve("lost", ONE_RUN, day, ttl=5)
    bench.now_ms += 6_000
    reservations = [pb.QuotaReservation(reservation_id=name, keys=[day.key]) for name in ("kept", "lost")]

    renewed = await bench.quotas.renew(
        pb.RenewRequest(reservations=reservations, ttl=duration_pb2.Duration(seconds=10))
    )
    bench.now_ms += 9_000

    assert list(renewed.ended) == ["lost"]
    assert await bench.stands() == {"day": [(0, 1)]}


async def test_what_was_not_used_is_free_again() -> None:
    bench, day = Bench(), claim(tokens=100, cost=usd(1))
    await bench.reserve("c1", pb.QuotaAmounts(tokens=90, cost=usd(0.9)), day)
    with pytest.raises(QuotaExceeded):
        await bench.reserve("c2", pb.QuotaAmounts(tokens=20), day)

    await bench.settle("c1", day, tokens=30, cost=usd(0.25))
    await bench.settle("c1", day, tokens=30, cost=usd(0.25))

    assert await bench.stands() == {"day": [(30, 0), (250_000_000, 0)]}
    assert await bench.reserve("c2", pb.QuotaAmounts(tokens=70), day) is False


async def test_money_of_another_currency_is_not_counted() -> None:
    bench, day = Bench(), claim(cost=common.Money(currency_code="EUR", nanos=10))

    await bench.reserve("c1", pb.QuotaAmounts(tokens=1, cost=usd(5)), day)
    await bench.settle("c1", day, cost=usd(5))

    assert await bench.stands() == {"day": [(0, 0)]}


async def test_where_no_price_is_known_a_spent_quota_holds_all_the_same() -> None:
    bench, day = Bench(), claim(cost=usd(1))
    await bench.reserve("c1", pb.QuotaAmounts(tokens=1, cost=usd(1)), day)
    await bench.settle("c1", day, cost=usd(1))

    with pytest.raises(QuotaExceeded, match="USD per 1h: 1 USD used of 1 USD"):
        await bench.reserve("c2", pb.QuotaAmounts(tokens=1), day)


async def test_a_run_that_does_not_begin_is_given_back() -> None:
    bench, day = Bench(), claim(runs=1, concurrent=1)
    await bench.reserve("r1", ONE_RUN, day)

    await bench.settle("r1", day, undone=True)

    assert await bench.stands() == {"day": [(0, 0), (0, 0)]}


async def test_a_window_begins_anew_and_what_is_held_is_held_on() -> None:
    bench, minute = Bench(), claim(seconds=60, tokens=10, runs=2)
    await bench.reserve("r1", pb.QuotaAmounts(runs=2), minute)
    await bench.reserve("c1", pb.QuotaAmounts(tokens=6), minute, ttl=100)

    bench.now_ms += 30_000

    assert await bench.stands() == {"day": [(0, 0), (0, 6)]}


async def test_a_clock_that_is_set_back_gives_nothing_back() -> None:
    bench, minute = Bench(), claim(seconds=60, runs=1)
    await bench.reserve("r1", ONE_RUN, minute)

    bench.now_ms -= 120_000

    with pytest.raises(QuotaExceeded):
        await bench.reserve("r2", ONE_RUN, minute)


@pytest.mark.parametrize(
    ("bounds", "taken", "asked", "retry"),
    [
        ({"seconds": 60, "runs": 1}, ONE_RUN, ONE_RUN, "30"),
        ({"runs": 1, "concurrent": 1}, ONE_RUN, ONE_RUN, "3510"),
        ({"concurrent": 1}, ONE_RUN, ONE_RUN, "1"),
        ({"tokens": 10}, pb.QuotaAmounts(tokens=9), pb.QuotaAmounts(tokens=2), "1"),
        ({"tokens": 10}, pb.QuotaAmounts(tokens=1), pb.QuotaAmounts(tokens=11), ""),
    ],
    ids=["the window ends", "the longest of several", "a run ends", "a call ends", "never"],
)
async def test_a_refusal_says_when_to_try_again(
    bounds: dict[str, int], taken: pb.QuotaAmounts, asked: pb.QuotaAmounts, retry: str
) -> None:
    bench, bound = Bench(), claim(**bounds)  # type: ignore[arg-type]
    await bench.reserve("r1", taken, bound)

    with pytest.raises(QuotaExceeded) as refused:
        await bench.reserve("r2", asked, bound)

    assert refused.value.metadata["retry_after_seconds"] == retry
    assert (refused.value.metadata["quota"], refused.value.metadata["pool"]) == ("day", "live")


async def test_a_run_that_was_accepted_before_is_not_refused() -> None:
    bench, day = Bench(), claim(concurrent=1)
    await bench.reserve("r1", ONE_RUN, day)

    await bench.reserve("r2", pb.QuotaAmounts(concurrent_runs=1), day, accepted=True)

    assert await bench.stands() == {"day": [(0, 2)]}


async def test_whatever_an_endpoint_reports_can_be_stored() -> None:
    bench, day = Bench(), claim(tokens=10)
    for name in ("c1", "c2"):
        await bench.reserve(name, pb.QuotaAmounts(tokens=1), day, accepted=True)
        await bench.settle(name, day, tokens=2**63 - 1)
    await bench.reserve("c3", pb.QuotaAmounts(tokens=1), day, accepted=True)
    await bench.settle("c3", day, tokens=-5)

    (row,) = bench.counters.rows().values()

    assert row is not None and pb.QuotaState.FromString(row).windows[0].used == 2**62


async def test_a_new_version_takes_over_what_was_used() -> None:
    bench = Bench()
    await bench.reserve("r1", ONE_RUN, claim(runs=1))

    await bench.reserve("r2", ONE_RUN, claim(runs=2))

    assert await bench.stands() == {"day": [(2, 0)]}


async def test_shadows_do_not_use_up_what_is_meant_for_live_runs() -> None:
    bench = Bench()
    await bench.reserve("r1", ONE_RUN, claim(runs=1, pool=SHADOW))

    assert await bench.reserve("r2", ONE_RUN, claim(runs=1)) is False


async def test_the_store_has_what_another_life_of_the_recorder_needs() -> None:
    bench, day = Bench(), claim(runs=3, tokens=10, concurrent=2)
    await bench.reserve("r1", ONE_RUN, day)
    await bench.reserve("c1", pb.QuotaAmounts(tokens=4), day)
    stored = {key: row for key, row in bench.counters.rows().items() if row is not None}

    again = Bench(stored)

    assert await again.stands() == {"day": [(1, 0), (0, 4), (0, 1)]}
    assert await again.reserve("r1", ONE_RUN, day) is True


async def test_a_counter_that_nobody_uses_leaves_the_store() -> None:
    bench, minute = Bench(), claim(seconds=60, runs=1)
    await bench.reserve("r1", ONE_RUN, minute)
    await bench.settle("r1", minute)
    bench.counters.rows()

    bench.now_ms += 120_000

    assert bench.counters.rows() == dict.fromkeys(keys_of([minute.key]))
    assert await bench.stands() == {}


async def test_counters_are_listed_in_pages() -> None:
    bench = Bench()
    for number in range(5):
        await bench.reserve("r", ONE_RUN, claim(f"q{number}", runs=1))
    first = await bench.quotas.usage(pb.ListUsageRequest(page_size=3))
    second = await bench.quotas.usage(pb.ListUsageRequest(page_size=3, page_token=first.next_page_token))

    assert [counter.key.quota for page in (first, second) for counter in page.counters] == [f"q{n}" for n in range(5)]
    assert second.next_page_token == ""


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("reservation_id", {"reservation_id": ""}),
        ("claims", {"claims": []}),
        ("claims[0].key", {"claims": [pb.QuotaClaim()]}),
        ("amounts", {"amounts": pb.QuotaAmounts()}),
        ("amounts", {"amounts": pb.QuotaAmounts(runs=1, tokens=-1)}),
        ("ttl", {"ttl": duration_pb2.Duration()}),
    ],
)
def test_a_request_that_is_none_names_the_field(field: str, changed: dict[str, object]) -> None:
    whole = {
        "reservation_id": "r1",
        "claims": [claim(runs=1)],
        "amounts": ONE_RUN,
        "ttl": duration_pb2.Duration(seconds=5),
    }

    with pytest.raises(InvalidField) as refused:
        quota_counters.check_claims(pb.ReserveRequest(**{**whole, **changed}))  # type: ignore[arg-type]

    assert refused.value.metadata["field"] == field


class Machine(RuleBasedStateMachine):
    """Whoever reserves, settles, dies and comes back, no bound is exceeded, and nothing is lost with the recorder."""

    reservations: Bundle[str] = Bundle("reservations")
    CLAIMS = (
        claim("a", seconds=60, tokens=50, runs=4, concurrent=3),
        claim("b", seconds=7, tokens=30),
        claim("c", tokens=70, concurrent=2),
    )

    def __init__(self) -> None:
        super().__init__()
        self.now_ms, self.made = NOON_MS, 0
        self.rows: dict[str, bytes] = {}
        self.counters = MemoryCounters({}, lambda: self.now_ms)

    def _change(self, keys: Sequence[str], changed: object) -> None:
        coroutine = self.counters.change(keys, changed)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):
            coroutine.send(None)

    @rule(
        target=reservations,
        which=st.sets(st.integers(0, 2), min_size=1),
        tokens=st.integers(0, 60),
        runs=st.integers(0, 1),
        ttl=st.integers(1, 20),
    )
    def reserve(self, which: set[int], tokens: int, runs: int, ttl: int) -> str:
        self.made += 1
        request = pb.ReserveRequest(
            reservation_id=f"r{self.made}",
            claims=[self.CLAIMS[number] for number in which],
            amounts=pb.QuotaAmounts(tokens=tokens, runs=runs, concurrent_runs=runs),
            ttl=duration_pb2.Duration(seconds=ttl),
        )
        keys = keys_of(bound.key for bound in request.claims)
        try:
            self._change(keys, lambda tallies: quota_counters.reserve(tallies, request, self.now_ms))
        except QuotaExceeded:
            return ""
        return f"{request.reservation_id} {tokens}"

    @rule(reservation=consumes(reservations), share=st.integers(0, 100), undone=st.booleans())
    def settle(self, reservation: str, share: int, undone: bool) -> None:
        if not reservation:
            return
        name, reserved = reservation.split()
        used = pb.QuotaAmounts(tokens=int(reserved) * share // 100)
        keys = [bound.key for bound in self.CLAIMS]
        ended = pb.QuotaSettlement(reservation_id=name, keys=keys, used=used, undone=undone)
        request = pb.SettleRequest(settlements=[ended])
        self._change(keys_of(keys), lambda tallies: quota_counters.settle(tallies, request, self.now_ms))

    @rule(reservation=reservations)
    def renew(self, reservation: str) -> None:
        keys = [bound.key for bound in self.CLAIMS]
        known = pb.QuotaReservation(reservation_id=reservation.partition(" ")[0] or "none", keys=keys)
        request = pb.RenewRequest(reservations=[known], ttl=duration_pb2.Duration(seconds=5))
        self._change(keys_of(keys), lambda tallies: quota_counters.renew(tallies, request, self.now_ms))

    @rule(seconds=st.integers(0, 70))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @rule()
    def the_recorder_is_started_again(self) -> None:
        before = self._stands()
        for key, row in self.counters.rows().items():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row
        self.counters = MemoryCounters(self.rows, lambda: self.now_ms)

        assert {key: stand for key, stand in before.items() if any(map(any, stand))} == {
            key: stand for key, stand in self._stands().items() if any(map(any, stand))
        }

    def _stands(self) -> dict[str, list[tuple[int, int]]]:
        return {
            key: [(one.used, one.reserved) for one in tally.usage(self.now_ms)]
            for key, tally in self.counters._tallies.items()
        }

    @invariant()
    def no_bound_is_exceeded(self) -> None:
        for tally in self.counters._tallies.values():
            for one in tally.usage(self.now_ms):
                assert one.used >= 0 and one.reserved >= 0 and one.used + one.reserved <= one.allowed


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=15, stateful_step_count=25)
