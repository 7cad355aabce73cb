"""Ceilings: the smallest one holds, and a call is refused before it is made."""

from __future__ import annotations

from google.protobuf import duration_pb2
from hypothesis import given
from hypothesis import strategies as st

from pal.v1 import common_pb2 as common
from pal_policy.limits import Ledger, smallest


def euros(nanos: int) -> common.Money:
    return common.Money(currency_code="EUR", nanos=nanos)


def test_the_smallest_ceiling_of_each_kind_holds() -> None:
    first = common.RunLimits(max_model_calls=5, max_cost=euros(7), max_duration=duration_pb2.Duration(seconds=9))
    second = common.RunLimits(max_model_calls=6, max_tool_calls=2, max_duration=duration_pb2.Duration(seconds=8))

    assert smallest(first, second) == common.RunLimits(
        max_model_calls=5, max_tool_calls=2, max_cost=euros(7), max_duration=duration_pb2.Duration(seconds=8)
    )


def test_a_ceiling_of_zero_is_a_ceiling() -> None:
    assert smallest(common.RunLimits(max_tool_calls=0), common.RunLimits(max_tool_calls=3)).max_tool_calls == 0


def test_money_of_another_currency_is_left_out() -> None:
    dollars = common.RunLimits(max_cost=common.Money(currency_code="USD", nanos=1))

    assert smallest(common.RunLimits(max_cost=euros(5)), dollars).max_cost == euros(5)


@given(st.lists(st.integers(0, 9) | st.none(), max_size=5))
def test_no_ceiling_is_exceeded_and_none_is_invented(values: list[int | None]) -> None:
    least = smallest(*(common.RunLimits(max_tool_calls=value) for value in values))

    stated = [value for value in values if value is not None]
    assert (least.max_tool_calls if least.HasField("max_tool_calls") else None) == min(stated, default=None)


def test_without_ceilings_nothing_is_refused() -> None:
    ledger = Ledger(common.RunLimits())
    ledger.count_usage(common.TokenUsage(input_tokens=10**9), euros(10**12))

    assert ledger.before_model_call() is None
    assert ledger.before_tool_call() is None


@given(st.integers(0, 5))
def test_exactly_the_allowed_tool_calls_are_made(allowed: int) -> None:
    ledger = Ledger(common.RunLimits(max_tool_calls=allowed))
    made = 0
    while ledger.before_tool_call() is None:
        ledger.count_tool_call()
        made += 1

    reached = ledger.before_tool_call()
    assert reached is not None
    assert (made, reached.limit, reached.observed, reached.allowed) == (allowed, "max_tool_calls", allowed, allowed)


def test_tokens_and_money_forbid_the_next_model_call() -> None:
    tokens = Ledger(common.RunLimits(max_total_tokens=10))
    tokens.count_usage(common.TokenUsage(input_tokens=6, output_tokens=4))
    money = Ledger(common.RunLimits(max_cost=euros(5)))
    money.count_usage(common.TokenUsage(), euros(5))
    reached = [tokens.before_model_call(), money.before_model_call()]

    assert [ceiling.limit for ceiling in reached if ceiling] == ["max_total_tokens", "max_cost"]
