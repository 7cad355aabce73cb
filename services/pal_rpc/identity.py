"""Who calls: services prove themselves with a signed token (JWT, RFC 7519, EdDSA)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

HEADER = "authorization"
_BEARER = "Bearer "


class Unauthenticated(MeshError):
    """The caller did not prove who it is."""

    def __init__(self, problem: str) -> None:
        """Say in *problem* what is wrong with the token."""
        super().__init__(
            reasons.ERROR_REASON_UNAUTHENTICATED, f"service token: {problem}; `pal up` issues tokens", token=problem
        )


def issue_token(mesh_key: ed25519.Ed25519PrivateKey, service: str) -> str:
    """Return a token that proves the bearer to be *service* as long as the mesh keeps its keys."""
    return jwt.encode({"sub": service, "aud": "pal", "iat": int(time.time())}, mesh_key, algorithm="EdDSA")


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the call metadata that carries *token*."""
    return ((HEADER, _BEARER + token),) if token else ()


def read_token(path: Path | None) -> str:
    """Return the token kept in *path*; empty when there is none."""
    return path.read_text().strip() if path and path.exists() else ""


def caller(metadata: Iterable[tuple[str, str | bytes]], mesh_key: ed25519.Ed25519PublicKey) -> str:
    """Return the service that the token in *metadata* proves.

    Raises:
        Unauthenticated: there is no token, or it is forged.
    """
    header = next((str(value) for key, value in metadata if key == HEADER), "")
    if not header.startswith(_BEARER):
        raise Unauthenticated("missing")
    try:
        claims = jwt.decode(header.removeprefix(_BEARER), mesh_key, algorithms=["EdDSA"], audience="pal")
    except jwt.InvalidTokenError:
        raise Unauthenticated("not signed by this mesh") from None
    return str(claims["sub"])
