"""Documents that are refused: the message names the line, the path, what is wrong and how to mend it."""

from __future__ import annotations

import pytest

from pal.v1 import error_reason_pb2 as reasons
from pal_registry.documents import MAX_TEXT_BYTES, drafts
from pal_rpc.errors import MeshError

AGENT = """\
apiVersion: pal/v1
kind: AgentSpec
metadata:
  name: writer
  version: 1.0.0
spec:
  objective: Write.
  tools:
    - tool: lookup
      maxCalls: 3
  output:
    schema: {type: object}
    filename: result.json
  limits:
    maxCost: 0.50 USD
"""
TOOL = """\
apiVersion: pal/v1
kind: ToolSpec
metadata:
  name: lookup
  version: 1.0.0
spec:
  purpose: Looks something up.
  input: {type: object, properties: {id: {type: string}}}
  effect:
    effectClass: READ
  timing:
    timeout: 10s
  data:
    maskInput: [/id]
"""
POLICY = """\
apiVersion: pal/v1
kind: PolicySpec
metadata:
  name: house
  version: 1.0.0
spec:
  rules:
    - id: large
      verdict: REQUIRE_APPROVAL
      match:
        actions: [tool.call]
        effectClasses: [WRITE]
      condition: args.amount > 100
"""
RUNTIME = """\
runtime: agno
version: ">=0.7"
capabilities:
  modes: [conversational]
  toolCalling: true
  maxContextTokens: 1000
"""


def refused(text: str) -> MeshError:
    with pytest.raises(MeshError) as caught:
        drafts(text, "x.yaml")
    return caught.value


