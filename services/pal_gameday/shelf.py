"""The certificates of a mesh, as they are asked for."""

from __future__ import annotations

from pal.service.v1 import gameday_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_gameday.home import Home
from pal_rpc.certificates import Certificates, Signed, Unreadable, problems, read
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.keys import GAMEDAY, known_keys

DEFAULT_PAGE, MAX_PAGE = 50, 200


class Shelf:
    """Lists and checks certificates."""

    def __init__(self, home: Home) -> None:
        """Read those of *home*."""
        self._home = home

    def listed(self, request: pb.ListCertificatesRequest) -> pb.ListCertificatesResponse:
        """Return a page, newest first.

        Raises:
            MeshError: INVALID_FIELD, or STORE_UNAVAILABLE when a file is no certificate.
        """
        if request.page_size < 0:
            raise InvalidField("page_size", f"{request.page_size} is negative; write 0 for {DEFAULT_PAGE}")
        if not (request.page_token or "0").isdecimal():
            raise InvalidField("page_token", "pass on what the page before gave")
        below = int(request.page_token or "0")
        wanted = [
            one.stated
            for one in reversed(self._all())
            if request.plan in ("", one.stated.plan.name) and (not below or one.stated.number < below)
        ]
        taken = wanted[: min(request.page_size or DEFAULT_PAGE, MAX_PAGE)]
        token = str(taken[-1].number) if len(wanted) > len(taken) else ""
        return pb.ListCertificatesResponse(certificates=taken, next_page_token=token)

    def get(self, number: int) -> pb.SignedCertificate:
        """Return a certificate with its file.

        Raises:
            MeshError: CERTIFICATE_NOT_FOUND.
        """
        path = next(self._home.certificates.glob(f"{number:06d}-*.json"), None) if number > 0 else None
        if path is None:
            problem = f"there is no certificate {number}; ListCertificates lists them"
            raise MeshError(reasons.ERROR_REASON_CERTIFICATE_NOT_FOUND, problem, number=number)
        text = path.read_text()
        return pb.SignedCertificate(file_name=path.name, text=text, certificate=_read(text, path.name).stated)

    def verified(self, request: pb.VerifyCertificateRequest) -> pb.VerifyCertificateResponse:
        """Return what is wrong with a certificate.

        Raises:
            MeshError: CERTIFICATE_NOT_FOUND, or INVALID_FIELD when the text is none.
        """
        if not request.HasField("text") and not request.HasField("number"):
            raise InvalidField("certificate", "missing; give the number of one, or the text of its file")
        text = request.text if request.HasField("text") else self.get(request.number).text
        try:
            one = read(text)
        except Unreadable as error:
            raise InvalidField("text", str(error)) from None
        try:
            before = Certificates(self._home.certificates).before(one)
        except Unreadable as error:
            raise _unreadable(str(error)) from None
        found = problems(one, before, known_keys(self._home.keys, GAMEDAY))
        return pb.VerifyCertificateResponse(problems=found, stated=one.stated)

    def _all(self) -> list[Signed]:
        try:
            return Certificates(self._home.certificates).all()
        except Unreadable as error:
            raise _unreadable(str(error)) from None


def _read(text: str, name: str) -> Signed:
    try:
        return read(text)
    except Unreadable as error:
        raise _unreadable(f"{name}: {error}") from None


def _unreadable(problem: str) -> MeshError:
    return MeshError(reasons.ERROR_REASON_STORE_UNAVAILABLE, f"a certificate cannot be read: {problem}")
