"""The keys of a mesh (Ed25519, RFC 8032).

A pair each signs service tokens, leases, checkpoints of the record, and certificates of drills.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal_rpc.config import StartError

MESH, LEASE, RECORDER, GAMEDAY = "mesh", "lease", "recorder", "gameday"
_KEY_ID_DIGITS = 16


def create_keys(directory: Path) -> None:
    """Create the key pairs that *directory* lacks; existing ones stay."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (MESH, LEASE, RECORDER, GAMEDAY):
        if not (directory / f"{name}.key").exists():
            _write_pair(directory, name)


def private_key(directory: Path, name: str) -> ed25519.Ed25519PrivateKey:
    """Return the private key *name* of the mesh.

    Raises:
        StartError: it is not there.
    """
    key = serialization.load_pem_private_key(_read(directory / f"{name}.key"), password=None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key


def public_key(directory: Path, name: str) -> ed25519.Ed25519PublicKey:
    """Return the public key *name* of the mesh.

    Raises:
        StartError: it is not there.
    """
    key = serialization.load_pem_public_key(_read(directory / f"{name}.pub"))
    assert isinstance(key, ed25519.Ed25519PublicKey)
    return key


def known_keys(directory: Path, name: str) -> dict[str, ed25519.Ed25519PublicKey]:
    """Return the public keys *name* in *directory* by id: ``name.pub``, and ``name-*.pub`` of earlier ones.

    Raises:
        StartError: one cannot be read, or there is none.
    """
    keys = {}
    for path in sorted(directory.glob(f"{name}*.pub")):
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise StartError(f"{path}: not a public key ({error}); put the key of the mesh there") from None
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise StartError(f"{path}: not an Ed25519 key; put the key of the mesh there")
        keys[key_id(key)] = key
    if not keys:
        raise StartError(f"{directory}: no {name}.pub, which shows who has signed; name the keys directory of the mesh")
    return keys


def key_id(key: ed25519.Ed25519PublicKey) -> str:
    """Return the id of a public key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:_KEY_ID_DIGITS]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"PAL_KEYS_DIR: {path}: {error.strerror}; `pal up` creates the keys of a mesh") from None


def _write_pair(directory: Path, name: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    target = directory / f"{name}.key"
    target.touch(mode=0o600)
    target.write_bytes(private)
    (directory / f"{name}.pub").write_bytes(public)
