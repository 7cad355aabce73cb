"""What a well-formed document has to say beyond its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf import duration_pb2

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import quota_pb2 as quotas
from pal.v1 import runtime_capability_pb2 as capabilities
from pal.v1 import tool_spec_pb2 as tools
from pal_policy.conditions import compiles
from pal_registry import schemas
from pal_registry.equivalences import check_equivalence, check_terms
from pal_registry.names import NAMESPACE, problem_with_name, problem_with_range, problem_with_version
from pal_registry.plans import check_plan
from pal_registry.problems import Problems
from pal_registry.quotas import check_terms_of_quota
from pal_registry.words import hint

API_VERSION = "pal/v1"
ACTIONS = ("run.start", "tool.call", "model.call", "child.start")
_MAX_FILENAME_CHARACTERS = 255
# The compiler recurses natively: an expression of 100,000 terms ends the process.
_MAX_CONDITION_CHARACTERS = 2048
_COUNTS = {
    "max_model_calls": "maxModelCalls",
    "max_tool_calls": "maxToolCalls",
    "max_total_tokens": "maxTotalTokens",
}


def check_agent(agent: agents.AgentSpec, problems: Problems) -> None:
    """Note what is wrong with *agent*."""
    spec = agent.spec
    _metadata(agent.metadata, problems)
    _text("spec.objective", spec.objective, "say in a sentence what the agent brings about", problems)
    if spec.runtime.selector and (problem := problem_with_name(spec.runtime.selector)):
        problems.add("spec.runtime.selector", problem)
    if not 0 <= spec.runtime.min_success_percent <= 99:
        found = spec.runtime.min_success_percent
        problems.add("spec.runtime.minSuccessPercent", f"{found} is not within 1 to 99; leave it out for 95")
    elif spec.runtime.min_success_percent and spec.runtime.selector != "auto":
        problems.add("spec.runtime.minSuccessPercent", "counts for selector: auto alone; write that, or leave it out")
    _rules("spec.directives", [(rule.id, rule.text, "text") for rule in spec.directives], problems)
    criteria = [(rule.id, rule.statement, "statement") for rule in spec.success_criteria]
    _rules("spec.successCriteria", criteria, problems)
    for position, criterion in enumerate(spec.success_criteria):
        _schema(f"spec.successCriteria[{position}].schema", criterion.schema, problems)
    _schema("spec.input.schema", spec.input.schema, problems)
    if spec.input.filename:
        problems.add("spec.input.filename", "only an output has a file name; leave it out")
    _output("spec.output", spec.output, problems)
    _grants(spec.tools, problems)
    _selectors("spec.policies", [(f"spec.policies[{i}]", policy) for i, policy in enumerate(spec.policies)], problems)
    for position, mode in enumerate(spec.requires.modes):
        _text(f"spec.requires.modes[{position}]", mode, "name a way of working, for example conversational", problems)
    _not_negative("spec.requires.minContextTokens", spec.requires.min_context_tokens, problems)
    _limits("spec.limits", spec.limits, problems)
    check_plan(spec, _output, problems)
    check_terms("spec.comparison", spec.comparison, problems)


def check_tool(tool: tools.ToolSpec, problems: Problems) -> None:
    """Note what is wrong with *tool*."""
    spec = tool.spec
    _metadata(tool.metadata, problems, of_tool=True)
    _text("spec.purpose", spec.purpose, "tell a model when to use the tool and when not", problems)
    if not spec.input.text:
        problems.add("spec.input", "missing; write a JSON Schema, for example {type: object, properties: {}}")
    _schema("spec.input", spec.input, problems, top_level="object")
    _schema("spec.output", spec.output, problems)
    if not spec.effect.effect_class:
        problems.add("spec.effect.effectClass", "missing; one of PURE, READ, WRITE")
    if spec.effect.HasField("dry_run"):
        if spec.effect.effect_class != tools.EFFECT_CLASS_WRITE:
            problems.add("spec.effect.dryRun", "only a WRITE has one; a shadow run makes the call itself otherwise")
        _selectors("spec.effect.dryRun", [("spec.effect.dryRun", spec.effect.dry_run)], problems, of_tool=True)
    if spec.effect.shadow_reads and spec.effect.effect_class != tools.EFFECT_CLASS_READ:
        problems.add("spec.effect.shadowReads", "only a READ has it; a shadow run never makes a WRITE")
    if not spec.timing.HasField("timeout"):
        problems.add("spec.timing.timeout", "missing; write how long one attempt may take, for example 10s")
    _positive_time("spec.timing.timeout", spec.timing.timeout, problems)
    _not_negative("spec.timing.maxAttempts", spec.timing.max_attempts, problems)
    _not_negative("spec.data.maxOutputBytes", spec.data.max_output_bytes, problems)
    check_equivalence("spec.equivalence.input", spec.equivalence.input, problems)
    check_equivalence("spec.equivalence.output", spec.equivalence.output, problems)
    for field, pointers in (("maskInput", spec.data.mask_input), ("maskOutput", spec.data.mask_output)):
        for position, pointer in enumerate(pointers):
            if not schemas.is_pointer(pointer):
                problem = f'"{pointer[:60]}" is not a JSON Pointer; write for example /customer/email'
                problems.add(f"spec.data.{field}[{position}]", problem)


def check_policy(policy: policies.PolicySpec, problems: Problems) -> None:
    """Note what is wrong with *policy*."""
    spec = policy.spec
    _metadata(policy.metadata, problems)
    _rules("spec.rules", [(rule.id, "-", "id") for rule in spec.rules], problems)
    _actions("spec.appliesTo.actions", spec.applies_to.actions, problems)
    for position, rule in enumerate(spec.rules):
        where = f"spec.rules[{position}]"
        if not rule.verdict:
            problems.add(f"{where}.verdict", "missing; one of ALLOW, DENY, REQUIRE_APPROVAL")
        _actions(f"{where}.match.actions", rule.match.actions, problems)
        if rule.HasField("condition"):
            _condition(f"{where}.condition", rule.condition, problems)
    _limits("spec.runLimits", spec.run_limits, problems)


def check_quota(quota: quotas.Quota, problems: Problems) -> None:
    """Note what is wrong with *quota*."""
    _metadata(quota.metadata, problems)
    check_terms_of_quota(quota.spec, problems)


def check_runtime(declared: capabilities.RuntimeCapability, problems: Problems) -> None:
    """Note what is wrong with the declaration *declared*."""
    if problem := problem_with_name(declared.runtime):
        problems.add("runtime", problem)
    if not declared.version:
        problems.add("version", "missing; write the range of runtime versions it holds for, for example >=0.7")
    _range("version", declared.version, problems)
    if not declared.HasField("capabilities"):
        problems.add("capabilities", "missing; what is not declared counts as absent")
    for position, mode in enumerate(declared.capabilities.modes):
        _text(f"capabilities.modes[{position}]", mode, "name a way of working, for example conversational", problems)
    _not_negative("capabilities.maxContextTokens", declared.capabilities.max_context_tokens, problems)
    _not_negative("limits.concurrentRuns", declared.limits.concurrent_runs, problems)
    _not_negative("limits.memoryMib", declared.limits.memory_mib, problems)
    _not_negative("limits.cpuPercent", declared.limits.cpu_percent, problems)
    _not_negative("limits.openFiles", declared.limits.open_files, problems)
    _not_negative("limits.processes", declared.limits.processes, problems)


def _metadata(metadata: common.SpecMeta, problems: Problems, *, of_tool: bool = False) -> None:
    if problem := problem_with_name(metadata.name, of_tool=of_tool):
        problems.add("metadata.name", problem)
    if problem := problem_with_version(metadata.version):
        problems.add("metadata.version", problem)
    _namespace("metadata.namespace", metadata.namespace, problems)
    if metadata.requires_features:
        names = ", ".join(metadata.requires_features)
        problems.add("metadata.requiresFeatures", f"{names[:80]}: this version of PAL has none of them; upgrade PAL")


def _text(path: str, text: str, advice: str, problems: Problems) -> None:
    if not text.strip():
        problems.add(path, f"missing; {advice}")


def _rules(path: str, rules: Iterable[tuple[str, str, str]], problems: Problems) -> None:
    seen: dict[str, int] = {}
    for position, (identifier, text, field) in enumerate(rules):
        where = f"{path}[{position}]"
        _text(f"{where}.id", identifier, "give it an id that decisions and evaluations can cite", problems)
        _text(f"{where}.{field}", text, "say it in plain language", problems)
        if identifier and identifier in seen:
            problems.add(f"{where}.id", f"{identifier} is also the id of {path}[{seen[identifier]}]; ids are unique")
        seen.setdefault(identifier, position)


def _schema(path: str, schema: common.JsonSchema, problems: Problems, *, top_level: str = "") -> None:
    empty = not schema.text and not schema.dialect
    if not empty and (problem := schemas.problem_with(schema, top_level=top_level)):
        problems.add(path, problem)


def _output(path: str, output: agents.IoContract, problems: Problems) -> None:
    _schema(f"{path}.schema", output.schema, problems)
    _filename(f"{path}.filename", output.filename, problems)


def _filename(path: str, filename: str, problems: Problems) -> None:
    plain = filename.isprintable() and not set(filename) & set("/\\") and filename.strip() not in (".", "..")
    if filename and not (plain and filename.strip() == filename and len(filename) <= _MAX_FILENAME_CHARACTERS):
        problems.add(path, f'"{filename[:60]}" is not a plain file name; write for example result.json')


def _grants(grants: Sequence[agents.ToolGrant], problems: Problems) -> None:
    named = [(f"spec.tools[{position}].tool", grant.tool) for position, grant in enumerate(grants)]
    _selectors("spec.tools", named, problems, of_tool=True)
    for position, grant in enumerate(grants):
        if grant.HasField("max_calls"):
            _positive(f"spec.tools[{position}].maxCalls", grant.max_calls, problems)


def _selectors(
    path: str, selectors: Sequence[tuple[str, common.SpecSelector]], problems: Problems, *, of_tool: bool = False
) -> None:
    seen: dict[str, int] = {}
    for position, (where, selector) in enumerate(selectors):
        if problem := problem_with_name(selector.name, of_tool=of_tool):
            problems.add(where, problem)
        _range(where, selector.version_range, problems)
        _namespace(f"{where}.namespace", selector.namespace, problems)
        if selector.name and selector.name in seen:
            problems.add(where, f"{selector.name} is already named by {path}[{seen[selector.name]}]; keep one")
        seen.setdefault(selector.name, position)


def _range(path: str, version_range: str, problems: Problems) -> None:
    if problem := problem_with_range(version_range):
        problems.add(path, problem)


def _namespace(path: str, namespace: str, problems: Problems) -> None:
    if namespace not in ("", NAMESPACE):
        problems.add(path, f'"{namespace[:60]}": this version has only the namespace {NAMESPACE}; leave it out')


def _actions(path: str, actions: Sequence[str], problems: Problems) -> None:
    for position, action in enumerate(actions):
        if "*" not in action and action not in ACTIONS:
            # A rule for an action that never comes would silently not protect.
            problems.add(f"{path}[{position}]", f'"{action[:60]}" is not an action; {hint(action, ACTIONS)}')


def _condition(path: str, condition: policies.Condition, problems: Problems) -> None:
    if condition.language != "cel":
        problems.add(f"{path}.language", f'expected cel, found "{condition.language[:60]}"')
    elif not condition.expression.strip():
        problems.add(f"{path}.expression", "missing; write for example args.amount > 100")
    elif len(condition.expression) > _MAX_CONDITION_CHARACTERS:
        problems.add(f"{path}.expression", f"longer than {_MAX_CONDITION_CHARACTERS} characters; split the rule")
    elif not compiles(condition.expression):
        problems.add(f"{path}.expression", f"{condition.expression[:120]} does not compile as CEL")


def _limits(path: str, limits: common.RunLimits, problems: Problems) -> None:
    if limits.HasField("max_duration"):
        _positive_time(f"{path}.maxDuration", limits.max_duration, problems)
    for field, word in _COUNTS.items():
        if limits.HasField(field):
            _positive(f"{path}.{word}", getattr(limits, field), problems)
    if limits.HasField("max_cost"):
        cost = limits.max_cost
        currency = cost.currency_code
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
            problems.add(f"{path}.maxCost", "the currency is missing or no ISO 4217 code; write for example 0.50 USD")
        _positive(f"{path}.maxCost", cost.nanos, problems)


def _positive(path: str, number: int, problems: Problems) -> None:
    if number <= 0:
        problems.add(path, f"has to be more than 0, found {number}")


def _positive_time(path: str, time: duration_pb2.Duration, problems: Problems) -> None:
    if (time.seconds, time.nanos) <= (0, 0):
        problems.add(path, "has to be longer than 0, for example 10s")


def _not_negative(path: str, number: int, problems: Problems) -> None:
    if number < 0:
        problems.add(path, f"cannot be negative, found {number}")
