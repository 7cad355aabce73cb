"""The back end of an order desk that leaves a line in a file for every effect that it has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

LEDGER = "PAL_TEST_LEDGER"


def lookup_order(order_id: str) -> dict[str, Any]:
    """Return an order; there is every order."""
    return {"order_id": order_id, "item": f"item of {order_id}", "status": "delivered", "total": "20.00 EUR"}


def refund_order(order_id: str, reason: str, idempotency_key: str) -> dict[str, Any]:
    """Pay an order back."""
    with Path(os.environ[LEDGER]).open("a") as ledger:
        ledger.write(f"{order_id} {idempotency_key}\n")
    return {"order_id": order_id, "refunded": "20.00 EUR", "reason": reason}
