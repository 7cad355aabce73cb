"""The rule of a support desk: it looks orders up and asks for refunds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pal_llm_provider.reading import Reading, Reply, Result, ask

LOOKUP, REFUND = "lookup_order", "refund_order"
# What the opening of an answer says already.
_TOLD = frozenset({"order_id", "id", "status"})
_ORDER = re.compile(r"\b[A-Z]-\d{3,}\b")
_WANTS_MONEY = re.compile(r"\brefund|money back|\breimburse|\bget my money", re.IGNORECASE)
_APPROVAL = re.compile(r"approv", re.IGNORECASE)


def reply(reading: Reading) -> Reply | None:
    """Return what the desk says; None where there is no desk."""
    if not reading.tools & {LOOKUP, REFUND}:
        return None
    order = _order([reading.newest, *reversed(reading.earlier)])
    if not order:
        return Reply("Which order is it about? Please tell me the order number; it looks like A-1001.")
    if refunds := reading.of(REFUND):
        return Reply(_refunded(order, refunds[-1]))
    lookups = reading.of(LOOKUP)
    if LOOKUP in reading.tools and not lookups:
        return Reply(asks=[ask(LOOKUP, order_id=order)])
    if lookups and lookups[-1].failed:
        return Reply(f"I could not look up order {order}: {lookups[-1].text}")
    if not _WANTS_MONEY.search(reading.newest):
        return Reply(_status(order, lookups[-1]) if lookups else f"I can only refund order {order}, not look it up.")
    if REFUND in reading.tools:
        return Reply(asks=[ask(REFUND, order_id=order, reason=_reason(reading.newest))])
    return Reply(f"{_status(order, lookups[-1])} I cannot refund it: I have no tool for that.")


def _order(texts: Iterable[str]) -> str:
    return next((found[-1] for text in texts if (found := _ORDER.findall(text.upper()))), "")


def _reason(text: str) -> str:
    return " ".join(text.split())[:200]


def _status(order: str, looked_up: Result) -> str:
    value = looked_up.value
    if not isinstance(value, dict):
        return f"Order {order}: {looked_up.text}"
    status = value.get("status")
    opening = f"Order {order} is {_spoken(status)}." if status is not None else f"This is order {order}."
    return " ".join([opening, *_details(value)])


def _details(value: dict[str, Any]) -> list[str]:
    known = {key: content for key, content in value.items() if key not in _TOLD and content != ""}
    return [f"{key.replace('_', ' ').capitalize()}: {_spoken(content)}." for key, content in known.items()]


def _spoken(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_spoken, value)) or "none"
        case dict():
            return ", ".join(f"{key.replace('_', ' ')} {_spoken(content)}" for key, content in value.items())
        case _:
            return str(value)


def _refunded(order: str, result: Result) -> str:
    if not result.failed:
        details = _details(result.value) if isinstance(result.value, dict) else [result.text]
        return " ".join([f"Order {order} is refunded.", *details])
    if _APPROVAL.search(result.text):
        return f"A person has to approve the refund of order {order} first. Nothing was refunded."
    return f"The refund of order {order} did not go through, nothing was refunded: {result.text}"
