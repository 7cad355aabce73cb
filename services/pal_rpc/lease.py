"""The lease: the signed right to execute one run for a while.

Its token is a JWT (RFC 7519, EdDSA) with one header, which is compared and not interpreted: a token with another one is
none of ours. Each run signs one and each seam it calls verifies it, so both are written out here: a library that takes
any JWT needs twice the time.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from google.protobuf import timestamp_pb2

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_log import clock
from pal_rpc.errors import MeshError

_CACHED_LEASES = 4096
_HEADER = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9"  # {"alg":"EdDSA","typ":"JWT"}


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A lease whose signature holds."""

    run_id: str
    epoch: int
    mode: common.ExecutionMode
    issued_at: float
    expires_at: float
    grant: shared.RunGrant

    @property
    def agent(self) -> common.SpecRef:
        """The pinned agent."""
        return self.grant.accepted.agent


class ModeForged(MeshError):
    """The holder of a lease states another execution mode than the router signed, or none."""

    def __init__(self, lease: Lease, stated: int) -> None:
        """Keep the *lease* that the token proves."""
        known = stated in common.ExecutionMode.values()
        said = common.ExecutionMode.Name(stated) if known else str(stated)
        signed = common.ExecutionMode.Name(lease.mode)
        super().__init__(
            reasons.ERROR_REASON_MODE_FORGED,
            f"lease.mode: {said}, and the token of run {lease.run_id} says {signed}; pass on the lease as it was given",
            run_id=lease.run_id,
            stated=said,
            signed=signed,
        )
        self.lease = lease


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
        "iat": int(clock.now()),
        "exp": int(expires_at),
        "grant": base64.urlsafe_b64encode(grant.SerializeToString()).decode(),
    }
    return shared.RunLease(
        run_id=run_id,
        epoch=epoch,
        mode=mode,
        expires_at=timestamp_pb2.Timestamp(seconds=int(expires_at)),
        token=_signed(key, claims),
    )


class LeaseVerifier:
    """Believes the token of a lease and nothing else its holder says."""

    def __init__(self, key: ed25519.Ed25519PublicKey) -> None:
        """Verify with *key*, the public half of the router's."""
        self._key = key
        # A run presents the same token on every call.
        self._decode = functools.lru_cache(_CACHED_LEASES)(self._decode_token)

    def proven(self, lease: shared.RunLease | None) -> Lease:
        """Return what the token of *lease* proves, expired or not: `check_time` comes next.

        Raises:
            ModeForged: it states another mode than its token.
            MeshError: LEASE_MISSING or LEASE_INVALID.
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
        if lease.mode != proven.mode and (lease.mode or proven.mode != common.EXECUTION_MODE_LIVE):
            raise ModeForged(proven, lease.mode)
        return proven

    def _decode_token(self, token: str) -> Lease | None:
        try:
            said, _, signature = token.rpartition(".")
            header, _, claims_part = said.partition(".")
            if header != _HEADER:
                return None
            self._key.verify(_decoded(signature), said.encode())
            claims = json.loads(_decoded(claims_part))
            grant = shared.RunGrant.FromString(base64.urlsafe_b64decode(claims["grant"]))
            return Lease(
                run_id=claims["sub"],
                epoch=claims["epoch"],
                mode=claims["mode"],
                issued_at=claims["iat"],
                expires_at=claims["exp"],
                grant=grant,
            )
        except (InvalidSignature, binascii.Error, KeyError, ValueError):
            return None


def check_time(lease: Lease) -> None:
    """Check that *lease* holds now.

    Raises:
        MeshError: LEASE_EXPIRED.
    """
    if lease.expires_at <= clock.now():
        raise MeshError(
            reasons.ERROR_REASON_LEASE_EXPIRED,
            f"lease.token: the lease of run {lease.run_id} has expired",
            run_id=lease.run_id,
            expired_at=int(lease.expires_at),
        )


def _signed(key: ed25519.Ed25519PrivateKey, claims: dict[str, object]) -> str:
    said = f"{_HEADER}.{_encoded(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{said}.{_encoded(key.sign(said.encode()))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
