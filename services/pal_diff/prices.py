"""One price table for both runs, whatever their providers charged or said.

A table is a JSON document: its ``version``, a ``currency``, and ``perMillionTokens`` by ``PROVIDER/MODEL`` with the
rates ``input``, ``output`` and, where they differ from input, ``cachedInput`` and ``cacheWrite``, each as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from importlib.resources import files
from typing import Any

from pal.v1 import common_pb2 as common

_RATES = ("input", "output", "cachedInput", "cacheWrite")
_NANOS = 10**9
# What providers append to the name of a model: a date, or a version of it.
_DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest|preview)$")


class BrokenPriceTable(Exception):
    """A document is no price table; the message names the field."""


@dataclass(frozen=True)
class PriceTable:
    """Prices by model."""

    version: str
    currency: str
    # Nano-units of the currency for a million tokens.
    rates: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, text: str) -> PriceTable:
        """Return the table that *text* holds.

        Raises:
            BrokenPriceTable: it holds none.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise BrokenPriceTable(f"not JSON: {error}") from None
        if not isinstance(document, dict):
            raise BrokenPriceTable("a JSON object belongs here")
        for name in ("version", "currency"):
            if not isinstance(document.get(name), str) or not document[name]:
                raise BrokenPriceTable(f"{name}: a text belongs here")
        models = document.get("perMillionTokens")
        if not isinstance(models, dict):
            raise BrokenPriceTable("perMillionTokens: an object of prices by model belongs here")
        rates = {name.lower(): _rates(name, row) for name, row in models.items()}
        return cls(document["version"], document["currency"], rates)

    def price(self, provider: str, model: str, usage: common.TokenUsage) -> int | None:
        """Return the price of *usage* in nano-units; None where *model* has no price."""
        rate = self._rate(provider.lower(), model.lower())
        if rate is None:
            return None
        cached, written = usage.cached_input_tokens, usage.cache_write_input_tokens
        fresh = max(usage.input_tokens - cached - written, 0)
        total = fresh * rate["input"] + usage.output_tokens * rate["output"]
        total += cached * rate.get("cachedInput", rate["input"]) + written * rate.get("cacheWrite", rate["input"])
        return total // 1_000_000

    def _rate(self, provider: str, model: str) -> Mapping[str, int] | None:
        bare = _DATED.sub("", model)
        for name in (f"{provider}/{model}", f"{provider}/{bare}", model, bare):
            if name in self.rates:
                return self.rates[name]
        # A gateway has a name of its own; the model alone decides as long as all who sell it ask the same.
        prices = self._by_model.get(model) or self._by_model.get(bare) or []
        return prices[0] if prices and all(price == prices[0] for price in prices) else None

    @cached_property
    def _by_model(self) -> Mapping[str, list[Mapping[str, int]]]:
        found: dict[str, list[Mapping[str, int]]] = {}
        for name, rate in self.rates.items():
            found.setdefault(name.partition("/")[2] or name, []).append(rate)
        return found


def _rates(name: str, row: Any) -> Mapping[str, int]:
    if not isinstance(row, dict) or not {"input", "output"} <= row.keys() or not row.keys() <= set(_RATES):
        raise BrokenPriceTable(f"perMillionTokens.{name}: there are {', '.join(_RATES)}; input and output are required")
    try:
        rates = {rate: Decimal(str(price)) for rate, price in row.items()}
    except InvalidOperation:
        raise BrokenPriceTable(f"perMillionTokens.{name}: a price is a number as text, for example '2.5'") from None
    if any(not price.is_finite() or price < 0 for price in rates.values()):
        raise BrokenPriceTable(f"perMillionTokens.{name}: a price is not negative")
    return {rate: int(price * _NANOS) for rate, price in rates.items()}


PINNED = PriceTable.read((files("pal_diff") / "prices.json").read_text())
