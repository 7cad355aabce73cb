"""Pages of documents, by kind, name and version."""

from __future__ import annotations

from collections.abc import Iterable

from pal.service.v1 import registry_service_pb2 as pb
from pal_registry.names import KIND_WORDS, KINDS, kind_of, newest_key
from pal_rpc.errors import InvalidField

_PAGE, _MAX_PAGE = 50, 200
# Half of the largest message.
_MAX_PAGE_BYTES = 2 * 1024 * 1024


def page(request: pb.ListDocumentsRequest, documents: Iterable[pb.Document]) -> pb.ListDocumentsResponse:
    """Return the page of *documents* that *request* asks for.

    Raises:
        InvalidField: the kind, the page size or the token is wrong.
    """
    if request.kind and request.kind not in KINDS:
        raise InvalidField("kind", f"{request.kind} is unknown; one of {KIND_WORDS}")
    if request.page_size < 0:
        raise InvalidField("page_size", f"cannot be negative, found {request.page_size}")
    wanted = [document for document in documents if _selected(document, request)]
    wanted.sort(key=newest_key)
    wanted.sort(key=_place)
    if not request.all_versions:
        offered = (document for document in wanted if not document.withdrawn)
        wanted = list({_place(document): document for document in offered}.values())
    start = _start(request.page_token, wanted)
    end = _end(wanted, start, min(request.page_size or _PAGE, _MAX_PAGE))
    return pb.ListDocumentsResponse(
        documents=wanted[start:end], next_page_token=_token(wanted[end - 1]) if end < len(wanted) else ""
    )


def _selected(document: pb.Document, request: pb.ListDocumentsRequest) -> bool:
    if request.kind and kind_of(document) != request.kind:
        return False
    spec = getattr(document, document.WhichOneof("spec") or "agent")
    labels = {} if kind_of(document) == pb.DOCUMENT_KIND_RUNTIME else spec.metadata.labels
    return all(labels.get(key) == value for key, value in request.labels.items())


def _start(token: str, wanted: list[pb.Document]) -> int:
    if not token:
        return 0
    after = next((i for i, document in enumerate(wanted) if _token(document) == token), None)
    if after is None:
        raise InvalidField("page_token", "is not one of this list, or its document has gone; begin with an empty token")
    return after + 1


def _end(wanted: list[pb.Document], start: int, size: int) -> int:
    end, size_bytes = start, 0
    while end < min(start + size, len(wanted)):
        size_bytes += wanted[end].ByteSize()
        if size_bytes > _MAX_PAGE_BYTES and end > start:
            break
        end += 1
    return end


def _place(document: pb.Document) -> tuple[int, str]:
    return kind_of(document), document.ref.name


def _token(document: pb.Document) -> str:
    return f"{kind_of(document)}/{document.ref.name}/{document.ref.version}"
