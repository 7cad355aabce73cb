"""What a call cost, by the price table of genai-prices at the version in this environment."""

from __future__ import annotations

import importlib.metadata
from decimal import Decimal

from genai_prices import Usage, calc_price

from pal.v1 import common_pb2 as common

PRICE_LIST = f"genai-prices/{importlib.metadata.version('genai-prices')}"
_NANOS = Decimal(10**9)


def cost(model: str, base_url: str, usage: common.TokenUsage) -> common.Money | None:
    """Return the price of *usage* in US dollars; None where the table has no price for *model* at *base_url*."""
    counted = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens or None,
        cache_write_tokens=usage.cache_write_input_tokens or None,
    )
    try:
        if base_url:
            price = calc_price(counted, model, provider_api_url=base_url)
        else:
            price = calc_price(counted, model, provider_id="openai")
    except LookupError:
        return None
    return common.Money(currency_code="USD", nanos=int((price.total_price * _NANOS).to_integral_value()))
