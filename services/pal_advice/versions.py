"""Versions as the ecosystem of a package orders them."""

from __future__ import annotations

from typing import Any

import semantic_version
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PYPI = "PyPI"


def ordered(text: str, ecosystem: str) -> Any:
    """Return *text* as something that compares with other versions of *ecosystem*.

    Raises:
        ValueError: it is no version there.
    """
    if ecosystem == PYPI:
        try:
            return Version(text)
        except InvalidVersion as error:
            raise ValueError(str(error)) from None
    return semantic_version.Version.coerce(text)


def same_package(one: str, other: str, ecosystem: str) -> bool:
    """Tell whether two names are of the same package."""
    return canonicalize_name(one) == canonicalize_name(other) if ecosystem == PYPI else one == other


def same_version(one: str, other: str, ecosystem: str) -> bool:
    """Tell whether two texts are the same version."""
    try:
        return bool(ordered(one, ecosystem) == ordered(other, ecosystem))
    except ValueError:
        return one == other


def is_prerelease(text: str, ecosystem: str) -> bool:
    """Tell whether *text* is a version that comes before a release; what is no version counts as one."""
    try:
        version = ordered(text, ecosystem)
    except ValueError:
        return True
    return bool(version.is_prerelease if ecosystem == PYPI else version.prerelease)
