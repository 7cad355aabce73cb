"""Files are sent without what no rule looks at, and what is wrong with them is left to whoever reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pal_advice import matrix, releases
from pal_cli import advice_files as files
from pal_cli.failures import NOT_FOUND, CommandError
from tests.unit.advice.facts import NOW
from tests.unit.advice.test_sources import MATRIX, NPM, PYPI, SIMPLE


def written(folder: Path, content: object) -> Path:
    path = folder / "given.json"
    path.write_text(json.dumps(content))
    return path


def test_a_matrix_goes_without_its_runs(tmp_path: Path) -> None:
    seen = {"tool.one": ["much that was seen"]}
    path = written(tmp_path, {**MATRIX, "versions": [{**one, "runs": seen} for one in MATRIX["versions"]]})

    sent = files.matrix(path)

    assert "much that was seen" not in sent.text
    assert matrix.read(sent, "agno") == MATRIX
    assert sent.observed_at.seconds == int(path.stat().st_mtime)


@pytest.mark.parametrize("content", [PYPI, SIMPLE, NPM], ids=["json", "simple", "npm"])
def test_releases_go_without_addresses_and_say_the_same(tmp_path: Path, content: dict[str, Any]) -> None:
    whole = {**content, "info": {"description": "long"}}
    ecosystem = "npm" if content is NPM else "PyPI"

    sent = files.releases(written(tmp_path, whole))

    assert "description" not in sent.text
    assert releases.cadence(sent, ecosystem, NOW)[0].value == 10


def test_hashes_are_left_out() -> None:
    stated = {"files": [{"filename": "a-1.tar.gz", "upload-time": "2026-01-01", "hashes": {"sha256": "0"}}]}

    assert json.loads(files.lean_releases(json.dumps(stated))) == {
        "files": [{"filename": "a-1.tar.gz", "upload-time": "2026-01-01"}]
    }


@pytest.mark.parametrize("text", ["nothing", "[]", "1", '{"versions": 1}', '{"versions": [1]}', '{"releases": []}'])
def test_what_is_something_else_is_sent_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "given.json"
    path.write_text(text)

    assert files.matrix(path).text == text
    assert files.releases(path).text == text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.json: no such file") as error:
        files.file(tmp_path / "none.json")

    assert error.value.exit_code == NOT_FOUND
