"""The agno adapter process."""

from __future__ import annotations

from pal_adapter_host import host
from pal_agno.runtime import AgnoRuntime

if __name__ == "__main__":
    host.run(AgnoRuntime)
