"""The conversation so far, read from the record of its earlier runs. It belongs to PAL, not to a runtime."""

from __future__ import annotations

from collections.abc import Iterable

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.recorder_client import RecorderClient

# The rule that bounds a conversation: what was said in its newest finished runs.
MAX_RUNS = 20


async def earlier_messages(
    conversation_id: str, recorder: RecorderClient, artifacts: ArtifactClient
) -> list[events.MessageAdded]:
    """Return what was said in the last MAX_RUNS finished runs of a conversation, oldest first."""
    if not conversation_id:
        return []
    query = shared.RunQuery(conversation_id=conversation_id, states=[shared.RUN_STATE_FINISHED], page_size=MAX_RUNS)
    page = await recorder.runs(query)
    messages: list[events.MessageAdded] = []
    for run in reversed(page.runs):
        log = [event async for event in recorder.log(run.run_id)]
        for message in _said(log):
            parts = [await _inline(part, artifacts) for part in message.parts]
            messages.append(
                events.MessageAdded(
                    message_id=message.message_id,
                    role=message.role,
                    parts=parts,
                    model_call_id=message.model_call_id,
                )
            )
    return messages


def _said(log: Iterable[events.RunEvent]) -> Iterable[events.MessageAdded]:
    for event in log:
        match event.WhichOneof("body"):
            case "run_accepted":
                yield events.MessageAdded(
                    message_id=f"{event.run_id}-input",
                    role=events.MESSAGE_ROLE_USER,
                    parts=[event.run_accepted.input],
                )
            case "message_added":
                yield event.message_added
            case _:
                pass


async def _inline(part: common.Payload, artifacts: ArtifactClient) -> common.Payload:
    if not part.ref.uri:
        return part
    content = await artifacts.get(part.digest)
    if part.media_type == "application/json":
        return common.Payload(json=content.decode(), media_type=part.media_type, digest=part.digest)
    return common.Payload(text=content.decode(errors="replace"), media_type=part.media_type, digest=part.digest)
