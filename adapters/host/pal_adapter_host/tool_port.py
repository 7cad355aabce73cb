"""The way to a tool: one call, and what the model is told of it."""

from __future__ import annotations

import asyncio
import time

import grpc

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.dialogue import Dialogue, failed
from pal_adapter_host.seam import AWAY_PAUSE_SECONDS, AWAY_SECONDS, Grant, seam_error
from pal_log.payload import json_payload
from pal_rpc.errors import MeshError
from pal_rpc.status import is_lost, never_sent

REPEATS = 3
REPEAT_WITHIN_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
# What the model got wrong and can put right.
_FOR_THE_MODEL = frozenset({reasons.ERROR_REASON_INVALID_TOOL_ARGUMENTS, reasons.ERROR_REASON_TOO_LARGE})


class SeamToolPort:
    """Asks the tool executor."""

    def __init__(
        self,
        stub: rpc.ToolExecutorServiceStub,
        grant: Grant,
        request: rt.RuntimeServiceRunRequest,
        dialogue: Dialogue,
        stage_id: str = "",
    ) -> None:
        """Call the tools of *request* that *dialogue* offers under *grant*, for a stage if one asks."""
        self._stub = stub
        self._grant = grant
        self._dialogue = dialogue
        self._stage_id = stage_id
        self._refs = {
            tool.metadata.name: common.SpecRef(
                name=tool.metadata.name,
                namespace=tool.metadata.namespace,
                version=tool.metadata.version,
                digest=tool.metadata.digest,
            )
            for tool in request.tools
        }

    async def call(self, call_id: str) -> llm.ModelToolResult:
        """Return what the call gave.

        An error that ends the run does not end its other calls: those that are going come to their own end, in every
        runtime alike, and the next question to the model raises it.
        """
        call = self._dialogue.call(call_id)
        if call is None:
            return failed(call_id, "The model did not ask for this call.")
        if not self._dialogue.offers(call.name):
            return self._dialogue.answered(self._dialogue.no_such_tool(call_id, call.name))
        try:
            self._grant.check(self._stage_id)
            with self._grant.call():
                response = await self._execute(self._request(call))
            if response.HasField("waits_for"):
                self._dialogue.waits(call_id)
                self._grant.wait_for(response.waits_for, self._stage_id)
                await self._grant.hold()
        except MeshError as error:
            if error.reason in _FOR_THE_MODEL:
                return self._dialogue.answered(failed(call_id, error.message))
            return self._dialogue.answered(failed(call_id, self._grant.end(error, self._stage_id).message))
        return self._dialogue.answered(
            llm.ModelToolResult(
                call_id=call_id,
                result=response.result,
                is_failure=response.finished.outcome != events.TOOL_CALL_OUTCOME_SUCCEEDED,
            )
        )

    def _request(self, call: llm.ModelToolCall) -> pb.ExecuteToolRequest:
        return pb.ExecuteToolRequest(
            lease=self._grant.lease,
            call_id=call.call_id,
            tool=self._refs[call.name],
            arguments=json_payload(call.arguments_json),
            model_call_id=self._dialogue.model_call(call.call_id),
            traceparent=self._grant.traceparent,
            stage_id=self._stage_id,
            may_wait=True,
        )

    async def _execute(self, request: pb.ExecuteToolRequest) -> pb.ExecuteToolResponse:
        began, repeats = time.monotonic(), 0
        while True:
            try:
                return await self._stub.ExecuteTool(
                    request, timeout=self._grant.time_left(), metadata=self._grant.metadata
                )
            except grpc.aio.AioRpcError as error:
                # The executor knows the call by its id: a repeat finds it again and does nothing twice.
                spent = time.monotonic() - began
                if never_sent(error) and spent < AWAY_SECONDS:
                    pause = AWAY_PAUSE_SECONDS
                else:
                    repeats += 1
                    pause = _PAUSE_SECONDS * 2**repeats
                    if not is_lost(error) or repeats > REPEATS or spent + pause > REPEAT_WITHIN_SECONDS:
                        raise seam_error(error, _unavailable(request.tool.name, error.details() or "")) from None
                await asyncio.sleep(pause)
                self._grant.check(self._stage_id)


def _unavailable(tool: str, detail: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_SEAM_UNAVAILABLE,
        f"the tool executor cannot be reached for {tool}: {detail}"[:1024],
        seam="tool_executor",
        tool=tool,
    )
