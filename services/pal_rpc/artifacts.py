"""Content too large for an event: kept by the recorder under its digest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_log.payload import INLINE_LIMIT_BYTES, by_reference, content_bytes, digest
from pal_rpc.identity import bearer
from pal_rpc.options import KIB

_CHUNK_BYTES = 256 * KIB
_TRANSFER_SECONDS = 60.0


class ArtifactClient:
    """Puts content into the artifact store and gets it back."""

    def __init__(self, stub: rpc.RecorderServiceStub, token: str) -> None:
        """Speak through *stub* with the service *token*."""
        self._stub = stub
        self._metadata = bearer(token)

    async def put(self, content: bytes, media_type: str) -> str:
        """Store *content* and return its digest. Safe to repeat.

        Raises:
            grpc.aio.AioRpcError: the recorder cannot be reached or cannot write.
        """
        header = pb.ArtifactHeader(digest=digest(content), media_type=media_type, size_bytes=len(content))
        response = await self._stub.PutArtifact(
            _frames(header, content), metadata=self._metadata, timeout=_TRANSFER_SECONDS
        )
        return response.artifact.digest

    async def get(self, content_digest: str) -> bytes:
        """Return the content with *content_digest*.

        Raises:
            grpc.aio.AioRpcError: NOT_FOUND, or the recorder cannot be reached.
        """
        call = self._stub.GetArtifact(
            pb.GetArtifactRequest(digest=content_digest), metadata=self._metadata, timeout=_TRANSFER_SECONDS
        )
        try:
            return b"".join([frame.chunk async for frame in call if frame.WhichOneof("frame") == "chunk"])
        finally:
            call.cancel()

    async def found(self, content_digest: str) -> bytes | None:
        """Return the content with *content_digest*; None when it is not kept."""
        try:
            return await self.get(content_digest)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise

    async def externalise(self, payload: common.Payload) -> common.Payload:
        """Return *payload* as it is recorded: content above INLINE_LIMIT_BYTES is stored and referred to."""
        content = content_bytes(payload)
        if content is None or len(content) <= INLINE_LIMIT_BYTES:
            return payload
        await self.put(content, payload.media_type)
        complete = common.Payload()
        complete.CopyFrom(payload)
        complete.digest, complete.size_bytes = digest(content), len(content)
        return by_reference(complete)


async def _frames(header: pb.ArtifactHeader, content: bytes) -> AsyncIterator[pb.PutArtifactRequest]:
    yield pb.PutArtifactRequest(header=header)
    for start in range(0, len(content), _CHUNK_BYTES):
        yield pb.PutArtifactRequest(chunk=content[start : start + _CHUNK_BYTES])
