"""Artifacts on their way to a directory."""

from __future__ import annotations

from pathlib import Path

from pal.v1 import common_pb2 as common
from pal_cli.failures import CommandError
from pal_cli.settings import Mesh
from pal_log.payload import artifact_digest, content_bytes
from pal_rpc.artifacts import ArtifactClient


async def fetch(mesh: Mesh, content: common.Payload, directory: Path) -> Path:
    """Write *content* below *directory* under its file name and return where it is.

    Raises:
        CommandError: the directory cannot be written.
    """
    # A name from a run must not lead out of the directory.
    path = directory / (Path(content.filename).name or content.digest.removeprefix("sha256:")[:12])
    raw = content_bytes(content)
    if raw is None:
        raw = await ArtifactClient(mesh.recorder, "").get(artifact_digest(content))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    except OSError as error:
        raise CommandError(f"--save {directory}: {path}: {error.strerror}") from None
    return path
