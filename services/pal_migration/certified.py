"""Certificates of drills as this service finds or is given them, each checked against the key of the mesh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pal.service.v1 import migration_service_pb2 as pb
from pal_advice.files import wrong
from pal_advice.standing import Checked
from pal_rpc.certificates import Certificates, Signed, Unreadable, problems, read
from pal_rpc.config import StartError
from pal_rpc.keys import GAMEDAY, known_keys


class Certified:
    """Certificates that can be believed, and those that cannot."""

    def __init__(self, directory: Path | None, keys_dir: Path | None) -> None:
        """Read those in *directory*; the public keys that sign them are in *keys_dir*."""
        self._directory = directory
        self._keys_dir = keys_dir

    def checked(self, given: Sequence[pb.AdviceFile]) -> tuple[list[Checked] | None, str]:
        """Return the certificates that were *given*, else those of the directory, and where they are from.

        None when there is no telling which there are; the second value says why.

        Raises:
            InvalidField: one that was given is none.
        """
        if not given and self._directory is None:
            return None, "this service is not told where certificates are (PAL_CERTIFICATES_DIR); give them"
        if self._keys_dir is None:
            return None, "this service is not told where the key of the mesh is (PAL_KEYS_DIR)"
        try:
            keys = known_keys(self._keys_dir, GAMEDAY)
            ones = _given(given) if given or self._directory is None else Certificates(self._directory).all()
        except (StartError, Unreadable) as error:
            return None, f"certificates cannot be checked: {error}"
        numbered = {one.stated.number: one for one in ones}
        found = [Checked(one.stated, problems(one, numbered.get(one.stated.number - 1), keys)) for one in ones]
        return found, "certificates" if not given else "certificates of the request"


def _given(files: Sequence[pb.AdviceFile]) -> list[Signed]:
    found = []
    for place, file in enumerate(files):
        try:
            found.append(read(file.text))
        except Unreadable as error:
            raise wrong(file, f"certificates[{place}]", str(error)) from None
    return found
