"""The LangGraph adapter process."""

from __future__ import annotations

from pal_adapter_host import host
from pal_langgraph.runtime import LangGraphRuntime

if __name__ == "__main__":
    host.run(LangGraphRuntime)