@pytest.mark.parametrize("text", [AGENT, TOOL, POLICY, RUNTIME])
def test_the_documents_that_the_table_spoils_are_good(text: str) -> None:
    (draft,) = drafts(text)

    assert draft.document.ref.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "good", "bad", "line", "path", "says"),
    [
        (AGENT, "maxCalls", "maxCals", 10, "spec.tools[0].maxCals", "unknown field; did you mean maxCalls?"),
        (AGENT, "maxCalls: 3", "maxCalls: many", 10, "spec.tools[0].maxCalls", 'whole number, found the text "many"'),
        (AGENT, "maxCalls: 3", "maxCalls: 0", 10, "spec.tools[0].maxCalls", "more than 0, found 0"),
        (AGENT, "maxCalls: 3", "maxCalls: 3000000000", 10, "spec.tools[0].maxCalls", "the largest is 2147483647"),
        (AGENT, "maxCalls: 3", "required: yes", 10, "spec.tools[0].required", 'true or false, found the text "yes"'),
        (AGENT, "maxCalls: 3", "max_calls: 3\n      maxCalls: 3", 11, "spec.tools[0].maxCalls", "given twice"),
        (AGENT, "maxCalls: 3", "maxCalls: 3\n    - lookup", 11, "spec.tools[1].tool", "already named by spec.tools[0]"),
        (AGENT, "tool: lookup", "tool: lookup@1.x.", 9, "spec.tools[0].tool", "not a range of versions"),
        (AGENT, "tool: lookup", "tool: Look Up", 9, "spec.tools[0].tool", "is not a name"),
        (AGENT, "tool: lookup", "tool: [lookup]", 9, "spec.tools[0].tool", "found a list"),
        (AGENT, "pal/v1", "pal/v2", 1, "apiVersion", 'expected pal/v1, found the text "pal/v2"'),
        (AGENT, "apiVersion: pal/v1\n", "", 1, "apiVersion", "missing; write apiVersion: pal/v1"),
        (AGENT, "kind: AgentSpec", "kind: AgentSpek", 2, "kind", "did you mean AgentSpec?"),
        (AGENT, "kind: AgentSpec\n", "", 1, "kind", "allowed are AgentSpec, ToolSpec, PolicySpec"),
        (AGENT, "name: writer", "name: Writer!", 4, "metadata.name", "lower-case letters"),
        (AGENT, "name: writer", f"name: {'w' * 64}", 4, "metadata.name", "longer than 63"),
        (AGENT, "  name: writer\n", "", 3, "metadata.name", "missing"),
        (AGENT, "version: 1.0.0", "version: 1.0", 5, "metadata.version", 'found the number 1.0; quote it: "1.0"'),
        (AGENT, "version: 1.0.0", "version: v1", 5, "metadata.version", "write MAJOR.MINOR.PATCH"),
        (AGENT, "version: 1.0.0", "namespace: mine", 5, "metadata.namespace", "only the namespace default"),
        (AGENT, "name: writer", "name: w\n  requiresFeatures: [x]", 5, "metadata.requiresFeatures", "upgrade PAL"),
        (AGENT, "name: writer", "name: w\n  labels: {a: 1}", 5, "metadata.labels.a", 'quote it: "1"'),
        (AGENT, "objective: Write.", "objective:", 7, "spec.objective", "missing; say in a sentence"),
        (
            AGENT,
            "objective: Write.",
            "objective: W.\n  runtime: {selector: auto, minSuccessPercent: 100}",
            8,
            "spec.runtime.minSuccessPercent",
            "100 is not within 1 to 99",
        ),
        (
            AGENT,
            "objective: Write.",
            "objective: W.\n  runtime: {minSuccessPercent: 90}",
            8,
            "spec.runtime.minSuccessPercent",
            "counts for selector: auto alone",
        ),
        (AGENT, "objective: Write.", "objective: [a]", 7, "spec.objective", "expected text, found a list"),
        (AGENT, "objective: Write.", "objectiv: Write.", 7, "spec.objectiv", "did you mean objective?"),
        (AGENT, "objective: Write.", "promptTemplate: x", 7, "spec.promptTemplate", "never be part of an AgentSpec"),
        (AGENT, "objective: Write.", "callbacks: []", 7, "spec.callbacks", "belongs to a runtime's inside"),
        (AGENT, "objective: Write.", "nodes: []", 7, "spec.nodes", "belongs to a runtime's inside"),
        (AGENT, "objective: Write.", "runtime: {selector: A B}", 7, "spec.runtime.selector", "is not a name"),
        (AGENT, "objective: Write.", "input: {type: object}", 7, "spec.input.type", "a JSON Schema goes under schema"),
        (AGENT, "objective: Write.", "directives: [{id: a, text: x}, {id: a, text: y}]", 7, "spec.directives[1].id",
         "also the id of spec.directives[0]"),
        (AGENT, "objective: Write.", "successCriteria: [{id: a}]", 7, "spec.successCriteria[0].statement", "missing"),
        (AGENT, "{type: object}", "{type: objekt}", 12, "spec.output.schema", "not a JSON Schema at /type"),
        (AGENT, "{type: object}", "{$ref: 'http://127.0.0.1:1/s'}", 12, "spec.output.schema", "$defs"),
        (AGENT, "{type: object}", "{minimum: .inf}", 12, "spec.output.schema", ".inf is not a number that JSON has"),
        (AGENT, "{type: object}", "{pattern: '['}", 12, "spec.output.schema", "not a JSON Schema at /pattern"),
        (AGENT, "{type: object}", "object", 12, "spec.output.schema", "expected a JSON Schema, found the text"),
        (AGENT, "filename: result.json", "filename: ../result.json", 13, "spec.output.filename", "plain file name"),
        (AGENT, "filename: result.json", "filename: ..", 13, "spec.output.filename", "plain file name"),
        (AGENT, "maxCost: 0.50 USD", "maxCost: 0.50", 15, "spec.limits.maxCost", "an amount such as 0.50 USD"),
        (AGENT, "maxCost: 0.50 USD", "maxDuration: 90", 15, "spec.limits.maxDuration", "a duration such as 10s"),
        (AGENT, "maxCost: 0.50 USD", "maxToolCalls: -1", 15, "spec.limits.maxToolCalls", "more than 0, found -1"),
        (TOOL, "effectClass: READ", "effectClass: RED", 10, "spec.effect.effectClass", "one of PURE, READ, WRITE"),
        (TOOL, "effectClass: READ", "effectClass: 2", 10, "spec.effect.effectClass", "found the number 2"),
        (TOOL, "effectClass: READ", "idempotency: none", 9, "spec.effect.effectClass", "missing"),
        (TOOL, "  purpose: Looks something up.\n", "", 6, "spec.purpose", "missing"),
        (TOOL, "input: {type: object, ", "input: {type: array, ", 8, "spec.input", "has to say type: object"),
        (TOOL, "  input: {type: object, properties: {id: {type: string}}}\n", "", 6, "spec.input", "missing"),
        (TOOL, "timeout: 10s", "timeout: 0s", 12, "spec.timing.timeout", "longer than 0"),
        (TOOL, "timeout: 10s", "maxAttempts: 2", 11, "spec.timing.timeout", "missing"),
        (TOOL, "timeout: 10s", "timeout: soon", 12, "spec.timing.timeout", 'found the text "soon"'),
        (TOOL, "[/id]", "[id]", 14, "spec.data.maskInput[0]", "is not a JSON Pointer"),
        (
            TOOL,
            "  timing:",
            "  equivalence: {input: {sets: [tags]}}\n  timing:",
            11,
            "spec.equivalence.input.sets[0]",
            "is not a JSON Pointer",
        ),
        (
            TOOL,
            "  timing:",
            "  equivalence: {input: {values: [{path: /unit, values: [km]}]}}\n  timing:",
            11,
            "spec.equivalence.input.values[0].values[0]",
            "is not JSON",
        ),
        (
            AGENT,
            "maxCost: 0.50 USD",
            "maxCost: 0.50 USD\n  comparison: {costMarginPpm: 0}",
            16,
            "spec.comparison.costMarginPpm",
            "outside 1 to 10000000",
        ),
        (TOOL, "[/id]", "/id", 14, "spec.data.maskInput", "expected a list"),
        (TOOL, "name: lookup", "name: look.up", 4, "metadata.name", "underscores"),
        (POLICY, "verdict: REQUIRE_APPROVAL", "verdict: ASK", 9, "spec.rules[0].verdict",
         "one of ALLOW, DENY, REQUIRE_APPROVAL"),
        (POLICY, "      verdict: REQUIRE_APPROVAL\n", "", 8, "spec.rules[0].verdict", "missing"),
        (POLICY, "id: large", "id: ''", 8, "spec.rules[0].id", "missing"),
        (POLICY, "[tool.call]", "[tool.calls]", 11, "spec.rules[0].match.actions[0]", "did you mean tool.call?"),
        (POLICY, "args.amount > 100", "args.amount >", 13, "spec.rules[0].condition.expression", "not compile as CEL"),
        (POLICY, "args.amount > 100", "'" + "+".join(["1"] * 100_000) + "'", 13, "spec.rules[0].condition.expression",
         "longer than 2048 characters"),
        (POLICY, "args.amount > 100", "{language: lua, expression: x}", 13, "spec.rules[0].condition.language",
         "expected cel"),
        (RUNTIME, "toolCalling", "toolCaling", 5, "capabilities.toolCaling", "did you mean toolCalling?"),
        (RUNTIME, '">=0.7"', "newest!", 2, "version", "is not a range of versions"),
        (RUNTIME, 'version: ">=0.7"\n', "", 1, "version", "missing"),
        (RUNTIME, "runtime: agno", "runtime: Agno", 1, "runtime", "is not a name"),
        (RUNTIME, "maxContextTokens: 1000", "maxContextTokens: 1e3", 6, "capabilities.maxContextTokens",
         "whole number, found the number 1e3"),
    ],
)  # fmt: skip
def test_a_problem_is_named_by_line_path_and_fix(
    text: str, good: str, bad: str, line: int, path: str, says: str
) -> None:
    assert good in text

    error = refused(text.replace(good, bad, 1))

    problem = next(part for part in error.message.splitlines() if f": {path}: " in part)
    assert problem.startswith(f"x.yaml:{line}: {path}: ")
    assert says in problem
    assert error.reason == reasons.ERROR_REASON_INVALID_DOCUMENT


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("# only a comment\n---\n", 1, "empty"),
        ("just words", 1, "expected a document"),
        ("- a\n- b", 1, "expected a document, found a list"),
        ("a: [1,\nb: 2", 2, "that begins in line 1"),
        ("a:\n\t- b", 2, "not YAML"),
        ("a: 1\nb: 2\na: 3", 3, "a is given twice, first in line 1"),
        ("[" * 100, 1, "nested deeper than 64"),
        ('{"a":' * 5000 + "1" + "}" * 5000, 1, "nested deeper than 64"),
        ("a: *b", 1, "no anchor &b"),
        ("a: &a [*a]", 1, "no anchor &a"),
        ("a: !!python/object/apply:os.system [ls]", 1, "tag"),
        ("a: !secret x", 1, "tag"),
        ("? [a]\n: b", 1, "a key has to be plain text"),
        ('{"a": "\\ud800"}', 1, "invalid Unicode character escape"),
        ("a: 1\n---\n" * 1001, 2001, "apply at most 1000 at once"),
        ("a: b\x07", 1, "control character"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    error = refused(text)

    assert error.message.startswith(f"x.yaml:{line}: ")
    assert says in error.message


def test_aliases_cannot_multiply() -> None:
    levels = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 12)]

    error = refused("\n".join(["l0: &l0 [lol]", *levels]))

    assert "aliases make the text larger" in error.message


