"""The conversation so far, read from the record of its earlier runs. It belongs to PAL, not to a runtime."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import newest
from pal_log.payload import artifact_digest, content_text, json_payload, text_payload
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

MAX_MESSAGES = 200
MAX_BYTES = 256 * 1024
RULE = f"the newest runs that fit into {MAX_MESSAGES} messages and {MAX_BYTES // 1024} KiB"
_PAGE_RUNS = 50
_NO_RESULT = "The call was not carried out."


@dataclass
class Conversation:
    """What a run is told of the runs before it, oldest first, and what it is not told."""

    messages: list[llm.ModelMessage] = field(default_factory=list)
    withheld_runs: int = 0
    withheld_messages: int = 0

    def withheld(self, conversation_id: str) -> events.MessageWithheld | None:
        """Return the fact that something was left out, if it was."""
        if not self.withheld_runs:
            return None
        return events.MessageWithheld(
            conversation_id=conversation_id,
            withheld_runs=self.withheld_runs,
            withheld_messages=self.withheld_messages,
            kept_messages=len(self.messages),
            rule=RULE,
        )


async def conversation(run: shared.Run, recorder: RecorderClient, artifacts: ArtifactClient) -> Conversation:
    """Return what *run* is told of its conversation.

    That is what was over when *run* was accepted: whenever it is asked for, the answer is the same. Of the newest
    runs everything is told, up to MAX_MESSAGES messages and MAX_BYTES bytes; of the others nothing.

    Raises:
        MeshError: RUN_DELETED, an earlier run is not there any more.
    """
    told = Conversation()
    if not run.conversation_id:
        return told
    left_messages, left_bytes, number = MAX_MESSAGES, MAX_BYTES, 0
    async for earlier in _earlier(run, recorder):
        number += 1
        messages = await _said(earlier, number, recorder, artifacts)
        left_messages -= len(messages)
        left_bytes -= sum(message.ByteSize() for message in messages)
        if told.withheld_runs or left_messages < 0 or left_bytes < 0:
            told.withheld_runs += 1
            told.withheld_messages += len(messages)
        else:
            told.messages[:0] = messages
    return told


async def _earlier(run: shared.Run, recorder: RecorderClient) -> AsyncIterator[shared.Run]:
    query = shared.RunQuery(
        conversation_id=run.conversation_id,
        states=[shared.RUN_STATE_FINISHED],
        mode=common.EXECUTION_MODE_LIVE,
        page_size=_PAGE_RUNS,
    )
    accepted_at = run.accepted_at.ToNanoseconds()
    while True:
        page = await recorder.runs(query)
        for deleted in page.deleted_run_ids:
            raise MeshError(
                reasons.ERROR_REASON_RUN_DELETED,
                f"conversation {run.conversation_id} cannot go on: its run {deleted} was deleted; begin another one",
                run_id=deleted,
                conversation_id=run.conversation_id,
            )
        for earlier in page.runs:
            if earlier.run_id != run.run_id and earlier.finished_at.ToNanoseconds() <= accepted_at:
                yield earlier
        if not page.next_page_token:
            return
        query.page_token = page.next_page_token


async def _said(
    run: shared.Run, number: int, recorder: RecorderClient, artifacts: ArtifactClient
) -> list[llm.ModelMessage]:
    log = [event async for event in recorder.log(run.run_id)]
    accepted = log[0].run_accepted
    messages = [llm.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[await _inline(accepted.input, artifacts)])]
    if any(event.stage_id for event in log):
        # What stages say to each other is not part of the conversation.
        output = log[-1].run_finished.output
        if content_text(output) or artifact_digest(output):
            parts = [await _inline(output, artifacts)]
            messages.append(llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT, parts=parts))
        return messages
    results = {
        event.tool_call_finished.call_id: event.tool_call_finished
        for event in log
        if event.WhichOneof("body") == "tool_call_finished"
    }
    answers = list(_answers(log))
    if not answers:
        said = (event.message_added for event in log if event.WhichOneof("body") == "message_added")
        return [*messages, *[llm.ModelMessage(role=message.role, parts=message.parts) for message in said]]
    for answer in answers:
        asked = json.loads(content_text(await _inline(answer.response, artifacts)))
        messages.extend([message async for message in _exchange(asked, f"e{number}.", results, artifacts)])
    return messages


def _answers(log: list[events.RunEvent]) -> Iterator[events.ModelCallFinished]:
    for event in log:
        if event.WhichOneof("body") == "model_call_finished" and event.model_call_finished.HasField("response"):
            yield event.model_call_finished


async def _exchange(
    asked: dict[str, Any],
    prefix: str,
    finished: Mapping[str, events.ToolCallFinished],
    artifacts: ArtifactClient,
) -> AsyncIterator[llm.ModelMessage]:
    calls, results = [], []
    for call in asked.get("tool_calls", ()):
        # Identifiers are unique within a run only.
        call_id = prefix + call["id"]
        calls.append(llm.ModelToolCall(call_id=call_id, name=call["name"], arguments_json=call["arguments"]))
        end = newest(call["id"], finished)
        told = text_payload(_NO_RESULT) if end is None else await _inline(end.result, artifacts)
        failed = end is None or end.outcome != events.TOOL_CALL_OUTCOME_SUCCEEDED
        results.append(llm.ModelToolResult(call_id=call_id, result=told, is_failure=failed))
    parts = [text_payload(asked["text"])] if asked["text"] else []
    if parts or calls:
        yield llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT, parts=parts, tool_calls=calls)
    if results:
        yield llm.ModelMessage(role=events.MESSAGE_ROLE_USER, tool_results=results)


async def _inline(payload: common.Payload, artifacts: ArtifactClient) -> common.Payload:
    kept = artifact_digest(payload)
    if not kept:
        return payload
    text = (await artifacts.get(kept)).decode(errors="replace")
    inline = text_payload(text) if payload.media_type.startswith("text/") else json_payload(text)
    inline.masked_paths.extend(payload.masked_paths)
    return inline
