"""Documents over gRPC: published once, never changed, withdrawn, found, listed."""

from __future__ import annotations

import apsw
import grpc
import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_registry.__main__ import Config, registry
from pal_rpc.channels import channel
from pal_rpc.snapshot import RegistrySnapshot
from tests.integration.registry.texts import DECLARATION, agent, mesh_error, tool

CREATED, UNCHANGED = pb.APPLY_OUTCOME_CREATED, pb.APPLY_OUTCOME_UNCHANGED
TOOL = pb.DOCUMENT_KIND_TOOL


async def apply(stub: rpc.RegistryServiceStub, *texts: str, validate_only: bool = False) -> list[pb.ApplyOutcome]:
    request = pb.ApplyRequest(text="---\n".join(texts), source="x.yaml", validate_only=validate_only)
    return [applied.outcome for applied in (await stub.Apply(request)).applied]


async def get(stub: rpc.RegistryServiceStub, name: str, version_range: str = "") -> pb.Document:
    selector = common.SpecSelector(name=name, version_range=version_range)
    return (await stub.GetDocument(pb.GetDocumentRequest(kind=TOOL, selector=selector))).document


async def names(stub: rpc.RegistryServiceStub, request: pb.ListDocumentsRequest) -> list[str]:
    found = await stub.ListDocuments(request)
    return [f"{document.ref.name} {document.ref.version}" for document in found.documents]


async def withdraw(stub: rpc.RegistryServiceStub, version: str) -> pb.Document:
    response = await stub.DeleteDocument(pb.DeleteDocumentRequest(kind=TOOL, name="lookup", version=version))
    return response.document


async def test_the_same_content_again_is_unchanged(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, tool())

    assert await apply(stub, "# other words\n" + tool()) == [UNCHANGED]


async def test_other_content_under_a_published_version_is_refused(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, tool())

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await apply(stub, tool("new"), tool(purpose="Other."))

    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "ToolSpec lookup 1.0.0 is already published" in (caught.value.details() or "")
    assert "raise metadata.version" in (caught.value.details() or "")
    assert mesh_error(caught.value).metadata == {"kind": "ToolSpec", "name": "lookup", "version": "1.0.0"}
    assert await names(stub, pb.ListDocumentsRequest()) == ["lookup 1.0.0"]


async def test_checking_publishes_nothing(stub: rpc.RegistryServiceStub) -> None:
    assert await apply(stub, tool(), validate_only=True) == [CREATED]
    assert await names(stub, pb.ListDocumentsRequest()) == []


