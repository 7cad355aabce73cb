"""A run that another router, or another life of this one, has accepted: back from its record."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import artifact_digest, json_payload, text_payload
from pal_router.acceptance import restored
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_rpc.artifacts import ArtifactClient

_PINNED = "pinned"


async def restored_run(run_id: str, peers: Peers) -> ActiveRun:
    """Return the run as its record tells it.

    Raises:
        MeshError: RUN_NOT_FOUND, or a document that it pinned is not there any more.
    """
    log = [event async for event in peers.recorder.log(run_id)]
    accepted = log[0].run_accepted
    payload = await _inline(accepted.input, peers.artifacts)
    run = ActiveRun(await restored(run_id, accepted, payload, peers.snapshot), log[0].traceparent, log[0].mode)
    run.pinned_runtime = _pinned(log)
    run.admitted.set_result(None)
    run.restore(log)
    return run


def _pinned(log: list[events.RunEvent]) -> str:
    choices = [event.run_routed for event in log if event.WhichOneof("body") == "run_routed"]
    return choices[0].runtime if choices and choices[0].rule_id == _PINNED else ""


async def _inline(payload: common.Payload, artifacts: ArtifactClient) -> common.Payload:
    kept = artifact_digest(payload)
    if not kept:
        return payload
    content = await artifacts.get(kept)
    if payload.media_type == "application/json":
        return json_payload(content.decode(), filename=payload.filename)
    if payload.media_type.startswith("text/"):
        return text_payload(content.decode(), media_type=payload.media_type, filename=payload.filename)
    return common.Payload(blob=content, media_type=payload.media_type, digest=kept, size_bytes=len(content))
