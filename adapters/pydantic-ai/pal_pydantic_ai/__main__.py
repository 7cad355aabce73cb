"""The pydantic-ai adapter process."""

from __future__ import annotations

from pal_adapter_host import host
from pal_pydantic_ai.runtime import PydanticAiRuntime

if __name__ == "__main__":
    host.run(PydanticAiRuntime)
