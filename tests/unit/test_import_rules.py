"""These tests hold the import rules that import-linter cannot express."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for root in ("services", "adapters") for path in (ROOT / root).rglob("pal_*/**/*.py"))

TYPESCRIPT = sorted(
    path
    for root in ("adapters/host-ts", "examples", "gen/ts")
    for path in (ROOT / root).rglob("*.[jt]s")
    if "node_modules" not in path.parts
)
_IMPORTED = re.compile(r"""(?:from|import) ["']((?:@[^/"']+/)?[^/"']+)""")

# Where the transport may be named: the edge of a service, and the packages that are made of transport.
EDGE_FILES = {"servicer.py", "__main__.py"}
EDGE_PACKAGES = {"pal_adapter_host", "pal_cli", "pal_conformance", "pal_rpc"}
# What the command line does with a whole mesh, as its client; the rest of the package does not know that there is one.
CLIENTS = {f"pal_transfer/{name}.py" for name in ("exporting", "importing", "job_queue", "replays", "restoring")}

# What a service does as a client of its own kind, or of the recorder, beyond the clients that pal_rpc has.
CLIENTS |= {"pal_registry/replicas.py", "pal_router/holding.py"}
# A drill is a client of the whole mesh.
CLIENTS |= {f"pal_gameday/{name}.py" for name in ("healing", "mesh", "traffic")} | {"pal_migration/drills.py"}


def package(path: Path) -> str:
    return next(part for part in path.parts if part.startswith("pal_"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that *tree* imports; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def is_transport(name: str) -> bool:
    return name.split(".")[0] == "grpc" or any(part.endswith("_pb2_grpc") for part in name.split("."))


def is_edge(path: Path) -> bool:
    return path.name in EDGE_FILES or package(path) in EDGE_PACKAGES or "/".join(path.parts[-2:]) in CLIENTS


def found(look: Callable[[ast.AST], list[str]], paths: list[Path]) -> dict[str, list[str]]:
    """Return what *look* finds, by file."""
    seen = {path.relative_to(ROOT).as_posix(): look(ast.parse(path.read_text())) for path in paths}
    return {path: names for path, names in seen.items() if names}


def test_the_domain_does_not_know_grpc() -> None:
    domain = [path for path in SOURCES if not is_edge(path)]

    assert domain
    assert found(lambda tree: [name for name in imported(tree) if is_transport(name)], domain) == {}


def test_imports_are_absolute() -> None:
    def relative(tree: ast.AST) -> list[str]:
        return [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]

    assert found(relative, SOURCES) == {}


def test_no_package_shadows_an_sdk() -> None:
    roots = [ROOT / "services", *(ROOT / "adapters").glob("*")]
    packages = {path.parent.name for root in roots for path in root.glob("*/__init__.py")}

    assert {name for name in packages if not name.startswith("pal_")} == set()


def test_an_adapter_takes_types_and_no_client_of_a_model_sdk() -> None:
    adapters = [path for path in SOURCES if path.is_relative_to(ROOT / "adapters")]
    names = {name for path in adapters for name in imported(ast.parse(path.read_text()))}

    taken = {name for name in names if name.split(".")[0] in {"anthropic", "openai"}}
    assert taken
    assert {name for name in taken if not name.startswith("openai.types.")} == set()


def test_only_an_adapter_imports_a_runtime_sdk_in_typescript_too() -> None:
    names = {name for path in TYPESCRIPT for name in _IMPORTED.findall(path.read_text())}

    packages = {name for name in names if not name.startswith((".", "node:"))}
    assert packages <= {
        "@bufbuild/protobuf",
        "@grpc/grpc-js",
        "@grpc/reflection",
        "@pal/adapter-host",
        "@pal/contracts",
        "ajv",
        "grpc-health-check",
    }
