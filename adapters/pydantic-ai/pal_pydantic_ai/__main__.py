"""The pydantic-ai adapter process."""

from __future__ import annotations

import os

# Read at the first run: stderr is for log lines.
os.environ["PYDANTIC_AI_NO_BANNER"] = "1"

from pal_adapter_host import host
from pal_pydantic_ai.runtime import PydanticAiRuntime

if __name__ == "__main__":
    host.run(PydanticAiRuntime)
