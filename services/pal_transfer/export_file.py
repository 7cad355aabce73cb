"""The form of an export: parts of length-delimited records, compressed with Zstandard, and a manifest of their digests.

A directory, or the same in one tar file. The parts are complete before the manifest is written, which has a digest of
its own, so what has no manifest, or does not fit it, is no export.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, cast

from google.protobuf import proto
from google.protobuf.message import DecodeError

from pal.service.v1 import export_record_pb2 as pb

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT, VERSION = "pal-export", 1
MANIFEST = "manifest.json"
DOCUMENTS, ARTIFACTS, RUNS = "documents", "artifacts", "runs"
_LEVEL = 1
_COPY_BYTES = 1024 * 1024


class BrokenExport(Exception):
    """A file or directory is no export, or not one that can be read here."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the manifest says of a part."""

    name: str
    kind: str
    sha256: str
    size_bytes: int
    records: int
    runs: int = 0
    events: int = 0


@dataclass(kw_only=True)
class Manifest:
    """What an export holds."""

    selection: str
    parts: list[Part] = field(default_factory=list)
    unfinished_runs: int = 0
    missing_artifacts: list[str] = field(default_factory=list)
    pal_version: str = ""
    created_at: str = ""

    def encoded(self) -> bytes:
        """Return the manifest as it is written."""
        content = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps({**content, "digest": _digest(content)}, indent=2).encode() + b"\n"

    def total(self, kind: str, count: str) -> int:
        """Return the sum of a *count* over the parts of a *kind*."""
        return sum(getattr(part, count) for part in self.parts if part.kind == kind)


class Source(Protocol):
    """Where an export is read from."""

    def open(self, name: str) -> IO[bytes]:
        """Open a member.

        Raises:
            BrokenExport: it is not there.
        """

    def close(self) -> None:
        """Release everything."""


def opened(path: Path) -> Source:
    """Return the export at *path*, a directory or a tar file.

    Raises:
        BrokenExport: it is neither.
    """
    if path.is_dir():
        return _Directory(path)
    return _Tar(path)


class _Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._path / name).open("rb")
        except OSError as error:
            raise BrokenExport(f"{name}: {error.strerror}; the export is not whole") from None

    def close(self) -> None:
        pass


class _Tar:
    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")  # closed by close
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115  # closed by close
            self._members = {member.name: member for member in self._tar.getmembers() if member.isfile()}
        except tarfile.TarError as error:
            self._file.close()
            raise BrokenExport(f"no whole tar file ({error}); it was truncated, or it is no export") from None

    def open(self, name: str) -> IO[bytes]:
        found = self._tar.extractfile(self._members[name]) if name in self._members else None
        if found is None:
            raise BrokenExport(f"{name} is not in it; the export is not whole")
        return found

    def close(self) -> None:
        self._tar.close()
        self._file.close()


def manifest_of(source: Source) -> Manifest:
    """Return the manifest of an export.

    Raises:
        BrokenExport: there is none, it was altered, or a newer version wrote it.
    """
    with source.open(MANIFEST) as file:
        raw = file.read()
    try:
        content: dict[str, Any] = json.loads(raw)
        if content.get("format") != FORMAT:
            raise BrokenExport(f"{MANIFEST}: this is no {FORMAT}")
        if int(content["version"]) > VERSION:
            raise BrokenExport(
                f"{MANIFEST}: a newer version wrote this export "
                f"(version {content['version']}, this PAL reads {VERSION}); upgrade PAL"
            )
        if content.pop("digest", "") != _digest(content):
            raise BrokenExport(f"{MANIFEST} is not what its digest says; it was altered")
        parts = [Part(**part) for part in content["parts"]]
        known = {key: value for key, value in content.items() if key not in ("format", "version", "parts")}
        return Manifest(parts=parts, **known)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BrokenExport(f"{MANIFEST} is no manifest ({error}); it was truncated or altered") from None


