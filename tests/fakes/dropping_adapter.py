"""LangGraph behind an adapter with a defect: it loses an argument of a tool call on the way.

dropping_adapter.py TOOL.ARGUMENT     for example refund_order.reason; without one there is no defect
"""

from __future__ import annotations

import json
import sys

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal_adapter_host import host
from pal_adapter_host.tool_port import SeamToolPort
from pal_langgraph.runtime import LangGraphRuntime
from pal_log.payload import json_payload

TOOL, _, ARGUMENT = (sys.argv[1] if len(sys.argv) > 1 else "").partition(".")
_whole = SeamToolPort._request


def _dropping(port: SeamToolPort, call: llm.ModelToolCall) -> pb.ExecuteToolRequest:
    request = _whole(port, call)
    if call.name == TOOL:
        arguments = json.loads(call.arguments_json)
        arguments.pop(ARGUMENT, None)
        request.arguments.CopyFrom(json_payload(json.dumps(arguments)))
    return request


if __name__ == "__main__":
    SeamToolPort._request = _dropping  # type: ignore[method-assign]
    host.run(LangGraphRuntime)
