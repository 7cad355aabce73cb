"""What the registry of a mesh has published."""

from __future__ import annotations

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
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


async def require_agent(mesh: Mesh, agent: str) -> None:
    """Refuse an *agent* that is not published.

    Raises:
        AioRpcError: AGENT_NOT_FOUND, with the nearest there is.
    """
    selector = common.SpecSelector(name=agent)
    request = pb.GetDocumentRequest(kind=pb.DOCUMENT_KIND_AGENT, selector=selector)
    await mesh.registry.GetDocument(request, timeout=_CALL_SECONDS)
