"""Shares and money as operators write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from pal.v1 import common_pb2 as common
from pal_cli.failures import CommandError

_WHOLE_PPM = 1_000_000


def share_ppm(option: str, text: str) -> int:
    """Return the share in *text*, "20%" or "0.2", in parts per million.

    Raises:
        CommandError: there is none; the message names *option*.
    """
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        value = Decimal(number) / (100 if percent else 1)
    except InvalidOperation:
        raise CommandError(f"{option} {text}: write a share, for example 20% or 0.2") from None
    if not value.is_finite() or not 0 <= value <= 1:
        raise CommandError(f"{option} {text}: a share lies between 0 and 100%")
    return int(value * _WHOLE_PPM)


def money_of(option: str, text: str) -> common.Money:
    """Return the amount in *text*, for example "5 USD" or "0.50EUR".

    Raises:
        CommandError: there is none; the message names *option*.
    """
    stripped = text.strip()
    number, currency = stripped[:-3].strip(), stripped[-3:]
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value <= 0 or not (currency.isalpha() and currency.isupper()):
        raise CommandError(f'{option} {text}: write an amount and its currency, for example "5 USD"')
    return common.Money(currency_code=currency, nanos=int(value * 10**9))
