"""The same over plain gRPC, with the tools that people have: grpcurl and buf curl."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Cli

GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"
REQUEST = json.dumps({"agent": {"name": "support-desk"}, "input": {"text": "Where is order A-1001?"}})
SERVICES = {
    "router": "RouterService",
    "registry": "RegistryService",
    "recorder": "RecorderService",
    "llm_provider": "LLMProviderService",
    "tool_executor": "ToolExecutorService",
    "agno": "RuntimeService",
    "pydantic-ai": "RuntimeService",
}


async def output(*command: str, **env: str) -> tuple[int, str]:
    """Run a command; return its exit code and everything it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.fixture(scope="session")
async def grpcurl() -> str:
    """Install grpcurl once; skip where there is no Go, or where it cannot be fetched."""
    binary = ROOT / ".tools" / "go" / "grpcurl"
    if not binary.exists():
        if not shutil.which("go"):
            pytest.skip("grpcurl is installed by `go install`, and this machine has no Go toolchain")
        code, said = await output("go", "install", GRPCURL, GOBIN=str(binary.parent), GOFLAGS="-mod=mod")
        if code:
            pytest.skip(f"grpcurl cannot be installed: {said[-200:]}")
    return str(binary)


@pytest.mark.timeout(300)
async def test_grpcurl_runs_an_agent(pal: Cli, grpcurl: str) -> None:
    address = pal.address("router")

    code, said = await output(grpcurl, "-plaintext", "-d", REQUEST, address, "pal.service.v1.RouterService/Run")

    assert code == 0, said
    assert "run.accepted" in said and "RUN_OUTCOME_SUCCEEDED" in said


@pytest.mark.timeout(300)
async def test_grpcurl_lists_every_service(pal: Cli, grpcurl: str) -> None:
    for name, service in SERVICES.items():
        _, said = await output(grpcurl, "-plaintext", pal.address(name), "list")
        assert f"pal.service.v1.{service}" in said and "grpc.health.v1.Health" in said, f"{name}: {said}"


@pytest.mark.timeout(300)
async def test_grpcurl_shows_a_rich_error(pal: Cli, grpcurl: str) -> None:
    wrong = json.dumps({"agent": {"name": "support-dask"}, "input": {"text": "x"}})

    code, said = await output(
        grpcurl, "-plaintext", "-d", wrong, pal.address("router"), "pal.service.v1.RouterService/Run"
    )

    assert code != 0
    assert "AGENT_NOT_FOUND" in said and '"nearest": "support-desk"' in said, said


async def test_buf_curl_runs_an_agent(pal: Cli) -> None:
    url = f"http://{pal.address('router')}/pal.service.v1.RouterService/Run"

    code, said = await output(
        str(Path(".venv/bin/buf")), "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", REQUEST, url
    )

    assert code == 0, said
    assert "RUN_OUTCOME_SUCCEEDED" in said
