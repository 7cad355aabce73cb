"""The rule of the support desk: looks orders up, and asks for a refund when the customer does."""

from __future__ import annotations

import json
import re
from typing import Any

from pal_llm_provider.provider import ToolAsk
from pal_llm_provider.reading import Reading, Result

LOOKUP, REFUND = "lookup_order", "refund_order"
_ORDER = re.compile(r"\b[A-Z]-\d{3,}\b")
_MONEY_BACK = re.compile(r"\b(refund\w*|money back|reimburse\w*|pay me back)\b", re.IGNORECASE)


def fits(reading: Reading) -> bool:
    """Tell whether there is an order desk."""
    return LOOKUP in reading.tools


def answer(reading: Reading) -> tuple[str, list[ToolAsk]]:
    """Return what to say, or what to ask for first."""
    order_id = _order(reading)
    if not order_id:
        return "Which order is it about? Please give me its number, for example A-1001.", []
    looked_up = reading.of(LOOKUP)
    if not looked_up:
        return "", [_ask(LOOKUP, order_id=order_id)]
    if looked_up[-1].is_failure:
        return f"I could not look up order {order_id}: {looked_up[-1].text}", []
    wants_money = _MONEY_BACK.search(reading.newest) is not None
    if not (wants_money and REFUND in reading.tools):
        return _status(order_id, looked_up[-1].value), []
    refunded = reading.of(REFUND)
    if not refunded:
        return "", [_ask(REFUND, order_id=order_id, reason=" ".join(reading.newest.split())[:200])]
    return _refund(order_id, refunded[-1]), []


def _order(reading: Reading) -> str:
    for said in reversed(reading.said):
        if found := _ORDER.findall(said.upper()):
            return str(found[-1])
    return ""


def _status(order_id: str, order: Any) -> str:
    if not isinstance(order, dict):
        return f"Order {order_id}: {order}"
    facts = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in order.items() if key != "order_id")
    return f"Order {order_id}: {facts}."


def _refund(order_id: str, result: Result) -> str:
    if result.is_failure:
        return f"I could not refund order {order_id}: {result.text}"
    return f"Order {order_id} is refunded: {json.dumps(result.value, ensure_ascii=False)}"


def _ask(tool: str, **arguments: str) -> ToolAsk:
    return ToolAsk(tool, json.dumps(arguments, ensure_ascii=False))
