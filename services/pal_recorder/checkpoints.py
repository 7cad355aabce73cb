"""Signed checkpoints: made by whoever has the recorder's key, checked by anybody with its public half."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from google.protobuf.message import DecodeError

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.chain import heads_digest, removals_digest
from pal_rpc.keys import key_id

Keys = Mapping[str, ed25519.Ed25519PublicKey]

_DOMAIN = b"pal.checkpoint.v1\0"


def signed(
    statement: pb.CheckpointStatement,
    heads: list[pb.RunHead],
    key: ed25519.Ed25519PrivateKey,
    removals: Sequence[pb.RunRemoval] = (),
) -> pb.Checkpoint:
    """Return *statement*, which gets the digests of *heads* and *removals* and the id of *key*, as a checkpoint."""
    statement.heads_digest, statement.removals_digest = heads_digest(heads), removals_digest(removals)
    statement.key_id = key_id(key.public_key())
    encoded = statement.SerializeToString()
    return pb.Checkpoint(statement=encoded, signature=key.sign(_DOMAIN + encoded), heads=heads, removals=removals)


def statement_of(checkpoint: pb.Checkpoint) -> pb.CheckpointStatement:
    """Return what *checkpoint* states; an empty statement when it cannot be read."""
    try:
        return pb.CheckpointStatement.FromString(checkpoint.statement)
    except DecodeError:
        return pb.CheckpointStatement()


def decoded(encoded: bytes) -> pb.Checkpoint:
    """Return a stored checkpoint; an empty one when it cannot be read."""
    try:
        return pb.Checkpoint.FromString(encoded)
    except DecodeError:
        return pb.Checkpoint()


def digest_of(checkpoint: pb.Checkpoint) -> bytes:
    """Return what the next checkpoint calls *checkpoint*."""
    return hashlib.sha256(checkpoint.statement).digest()


def without_heads(checkpoint: pb.Checkpoint) -> pb.Checkpoint:
    """Return *checkpoint* as it is listed and kept outside."""
    return pb.Checkpoint(statement=checkpoint.statement, signature=checkpoint.signature)


def problem_with_signature(checkpoint: pb.Checkpoint, keys: Keys) -> str:
    """Return why nobody with one of *keys* signed *checkpoint*; empty when one did."""
    named = statement_of(checkpoint).key_id
    if named not in keys:
        return f"is signed by the unknown key {named or '(none)'}"
    try:
        keys[named].verify(checkpoint.signature, _DOMAIN + checkpoint.statement)
    except InvalidSignature:
        return "does not carry the signature of its statement"
    return ""
