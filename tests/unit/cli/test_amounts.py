"""Shares and money as operators write them."""

from __future__ import annotations

import pytest

from pal_cli.amounts import money_of, share_ppm
from pal_cli.failures import CommandError


@pytest.mark.parametrize(("text", "ppm"), [("20%", 200_000), ("0.2", 200_000), ("100 %", 1_000_000), ("0", 0)])
def test_a_share_is_read(text: str, ppm: int) -> None:
    assert share_ppm("--sample", text) == ppm


@pytest.mark.parametrize("text", ["", "some", "20", "-1%", "101%", "nan", "inf%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--sample"):
        share_ppm("--sample", text)


@pytest.mark.parametrize(("text", "nanos"), [("5 USD", 5 * 10**9), ("0.5USD", 5 * 10**8)])
def test_an_amount_is_read(text: str, nanos: int) -> None:
    money = money_of("--cap-money", text)

    assert (money.currency_code, money.nanos) == ("USD", nanos)


@pytest.mark.parametrize("text", ["", "5", "USD", "-1 USD", "5 usd", "nan USD", "5 $"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--cap-money"):
        money_of("--cap-money", text)
