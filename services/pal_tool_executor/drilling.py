"""Calls of drills: the faults they meet on the way to the back end, and on the way into the record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_rpc.faults import Faults, delay_seconds
from pal_tool_executor import failing
from pal_tool_executor.backends import Backend, Invocation
from pal_tool_executor.calls import Call
from pal_tool_executor.contents import check_result
from pal_tool_executor.failing import CallFailed

Write = Callable[[str, list[events.RunEvent]], Awaitable[list[int]]]
Receipt = Callable[[events.FaultInjected], Awaitable[object]]

_ON_CALL = frozenset(
    {
        faults.FAULT_KIND_TOOL_ERROR,
        faults.FAULT_KIND_TOOL_TIMEOUT,
        faults.FAULT_KIND_TOOL_WRONG_TYPE,
        faults.FAULT_KIND_TOOL_ANSWER_LOST,
    }
)
_ON_RECORD = frozenset(
    {faults.FAULT_KIND_EVENT_DUPLICATED, faults.FAULT_KIND_ACK_DROPPED, faults.FAULT_KIND_RECORDER_AWAY}
)
# Of any tool one of these is no result; what is no JSON never is.
_WRONG = ('"a drill says so"', "[]", "0", "null", "no JSON")


class DrilledBackend:
    """A back end in a drill: it is called unless a fault comes in between."""

    def __init__(self, backend: Backend, call: Call, faults: Faults, receipt: Receipt) -> None:
        """Stand before *backend* in *call*; what is met is recorded by *receipt* first."""
        self._backend = backend
        self._call = call
        self._faults = faults
        self._receipt = receipt

    async def call(self, invocation: Invocation) -> str:
        """Return the result of the back end, or meet a fault.

        Raises:
            CallFailed: the back end failed, or a fault has it fail.
        """
        fault = await _met(self._faults, self._call, _ON_CALL, self._receipt)
        match fault.order.kind if fault else faults.FAULT_KIND_UNSPECIFIED:
            case faults.FAULT_KIND_TOOL_ERROR:
                raise failing.reported(invocation.tool, "it is broken", retryable=False)
            case faults.FAULT_KIND_TOOL_TIMEOUT:
                # Whoever called it gives up when the time of the tool is over.
                await asyncio.Event().wait()
            case faults.FAULT_KIND_TOOL_WRONG_TYPE:
                return _wrong(self._call)
            case faults.FAULT_KIND_TOOL_ANSWER_LOST:
                await self._backend.call(invocation)
                raise failing.unavailable(invocation.tool, unknown=True)
        return await self._backend.call(invocation)


async def drilled(write: Write, call: Call, faults: Faults, receipt: Receipt) -> Write:
    """Return *write* as the end of *call* meets it."""
    fault = await _met(faults, call, _ON_RECORD, receipt)
    return write if fault is None else _faulty(write, fault)


def _faulty(write: Write, fault: registry.Fault) -> Write:
    async def written(run_id: str, batch: list[events.RunEvent]) -> list[int]:
        match fault.order.kind:
            case faults.FAULT_KIND_EVENT_DUPLICATED:
                return (await asyncio.gather(write(run_id, batch), write(run_id, batch)))[1]
            case faults.FAULT_KIND_ACK_DROPPED:
                # It is durable, and whoever wrote it does not hear of that.
                await write(run_id, batch)
            case _:
                pass
        await asyncio.sleep(delay_seconds(fault))
        return await write(run_id, batch)

    return written


async def _met(
    standing: Faults, call: Call, kinds: frozenset[faults.FaultKind], receipt: Receipt
) -> registry.Fault | None:
    met = standing.met(call.lease.run_id, call.lease.grant, kinds, call.known.call_id, call.name)
    if met is None:
        return None
    fault, injected = met
    await receipt(injected)
    return fault


def _wrong(call: Call) -> str:
    for text in _WRONG:
        try:
            check_result(call.name, call.tool.spec, text)
        except CallFailed:
            return text
    raise AssertionError("what is no JSON is no result")
