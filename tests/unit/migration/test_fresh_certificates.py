"""A gate takes the newest certificate of its plan, and only a good one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from google.protobuf import duration_pb2, timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import gameday_pb2 as gamedays
from pal.v1 import rollout_pb2 as plans
from pal_migration.certified import Certified
from pal_migration.rollouts.certificates import FreshCertificates
from pal_rpc.certificates import Certificates, signed
from pal_rpc.keys import GAMEDAY, create_keys, private_key

PASS, FAIL = gamedays.DRILL_VERDICT_PASS, gamedays.DRILL_VERDICT_FAIL
DAY = 86_400


def add(path: Path, plan: str, verdict: gamedays.DrillVerdict, age_seconds: float = 0.0) -> Path:
    """Add a certificate to the chain in *path*."""
    ended = int(time.time() - age_seconds)
    before = Certificates(path).all()
    certificate = gamedays.Certificate(
        number=len(before) + 1,
        previous_digest=before[-1].digest if before else "",
        plan=common.SpecRef(name=plan),
        verdict=verdict,
        ended_at=timestamp_pb2.Timestamp(seconds=ended),
        expires_at=timestamp_pb2.Timestamp(seconds=ended + 30 * DAY),
    )
    file = path / f"{certificate.number:06d}-{plan}.json"
    file.write_text(signed(certificate, private_key(path / "keys", GAMEDAY)))
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    return tmp_path


def problem(home: Path, plan: str = "switch") -> str:
    wanted = plans.RolloutCertificate(plan=plan, max_age=duration_pb2.Duration(seconds=7 * DAY))
    return FreshCertificates(Certified(home, home / "keys")).problem_with(wanted)


def test_a_fresh_pass_is_good_and_another_plan_is_not_meant(home: Path) -> None:
    add(home, "switch", PASS)
    add(home, "other", FAIL)

    assert problem(home) == ""
    assert "there is no certificate of none-such" in problem(home, "none-such")


def test_the_newest_one_counts(home: Path) -> None:
    add(home, "switch", PASS)
    add(home, "switch", FAIL)

    assert problem(home) == "the newest drill of switch is a FAIL"


def test_one_that_is_too_old_expired_or_edited_is_not_good(home: Path) -> None:
    file = add(home, "switch", PASS, 8 * DAY)
    old = problem(home)
    file.write_text(file.read_text().replace('"switch"', '"switch" '))
    file.write_text(file.read_text().replace("DRILL_VERDICT_PASS", "DRILL_VERDICT_INVALID"))
    edited = problem(home)
    add(home, "switch", PASS, 31 * DAY)

    assert old == "the newest drill of switch is 192.0 h old, over 168 h; run it again"
    assert "edited: the signature does not fit" in edited
    assert "expired" in problem(home)


def test_a_service_that_is_told_nothing_says_so() -> None:
    found = FreshCertificates(Certified(None, None)).problem_with(plans.RolloutCertificate(plan="switch"))

    assert "PAL_CERTIFICATES_DIR" in found
