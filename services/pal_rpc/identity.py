"""Who calls: services prove themselves with a signed token (JWT, RFC 7519, EdDSA)."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

HEADER = "authorization"
# The operator keeps the record as well: deletes from it, moves it to an archive.
MIGRATION, OPERATOR = "migration", "operator"
_TENANTS = "pal-tenant"
_BEARER = "Bearer "
_CACHED_TOKENS = 64


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


def issue_tenant_token(mesh_key: ed25519.Ed25519PrivateKey, caller: str, tenant: str) -> str:
    """Return a token that proves the bearer to be *caller* of *tenant* as long as the mesh keeps its keys."""
    claims = {"sub": caller, "tenant": tenant, "aud": _TENANTS, "iat": int(time.time())}
    return jwt.encode(claims, mesh_key, algorithm="EdDSA")


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
    service = _proven(header.removeprefix(_BEARER), mesh_key.public_bytes_raw())
    if not service:
        raise Unauthenticated("not signed by this mesh")
    return service


def requester(
    metadata: Iterable[tuple[str, str | bytes]], mesh_key: ed25519.Ed25519PublicKey, nobody: common.Principal
) -> common.Principal:
    """Return who calls by the token of its tenant in *metadata*; *nobody* for a service, and without a token.

    Raises:
        MeshError: UNAUTHENTICATED, the token is forged.
    """
    header = next((str(value) for key, value in metadata if key == HEADER), "")
    if not header.startswith(_BEARER):
        return nobody
    token, key = header.removeprefix(_BEARER), mesh_key.public_bytes_raw()
    if (proven := _proven_tenant(token, key)) is not None:
        return proven
    if not _proven(token, key):
        problem = "not signed by this mesh"
        message = f"token: {problem}; `pal tenant token TENANT` prints one, and without a token you are of no tenant"
        raise MeshError(reasons.ERROR_REASON_UNAUTHENTICATED, message, token=problem)
    return nobody


def require(
    service: str,
    action: str,
    metadata: Iterable[tuple[str, str | bytes]],
    mesh_key: ed25519.Ed25519PublicKey,
    *,
    also: str = "",
) -> None:
    """Check that the caller is *service*, which alone may do *action*, or the one that may *also*.

    Raises:
        Unauthenticated: there is no token, or it is forged.
        MeshError: PERMISSION_DENIED, it is another.
    """
    found = caller(metadata, mesh_key)
    if found not in (service, also or service):
        raise MeshError(
            reasons.ERROR_REASON_PERMISSION_DENIED,
            f"{found} may not call {action}; the token of the service {service} may",
            caller=found,
            action=action,
        )


# A token has no end but that of the key, and its bearer shows it at every call.
@functools.lru_cache(_CACHED_TOKENS)
def _proven(token: str, mesh_key: bytes) -> str:
    """Return the service that *token* proves; empty when it is not signed with *mesh_key*."""
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(mesh_key)
        return str(jwt.decode(token, key, algorithms=["EdDSA"], audience="pal")["sub"])
    except jwt.InvalidTokenError:
        return ""


@functools.lru_cache(_CACHED_TOKENS)
def _proven_tenant(token: str, mesh_key: bytes) -> common.Principal | None:
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(mesh_key)
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=_TENANTS)
        return common.Principal(id=claims["sub"], kind=common.PRINCIPAL_KIND_USER, tenant=claims["tenant"])
    except (jwt.InvalidTokenError, KeyError):
        return None
