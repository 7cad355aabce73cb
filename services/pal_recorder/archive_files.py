"""Files of an archive: Parquet, in a directory or an object store that speaks S3.

A row is an event; the rows of a run stand together in one row group, in order. Nothing but an archive needs pyarrow, so
only who archives imports this.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from pal.service.v1 import recorder_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_recorder.store import Entry

_GROUP_BYTES = 4 * 1024 * 1024
SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("hash", pa.binary(32), nullable=False),
        pa.field("encoded", pa.binary(), nullable=False),
        pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ],
    metadata={"format": "pal-archive", "version": "1"},
)
_COLUMNS = ["position", "run_id", "seq", "event_id", "type", "hash", "encoded"]
# What pyarrow raises when a file is not there, cannot be reached, or is no Parquet.
ERRORS = (OSError, pa.ArrowException, ValueError)


def checked_url(url: str) -> str:
    """Return *url* with a scheme: a directory becomes a file URL.

    Raises:
        ValueError: it is neither a directory nor a URL of a file system that is known.
    """
    if "://" not in url:
        return Path(url).absolute().as_uri()
    if urlsplit(url).scheme not in ("file", "s3"):
        raise ValueError(f"{url}: a directory or s3://BUCKET/PREFIX belongs here")
    return url


def packed(runs: Sequence[Sequence[Entry]]) -> tuple[bytes, list[pb.ArchivedRun]]:
    """Return the file that holds *runs*, each with all its entries, and where it holds each of them."""
    content = io.BytesIO()
    places: list[pb.ArchivedRun] = []
    with pq.ParquetWriter(content, SCHEMA, compression="zstd") as writer:
        for number, group in enumerate(_groups(runs)):
            first_row = 0
            for entries in group:
                last = entries[-1]
                places.append(
                    pb.ArchivedRun(
                        run_id=last.run_id,
                        head_seq=last.seq,
                        head_hash=last.hash,
                        row_group=number,
                        first_row=first_row,
                    )
                )
                first_row += len(entries)
            rows = [(*entry, _recorded_us(entry)) for entries in group for entry in entries]
            names = ("position", "run_id", "seq", "event_id", "type", "hash", "encoded", "recorded_at")
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            writer.write_table(pa.table(columns, schema=SCHEMA), row_group_size=len(rows))
    return content.getvalue(), places


def write(url: str, content: bytes) -> str:
    """Keep *content* below *url*, read it back, and return the URL of the file, whose name is its digest.

    Raises:
        OSError: it cannot be written, or something else comes back.
    """
    digest = hashlib.sha256(content).hexdigest()
    file = _below(url, f"events-{digest[:32]}.parquet")
    system, path = pafs.FileSystem.from_uri(file)
    if isinstance(system, pafs.LocalFileSystem):
        _write_durably(Path(path), content)
    else:
        with system.open_output_stream(path) as stream:
            stream.write(content)
    with system.open_input_file(path) as back:
        if hashlib.sha256(back.read()).hexdigest() != digest:
            raise OSError(f"{file} is not what was written")
    return file


def read(url: str, place: pb.ArchivedRun) -> list[Entry]:
    """Return the entries of the run at *place* in the file at *url*.

    Raises:
        OSError, pa.ArrowException, ValueError: the file is not there or is not what was written.
    """
    system, path = pafs.FileSystem.from_uri(url)
    with system.open_input_file(path) as file:
        table = pq.ParquetFile(file).read_row_group(place.row_group, columns=_COLUMNS)
    rows = table.slice(place.first_row, place.head_seq).to_pydict()
    return [Entry(*row) for row in zip(*(rows[name] for name in _COLUMNS), strict=True)]


def remove(url: str) -> None:
    """Remove the file at *url*; one that is not there is gone already.

    Raises:
        OSError: it stays.
    """
    system, path = pafs.FileSystem.from_uri(url)
    if system.get_file_info(path).type != pafs.FileType.NotFound:
        system.delete_file(path)


def moved(url: str, base: str) -> str:
    """Return where the file at *url* is when the archive lies at *base* by now."""
    return _below(base, PurePosixPath(urlsplit(url).path).name)


def _below(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def _groups(runs: Sequence[Sequence[Entry]]) -> Iterator[list[Sequence[Entry]]]:
    group: list[Sequence[Entry]] = []
    size_bytes = 0
    for entries in runs:
        group.append(entries)
        size_bytes += sum(len(entry.encoded) for entry in entries)
        if size_bytes >= _GROUP_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _recorded_us(entry: Entry) -> int:
    return int(events.RunEvent.FromString(entry.encoded).recorded_at.ToMicroseconds())


def _write_durably(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    incoming = path.with_suffix(".incoming")
    with incoming.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(incoming, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
