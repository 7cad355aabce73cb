"""The services that a drill speaks to, and what they say when something goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import rollout_service_pb2_grpc as rollout_rpc
from pal.service.v1 import router_service_pb2_grpc as router_rpc
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error

ERRORS = (MeshError, grpc.aio.AioRpcError)


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """The services of the mesh, and what tells them who asks."""

    router: router_rpc.RouterServiceStub
    registry: registry_rpc.RegistryServiceStub
    recorder: recorder_rpc.RecorderServiceStub
    rollouts: rollout_rpc.RolloutServiceStub
    recorder_address: str


def said(error: BaseException) -> str:
    """Return what *error*, one of ERRORS, says."""
    if isinstance(error, grpc.aio.AioRpcError):
        known = from_rpc_error(error)
        return f"{known.message} [{known.reason_name}]" if known else f"{error.code().name}: {error.details()}"
    return f"{error.message} [{error.reason_name}]" if isinstance(error, MeshError) else str(error)
