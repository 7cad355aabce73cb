"""Content on its way into the store and out of it."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from pal.service.v1 import recorder_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_recorder.store import EventStore, StoreUnavailable
from pal_rpc.errors import InvalidField, MeshError, TooLarge

MAX_CHUNK_BYTES = 1024 * 1024
MAX_ARTIFACT_BYTES = 256 * 1024 * 1024
_READ_BYTES = 256 * 1024


class Artifacts:
    """Keeps content under its digest."""

    def __init__(self, store: EventStore, directory: Path) -> None:
        """Keep content in *store*; what is on its way lies in *directory*, on the same file system."""
        self._store = store
        self._directory = directory

    async def put(self, frames: AsyncIterator[pb.PutArtifactRequest]) -> pb.ArtifactHeader:
        """Keep what *frames* bring and return its header.

        Raises:
            MeshError: INVALID_FIELD, TOO_LARGE, or STORE_UNAVAILABLE; nothing was kept.
        """
        try:
            with tempfile.TemporaryDirectory(dir=self._directory, prefix="incoming-") as incoming:
                path = Path(incoming) / "content"
                header = await _receive(frames, path)
                await self._store.put_artifact(header, path)
        except OSError as error:
            raise StoreUnavailable(str(self._directory), error.strerror or type(error).__name__) from None
        return header

    async def get(self, digest: str) -> AsyncIterator[pb.GetArtifactResponse]:
        """Yield the header, then the content in pieces.

        Raises:
            MeshError: ARTIFACT_NOT_FOUND.
        """
        found = await self._store.artifact(digest)
        if found is None:
            raise MeshError(
                reasons.ERROR_REASON_ARTIFACT_NOT_FOUND,
                f"no artifact {digest or '(empty digest)'} is kept",
                digest=digest,
            )
        header, content = found
        with content:
            yield pb.GetArtifactResponse(header=header)
            while piece := await asyncio.to_thread(content.read, _READ_BYTES):
                yield pb.GetArtifactResponse(chunk=piece)


async def _receive(frames: AsyncIterator[pb.PutArtifactRequest], path: Path) -> pb.ArtifactHeader:
    announced: pb.ArtifactHeader | None = None
    hashed = hashlib.sha256()
    size_bytes = 0
    with path.open("wb") as content:
        async for frame in frames:
            if announced is None:
                announced = _header(frame)
                continue
            size_bytes += len(frame.chunk)
            if size_bytes > MAX_ARTIFACT_BYTES:
                raise TooLarge("chunk", size_bytes, MAX_ARTIFACT_BYTES)
            hashed.update(frame.chunk)
            await asyncio.to_thread(content.write, frame.chunk)
    return _checked(announced, f"sha256:{hashed.hexdigest()}", size_bytes)


def _header(frame: pb.PutArtifactRequest) -> pb.ArtifactHeader:
    if frame.WhichOneof("frame") != "header":
        raise InvalidField("header", "missing; the first frame of PutArtifact is the header")
    return frame.header


def _checked(announced: pb.ArtifactHeader | None, digest: str, size_bytes: int) -> pb.ArtifactHeader:
    if announced is None:
        raise InvalidField("header", "missing; the first frame of PutArtifact is the header")
    if announced.digest not in ("", digest):
        raise InvalidField("header.digest", f"{announced.digest}, but the content has {digest}; nothing was stored")
    if announced.size_bytes not in (0, size_bytes):
        raise InvalidField("header.size_bytes", f"{announced.size_bytes}, but {size_bytes} bytes came")
    return pb.ArtifactHeader(digest=digest, media_type=announced.media_type, size_bytes=size_bytes)
