"""The declarations that adapters carry: measured, with the version that is locked, and all of it in the examples."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format

from pal.v1 import runtime_capability_pb2 as capabilities
from pal_cli.bundled import BUNDLED, RuntimeKind
from pal_conformance.suite import SUITE
from pal_registry.capabilities import narrowed

ROOT = Path(__file__).parents[3]


def locked_version(kind: RuntimeKind) -> str:
    """Return the version of the SDK that `make setup` installs."""
    if kind.installer == "npm":
        packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
        return str(packages[f"node_modules/{kind.sdk}"]["version"])
    lock = (ROOT / "requirements" / f"{kind.name}.txt").read_text()
    found = re.search(rf"^{re.escape(kind.sdk)}==(\S+)", lock, re.MULTILINE)
    assert found is not None
    return found[1]


def declaration(kind: RuntimeKind) -> capabilities.RuntimeCapability:
    """Return the declaration that the adapter of *kind* carries."""
    (file,) = [*kind.folder.glob("declaration.json"), *kind.folder.glob("pal_*/declaration.json")]
    return json_format.Parse(file.read_text(), capabilities.RuntimeCapability())


@pytest.mark.parametrize("kind", BUNDLED.values(), ids=lambda kind: kind.name)
def test_a_declaration_was_measured_with_the_locked_version(kind: RuntimeKind) -> None:
    declared = declaration(kind)

    assert declared.runtime == kind.name
    assert declared.evidence.suite == SUITE
    # Otherwise it is stale: `make declarations` measures again.
    assert declared.evidence.runtime_version == locked_version(kind)


@pytest.mark.parametrize("kind", BUNDLED.values(), ids=lambda kind: kind.name)
def test_the_published_example_takes_nothing_away_and_leaves_the_evidence(kind: RuntimeKind) -> None:
    declared = declaration(kind)
    example = yaml.safe_load((ROOT / "examples" / "runtimes" / f"{kind.name}.yaml").read_text())
    published = json_format.ParseDict(example, capabilities.RuntimeCapability())

    assert narrowed(declared, published) == declared
