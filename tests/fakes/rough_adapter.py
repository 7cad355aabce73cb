"""An adapter that does what its input says: eats memory, spins, forks, dies, knocks, or answers like echo.

    rough_adapter.py [shy]     a shy one does not start where it would have company

It does not start while there is a file ``ill`` in its working directory.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from pathlib import Path

from pal.v1 import runtime_capability_pb2 as capability
from pal_adapter_host import host
from pal_adapter_host.echo import CAPABILITY, EchoRuntime
from pal_adapter_host.runtime import Ports, Task

ROUGH = capability.RuntimeCapability()
ROUGH.CopyFrom(CAPABILITY)
ROUGH.runtime = "rough"
_MIB = 1024 * 1024


class RoughRuntime(EchoRuntime):
    """Misbehaves on demand."""

    capability = ROUGH

    async def warm_up(self) -> None:
        """End where it is ill, or shy and not alone."""
        alone = os.environ["PAL_REGISTRY_ADDRESS"] == "127.0.0.1:1"
        if Path("ill").exists() or ("shy" in sys.argv and not alone):
            _die()

    async def run(self, task: Task, ports: Ports) -> str:
        """Do what the input says."""
        match task.opening[-1].text.split():
            case ["eat"]:
                eaten = []
                while True:
                    eaten.append(b"x" * 16 * _MIB)
                    await asyncio.sleep(0)
            case ["spin"]:
                while True:
                    pass
            case ["fork"]:
                children = [await asyncio.create_subprocess_exec("sleep", "600") for _ in range(100)]
                await children[0].wait()
            case ["die"]:
                _die()
            case ["knock", address]:
                return await _knock(address)
        return await super().run(task, ports)


async def _knock(address: str) -> str:
    host_name, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host_name, int(port))
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    writer.close()
    return "open"


def _die() -> None:
    sys.stderr.write("PermissionError: the cupboard is locked\n")
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    host.run(RoughRuntime)