async def test_a_wrong_field_is_a_bad_request_with_its_path(stub: rpc.RegistryServiceStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await apply(stub, tool().replace("purpose", "porpose"))

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x.yaml:5: spec.porpose: unknown field; did you mean purpose?" in (caught.value.details() or "")


async def test_an_agent_may_name_a_tool_of_the_same_text(stub: rpc.RegistryServiceStub) -> None:
    assert await apply(stub, agent("[lookup]"), tool()) == [CREATED, CREATED]


@pytest.mark.parametrize(
    ("tools", "policies", "reason", "says"),
    [
        ("[lookupp]", "[]", "TOOL_NOT_FOUND", "x.yaml:6: spec.tools[0].tool: tool lookupp not found: did you mean"),
        ("[lookup@>=2]", "[]", "TOOL_NOT_FOUND", "no version of tool lookup fits >=2; published are 1.0.0"),
        ("[]", "[house]", "POLICY_NOT_FOUND", "spec.policies[0]: policy house not found: apply the policy first"),
    ],
)  # fmt: skip
async def test_an_agent_cannot_name_what_is_not_there(
    stub: rpc.RegistryServiceStub, tools: str, policies: str, reason: str, says: str
) -> None:
    await apply(stub, tool())

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await apply(stub, agent(tools, policies))

    assert mesh_error(caught.value).reason_name == reason
    assert mesh_error(caught.value).metadata["document"] == "x.yaml AgentSpec/writer"
    assert says in (caught.value.details() or "")


async def test_many_missing_tools_are_one_answer(stub: rpc.RegistryServiceStub) -> None:
    tools = ", ".join(f"tool-{number}" for number in range(200))

    with pytest.raises(grpc.aio.AioRpcError, match="and 45 more") as caught:
        await apply(stub, agent(f"[{tools}]"))

    assert mesh_error(caught.value).metadata["tool"] == "tool-0"


async def test_the_newest_fitting_version_is_found(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, *(tool(version=version) for version in ("1.9.0", "1.10.0", "2.0.0")))

    assert (await get(stub, "lookup")).ref.version == "2.0.0"
    assert (await get(stub, "lookup", "<2")).ref.version == "1.10.0"
    assert (await get(stub, "lookup", "1.9.0")).ref.version == "1.9.0"


async def test_the_nearest_name_is_named(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, tool())

    with pytest.raises(grpc.aio.AioRpcError, match="did you mean lookup") as caught:
        await get(stub, "lokup")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_withdrawn_version_is_not_resolved_and_comes_back_with_equal_content(
    stub: rpc.RegistryServiceStub,
) -> None:
    await apply(stub, tool(), tool(version="1.1.0"))

    assert (await withdraw(stub, "1.1.0")).withdrawn
    assert (await withdraw(stub, "1.1.0")).withdrawn
    assert (await get(stub, "lookup")).ref.version == "1.0.0"
    with pytest.raises(grpc.aio.AioRpcError, match="already published"):
        await apply(stub, tool(version="1.1.0", purpose="Other."))
    assert await apply(stub, tool(version="1.1.0")) == [CREATED]
    assert (await get(stub, "lookup")).ref.version == "1.1.0"


async def test_withdrawing_what_is_not_there_is_not_found(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, tool())

    with pytest.raises(grpc.aio.AioRpcError, match=r"published are 1\.0\.0") as caught:
        await withdraw(stub, "3.0.0")

    assert mesh_error(caught.value).reason_name == "DOCUMENT_NOT_FOUND"


async def test_a_list_has_pages(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, *(tool(f"tool-{number}") for number in range(5)))

    first = await stub.ListDocuments(pb.ListDocumentsRequest(page_size=3))
    second = await stub.ListDocuments(pb.ListDocumentsRequest(page_size=3, page_token=first.next_page_token))

    listed = [document.ref.name for document in (*first.documents, *second.documents)]
    assert listed == [f"tool-{number}" for number in range(5)]
    assert second.next_page_token == ""


async def test_a_list_can_be_narrowed(stub: rpc.RegistryServiceStub) -> None:
    await apply(stub, tool(), tool(version="1.1.0", labels="{team: a}"), agent(), DECLARATION)

    assert await names(stub, pb.ListDocumentsRequest(kind=TOOL)) == ["lookup 1.1.0"]
    assert await names(stub, pb.ListDocumentsRequest(kind=TOOL, all_versions=True)) == ["lookup 1.0.0", "lookup 1.1.0"]
    assert await names(stub, pb.ListDocumentsRequest(labels={"team": "a"})) == ["lookup 1.1.0"]


async def test_documents_outlive_a_restart(config: Config) -> None:
    async with registry(config) as server, channel(server.address) as opened:
        await apply(rpc.RegistryServiceStub(opened), tool(), DECLARATION)

    async with registry(config) as server, channel(server.address) as opened:
        again = await apply(rpc.RegistryServiceStub(opened), tool(), DECLARATION)

    assert again == [UNCHANGED, UNCHANGED]


async def test_an_older_declaration_applied_again_is_in_force_again(stub: rpc.RegistryServiceStub) -> None:
    selector = common.SpecSelector(name="agno")
    await apply(stub, DECLARATION)
    await apply(stub, DECLARATION.replace("true", "false"))

    await apply(stub, DECLARATION)

    request = pb.GetDocumentRequest(kind=pb.DOCUMENT_KIND_RUNTIME, selector=selector)
    assert (await stub.GetDocument(request)).document.runtime.capabilities.tool_calling


async def test_a_snapshot_resolves_as_the_registry_does(stub: rpc.RegistryServiceStub) -> None:
    versions = ("1.9.0", "1.10.0", "2.0.0", "3.0.0-rc.1")
    await apply(stub, *(tool(version=version) for version in versions))
    await withdraw(stub, "2.0.0")

    async with RegistrySnapshot(stub) as snapshot:
        await snapshot.ready(5)
        for version_range in ("", "<2", ">=1.9 <3", "1.9.0", ">=3.0.0-rc.0"):
            selector = common.SpecSelector(name="lookup", version_range=version_range)
            assert snapshot.resolve(TOOL, selector).ref == (await get(stub, "lookup", version_range)).ref


async def test_what_the_store_cannot_write_is_not_published(config: Config) -> None:
    async with registry(config) as server, channel(server.address) as opened:
        stub = rpc.RegistryServiceStub(opened)
        other = apsw.Connection(str(config.data_dir / "registry.db"))
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(grpc.aio.AioRpcError, match=r"registry\.db cannot be used") as caught:
            await apply(stub, tool())

        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await names(stub, pb.ListDocumentsRequest()) == []
        other.close()
        assert await apply(stub, tool()) == [CREATED]
