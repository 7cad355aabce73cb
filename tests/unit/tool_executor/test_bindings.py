"""Bindings are checked to the last field before anything serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from pal_rpc.config import StartError
from pal_tool_executor import bindings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tools: [", "cannot be read"),
        ("- a", "the file: a mapping belongs here"),
        ("toolz: {}", "did you mean tools?"),
        ("tools: {x: {pyton: 'a:b'}}", "tools.x.pyton: unknown field; did you mean python?"),
        ("tools: {x: {python: 'a:b', http: {}}}", "tools.x: name exactly one of"),
        ("tools: {x: {}}", "tools.x: name exactly one of"),
        ("tools: {x: {python: json}}", "tools.x.python: json: write package.module:function"),
        ("tools: {x: {python: 'nowhere.at_all:f'}}", "tools.x.python: nowhere.at_all:f cannot be imported"),
        ("tools: {x: {python: 'json:nothing'}}", "tools.x.python"),
        ("tools: {x: {python: 'json:__name__'}}", "is no function"),
        ("tools: {x: {http: {url: ftp://a}}}", "tools.x.http.url: 'ftp://a' is no http or https URL"),
        ("tools: {x: {http: {url: 7}}}", "tools.x.http.url: 7 is not a str"),
        ("tools: {x: {http: {url: 'http://a', headers_env: {K: PAL_TEST_UNSET}}}}", "PAL_TEST_UNSET is not set"),
        ("tools: {x: {mcp: {tool: t}}}", "tools.x.mcp: name either command or url"),
        ("tools: {x: {mcp: {command: [a]}}}", "tools.x.mcp.tool: missing"),
    ],
)
def test_a_wrong_binding_is_named_by_its_path(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "tools.yaml").write_text(text)

    with pytest.raises(StartError) as refused:
        bindings.load(tmp_path / "tools.yaml")

    assert words in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"nowhere\.yaml"):
        bindings.load(tmp_path / "nowhere.yaml")
