"""The agno adapter process."""

from __future__ import annotations

import os

# The environment wins over what an agent says, so it has to say the same. Read when agno is imported.
os.environ["AGNO_TELEMETRY"] = "false"
os.environ["AGNO_DEBUG"] = "false"

from pal_adapter_host import host
from pal_agno.runtime import AgnoRuntime

if __name__ == "__main__":
    host.run(AgnoRuntime)
