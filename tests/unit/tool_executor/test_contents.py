"""What is recorded of arguments and results: masked where the ToolSpec says so, untouched elsewhere."""

from __future__ import annotations

import pytest

from pal_tool_executor.contents import recorded


def test_without_masks_the_text_is_kept_character_for_character() -> None:
    assert recorded('{"b":1, "a": 5.0}', []).json == '{"b":1, "a": 5.0}'


@pytest.mark.parametrize(
    ("pointer", "masked"),
    [
        ("/a", '{"a": "[masked]", "l": [1, {"b": 2}], "x/y": 3}'),
        ("/l/0", '{"a": 1, "l": ["[masked]", {"b": 2}], "x/y": 3}'),
        ("/l/1/b", '{"a": 1, "l": [1, {"b": "[masked]"}], "x/y": 3}'),
        ("/x~1y", '{"a": 1, "l": [1, {"b": 2}], "x/y": "[masked]"}'),
        ("", '"[masked]"'),
    ],
)
def test_a_pointer_masks_one_value(pointer: str, masked: str) -> None:
    payload = recorded('{"a": 1, "l": [1, {"b": 2}], "x/y": 3}', [pointer])

    assert (payload.json, list(payload.masked_paths)) == (masked, [pointer])


@pytest.mark.parametrize("pointer", ["/nothing", "/l/9", "/a/deeper/still"])
def test_a_pointer_to_nothing_masks_nothing(pointer: str) -> None:
    assert list(recorded('{"a": 1, "l": []}', [pointer]).masked_paths) == []


def test_what_is_no_json_is_masked_whole() -> None:
    assert recorded("card 4111", ["/card"]).json == '"[masked]"'
