"""Calls of attempts that were lost: what is known of them, and what may be done about them.

A call that ended is answered from the record. One that had no effect is made again. Of a WRITE that was on its way
nobody knows: it is looked up where its ToolSpec names a tool for that, sent again where the back end takes it once, and
left to a person otherwise.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.payload import content_text
from pal_rpc.lease import Lease
from pal_tool_executor import people
from pal_tool_executor.backends import Backend, Invocation
from pal_tool_executor.bindings import Bindings
from pal_tool_executor.effects import harmless
from pal_tool_executor.failing import CallFailed
from pal_tool_executor.ledgers import Known, RunAccount

RECONCILE_SECONDS = 30.0
CONFIRMED = json.dumps({"status": "done", "note": "A person has confirmed that the call took effect."})
_REPEATABLE = (tools.IDEMPOTENCY_KIND_NATURAL, tools.IDEMPOTENCY_KIND_KEYED)


def over(known: Known) -> bool:
    """Tell whether the end of the call counts, also for later attempts."""
    return known.finished is not None and not left(known)


def left(known: Known) -> bool:
    """Tell whether the call ended only because whoever asked had left."""
    finished = known.finished
    return finished is not None and finished.failure.reason == "RUN_CANCELLED"


def uncertain(known: Known, tool: tools.ToolSpec) -> bool:
    """Tell whether the call may have taken effect without anybody having seen its end."""
    ended_without = known.finished is not None and known.finished.outcome == events.TOOL_CALL_OUTCOME_CANCELLED
    return known.dispatched > 0 and not harmless(tool) and not ended_without


async def settled(
    lease: Lease, account: RunAccount, call_id: str, tool: tools.ToolSpec, bindings: Bindings, invocation: Invocation
) -> str | None:
    """Return the result of an uncertain call that took effect, as JSON text; None when it is to be sent again.

    Raises:
        Waits: only a person can tell.
    """
    effect = tool.spec.effect
    if effect.reconcile.name and (backend := bindings.get(effect.reconcile.name)):
        found = await _looked_up(backend, effect.reconcile.name, invocation)
        if found is not None:
            return json.dumps(found.get("result"), ensure_ascii=False) if found["done"] else None
    if effect.idempotency in _REPEATABLE:
        return None
    waits = people.outcome(lease, call_id, invocation.tool, invocation.key)
    answer = people.agreed(waits, account, invocation)
    return CONFIRMED if content_text(answer.answer).strip('"') == people.DONE else None


async def _looked_up(backend: Backend, name: str, lost: Invocation) -> dict[str, Any] | None:
    arguments = {"idempotency_key": lost.key, "arguments": dict(lost.arguments)}
    text = json.dumps(arguments, ensure_ascii=False)
    try:
        async with asyncio.timeout(RECONCILE_SECONDS):
            answer = json.loads(await backend.call(Invocation(tool=name, arguments=arguments, text=text, key=lost.key)))
    except (CallFailed, TimeoutError, ValueError):
        # Whoever cannot be asked has not said anything.
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("done"), bool) else None
