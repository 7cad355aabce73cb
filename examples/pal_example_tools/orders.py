"""Orders of a shop that exists in memory alone."""

from __future__ import annotations

from typing import Any

from pal_tool_executor.tool_error import ToolError

_ORDERS: dict[str, dict[str, Any]] = {
    "A-1001": {"item": "desk lamp", "status": "shipped", "arrives": "in 2 days", "total": "39.90 EUR"},
    "A-1002": {"item": "office chair", "status": "delivered", "arrives": "", "total": "249.00 EUR"},
    "A-1003": {"item": "monitor arm", "status": "waiting for payment", "arrives": "", "total": "89.50 EUR"},
}
_REFUNDED: dict[str, str] = {}
# By order: each note by the key of the call that added it.
_NOTES: dict[str, dict[str, str]] = {}


def lookup_order(order_id: str) -> dict[str, Any]:
    """Return what is known of an order."""
    order = _ORDERS.get(order_id)
    if order is None:
        raise ToolError(f"there is no order {order_id}")
    refunded = {"refunded": True} if order_id in _REFUNDED else {}
    return {"order_id": order_id, **order, **refunded}


def refund_order(order_id: str, reason: str, idempotency_key: str) -> dict[str, Any]:
    """Pay the price of an order back; the same key a second time changes nothing."""
    order = lookup_order(order_id)
    if _REFUNDED.setdefault(order_id, idempotency_key) != idempotency_key:
        raise ToolError(f"order {order_id} is refunded already")
    return {"order_id": order_id, "refunded": order["total"], "reason": reason}


def add_note(order_id: str, text: str, idempotency_key: str) -> dict[str, Any]:
    """Add a note to an order; the same key a second time changes nothing."""
    lookup_order(order_id)
    notes = _NOTES.setdefault(order_id, {})
    notes.setdefault(idempotency_key, text)
    return {"order_id": order_id, "notes": len(notes)}


def remove_note(order_id: str, text: str) -> dict[str, Any]:
    """Remove every note with *text* from an order."""
    notes = {key: note for key, note in _NOTES.get(order_id, {}).items() if note != text}
    _NOTES[order_id] = notes
    return {"order_id": order_id, "notes": len(notes)}
