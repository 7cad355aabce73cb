"""A certificate is believed as it was signed, in its chain, until it expires."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal_gameday.chain import Chain
from pal_gameday.page import page
from pal_rpc.certificates import Signed, Unreadable, problems, read
from pal_rpc.config import StartError
from pal_rpc.keys import GAMEDAY, create_keys, key_id, known_keys, private_key
from tests.unit.gameday.seen import evidence

KEY = ed25519.Ed25519PrivateKey.generate()
KEYS = {key_id(KEY.public_key()): KEY.public_key()}
DAY = 86_400
LATER = 40 * DAY


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Make a chain of three."""
    return [Chain(tmp_path).add(evidence(), KEY)[0] for _ in range(3)]


def verified(path: Path, now: float = 200.0) -> list[str]:
    one = read(path.read_text())
    return problems(one, Chain(path.parent).before(one), KEYS, now)


def test_a_genuine_one_has_no_problem(files: list[Path]) -> None:
    assert [verified(path) for path in files] == [[], [], []]
    assert [path.name for path in files] == [f"{number:06d}-broken-tool.json" for number in (1, 2, 3)]


def test_an_expired_one_is_named(files: list[Path]) -> None:
    (problem,) = verified(files[0], LATER)

    assert problem.startswith("expired: it was good until 1970-01-31T00:01:40Z")


def test_an_edited_one_is_named(files: list[Path]) -> None:
    whole = json.loads(files[0].read_text())
    whole["certificate"]["verdict"] = "DRILL_VERDICT_FAIL"
    files[0].write_text(json.dumps(whole))

    assert [problem.partition(":")[0] for problem in verified(files[0])] == ["edited"]


def test_a_field_that_nobody_knows_is_an_edit_as_well(files: list[Path]) -> None:
    whole = json.loads(files[0].read_text())
    whole["certificate"]["remark"] = "all is well"
    files[0].write_text(json.dumps(whole))

    assert [problem.partition(":")[0] for problem in verified(files[0])] == ["edited"]


def test_another_spelling_of_the_same_is_no_edit(files: list[Path]) -> None:
    files[0].write_text(json.dumps(json.loads(files[0].read_text()), sort_keys=True))

    assert verified(files[0]) == []


def test_a_wrong_key_is_named(files: list[Path], tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    one = read(files[0].read_text())

    (problem,) = problems(one, None, known_keys(tmp_path / "keys", GAMEDAY), 200.0)

    assert problem.startswith("wrong key: ")


def test_a_chain_with_a_link_missing_is_named(files: list[Path]) -> None:
    files[1].unlink()

    assert [problem.partition(":")[0] for problem in verified(files[2])] == ["broken chain"]


def test_a_chain_whose_link_was_replaced_is_named(files: list[Path], tmp_path: Path) -> None:
    other = Chain(tmp_path / "other")
    seen = evidence()
    seen.drill_id = "another"
    files[0].write_text(other.add(seen, KEY)[0].read_text())

    assert [problem.partition(":")[0] for problem in verified(files[1])] == ["broken chain"]


def test_everything_that_is_wrong_is_said(files: list[Path]) -> None:
    one = read(files[1].read_text())
    edited = Signed(one.stated, one.text.replace("PASS", "FAIL"), one.key, one.signature)

    found = problems(edited, None, KEYS, LATER)

    assert [problem.partition(":")[0] for problem in found] == ["edited", "broken chain", "expired"]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"certificate": 1, "signature": 2}', '{"certificate": {}}'])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_a_directory_without_keys_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"no gameday\.pub"):
        known_keys(tmp_path, GAMEDAY)


def test_the_mesh_signs_with_a_key_of_its_own(tmp_path: Path) -> None:
    create_keys(tmp_path)

    assert key_id(private_key(tmp_path, GAMEDAY).public_key()) in known_keys(tmp_path, GAMEDAY)


def test_a_page_tells_people_and_runs_nothing(files: list[Path]) -> None:
    stated = read(files[0].read_text()).stated
    stated.hypothesis = "<script>alert(1)</script>"

    text = page(stated, "k1")

    assert "broken-tool 1.0.0: <span" in text
    assert "<script>" not in text
    assert "which is too few to say" in text
