from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import tool_spec_pb2 as _tool_spec_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PolicyVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLICY_VERDICT_UNSPECIFIED: _ClassVar[PolicyVerdict]
    POLICY_VERDICT_ALLOW: _ClassVar[PolicyVerdict]
    POLICY_VERDICT_DENY: _ClassVar[PolicyVerdict]
    POLICY_VERDICT_REQUIRE_APPROVAL: _ClassVar[PolicyVerdict]
POLICY_VERDICT_UNSPECIFIED: PolicyVerdict
POLICY_VERDICT_ALLOW: PolicyVerdict
POLICY_VERDICT_DENY: PolicyVerdict
POLICY_VERDICT_REQUIRE_APPROVAL: PolicyVerdict

class PolicySpec(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: PolicyDefinition
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[PolicyDefinition, _Mapping]] = ...) -> None: ...

class PolicyDefinition(_message.Message):
    __slots__ = ("applies_to", "rules", "default_verdict", "run_limits", "platform_wide")
    APPLIES_TO_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VERDICT_FIELD_NUMBER: _ClassVar[int]
    RUN_LIMITS_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_WIDE_FIELD_NUMBER: _ClassVar[int]
    applies_to: PolicyMatch
    rules: _containers.RepeatedCompositeFieldContainer[PolicyRule]
    default_verdict: PolicyVerdict
    run_limits: _common_pb2.RunLimits
    platform_wide: bool
    def __init__(self, applies_to: _Optional[_Union[PolicyMatch, _Mapping]] = ..., rules: _Optional[_Iterable[_Union[PolicyRule, _Mapping]]] = ..., default_verdict: _Optional[_Union[PolicyVerdict, str]] = ..., run_limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ..., platform_wide: bool = ...) -> None: ...

class PolicyRule(_message.Message):
    __slots__ = ("id", "verdict", "match", "condition", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    verdict: PolicyVerdict
    match: PolicyMatch
    condition: Condition
    reason: str
    def __init__(self, id: _Optional[str] = ..., verdict: _Optional[_Union[PolicyVerdict, str]] = ..., match: _Optional[_Union[PolicyMatch, _Mapping]] = ..., condition: _Optional[_Union[Condition, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class PolicyMatch(_message.Message):
    __slots__ = ("actions", "agents", "tools", "effect_classes", "principals", "tenants", "runtimes", "modes", "models", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    EFFECT_CLASSES_FIELD_NUMBER: _ClassVar[int]
    PRINCIPALS_FIELD_NUMBER: _ClassVar[int]
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    actions: _containers.RepeatedScalarFieldContainer[str]
    agents: _containers.RepeatedScalarFieldContainer[str]
    tools: _containers.RepeatedScalarFieldContainer[str]
    effect_classes: _containers.RepeatedScalarFieldContainer[_tool_spec_pb2.EffectClass]
    principals: _containers.RepeatedScalarFieldContainer[str]
    tenants: _containers.RepeatedScalarFieldContainer[str]
    runtimes: _containers.RepeatedScalarFieldContainer[str]
    modes: _containers.RepeatedScalarFieldContainer[_common_pb2.ExecutionMode]
    models: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.ScalarMap[str, str]
    def __init__(self, actions: _Optional[_Iterable[str]] = ..., agents: _Optional[_Iterable[str]] = ..., tools: _Optional[_Iterable[str]] = ..., effect_classes: _Optional[_Iterable[_Union[_tool_spec_pb2.EffectClass, str]]] = ..., principals: _Optional[_Iterable[str]] = ..., tenants: _Optional[_Iterable[str]] = ..., runtimes: _Optional[_Iterable[str]] = ..., modes: _Optional[_Iterable[_Union[_common_pb2.ExecutionMode, str]]] = ..., models: _Optional[_Iterable[str]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("language", "expression")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    language: str
    expression: str
    def __init__(self, language: _Optional[str] = ..., expression: _Optional[str] = ...) -> None: ...

class PolicyDecision(_message.Message):
    __slots__ = ("decision_id", "verdict", "action", "principal", "decided_by", "policies", "basis")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    verdict: PolicyVerdict
    action: str
    principal: _common_pb2.Principal
    decided_by: _containers.RepeatedCompositeFieldContainer[RuleRef]
    policies: _containers.RepeatedCompositeFieldContainer[_common_pb2.SpecRef]
    basis: str
    def __init__(self, decision_id: _Optional[str] = ..., verdict: _Optional[_Union[PolicyVerdict, str]] = ..., action: _Optional[str] = ..., principal: _Optional[_Union[_common_pb2.Principal, _Mapping]] = ..., decided_by: _Optional[_Iterable[_Union[RuleRef, _Mapping]]] = ..., policies: _Optional[_Iterable[_Union[_common_pb2.SpecRef, _Mapping]]] = ..., basis: _Optional[str] = ...) -> None: ...

class RuleRef(_message.Message):
    __slots__ = ("policy", "rule_id")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    policy: _common_pb2.SpecRef
    rule_id: str
    def __init__(self, policy: _Optional[_Union[_common_pb2.SpecRef, _Mapping]] = ..., rule_id: _Optional[str] = ...) -> None: ...
