"""The lease: the signed right to execute one run for a while."""

from __future__ import annotations

import base64
import functools
import time
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519
from google.protobuf import timestamp_pb2

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

_CACHED_LEASES = 4096


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A lease whose signature holds."""

    run_id: str
    epoch: int
    mode: common.ExecutionMode
    expires_at: float
    grant: shared.RunGrant

    @property
    def agent(self) -> common.SpecRef:
        """The pinned agent."""
        return self.grant.accepted.agent


def sign_lease(
    key: ed25519.Ed25519PrivateKey,
    run_id: str,
    epoch: int,
    mode: common.ExecutionMode,
    expires_at: float,
    grant: shared.RunGrant,
) -> shared.RunLease:
    """Return the lease for *run_id*; *expires_at* is in seconds since the epoch."""
    claims = {
        "sub": run_id,
        "epoch": epoch,
        "mode": int(mode),
        "exp": int(expires_at),
        "grant": base64.urlsafe_b64encode(grant.SerializeToString()).decode(),
    }
    return shared.RunLease(
        run_id=run_id,
        epoch=epoch,
        mode=mode,
        expires_at=timestamp_pb2.Timestamp(seconds=int(expires_at)),
        token=jwt.encode(claims, key, algorithm="EdDSA"),
    )


class LeaseVerifier:
    """Believes the token of a lease and nothing else its holder says."""

    def __init__(self, key: ed25519.Ed25519PublicKey) -> None:
        """Verify with *key*, the public half of the router's."""
        self._key = key
        # A run presents the same token on every call.
        self._decode = functools.lru_cache(_CACHED_LEASES)(self._decode_token)

    def verify(self, lease: shared.RunLease | None) -> Lease:
        """Return what the token of *lease* proves.

        Raises:
            MeshError: LEASE_MISSING, LEASE_INVALID or LEASE_EXPIRED.
        """
        if lease is None or not lease.token:
            raise MeshError(
                reasons.ERROR_REASON_LEASE_MISSING,
                "lease.token: missing; pass on the lease that the router gave to the run",
                field="lease.token",
            )
        proven = self._decode(lease.token)
        if proven is None or (lease.run_id and lease.run_id != proven.run_id):
            raise MeshError(
                reasons.ERROR_REASON_LEASE_INVALID,
                f"lease.token: not signed by this mesh's router for run {lease.run_id}",
                run_id=lease.run_id,
            )
        if proven.expires_at <= time.time():
            raise MeshError(
                reasons.ERROR_REASON_LEASE_EXPIRED,
                f"lease.token: the lease of run {proven.run_id} has expired",
                run_id=proven.run_id,
                expired_at=int(proven.expires_at),
            )
        return proven

    def _decode_token(self, token: str) -> Lease | None:
        try:
            claims = jwt.decode(token, self._key, algorithms=["EdDSA"], options={"verify_exp": False})
            grant = shared.RunGrant.FromString(base64.urlsafe_b64decode(claims["grant"]))
            return Lease(
                run_id=claims["sub"],
                epoch=claims["epoch"],
                mode=claims["mode"],
                expires_at=claims["exp"],
                grant=grant,
            )
        except (jwt.InvalidTokenError, KeyError, ValueError):
            return None
