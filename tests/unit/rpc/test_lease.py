"""Leases and service tokens."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import jwt
import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.identity import Unauthenticated, bearer, caller, issue_token
from pal_rpc.keys import LEASE, MESH, create_keys, private_key, public_key
from pal_rpc.lease import Lease, LeaseVerifier, check_time, sign_lease

GRANT = shared.RunGrant(runtime="agno", accepted=events.RunAccepted(agent=common.SpecRef(name="writer")))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    create_keys(directory)
    return directory


def lease(keys: Path, expires_in_seconds: float = 60) -> shared.RunLease:
    key = private_key(keys, LEASE)
    return sign_lease(key, "r1", 2, common.EXECUTION_MODE_LIVE, time.time() + expires_in_seconds, GRANT)


def verified(keys: Path, presented: shared.RunLease | None) -> Lease:
    proven = LeaseVerifier(public_key(keys, LEASE)).proven(presented)
    check_time(proven)
    return proven


def test_a_lease_proves_what_the_router_signed(keys: Path) -> None:
    proven = verified(keys, lease(keys))

    assert (proven.run_id, proven.epoch, proven.mode) == ("r1", 2, common.EXECUTION_MODE_LIVE)
    assert proven.agent.name == "writer"


def test_what_the_holder_says_is_not_believed(keys: Path) -> None:
    signed = lease(keys)
    signed.epoch = 99

    proven = verified(keys, signed)

    assert (proven.epoch, proven.mode) == (2, common.EXECUTION_MODE_LIVE)


def refusal(keys: Path, presented: shared.RunLease | None) -> str:
    with pytest.raises(MeshError) as refused:
        verified(keys, presented)
    return refused.value.reason_name


@pytest.mark.parametrize("stated", [common.EXECUTION_MODE_SHADOW, 77])
def test_another_mode_than_the_signed_one_is_refused(keys: Path, stated: int) -> None:
    forged = lease(keys)
    forged.mode = stated  # type: ignore[assignment]

    assert refusal(keys, forged) == "MODE_FORGED"


def test_a_missing_lease_is_refused(keys: Path) -> None:
    assert refusal(keys, shared.RunLease()) == "LEASE_MISSING"


def test_an_expired_lease_is_refused(keys: Path) -> None:
    assert refusal(keys, lease(keys, expires_in_seconds=-1)) == "LEASE_EXPIRED"


@pytest.mark.parametrize("jump_seconds", [3600, -3600])
def test_a_clock_that_jumps_ends_no_lease_and_prolongs_none(
    keys: Path, monkeypatch: pytest.MonkeyPatch, jump_seconds: int
) -> None:
    wall_ns, running, over = time.time_ns, lease(keys), lease(keys, expires_in_seconds=-1)
    monkeypatch.setattr(time, "time_ns", lambda: wall_ns() + jump_seconds * 10**9)

    assert verified(keys, running).run_id == "r1"
    assert refusal(keys, over) == "LEASE_EXPIRED"


def test_a_lease_of_another_run_is_refused(keys: Path) -> None:
    stolen = lease(keys)
    stolen.run_id = "r2"

    assert refusal(keys, stolen) == "LEASE_INVALID"


def test_a_forged_lease_is_refused(keys: Path, tmp_path: Path) -> None:
    create_keys(tmp_path)

    assert refusal(keys, lease(tmp_path)) == "LEASE_INVALID"


def test_an_edited_token_is_refused(keys: Path) -> None:
    edited = lease(keys)
    header, claims, signature = edited.token.split(".")
    edited.token = f"{header}.{claims[:-2]}AA.{signature}"

    assert refusal(keys, edited) == "LEASE_INVALID"


@pytest.mark.parametrize("token", ["x", "..", "a.b.c", "é.é.é", "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.."])
def test_what_is_no_token_is_refused(keys: Path, token: str) -> None:
    assert refusal(keys, shared.RunLease(run_id="r1", token=token)) == "LEASE_INVALID"


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256", "typ": "JWT"}, {"typ": "JWT", "alg": "EdDSA"}])
def test_a_token_with_another_header_is_none_of_ours(keys: Path, header: dict[str, str]) -> None:
    signed = lease(keys)
    _, claims, signature = signed.token.split(".")
    other = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    signed.token = f"{other}.{claims}.{signature}"

    assert refusal(keys, signed) == "LEASE_INVALID"


def test_a_token_is_a_jwt_for_everybody_else(keys: Path) -> None:
    claims = jwt.decode(lease(keys).token, public_key(keys, LEASE), algorithms=["EdDSA"])

    assert (claims["sub"], claims["epoch"]) == ("r1", 2)


def test_a_service_token_proves_the_service(keys: Path) -> None:
    token = issue_token(private_key(keys, MESH), "router")

    assert caller(bearer(token), public_key(keys, MESH)) == "router"


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer nonsense"),), (("authorization", "Basic x"),)])
def test_a_caller_without_a_good_token_is_nobody(keys: Path, metadata: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Unauthenticated):
        caller(metadata, public_key(keys, MESH))


def test_a_token_of_another_mesh_proves_nothing_here_wherever_it_was_seen_before(keys: Path, tmp_path: Path) -> None:
    create_keys(tmp_path)
    token = issue_token(private_key(keys, MESH), "router")
    caller(bearer(token), public_key(keys, MESH))

    with pytest.raises(Unauthenticated):
        caller(bearer(token), public_key(tmp_path, MESH))


def test_private_keys_are_for_the_owner_alone(keys: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in keys.glob("*.key")} == {0o600}


def test_a_mesh_without_keys_says_who_makes_them(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="PAL_KEYS_DIR"):
        public_key(tmp_path, MESH)
