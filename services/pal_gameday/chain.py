"""The certificates of a mesh, one file each, in the order in which they were made."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.v1 import gameday_pb2 as pb
from pal_gameday.concluding import concluded
from pal_gameday.evidence import Evidence
from pal_rpc.certificates import Certificates, signed


class Chain(Certificates):
    """The certificates in one directory, to which drills add theirs."""

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
