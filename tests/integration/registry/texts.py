"""Texts and requests that the tests of the registry use."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error

DECLARATION = "runtime: agno\nversion: '>=3'\ncapabilities: {modes: [conversational], toolCalling: true}\n"


def tool(name: str = "lookup", version: str = "1.0.0", purpose: str = "Looks up.", labels: str = "{}") -> str:
    return f"""\
apiVersion: pal/v1
kind: ToolSpec
metadata: {{name: {name}, version: {version}, labels: {labels}}}
spec:
  purpose: {purpose}
  input: {{type: object}}
  effect: {{effectClass: READ}}
  timing: {{timeout: 10s}}
"""


def agent(tools: str = "[]", policies: str = "[]") -> str:
    return f"""\
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: writer, version: 1.0.0}}
spec:
  objective: Write.
  tools: {tools}
  policies: {policies}
"""


def announcement(**changes: Any) -> pb.RegisterRuntimeRequest:
    declared = capabilities.RuntimeCapability(
        runtime="agno",
        version=">=3",
        capabilities=capabilities.RuntimeFeatures(
            modes=["conversational", "workflow"], tool_calling=True, streaming=True
        ),
    )
    values = {
        "capability": declared,
        "installed_version": "3.1.10",
        "endpoint": "127.0.0.1:7410",
        "instance_id": "life-1",
        "ttl": duration_pb2.Duration(seconds=600),
    }
    return pb.RegisterRuntimeRequest(**{**values, **changes})


def mesh_error(error: grpc.aio.AioRpcError) -> MeshError:
    known = from_rpc_error(error)
    assert known is not None
    return known
