"""Profiles from configuration, checked to the last field."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_llm_provider.faulty import BEHAVIOURS
from pal_llm_provider.provider import Profile, Provider
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError

DEFAULT = "default"
SCRIPTED, FAULTY, OPENAI = "scripted", "faulty", "openai"
PROVIDERS = (SCRIPTED, OPENAI, FAULTY)
STRUCTURED = ("json_schema", "json_object", "none")
_FIELDS = {field.name: field for field in dataclasses.fields(Profile) if field.name != "name"}
_KINDS: dict[str, tuple[type, ...]] = {
    "timeout_seconds": (int, float),
    "stall_seconds": (int, float),
    "max_attempts": (int,),
    "max_output_tokens": (int,),
    "max_context_tokens": (int,),
    "temperature_ppm": (int,),
    "options": (dict,),
}
_POSITIVE = ("timeout_seconds", "stall_seconds", "max_attempts", "max_context_tokens")


class ProfileNotFound(MeshError):
    """No such profile is configured."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Name the profile and those there are."""
        names = sorted(known)
        nearest = next(iter(difflib.get_close_matches(name, names, n=1)), "")
        super().__init__(
            reasons.ERROR_REASON_PROFILE_NOT_FOUND,
            f"profile: no model profile {name} is configured; there are: {', '.join(names)}",
            profile=name,
            nearest=nearest,
        )


def load(path: Path | None) -> dict[str, Profile]:
    """Return the profiles in the YAML file *path*; without one, the scripted stand-in as ``default``.

    Raises:
        StartError: the file is not there or something in it is wrong; the message has the path of the field.
    """
    if path is None:
        return {DEFAULT: Profile(name=DEFAULT, provider=SCRIPTED, model="scripted")}
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StartError(f"PAL_PROFILES_FILE={path}: cannot be read: {' '.join(str(error).split())}") from None
    profiles = _mapping(path, "profiles", _only(path, raw, "profiles"))
    if not profiles:
        raise StartError(f"PAL_PROFILES_FILE={path}: profiles: empty; name at least {DEFAULT}")
    return {name: _profile(path, str(name), fields) for name, fields in profiles.items()}


def find(profiles: Mapping[str, Profile], name: str) -> Profile:
    """Return the profile called *name*; an empty name means the default.

    Raises:
        ProfileNotFound: there is none.
    """
    try:
        return profiles[name or DEFAULT]
    except KeyError:
        raise ProfileNotFound(name or DEFAULT, profiles) from None


def described(profile: Profile, provider: Provider) -> pb.ModelProfile:
    """Return *profile* as it is listed."""
    return pb.ModelProfile(
        name=profile.name,
        max_context_tokens=profile.max_context_tokens,
        tool_calling=True,
        structured_output=profile.structured_output != "none",
        provider=profile.provider,
        model=profile.model,
        notice=provider.notice(profile),
    )


def _only(path: Path, raw: Any, key: str) -> Any:
    known = _mapping(path, "the file", raw)
    for unknown in known.keys() - {key}:
        raise StartError(f"PAL_PROFILES_FILE={path}: {unknown}: unknown field; the file has one: {key}")
    return known.get(key)


def _profile(path: Path, name: str, raw: Any) -> Profile:
    where = f"profiles.{name}"
    fields = _mapping(path, where, raw)
    for key, value in fields.items():
        _check(path, f"{where}.{key}", key, value)
    if "provider" not in fields:
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}.provider: missing; one of: {', '.join(PROVIDERS)}")
    if fields["provider"] == OPENAI and not fields.get("model"):
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}.model: missing; name the model as the endpoint knows it")
    if fields["provider"] == FAULTY and fields.get("model") not in BEHAVIOURS:
        raise StartError(
            f"PAL_PROFILES_FILE={path}: {where}.model: {fields.get('model')}: one of: {', '.join(BEHAVIOURS)}"
        )
    return Profile(name=name, **{"model": fields["provider"], **fields})


def _check(path: Path, where: str, key: str, value: Any) -> None:
    if key not in _FIELDS:
        nearest = difflib.get_close_matches(str(key), _FIELDS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"there are: {', '.join(_FIELDS)}"
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}: unknown field; {hint}")
    kinds = _KINDS.get(key, (str,))
    if isinstance(value, bool) or not isinstance(value, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}: {value!r} is not {expected}")
    for field, allowed in (("provider", PROVIDERS), ("structured_output", STRUCTURED)):
        if key == field and value not in allowed:
            raise StartError(f"PAL_PROFILES_FILE={path}: {where}: {value}: one of: {', '.join(allowed)}")
    if key in _POSITIVE and float(str(value)) <= 0:
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}: {value} is not above 0")


def _mapping(path: Path, where: str, raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise StartError(f"PAL_PROFILES_FILE={path}: {where}: a mapping belongs here, not {type(raw).__name__}")
    return raw
