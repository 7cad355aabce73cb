"""The process: how it starts, what it needs, and what it knows after a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import llm_provider_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.channels import channel
from pal_rpc.status import from_rpc_error
from tests.integration.llm_provider.conftest import PYTHON, ROOT, Bench, question, refused_start, started


async def test_a_wrong_profile_stops_the_start(tmp_path: Path) -> None:
    code, error = await refused_start(tmp_path, {"profiles": {"gpt": {"provider": "openai", "modle": "x"}}})

    assert code == 2
    assert "profiles.gpt.modle: unknown field; did you mean model?" in error
    assert "Traceback" not in error


async def test_a_port_in_use_stops_the_start(bench: Bench, tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    env = {**bench.settings, "PAL_ADDRESS": f"127.0.0.1:{taken.sockets[0].getsockname()[1]}"}

    process = await asyncio.create_subprocess_exec(
        PYTHON, "-m", "pal_llm_provider", env=env, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()

    taken.close()
    assert process.returncode == 2
    assert b"is in use" in said


async def test_what_cannot_be_recorded_is_not_asked(bench: Bench) -> None:
    lease = await bench.run()
    nowhere: dict[str, Any] = {**bench.settings, "PAL_RECORDER_ADDRESS": "127.0.0.1:9"}
    async with started(**nowhere) as (address, _), channel(address) as opened:
        models = rpc.LLMProviderServiceStub(opened)

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await models.Complete(pb.CompleteRequest(request=question(lease)))

    error = from_rpc_error(refused.value)
    assert error is not None
    assert error.reason == reasons.ERROR_REASON_RECORDER_UNAVAILABLE
    assert await bench.types(lease) == []


async def test_a_restarted_provider_goes_on_counting(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_model_calls=1))
    first = await bench.ask(lease, "call a {}")
    messages = [*question(lease, "call a {}").messages, first.message]
    async with started(**bench.settings) as (address, _), channel(address) as opened:
        models = rpc.LLMProviderServiceStub(opened)

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await models.Complete(pb.CompleteRequest(request=question(lease, messages=messages)))

    error = from_rpc_error(refused.value)
    assert error is not None
    assert error.reason == reasons.ERROR_REASON_LIMIT_REACHED


async def test_a_model_has_the_price_of_the_pinned_table_and_others_have_none() -> None:
    script = """
from pal.v1.common_pb2 import TokenUsage
from pal_llm_provider.prices import PRICE_LIST, cost
usage = TokenUsage(input_tokens=1_000_000, output_tokens=1_000_000)
print(PRICE_LIST.partition("/")[0], cost("gpt-4o-mini", "", usage).nanos, cost("no-such-model", "", usage))
print(cost("gpt-4o-mini", "http://127.0.0.1:11434/v1", usage))
"""

    process = await asyncio.create_subprocess_exec(PYTHON, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    out, _ = await process.communicate()

    assert out.decode().split() == ["genai-prices", "750000000", "None", "None"]


async def test_an_orderly_stop_leaves_nothing_open(bench: Bench) -> None:
    lease = await bench.run()
    async with started(**bench.settings) as (address, process), channel(address) as opened:
        call = rpc.LLMProviderServiceStub(opened).StreamComplete(
            pb.StreamCompleteRequest(request=question(lease, profile="stall"))
        )
        await call.read()

        process.terminate()
        await process.wait()
        call.cancel()

    assert process.returncode == 0
    assert (await bench.closed(lease))[-1].model_call_finished.failure.reason == "RUN_CANCELLED"
