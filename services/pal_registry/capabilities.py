"""What routing takes a runtime to be able to do."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor

from pal.v1 import runtime_capability_pb2 as capabilities


def narrowed(
    own: capabilities.RuntimeCapability, published: capabilities.RuntimeCapability | None
) -> capabilities.RuntimeCapability:
    """Return *own* without what *published* does not declare as well; *own* where nothing is published.

    What only one of them declares is absent, and of two numbers the smaller holds. A limit that only one of them
    sets holds.
    """
    result = capabilities.RuntimeCapability()
    result.CopyFrom(own)
    if published is None:
        return result
    features = result.capabilities
    declared = published.capabilities
    features.modes[:] = [mode for mode in own.capabilities.modes if mode in declared.modes]
    for field in features.DESCRIPTOR.fields:
        if field.is_repeated or not features.HasField(field.name):
            continue
        if not declared.HasField(field.name):
            features.ClearField(field.name)
            continue
        both = (getattr(features, field.name), getattr(declared, field.name))
        setattr(features, field.name, all(both) if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else min(both))
    _narrow_limits(result.limits, published.limits)
    return result


def _narrow_limits(limits: capabilities.RuntimeLimits, published: capabilities.RuntimeLimits) -> None:
    if published.HasField("concurrent_runs"):
        own = limits.concurrent_runs if limits.HasField("concurrent_runs") else published.concurrent_runs
        limits.concurrent_runs = min(own, published.concurrent_runs)