def records(source: Source, part: Part) -> Iterator[pb.ExportRecord]:
    """Yield the records of *part*; only when all of them have come is it sure that it is what the manifest says.

    Raises:
        BrokenExport: it is not.
    """
    with source.open(part.name) as file:
        raw = _Hashing(file)
        count = 0
        try:
            with zstd.open(cast("IO[bytes]", raw), "rb") as stream:
                while (record := proto.parse_length_prefixed(pb.ExportRecord, cast("io.BytesIO", stream))) is not None:
                    count += 1
                    yield record
        except (zstd.ZstdError, EOFError, ValueError, DecodeError, IndexError) as error:
            raise BrokenExport(f"{part.name} cannot be read ({error}); it was truncated or altered") from None
        raw.drain()
        if (raw.hexdigest, raw.size_bytes, count) != (part.sha256, part.size_bytes, part.records):
            raise BrokenExport(f"{part.name} is not what the manifest says; it was truncated or altered")


class PartWriter:
    """Writes a part; it has its name once it is complete and on the disk."""

    def __init__(self, directory: Path, name: str, kind: str) -> None:
        """Begin the part *name* in *directory*."""
        self._path, self._name, self._kind = directory / name, name, kind
        self._incoming = directory / f"{name}.incoming"
        self._raw = _Hashing(self._incoming.open("wb"))
        self._stream = zstd.open(self._raw, "wb", level=_LEVEL)
        self.content_bytes = self._records = self._runs = self._events = 0

    def write(self, new: Iterable[pb.ExportRecord]) -> None:
        """Write records."""
        encoded = io.BytesIO()
        for record in new:
            self.content_bytes += record.ByteSize()
            self._records += 1
            if record.HasField("run"):
                self._runs += record.run.HasField("end")
                self._events += len(record.run.events.events)
            proto.serialize_length_prefixed(record, encoded)
        self._stream.write(encoded.getbuffer())

    def finish(self) -> Part | None:
        """Make the part durable and return what the manifest says of it; None when there is nothing in it."""
        self._stream.close()
        self._raw.close()
        if not self._records:
            self._incoming.unlink()
            return None
        os.replace(self._incoming, self._path)
        sync(self._path.parent)
        return Part(
            name=self._name,
            kind=self._kind,
            sha256=self._raw.hexdigest,
            size_bytes=self._raw.size_bytes,
            records=self._records,
            runs=self._runs,
            events=self._events,
        )

    def abandon(self) -> None:
        """Give the part up."""
        with suppress(OSError, ValueError):
            self._raw.abandon()
        self._incoming.unlink(missing_ok=True)


def write_durably(path: Path, content: bytes) -> None:
    """Replace the file at *path* at once and durably."""
    incoming = path.with_name(f"{path.name}.incoming")
    with incoming.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(incoming, path)
    sync(path.parent)


def pack(directory: Path, manifest: Manifest, target: Path) -> None:
    """Write the export in *directory* as one tar file."""
    incoming = target.with_name(f"{target.name}.incoming")
    with incoming.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in (MANIFEST, *(part.name for part in manifest.parts)):
                tar.add(directory / name, arcname=name, filter=_nobody)
        file.flush()
        os.fsync(file.fileno())
    os.replace(incoming, target)
    sync(target.parent)


def sync(directory: Path) -> None:
    """Make the names in *directory* durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _digest(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


class _Hashing:
    """A file whose bytes are hashed as they pass."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def hexdigest(self) -> str:
        """The digest of what has passed."""
        return self._hash.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """Read."""
        return self._passed(self._file.read(size))

    def write(self, content: bytes, /) -> int:
        """Write."""
        self._file.write(self._passed(bytes(content)))
        return len(content)

    def drain(self) -> None:
        """Read what is left."""
        while self.read(_COPY_BYTES):
            pass

    def flush(self) -> None:
        """Flush."""
        self._file.flush()

    def close(self) -> None:
        """Close durably."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close without a promise."""
        self._file.close()

    def _passed(self, content: bytes) -> bytes:
        self._hash.update(content)
        self.size_bytes += len(content)
        return content
