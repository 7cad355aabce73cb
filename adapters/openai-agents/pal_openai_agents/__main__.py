"""The OpenAI Agents SDK adapter process."""

from __future__ import annotations

from pal_adapter_host import host
from pal_openai_agents.runtime import OpenaiAgentsRuntime

if __name__ == "__main__":
    host.run(OpenaiAgentsRuntime)
