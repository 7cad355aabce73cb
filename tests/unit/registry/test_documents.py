"""Documents as people write them."""

from __future__ import annotations

import json

import pytest
from google.protobuf import duration_pb2, json_format

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import tool_spec_pb2 as tools
from pal_registry.documents import drafts
from pal_registry.spellings import duration, money

AGENT = "apiVersion: pal/v1\nkind: AgentSpec\nmetadata: {name: a, version: 1.0.0}\nspec:\n  objective: Do.\n"
TOOL = """\
apiVersion: pal/v1
kind: ToolSpec
metadata: {name: look_up, version: 1.0.0}
spec:
  purpose: Looks.
  input: {type: object}
  effect: {effectClass: READ}
  timing: {timeout: 10s}
"""
DECLARATION = """{"runtime":"agno","version":">=0.7","capabilities":{"modes":["conversational","workflow"],
  "toolCalling":true,"humanInLoop":true,"multimodal":false,"streaming":true,"maxContextTokens":128000},"limits":{"concurrentRuns":50}}"""


def agent(more: str) -> object:
    (draft,) = drafts(AGENT + more)
    return draft.document.agent


@pytest.mark.parametrize("word", ["READ", "read", "Read", "EFFECT_CLASS_READ"])
def test_an_enum_is_a_short_word(word: str) -> None:
    (draft,) = drafts(TOOL.replace("READ", word))

    assert draft.document.tool.spec.effect.effect_class == tools.EFFECT_CLASS_READ


def test_an_enum_of_two_words_may_have_a_dash() -> None:
    rule = "spec: {rules: [{id: a, verdict: require-approval, match: {effectClasses: [unspecified]}}]}"

    (draft,) = drafts(f"apiVersion: pal/v1\nkind: PolicySpec\nmetadata: {{name: p, version: 1.0.0}}\n{rule}")

    assert draft.document.policy.spec.rules[0].verdict == policies.POLICY_VERDICT_REQUIRE_APPROVAL
    assert draft.document.policy.spec.rules[0].match.effect_classes == [tools.EFFECT_CLASS_UNSPECIFIED]


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        ("10s", 10, 0),
        ("1m30s", 90, 0),
        ("500ms", 0, 500_000_000),
        ("2h", 7200, 0),
        ("1d", 86_400, 0),
        ("1.5s", 1, 500_000_000),
    ],
)
def test_a_duration_has_units(text: str, seconds: int, nanos: int) -> None:
    assert duration(text) == duration_pb2.Duration(seconds=seconds, nanos=nanos)


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 s", "1w", "9" * 40 + "h"])
def test_what_has_no_unit_is_no_duration(text: str) -> None:
    assert duration(text) is None


def test_money_is_exact() -> None:
    assert money("0.10 USD") == common.Money(currency_code="USD", nanos=100_000_000)


@pytest.mark.parametrize("text", ["0.10", "USD 1", "1 usd", "-1 USD", "0.0000000001 USD"])
def test_money_without_an_amount_or_a_currency_is_none(text: str) -> None:
    assert money(text) is None


def test_camel_case_and_snake_case_are_the_same_field() -> None:
    camel = agent("  tools: [{tool: look_up, maxCalls: 3, alwaysAsk: true}]")
    snake = agent("  tools: [{tool: {name: look_up}, max_calls: 3, always_ask: true}]")

    assert camel == snake


def test_a_tool_may_be_named_by_a_word_with_a_range() -> None:
    short = agent("  tools: [look_up@>=1.2 <2]")
    long = agent("  tools: [{tool: {name: look_up, versionRange: '>=1.2 <2'}}]")

    assert short == long


def test_a_schema_keeps_the_order_of_its_keys_and_the_spelling_of_its_numbers() -> None:
    schema = "{type: object, required: [b], properties: {b: {minimum: 1.50}, a: {const: 12345678901234567890}, y: {}}}"

    (draft,) = drafts(TOOL.replace("{type: object}", schema))

    assert draft.document.tool.spec.input.text == (
        '{"type":"object","required":["b"],"properties":{"b":{"minimum":1.50},"a":{"const":12345678901234567890},"y":{}}}'
    )


def test_a_schema_may_be_given_as_text_with_its_dialect() -> None:
    wrapper = '{text: "{\\"type\\": \\"object\\"}", dialect: "https://json-schema.org/draft/2020-12/schema"}'

    (draft,) = drafts(TOOL.replace("{type: object}", wrapper))

    assert draft.document.tool.spec.input.text == '{"type": "object"}'


@pytest.mark.parametrize("word", ["yes", "on", "2024-01-01", "0b1", "1_000", "12:30:00"])
def test_words_stay_words(word: str) -> None:
    (draft,) = drafts(AGENT.replace("Do.", word))

    assert draft.document.agent.spec.objective == word


def test_a_runtime_declaration_reads_and_prints_verbatim() -> None:
    (draft,) = drafts(DECLARATION)

    assert json.loads(json_format.MessageToJson(draft.document.runtime)) == json.loads(DECLARATION)
    assert draft.document.ref.name == "agno"
    assert draft.document.ref.version == draft.document.ref.digest


def test_json_with_tabs_and_escapes_reads_like_yaml() -> None:
    written = drafts(AGENT.replace("Do.", "Grüße 😀"))[0].document.agent
    text = json.dumps(json_format.MessageToDict(written), indent="\t")

    (draft,) = drafts(text)

    assert draft.document.agent.spec.objective == "Grüße 😀"


def test_a_printed_document_has_the_same_digest() -> None:
    (draft,) = drafts(TOOL)
    printed = json_format.MessageToJson(draft.document.tool)

    (again,) = drafts(printed)

    assert again.document.ref.digest == draft.document.ref.digest


def test_the_digest_does_not_depend_on_the_spelling() -> None:
    (yaml,) = drafts(TOOL)
    (other,) = drafts("# a comment\n" + TOOL.replace("timeout: 10s", "timeout: 10000ms").replace("READ", "read"))

    assert other.document.ref.digest == yaml.document.ref.digest


def test_an_alias_repeats_its_anchor() -> None:
    read = agent("  input: {schema: &s {type: object}}\n  output: {schema: *s}")

    assert read.spec.input.schema == read.spec.output.schema  # type: ignore[attr-defined]


def test_several_documents_come_in_the_order_of_the_text() -> None:
    found = drafts(f"---\n{TOOL}---\n{AGENT}---\n---\n{DECLARATION}\n")

    assert [draft.document.WhichOneof("spec") for draft in found] == ["tool", "agent", "runtime"]


def test_an_optional_false_is_declared() -> None:
    (draft,) = drafts(DECLARATION)

    assert draft.document.runtime.capabilities.HasField("multimodal")
    assert not draft.document.runtime.capabilities.HasField("structured_output")
