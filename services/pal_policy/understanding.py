"""Whether this version understands a policy document. What it does not understand, it does not skip."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import unknown_fields
from google.protobuf.message import Message

from pal.v1 import policy_spec_pb2 as policies

API_VERSION = "pal/v1"
LANGUAGE = "cel"
# Must-understand features of metadata.requires_features that this evaluator implements.
FEATURES: frozenset[str] = frozenset()


def misunderstood(policy: policies.PolicySpec) -> str:
    """Return what this version does not understand in *policy*, with its path; empty when it understands all."""
    return next(_problems(policy), "")


def _problems(policy: policies.PolicySpec) -> Iterator[str]:
    yield from _strange_parts(policy, "")
    if policy.api_version not in ("", API_VERSION):
        yield f"api_version: {policy.api_version}"
    for feature in policy.metadata.requires_features:
        if feature not in FEATURES:
            yield f"metadata.requires_features: {feature}"
    for rule in policy.spec.rules:
        if rule.HasField("condition") and rule.condition.language != LANGUAGE:
            yield f"spec.rules[{rule.id}].condition.language: {rule.condition.language or 'not stated'}"


def _strange_parts(message: Message, path: str) -> Iterator[str]:
    unknown = unknown_fields.UnknownFieldSet(message)
    for index in range(len(unknown)):
        yield f"{path}field {unknown[index].field_number}"
    for field, value in message.ListFields():
        # A map arrives as a repeated message; ours hold strings.
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        for item in value if field.is_repeated else (value,):
            if field.message_type is not None:
                yield from _strange_parts(item, f"{path}{field.name}.")
            elif field.enum_type is not None and item not in field.enum_type.values_by_number:
                yield f"{path}{field.name}: {item}"
