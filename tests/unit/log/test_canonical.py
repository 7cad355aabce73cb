"""Canonical JSON."""

from __future__ import annotations

import pytest

from pal_log.canonical import canonical_digest, canonical_json


def test_keys_are_sorted_and_white_space_goes() -> None:
    assert canonical_json('{ "b": [1, 2],\n "a": null }') == '{"a":null,"b":[1,2]}'


def test_numbers_keep_their_spelling() -> None:
    assert canonical_json("[9007199254740993, 5.0, 1e400, -0.0]") == "[9007199254740993,5.0,1e400,-0.0]"


def test_strings_that_look_like_values_stay_strings() -> None:
    assert canonical_json('["true", "null", "5.0"]') == '["true","null","5.0"]'


def test_equal_values_have_equal_digests() -> None:
    assert canonical_digest('{"x": 1, "y": "ä"}') == canonical_digest('{"y":"\\u00e4","x":1}')


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_json(text)
