"""The tools of a run: do what the script has for them, and write down that they were called."""

from __future__ import annotations

from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance.play import LEFT, Play
from pal_conformance.script import ToolReport, Wait
from pal_log.events import TOOL_EXECUTOR
from pal_log.payload import text_payload
from pal_rpc.errors import MeshError, failure


async def executed(play: Play, request: executor.ExecuteToolRequest) -> executor.ExecuteToolResponse:
    """Carry out *request* as the script has it; a call that is over returns what is on record."""
    play.executed.append(request)
    play.changes.tell()
    if known := play.results.get(request.call_id):
        return known
    if request.stage_id:
        await play.record.stage_began(request.stage_id)
    lease = play.lease
    _open(play, request)
    finished = events.ToolCallFinished(call_id=request.call_id)
    try:
        result = await _carried_out(play, request, finished)
    except Wait as wait:
        return executor.ExecuteToolResponse(waits_for=wait.asked)
    except MeshError as error:
        finished.outcome = events.TOOL_CALL_OUTCOME_DENIED
        finished.failure.CopyFrom(failure(error))
        raise
    except BaseException:
        finished.outcome = events.TOOL_CALL_OUTCOME_CANCELLED
        finished.failure.CopyFrom(failure(LEFT))
        raise
    finally:
        # A call that waits for a person stays open: the next attempt repeats it.
        if finished.outcome:
            play.record.write(TOOL_EXECUTOR, lease, request.stage_id, tool_call_finished=finished)
        play.changes.tell()
    response = executor.ExecuteToolResponse(finished=finished, result=result)
    play.results[request.call_id] = response
    return response


async def _carried_out(
    play: Play, request: executor.ExecuteToolRequest, finished: events.ToolCallFinished
) -> common.Payload:
    tool = play.script.tools.get(request.tool.name)
    if tool is None:
        play.problems.append((f"a tool that the agent does not have was called: {request.tool.name}", request))
        raise MeshError(reasons.ERROR_REASON_TOOL_NOT_GRANTED, f"the agent has no tool {request.tool.name}")
    try:
        result = await tool(request, play)
        finished.outcome = events.TOOL_CALL_OUTCOME_SUCCEEDED
    except ToolReport as report:
        finished.outcome = report.outcome
        finished.failure.CopyFrom(failure(report.error))
        result = report.error.message
    return text_payload(result) if isinstance(result, str) else result


def _open(play: Play, request: executor.ExecuteToolRequest) -> None:
    requested = events.ToolCallRequested(
        call_id=request.call_id,
        tool=request.tool,
        arguments=request.arguments,
        model_call_id=request.model_call_id,
    )
    play.record.write(TOOL_EXECUTOR, play.lease, request.stage_id, tool_call_requested=requested)
