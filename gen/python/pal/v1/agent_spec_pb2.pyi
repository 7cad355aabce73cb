from pal.v1 import common_pb2 as _common_pb2
from pal.v1 import equivalence_pb2 as _equivalence_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OnLoss(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_LOSS_UNSPECIFIED: _ClassVar[OnLoss]
    ON_LOSS_CONTINUE: _ClassVar[OnLoss]
    ON_LOSS_FAIL: _ClassVar[OnLoss]

class OnDivergence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_DIVERGENCE_UNSPECIFIED: _ClassVar[OnDivergence]
    ON_DIVERGENCE_STOP: _ClassVar[OnDivergence]
    ON_DIVERGENCE_GO_ON: _ClassVar[OnDivergence]

class DirectiveStrength(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIRECTIVE_STRENGTH_UNSPECIFIED: _ClassVar[DirectiveStrength]
    DIRECTIVE_STRENGTH_REQUIRED: _ClassVar[DirectiveStrength]
    DIRECTIVE_STRENGTH_PREFERRED: _ClassVar[DirectiveStrength]
ON_LOSS_UNSPECIFIED: OnLoss
ON_LOSS_CONTINUE: OnLoss
ON_LOSS_FAIL: OnLoss
ON_DIVERGENCE_UNSPECIFIED: OnDivergence
ON_DIVERGENCE_STOP: OnDivergence
ON_DIVERGENCE_GO_ON: OnDivergence
DIRECTIVE_STRENGTH_UNSPECIFIED: DirectiveStrength
DIRECTIVE_STRENGTH_REQUIRED: DirectiveStrength
DIRECTIVE_STRENGTH_PREFERRED: DirectiveStrength

class AgentSpec(_message.Message):
    __slots__ = ("api_version", "kind", "metadata", "spec")
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    api_version: str
    kind: str
    metadata: _common_pb2.SpecMeta
    spec: AgentDefinition
    def __init__(self, api_version: _Optional[str] = ..., kind: _Optional[str] = ..., metadata: _Optional[_Union[_common_pb2.SpecMeta, _Mapping]] = ..., spec: _Optional[_Union[AgentDefinition, _Mapping]] = ...) -> None: ...

class AgentDefinition(_message.Message):
    __slots__ = ("runtime", "objective", "directives", "input", "output", "tools", "policies", "requires", "limits", "success_criteria", "model_needs", "plan", "comparison")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    DIRECTIVES_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_CRITERIA_FIELD_NUMBER: _ClassVar[int]
    MODEL_NEEDS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    runtime: RuntimeChoice
    objective: str
    directives: _containers.RepeatedCompositeFieldContainer[Directive]
    input: IoContract
    output: IoContract
    tools: _containers.RepeatedCompositeFieldContainer[ToolGrant]
    policies: _containers.RepeatedCompositeFieldContainer[_common_pb2.SpecSelector]
    requires: CapabilityRequirements
    limits: _common_pb2.RunLimits
    success_criteria: _containers.RepeatedCompositeFieldContainer[SuccessCriterion]
    model_needs: ModelNeeds
    plan: Plan
    comparison: _equivalence_pb2.ComparisonTerms
    def __init__(self, runtime: _Optional[_Union[RuntimeChoice, _Mapping]] = ..., objective: _Optional[str] = ..., directives: _Optional[_Iterable[_Union[Directive, _Mapping]]] = ..., input: _Optional[_Union[IoContract, _Mapping]] = ..., output: _Optional[_Union[IoContract, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[ToolGrant, _Mapping]]] = ..., policies: _Optional[_Iterable[_Union[_common_pb2.SpecSelector, _Mapping]]] = ..., requires: _Optional[_Union[CapabilityRequirements, _Mapping]] = ..., limits: _Optional[_Union[_common_pb2.RunLimits, _Mapping]] = ..., success_criteria: _Optional[_Iterable[_Union[SuccessCriterion, _Mapping]]] = ..., model_needs: _Optional[_Union[ModelNeeds, _Mapping]] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., comparison: _Optional[_Union[_equivalence_pb2.ComparisonTerms, _Mapping]] = ...) -> None: ...

class RuntimeChoice(_message.Message):
    __slots__ = ("selector", "on_loss", "on_divergence", "min_success_percent")
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    ON_LOSS_FIELD_NUMBER: _ClassVar[int]
    ON_DIVERGENCE_FIELD_NUMBER: _ClassVar[int]
    MIN_SUCCESS_PERCENT_FIELD_NUMBER: _ClassVar[int]
    selector: str
    on_loss: OnLoss
    on_divergence: OnDivergence
    min_success_percent: int
    def __init__(self, selector: _Optional[str] = ..., on_loss: _Optional[_Union[OnLoss, str]] = ..., on_divergence: _Optional[_Union[OnDivergence, str]] = ..., min_success_percent: _Optional[int] = ...) -> None: ...

class Directive(_message.Message):
    __slots__ = ("id", "text", "strength")
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    id: str
    text: str
    strength: DirectiveStrength
    def __init__(self, id: _Optional[str] = ..., text: _Optional[str] = ..., strength: _Optional[_Union[DirectiveStrength, str]] = ...) -> None: ...

class IoContract(_message.Message):
    __slots__ = ("schema", "filename", "description")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    schema: _common_pb2.JsonSchema
    filename: str
    description: str
    def __init__(self, schema: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ..., filename: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class ToolGrant(_message.Message):
    __slots__ = ("tool", "required", "always_ask", "max_calls")
    TOOL_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    ALWAYS_ASK_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    tool: _common_pb2.SpecSelector
    required: bool
    always_ask: bool
    max_calls: int
    def __init__(self, tool: _Optional[_Union[_common_pb2.SpecSelector, _Mapping]] = ..., required: bool = ..., always_ask: bool = ..., max_calls: _Optional[int] = ...) -> None: ...

class CapabilityRequirements(_message.Message):
    __slots__ = ("modes", "tool_calling", "human_in_loop", "multimodal", "streaming", "min_context_tokens", "parallel_tool_calls", "structured_output")
    MODES_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALLING_FIELD_NUMBER: _ClassVar[int]
    HUMAN_IN_LOOP_FIELD_NUMBER: _ClassVar[int]
    MULTIMODAL_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    MIN_CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    STRUCTURED_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    modes: _containers.RepeatedScalarFieldContainer[str]
    tool_calling: bool
    human_in_loop: bool
    multimodal: bool
    streaming: bool
    min_context_tokens: int
    parallel_tool_calls: bool
    structured_output: bool
    def __init__(self, modes: _Optional[_Iterable[str]] = ..., tool_calling: bool = ..., human_in_loop: bool = ..., multimodal: bool = ..., streaming: bool = ..., min_context_tokens: _Optional[int] = ..., parallel_tool_calls: bool = ..., structured_output: bool = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("stages",)
    STAGES_FIELD_NUMBER: _ClassVar[int]
    stages: _containers.RepeatedCompositeFieldContainer[PlanStage]
    def __init__(self, stages: _Optional[_Iterable[_Union[PlanStage, _Mapping]]] = ...) -> None: ...

class PlanStage(_message.Message):
    __slots__ = ("id", "objective", "after", "tools", "output")
    ID_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    objective: str
    after: _containers.RepeatedScalarFieldContainer[str]
    tools: _containers.RepeatedScalarFieldContainer[str]
    output: IoContract
    def __init__(self, id: _Optional[str] = ..., objective: _Optional[str] = ..., after: _Optional[_Iterable[str]] = ..., tools: _Optional[_Iterable[str]] = ..., output: _Optional[_Union[IoContract, _Mapping]] = ...) -> None: ...

class SuccessCriterion(_message.Message):
    __slots__ = ("id", "statement", "schema")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    id: str
    statement: str
    schema: _common_pb2.JsonSchema
    def __init__(self, id: _Optional[str] = ..., statement: _Optional[str] = ..., schema: _Optional[_Union[_common_pb2.JsonSchema, _Mapping]] = ...) -> None: ...

class ModelNeeds(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: str
    def __init__(self, profile: _Optional[str] = ...) -> None: ...
