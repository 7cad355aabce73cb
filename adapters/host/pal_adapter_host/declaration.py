"""The declaration that an adapter carries in its distribution, as `pal conformance --declare` measured it."""

from __future__ import annotations

import importlib.resources

from google.protobuf import json_format

from pal.v1 import runtime_capability_pb2 as capability
from pal_rpc.config import StartError

FILE = "declaration.json"


def declared(package: str) -> capability.RuntimeCapability:
    """Return what the *package* of an adapter declares in its file ``declaration.json``.

    Raises:
        StartError: there is no such file, or it is no declaration.
    """
    try:
        text = importlib.resources.files(package).joinpath(FILE).read_text("utf-8")
        return json_format.Parse(text, capability.RuntimeCapability())
    except OSError:
        problem = f"{package} carries no {FILE}"
    except json_format.ParseError as error:
        problem = f"{FILE} of {package} is no RuntimeCapability: {error}"
    raise StartError(f"{problem}; `pal conformance --target HOST:PORT --declare FILE` writes one")
