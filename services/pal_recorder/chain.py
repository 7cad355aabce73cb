"""The hash chain of a run: each event is bound to all before it, in the bytes in which it was recorded."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

from pal.service.v1 import recorder_service_pb2 as pb

# What the first event of a run is chained to.
GENESIS = bytes(32)

_FIELDS = struct.Struct(">QIII")
_HEAD = struct.Struct(">QI")
_REMOVAL = struct.Struct(">QQII")
_HEADS_DOMAIN, _REMOVALS_DOMAIN = b"pal.heads.v1\0", b"pal.removals.v1\0"


def chained(previous: bytes, run_id: str, seq: int, event_id: str, type_: str, encoded: bytes) -> bytes:
    """Return the hash of an event after *previous*, the hash of the one before it.

    SHA-256 over the hash before, seq and the lengths of the three words, the words, and the event's bytes.
    """
    run, event, kind = run_id.encode(), event_id.encode(), type_.encode()
    fields = _FIELDS.pack(seq, len(run), len(event), len(kind))
    return hashlib.sha256(b"".join((previous, fields, run, event, kind, encoded))).digest()


def heads_digest(heads: Iterable[pb.RunHead]) -> bytes:
    """Return the SHA-256 over *heads*, which come by run id."""
    hashed = hashlib.sha256(_HEADS_DOMAIN)
    for head in heads:
        run = head.run_id.encode()
        hashed.update(_HEAD.pack(head.seq, len(run)) + run + head.hash)
    return hashed.digest()


def removals_digest(removals: Iterable[pb.RunRemoval]) -> bytes:
    """Return the SHA-256 over *removals*, which come by run id; empty for none."""
    hashed, some = hashlib.sha256(_REMOVALS_DOMAIN), False
    for removal in removals:
        some = True
        run, reason = removal.run_id.encode(), removal.reason.encode()
        fields = _REMOVAL.pack(removal.head_seq, removal.removed_at.ToNanoseconds(), len(run), len(reason))
        hashed.update(fields + run + reason + removal.head_hash)
    return hashed.digest() if some else b""
