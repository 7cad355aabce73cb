"""The model provider process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import llm_provider_service_pb2_grpc as rpc
from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_llm_provider.admission import Admission
from pal_llm_provider.drilling import Drilling
from pal_llm_provider.faulty import Faulty
from pal_llm_provider.ledgers import opened, recall
from pal_llm_provider.profiles import FAULTY, OPENAI, SCRIPTED, described, load
from pal_llm_provider.provider import Profile, Provider
from pal_llm_provider.quotas import ModelQuotas
from pal_llm_provider.recording import Recording
from pal_llm_provider.scripted import Scripted
from pal_llm_provider.seam import Seam
from pal_llm_provider.servicer import LLMProviderServicer
from pal_llm_provider.shadows import ShadowPace
from pal_rpc import process, telemetry
from pal_rpc.accounts import Accounts
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.config import StartError, from_env
from pal_rpc.faults import Faults
from pal_rpc.identity import read_token
from pal_rpc.keys import LEASE, public_key
from pal_rpc.lease import LeaseVerifier
from pal_rpc.quota_book import QuotaBook
from pal_rpc.quota_client import QuotaClient
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.server import Server, serving
from pal_rpc.snapshot import RegistrySnapshot, seam_at
from pal_rpc.spans import SpanWriter

SERVICE = pb.DESCRIPTOR.services_by_name["LLMProviderService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a model provider."""

    address: str = "127.0.0.1:7403"
    registry_address: str = "127.0.0.1:7401"
    recorder_address: str = "127.0.0.1:7402"
    keys_dir: Path = Path(".pal/keys")
    service_token_file: Path | None = None
    profiles_file: Path | None = None
    # Whether the runs of drills meet faults here.
    drills: bool = False
    otlp_endpoint: str | None = None
    # What shadow runs may ask of models: calls at once, and calls begun in a minute; 0 sets no bound.
    shadow_calls: int = 4
    shadow_calls_per_minute: float = 0.0
    drain_seconds: float = 5.0


@asynccontextmanager
async def llm_provider(config: Config, credentials: Mapping[str, str]) -> AsyncIterator[Server]:
    """Serve LLMProviderService until the block ends; *credentials* holds the variables that profiles name."""
    if config.shadow_calls < 0 or config.shadow_calls_per_minute < 0:
        raise StartError("PAL_SHADOW_CALLS and PAL_SHADOW_CALLS_PER_MINUTE: write 0 or more")
    profiles = load(config.profiles_file)
    verifier = LeaseVerifier(public_key(config.keys_dir, LEASE))
    token = read_token(config.service_token_file)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        record_channel = await enter(channel(config.recorder_address))
        recorder_stub = recorder_rpc.RecorderServiceStub(record_channel)
        registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(config.registry_address)))
        artifacts = ArtifactClient(recorder_stub, token)
        recording = Recording(await enter(Appender(recorder_stub, token)), artifacts, config.recorder_address)
        record = RecorderClient(recorder_stub, config.recorder_address)
        accounts = Accounts(record, opened, recall)
        snapshot = await enter(RegistrySnapshot(registry_stub, seam_at(config.address) if config.drills else ""))
        spans = await enter(SpanWriter(recorder_stub, token))
        providers = await _providers(profiles, credentials, stack)
        admission = Admission(verifier, profiles, accounts, snapshot, recording, artifacts, record)
        pace = ShadowPace(config.shadow_calls, config.shadow_calls_per_minute, time.monotonic)
        faults = Faults(snapshot, "llm_provider", allowed=config.drills)
        client = await enter(QuotaClient(quota_rpc.QuotaServiceStub(record_channel), token, config.recorder_address))
        drilling = Drilling(faults, recording)
        quotas = ModelQuotas(QuotaBook(snapshot), client, recording, drilling)
        seam = Seam(admission, providers, recording, artifacts, spans, pace, drilling, quotas)
        listed = [described(profile, providers[profile.provider]) for profile in profiles.values()]
        servicer = LLMProviderServicer(seam, listed)
        await faults.known()
        yield await enter(
            serving(
                config.address,
                [SERVICE],
                functools.partial(rpc.add_LLMProviderServiceServicer_to_server, servicer),
                drain_seconds=config.drain_seconds,
            )
        )


async def _providers(
    profiles: Mapping[str, Profile], credentials: Mapping[str, str], stack: AsyncExitStack
) -> dict[str, Provider]:
    providers: dict[str, Provider] = {SCRIPTED: Scripted(), FAULTY: Faulty()}
    served = [profile for profile in profiles.values() if profile.provider == OPENAI]
    if served:
        # Loading the SDK takes longer than all the rest of the start.
        from pal_llm_provider.openai_compatible import OpenAICompatible

        providers[OPENAI] = await stack.enter_async_context(OpenAICompatible(served, credentials))
    return providers


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("llm_provider", config.otlp_endpoint)
    async with llm_provider(config, os.environ) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("llm_provider", main)
