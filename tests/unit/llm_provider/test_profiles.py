"""Profiles: what a file of them may say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pal_llm_provider.profiles import ProfileNotFound, find, load
from pal_llm_provider.provider import Profile
from pal_rpc.config import StartError


def file(path: Path, profiles: object) -> Path:
    """Return a file with *profiles*."""
    written = path / "profiles.yaml"
    written.write_text(profiles if isinstance(profiles, str) else yaml.safe_dump(profiles))
    return written


def test_without_a_file_the_stand_in_is_the_default() -> None:
    profile = find(load(None), "")

    assert (profile.name, profile.provider) == ("default", "scripted")


def test_every_field_of_a_profile_is_read(tmp_path: Path) -> None:
    fields = {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "base_url": "http://127.0.0.1:11434/v1",
        "api_key_env": "KEY",
        "timeout_seconds": 1.5,
        "stall_seconds": 2,
        "max_attempts": 3,
        "max_output_tokens": 4,
        "max_context_tokens": 5,
        "temperature_ppm": 6,
        "structured_output": "none",
        "options": {"seed": 7},
    }

    loaded = load(file(tmp_path, {"profiles": {"gpt": fields}}))

    assert loaded == {"gpt": Profile(name="gpt", **fields)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profiles", "said"),
    [
        ("profiles: [", "cannot be read"),
        ([], "the file: a mapping belongs here, not list"),
        ({"profile": {}}, "profile: unknown field; the file has one: profiles"),
        ({"profiles": {}}, "profiles: empty; name at least default"),
        ({"profiles": {"default": {}}}, "profiles.default.provider: missing; one of: scripted, openai, faulty"),
        (
            {"profiles": {"default": {"provider": "gemini"}}},
            "profiles.default.provider: gemini: one of: scripted, openai, faulty",
        ),
        (
            {"profiles": {"gpt": {"provider": "openai", "modle": "x"}}},
            "profiles.gpt.modle: unknown field; did you mean model?",
        ),
        ({"profiles": {"gpt": {"provider": "openai"}}}, "profiles.gpt.model: missing"),
        (
            {"profiles": {"gpt": {"provider": "openai", "model": "x", "timeout_seconds": "soon"}}},
            "profiles.gpt.timeout_seconds: 'soon' is not int or float",
        ),
        (
            {"profiles": {"gpt": {"provider": "openai", "model": "x", "max_attempts": 0}}},
            "profiles.gpt.max_attempts: 0 is not above 0",
        ),
        ({"profiles": {"bad": {"provider": "faulty", "model": "kind"}}}, "profiles.bad.model: kind: one of: chunks"),
        (
            {"profiles": {"bad": {"provider": "openai", "model": "x", "structured_output": "xml"}}},
            "profiles.bad.structured_output: xml: one of: json_schema, json_object, none",
        ),
    ],
)
def test_a_wrong_profile_is_named_by_its_path(tmp_path: Path, profiles: object, said: str) -> None:
    with pytest.raises(StartError) as refused:
        load(file(tmp_path, profiles))

    assert said in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"nowhere\.yaml: cannot be read"):
        load(tmp_path / "nowhere.yaml")


def test_an_unknown_profile_gives_the_nearest() -> None:
    with pytest.raises(ProfileNotFound) as refused:
        find(load(None), "defualt")

    assert refused.value.metadata == {"profile": "defualt", "nearest": "default"}
