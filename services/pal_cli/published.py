"""What the registry of a mesh has published."""

from __future__ import annotations

from pal.service.v1 import registry_service_pb2 as pb
from pal_cli.settings import Mesh

_PAGE, _CALL_SECONDS = 200, 10.0


async def published(mesh: Mesh, kind: pb.DocumentKind) -> list[pb.Document]:
    """Return the newest version of every document of *kind*, UNSPECIFIED for every kind."""
    found: list[pb.Document] = []
    request = pb.ListDocumentsRequest(kind=kind, page_size=_PAGE)
    while True:
        page = await mesh.registry.ListDocuments(request, timeout=_CALL_SECONDS)
        found.extend(page.documents)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token
