"""An adapter that owes nothing to the host: it serves RuntimeService, declares what it is told, and does no more.

foreign_adapter.py [FIELD=VALUE ...]     runtime, version, installed, level, runs; or hang=1, silent=1
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc

from pal.service.v1 import runtime_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import runtime_capability_pb2 as capability

TOLD = dict(argument.split("=", 1) for argument in sys.argv[1:])


class Foreign(rpc.RuntimeServiceServicer):
    """Declares what the command line says and answers every run with one sentence."""

    async def Describe(self, request: pb.DescribeRequest, context: Any) -> pb.DescribeResponse:
        """Return the declaration."""
        if "hang" in TOLD:
            await asyncio.Event().wait()
        return pb.DescribeResponse(
            capability=capability.RuntimeCapability(
                runtime=TOLD.get("runtime", "foreign"),
                version=TOLD.get("version", ">=1 <2"),
                adapter_version="1.0.0",
                capabilities=capability.RuntimeFeatures(modes=["conversational"], streaming=False),
                limits=capability.RuntimeLimits(concurrent_runs=int(TOLD.get("runs", "4"))),
            ),
            installed_version=TOLD.get("installed", "1.2.3"),
            contract_level=int(TOLD.get("level", "1")),
        )

    async def Run(
        self, request: pb.RuntimeServiceRunRequest, context: Any
    ) -> AsyncIterator[pb.RuntimeServiceRunResponse]:
        """Say where it comes from."""
        result = pb.RuntimeResult(outcome=events.RUN_OUTCOME_SUCCEEDED, output=common.Payload(text="from abroad"))
        yield pb.RuntimeServiceRunResponse(frames=[pb.RunFrame(result=result)])


async def main() -> None:
    """Serve until it is told to stop."""
    server = grpc.aio.server()
    rpc.add_RuntimeServiceServicer_to_server(Foreign(), server)
    server.add_insecure_port(os.environ["PAL_ADDRESS"])
    if "silent" not in TOLD:
        await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