def test_a_text_over_the_limit_is_too_large() -> None:
    error = refused("#" * (MAX_TEXT_BYTES + 1))

    assert error.reason == reasons.ERROR_REASON_TOO_LARGE
    assert error.metadata["limit_bytes"] == str(MAX_TEXT_BYTES)


def test_the_first_problem_is_the_metadata() -> None:
    error = refused(AGENT + "---\n" + TOOL.replace("READ", "RED"))

    assert error.metadata == {
        "path": "spec.effect.effectClass",
        "document": "x.yaml ToolSpec/lookup",
        "line": "26",
    }


def test_several_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = AGENT.replace("1.0.0", "one").replace("objective", "objectiv").replace("0.50 USD", "cheap")

    lines = refused(text).message.splitlines()

    assert [line.split(": ")[1] for line in lines] == [
        "metadata.version",
        "spec.objective",
        "spec.objectiv",
        "spec.limits.maxCost",
    ]


def test_a_message_stays_short_whatever_is_wrong() -> None:
    error = refused(AGENT.replace("maxCalls", "x" * 900) + "".join(f"  unknown{i}: 1\n" for i in range(50)))

    assert len(error.message) < 1024
    assert error.message.splitlines()[-1].startswith("and ")


def test_without_a_source_the_line_is_named() -> None:
    with pytest.raises(MeshError, match=r"^line 2: kind: "):
        drafts(AGENT.replace("AgentSpec", "Agent"))


def test_a_text_in_which_everything_is_wrong_is_not_read_to_its_end() -> None:
    error = refused(AGENT + "".join(f"  unknown{i}: 1\n" for i in range(50_000)))

    assert error.message.splitlines()[-1] == "and 45 more"
