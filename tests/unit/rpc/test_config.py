"""Configuration from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pal_rpc.config import StartError, from_env


@dataclass(frozen=True, kw_only=True)
class Config:
    address: str = "127.0.0.1:7400"
    keys_dir: Path = Path("keys")
    drain_seconds: float = 5.0
    workers: int = 2
    strict: bool = False
    otlp_endpoint: str | None = None


def test_defaults_hold_where_the_environment_is_silent() -> None:
    assert from_env(Config, {}) == Config()


def test_every_kind_of_value_is_taken() -> None:
    env = {"PAL_KEYS_DIR": "k", "PAL_DRAIN_SECONDS": "0.5", "PAL_WORKERS": "3", "PAL_STRICT": "yes"}

    assert from_env(Config, env) == Config(keys_dir=Path("k"), drain_seconds=0.5, workers=3, strict=True)


def test_an_empty_optional_value_is_none() -> None:
    assert from_env(Config, {"PAL_OTLP_ENDPOINT": ""}).otlp_endpoint is None


@pytest.mark.parametrize(("variable", "value"), [("PAL_WORKERS", "many"), ("PAL_STRICT", "maybe")])
def test_a_bad_value_stops_the_start_and_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(StartError, match=f"{variable}={value}"):
        from_env(Config, {variable: value})
