"""The certificates of a mesh, one file each, in the order in which they were made."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.v1 import gameday_pb2 as pb
from pal_gameday.certificate import Signed, read, signed
from pal_gameday.concluding import concluded
from pal_gameday.evidence import Evidence

_NAME = re.compile(r"^(\d{6})-.*\.json$")


class Chain:
    """The certificates in one directory."""

    def __init__(self, directory: Path) -> None:
        """Keep them in *directory*."""
        self._directory = directory

    def all(self) -> list[Signed]:
        """Return them in order.

        Raises:
            Unreadable: a file of theirs is none.
        """
        return [read(path.read_text()) for path in self._paths()]

    def add(self, seen: Evidence, key: ed25519.Ed25519PrivateKey) -> tuple[Path, pb.Certificate]:
        """Conclude a drill, sign its certificate with *key*, and return it with its file.

        Raises:
            Unreadable: the chain so far cannot be read.
            OSError: the file cannot be written; another drill may just have taken its number.
        """
        before = self.all()
        certificate = concluded(seen, [one.stated for one in before], before[-1].digest if before else "")
        path = self._directory / f"{certificate.number:06d}-{certificate.plan.name}.json"
        self._directory.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(signed(certificate, key))
            file.flush()
            os.fsync(file.fileno())
        return path, certificate

    def before(self, one: Signed) -> Signed | None:
        """Return the certificate before *one*; None when it is not here or is none.

        Raises:
            Unreadable: its file is no certificate.
        """
        wanted = f"{one.stated.number - 1:06d}-"
        path = next((path for path in self._paths() if path.name.startswith(wanted)), None)
        return read(path.read_text()) if path else None

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._directory.glob("*.json") if _NAME.match(path.name))
