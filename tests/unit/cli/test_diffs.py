"""Two runs are shown as a page that stands alone, as JUnit, and as JSON that fits its schema, whatever they hold."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from pal.v1 import comparison_pb2 as pb
from pal_cli.diffs.junit import junit
from pal_cli.diffs.page import page
from pal_cli.diffs.reading import Compared, prices
from pal_cli.diffs.schema import json_schema
from pal_cli.diffs.terminal import show
from pal_cli.failures import CommandError
from pal_cli.show import as_json
from pal_diff.compare import compare
from pal_diff.terms import Terms
from pal_log.payload import json_payload
from tests.unit.diff.logs import WRITE, call, run

_HOSTILE = "<script>alert(1)</script>&\x0b\x1b[31m[bold]"


@pytest.fixture
def different() -> Compared:
    """Two runs that differ in everything, with text that would like to be markup."""
    a = run(
        [call("find", city="Paris", nights=2), call("look", q=_HOSTILE)],
        [call("book", WRITE, flight="X1")],
        run_id="run-a", artifacts=[json_payload('{"rows": [1, 2]}', filename="r.json")], usage=(100, 10), seconds=0.5,
    )  # fmt: skip
    b = run(
        [call("find", city="Rome", q=_HOSTILE)],
        [call("book", WRITE, flight="X1")],
        [call("book", WRITE, flight="X1")],
        run_id="run-b", artifacts=[json_payload('{"rows": [1, 3]}', filename="r.json")], usage=(150, 10), seconds=0.7,
    )  # fmt: skip
    return Compared(a, b, compare(a, b, Terms()))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_needs_nothing_else_and_runs_nothing(different: Compared) -> None:
    text = page(different)

    read = _Page()
    read.feed(text)
    assert read.open == [] and read.links == []
    assert "script" not in read.tags and "url(" not in text and "@import" not in text
    assert read.tags.count("svg") == 2 and "artifacts/r.json/rows/1" in text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium to look at the page with")
def test_a_browser_shows_the_page(different: Compared, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(different))
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    picture, address = tmp_path / "page.png", (tmp_path / "page.html").as_uri()

    shown = [f"--screenshot={picture}", "--window-size=1200,1600", "--dump-dom", address]
    done = subprocess.run([*browser, *shown], capture_output=True, text=True, timeout=120, check=True)

    for section in ("figures", "tiers", "timeline", "calls", "findings"):
        assert f'<section id="{section}">' in done.stdout
    assert "&lt;script&gt;alert(1)" in done.stdout
    # An empty picture of that size compresses to a tenth of it.
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 40_000


def test_json_fits_the_schema_that_is_printed(different: Compared) -> None:
    schema = json_schema(pb.Comparison)

    jsonschema_rs.validator_for(schema).validate(json.loads(json.dumps(as_json(different.comparison))))
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(schema).validate({"findings": [{"hard": "yes"}]})


def test_junit_fails_the_tiers_with_hard_differences(different: Compared) -> None:
    root = ElementTree.fromstring(junit(different.comparison).partition("\n")[2])

    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["structure", "effects"]
    assert root.get("failures") == "2" and root.get("tests") == "8"


def test_the_terminal_shows_both_sides(different: Compared, capsys: pytest.CaptureFixture[str]) -> None:
    show(different.comparison)

    shown = capsys.readouterr().out
    for expected in ("ARGUMENT_MISSING", "EFFECT_REPEATED", "run-a", "run-b", "Paris", "Rome", "[bold]", "+104%"):
        assert expected in shown


def test_runs_without_times_and_calls_are_shown_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Compared(run(), run(), compare(run(), run(), Terms()))

    assert "<svg" not in page(empty)
    assert "</html>" in page(empty) and junit(empty.comparison)
    show(empty.comparison)
    assert "nothing to compare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON object"),
        ('{"version": "1", "currency": "USD"}', "perMillionTokens"),
        ('{"version": "1", "currency": "USD", "perMillionTokens": {"m": {"input": "1"}}}', "perMillionTokens.m"),
        ('{"version": "1", "currency": "USD", "perMillionTokens": {"m": {"input": "x", "output": "1"}}}', "a number"),
        ('{"version": "1", "currency": "USD", "perMillionTokens": {"m": {"input": "-1", "output": "1"}}}', "negative"),
    ],
)
def test_a_broken_price_table_is_named_with_its_field(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text(text)

    with pytest.raises(CommandError, match=r"--prices .*prices.json: ") as wrong:
        prices(tmp_path / "prices.json")

    assert problem in str(wrong.value)
