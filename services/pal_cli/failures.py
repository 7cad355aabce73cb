"""What a command says, and exits with, when something goes wrong."""

from __future__ import annotations

import re

import grpc

from pal_rpc.errors import MeshError
from pal_rpc.status import code_of, from_rpc_error, is_lost

OK, RUN_FAILED, USAGE, NOT_FOUND, REFUSED, UNAVAILABLE, TIMEOUT, RUN_WAITS, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130
# A verdict that is neither PASS nor FAIL.
UNDECIDED = 8

_C = grpc.StatusCode
_EXITS = {
    _C.INVALID_ARGUMENT: USAGE,
    _C.OUT_OF_RANGE: USAGE,
    _C.NOT_FOUND: NOT_FOUND,
    _C.ALREADY_EXISTS: REFUSED,
    _C.PERMISSION_DENIED: REFUSED,
    _C.UNAUTHENTICATED: REFUSED,
    _C.FAILED_PRECONDITION: REFUSED,
    _C.ABORTED: REFUSED,
    _C.RESOURCE_EXHAUSTED: REFUSED,
    _C.UNAVAILABLE: UNAVAILABLE,
    _C.DEADLINE_EXCEEDED: TIMEOUT,
    _C.CANCELLED: INTERRUPTED,
}


# As gRPC tells which peer it has tried last.
_PEER = re.compile(r"ipv4:([0-9.]+:[0-9]+)")


class CommandError(Exception):
    """A command cannot go on; *exit_code* is one of this module's constants."""

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        """Say in *message* what is wrong and how to mend it."""
        super().__init__(message)
        self.exit_code = exit_code


def explained(error: Exception, address: str = "") -> tuple[str, int]:
    """Return the message for the operator and the exit code."""
    match error:
        case CommandError():
            return str(error), error.exit_code
        case MeshError():
            return f"{error.message} [{error.reason_name}]", _EXITS.get(code_of(error.reason), RUN_FAILED)
        case grpc.aio.AioRpcError():
            return _rpc(error, address)
        case _:
            raise error


def _rpc(error: grpc.aio.AioRpcError, address: str) -> tuple[str, int]:
    if known := from_rpc_error(error):
        return explained(known)
    if is_lost(error):
        tried = _PEER.search(error.details() or "")
        address = address or (tried[1] if tried else "")
        where = f" at {address}" if address else ""
        return f"the mesh{where} cannot be reached; `pal up` starts one, `pal doctor` says what is wrong", UNAVAILABLE
    if error.code() is _C.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or ""):
        return f"the message is too large for gRPC ({error.details()}); send less at once", REFUSED
    return f"{error.code().name}: {error.details()}", _EXITS.get(error.code(), RUN_FAILED)
