"""What documents name has to be there: published, or in the same text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_registry.documents import Draft
from pal_registry.names import kind_of, lies_in
from pal_registry.problems import refuse
from pal_registry.words import nearest

_REASONS = {
    pb.DOCUMENT_KIND_TOOL: ("tool", reasons.ERROR_REASON_TOOL_NOT_FOUND),
    pb.DOCUMENT_KIND_POLICY: ("policy", reasons.ERROR_REASON_POLICY_NOT_FOUND),
}


def check_references(drafts: Sequence[Draft], published: Sequence[pb.Document], source: str) -> None:
    """Refuse *drafts* that name a tool or a policy which is neither *published* nor among them.

    Raises:
        MeshError: TOOL_NOT_FOUND or POLICY_NOT_FOUND, with the path and the nearest name.
    """
    there: dict[tuple[int, str], list[str]] = {}
    for document in [*published, *(draft.document for draft in drafts)]:
        if not document.withdrawn:
            there.setdefault((kind_of(document), document.ref.name), []).append(document.ref.version)
    for draft in drafts:
        for kind, path, selector in _references(draft.document):
            word, reason = _REASONS[kind]
            versions = there.get((kind, selector.name), [])
            if not any(lies_in(version, selector.version_range) for version in versions):
                meant = nearest(selector.name, (name for known, name in there if known == kind))
                values = {word: selector.name, "version": selector.version_range, "nearest": meant}
                draft.problems.add(path, _missing(word, selector, versions, meant), reason=reason, values=values)
    refuse([problem for draft in drafts for problem in draft.problems.found], source)


def _references(document: pb.Document) -> Iterator[tuple[pb.DocumentKind, str, common.SpecSelector]]:
    for position, grant in enumerate(document.agent.spec.tools):
        yield pb.DOCUMENT_KIND_TOOL, f"spec.tools[{position}].tool", grant.tool
    if document.tool.spec.effect.HasField("dry_run"):
        yield pb.DOCUMENT_KIND_TOOL, "spec.effect.dryRun", document.tool.spec.effect.dry_run
    for position, policy in enumerate(document.agent.spec.policies):
        yield pb.DOCUMENT_KIND_POLICY, f"spec.policies[{position}]", policy


def _missing(word: str, selector: common.SpecSelector, versions: list[str], meant: str) -> str:
    if versions:
        published = ", ".join(versions)
        return f"no version of {word} {selector.name} fits {selector.version_range}; published are {published}"
    advice = f"did you mean {meant}?" if meant else f"apply the {word} first, or in the same text"
    return f"{word} {selector.name} not found: {advice}"
