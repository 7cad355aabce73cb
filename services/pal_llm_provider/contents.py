"""Requests whose content is kept elsewhere: a model sees content, never a reference."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_log.payload import artifact_digest
from pal_rpc.artifacts import ArtifactClient


async def inline(request: pb.ModelRequest, artifacts: ArtifactClient) -> pb.ModelRequest:
    """Return *request* with what it refers to in the artifact store in its place."""
    if not any(map(artifact_digest, _payloads(request))):
        return request
    complete = pb.ModelRequest()
    complete.CopyFrom(request)
    referring = [payload for payload in _payloads(complete) if artifact_digest(payload)]
    contents = await asyncio.gather(*(artifacts.get(artifact_digest(payload)) for payload in referring))
    for payload, content in zip(referring, contents, strict=True):
        payload.text = content.decode(errors="replace")
    return complete


def _payloads(request: pb.ModelRequest) -> Iterator[common.Payload]:
    for message in request.messages:
        yield from message.parts
        yield from (result.result for result in message.tool_results)
