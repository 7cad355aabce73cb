"""What differs between two runs is found in its tier, and what means the same is not found."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_diff.compare import brief, compare
from pal_diff.terms import Terms
from pal_log.payload import json_payload, text_payload
from tests.unit.diff.logs import FAILED, WRITE, call, raw_call, run, tool


def kinds(comparison: pb.Comparison, *, hard: bool | None = None) -> set[str]:
    return {found.kind for found in comparison.findings if hard is None or found.hard == hard}


def test_a_run_equals_itself() -> None:
    one = run([call("find", city="Paris")], [call("book", WRITE, flight="X1")])

    found = compare(one, one, Terms())

    assert not found.findings
    assert all(call.arguments_equal and call.results_equal for call in found.calls)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"city": "Paris"}, "ARGUMENT_MISSING"),
        ({"city": "Paris", "nights": 2, "pets": True}, "ARGUMENT_ADDED"),
        ({"city": "Paris", "nights": "2"}, "ARGUMENT_TYPE"),
        ({"city": ["Paris"], "nights": 2}, "ARGUMENT_TYPE"),
        ({"city": "Paris", "nights": True}, "ARGUMENT_TYPE"),
    ],
)
def test_what_arguments_a_call_has_and_of_what_type_is_hard(arguments: dict[str, Any], kind: str) -> None:
    found = compare(run([call("find", city="Paris", nights=2)]), run([call("find", **arguments)]), Terms())

    assert kinds(found, hard=True) == {kind}


def test_a_value_is_a_soft_difference_at_its_path() -> None:
    a, b = ({"rooms": [{"beds": 1}, {"beds": beds}]} for beds in (2, 3))

    found = compare(run([call("find", **a)]), run([call("find", **b)]), Terms())

    (value,) = found.findings
    assert (value.tier, value.hard) == (pb.COMPARISON_TIER_VALUES, False)
    assert (value.path, value.field) == ("calls/0/arguments/rooms/1/beds", "find/arguments/rooms/*/beds")
    assert (value.a, value.b) == ("2", "3")


def test_one_inserted_element_is_one_difference() -> None:
    a = [{"id": number, "name": f"row {number}"} for number in range(200)]
    b = [*a[:70], {"id": 1000, "name": "new"}, *a[70:]]

    found = compare(run([call("put", rows=a)]), run([call("put", rows=b)]), Terms())

    assert [(one.kind, one.path) for one in found.findings] == [("ARGUMENT_ELEMENT", "calls/0/arguments/rows/70")]


def test_members_of_free_objects_are_data_and_declared_ones_are_structure() -> None:
    a, b = run([call("put", row={"x": 1, "y": 2})]), run([call("put", row={"x": 1})])
    schema = {"properties": {"row": {"properties": {"y": {"type": "integer"}}}}}

    assert not kinds(compare(a, b, Terms()), hard=True)
    assert kinds(compare(a, b, Terms(tools={"put": tool("put", schema=schema)})), hard=True) == {"ARGUMENT_MISSING"}


@pytest.mark.parametrize(
    ("declared", "a", "b"),
    [
        ({"ignore": ["/id"]}, {"id": 1, "x": 1}, {"id": 2, "x": 1}),
        ({"ignore": ["/id"]}, {"id": 1, "x": 1}, {"x": 1}),
        ({"sets": ["/tags"]}, {"tags": ["a", "b"]}, {"tags": ["b", "a"]}),
        ({"sets": ["/rows/*/tags"]}, {"rows": [{"tags": [1, 2]}]}, {"rows": [{"tags": [2, 1]}]}),
        ({"caseless": ["/city"]}, {"city": "PARIS"}, {"city": "paris"}),
        ({"numbers": ["/n"]}, {"n": "5"}, {"n": 5.0}),
        ({"numbers": ["/n"]}, {"n": 5e0}, {"n": "5.00"}),
        ({"dates": ["/day"]}, {"day": "2024-05-01"}, {"day": "May 1st, 2024"}),
        ({"dates": ["/day"]}, {"day": "2024-05-01T02:00:00+02:00"}, {"day": "2024-05-01"}),
        ({"words": ["/city"], "caseless": ["/city"]}, {"city": "New York, NY"}, {"city": "new york ny"}),
        ({"values": [{"path": "/unit", "values": ['"km"', '"kilometres"']}]}, {"unit": "km"}, {"unit": "kilometres"}),
        ({"values": [{"path": "/unit", "values": ['"km"'], "orAbsent": True}]}, {"unit": "km"}, {}),
        ({"caseless": ["/**"]}, {"a": {"b": ["X"]}}, {"a": {"b": ["x"]}}),
    ],
)
def test_what_is_declared_to_mean_the_same_is_no_difference(
    declared: dict[str, Any], a: dict[str, Any], b: dict[str, Any]
) -> None:
    terms = Terms(tools={"find": tool("find", **declared)})

    assert not compare(run([call("find", **a)]), run([call("find", **b)]), terms).findings
    assert compare(run([call("find", **a)]), run([call("find", **b)]), Terms()).findings


def test_a_date_of_which_nobody_knows_the_month_is_no_date() -> None:
    terms = Terms(tools={"find": tool("find", dates=["/day"])})

    found = compare(run([call("find", day="05/06/2024")]), run([call("find", day="06/05/2024")]), terms)

    assert kinds(found) == {"ARGUMENT_VALUE"}


def test_leaving_a_member_out_means_its_default() -> None:
    terms = Terms(tools={"find": tool("find", schema={"properties": {"limit": {"default": 10}}})})

    assert not compare(run([call("find", limit=10, q="x")]), run([call("find", q="x")]), terms).findings
    assert kinds(compare(run([call("find", limit=9, q="x")]), run([call("find", q="x")]), terms), hard=True)


def test_repeated_calls_are_aligned_at_the_least_cost() -> None:
    a = run([call("find", city="Paris", nights=1)], [call("find", city="Rome", nights=2)])
    b = run([call("find", city="Rome", nights=3)], [call("find", city="Paris", nights=1)])

    found = compare(a, b, Terms())

    assert kinds(found) == {"ARGUMENT_VALUE", "CALL_MOVED"}
    assert [(row.seq_a > 0, row.seq_b > 0) for row in found.calls] == [(True, True), (True, True)]


def test_calls_of_one_answer_have_no_order() -> None:
    one, two = call("find", city="Paris"), call("look", city="Rome")

    assert not compare(run([one, two]), run([two, one]), Terms()).findings
    assert not compare(run([one, two]), run([two], [one]), Terms()).findings
    assert kinds(compare(run([one], [two]), run([two], [one]), Terms())) == {"CALL_MOVED"}


def test_a_write_done_again_at_once_is_hard_and_after_another_write_is_not() -> None:
    book, cancel = call("book", WRITE, flight="X1"), call("cancel", WRITE, flight="X1")

    twice = compare(run([book]), run([book], [book]), Terms())
    meant = compare(run([book], [cancel]), run([book], [cancel], [book]), Terms())
    retried = compare(run([book]), run([{**book, "outcome": FAILED}], [book]), Terms())

    assert kinds(twice, hard=True) == {"EFFECT_REPEATED"}
    assert "EFFECT_REPEATED" in kinds(meant, hard=False)
    assert not kinds(retried, hard=True) and "EFFECT_REPEATED" not in kinds(retried)


def test_a_tool_that_production_cannot_call_is_a_new_class_of_effect() -> None:
    a, b = run([call("find")]), run([call("find")], [call("pay", WRITE, amount=1)])

    assert "EFFECT_CLASS_NEW" in kinds(compare(a, b, Terms()), hard=True)
    allowed = run([call("find")], pinned=["find", "pay"])
    assert "EFFECT_CLASS_NEW" in kinds(compare(allowed, b, Terms()), hard=False)


def test_a_tool_that_declares_no_effect_counts_as_an_irreversible_write_and_is_named() -> None:
    found = compare(run([call("odd", 0)]), run([call("odd", 0)]), Terms())

    assert list(found.a.irreversible_tools) == ["odd"]
    assert any("odd declare no effect" in remark for remark in found.remarks)


def test_a_log_that_breaks_the_grammar_is_hard() -> None:
    one = run([call("find")])
    broken = [event for event in one if not event.HasField("tool_call_finished")]

    assert kinds(compare(one, broken, Terms()), hard=True) == {"PROTOCOL"}
    assert not kinds(compare(broken, broken, Terms()), hard=True)


def test_an_output_that_does_not_fit_the_schema_is_hard_and_missed() -> None:
    agent = agents.AgentSpec()
    agent.spec.output.schema.text = '{"type": "object", "required": ["total"]}'
    a, b = run(output=json_payload('{"total": 1}')), run(output=json_payload('{"sum": 1}'))

    found = compare(a, b, Terms(agent=agent))

    assert kinds(found, hard=True) == {"OUTPUT_INVALID"}
    assert (found.a.success, found.b.success) == (pb.SUCCESS_STATE_REACHED, pb.SUCCESS_STATE_MISSED)
    assert found.b.success_by == "output schema"


def test_artifacts_are_compared_by_name_and_path() -> None:
    a = [json_payload('{"rows": [1, 2]}', filename="r.json"), text_payload("x\ny", filename="n.txt")]
    b = [text_payload("x\nz", filename="n.txt"), json_payload('{"rows": [1, 3]}', filename="r.json")]

    found = compare(run(artifacts=a), run(artifacts=b), Terms())

    paths = {one.path for one in found.findings}
    assert paths == {"artifacts/r.json/rows/1", "artifacts/n.txt:2"}


def test_cost_comes_from_one_table_whatever_the_record_says() -> None:
    a = run([call("find")], usage=(1_000_000, 100_000), model="gpt-4o-2024-08-06")
    unknown = run([call("find")], usage=(10, 10), model="home-made")

    found = compare(a, unknown, Terms())

    assert found.a.cost.nanos == 3_500_000_000
    assert not found.b.HasField("cost")
    assert any("no price for home-made" in remark for remark in found.remarks)


def test_time_is_split_and_a_clock_that_runs_back_is_not_believed() -> None:
    steady = run([call("find")], seconds=1.0)
    skewed = run([call("find")], seconds=1.0)
    skewed[4].recorded_at.seconds -= 3600

    found = compare(steady, skewed, Terms())

    split = found.a.latency
    assert (split.total.seconds, split.model.seconds, split.tool.seconds, split.runtime.seconds) == (6, 1, 1, 4)
    assert split.trusted and not found.b.latency.trusted
    assert any("clocks in the log of B" in remark for remark in found.remarks)


def test_a_check_that_raises_is_told_and_says_nothing_of_success() -> None:
    def check(log: Any) -> bool:
        raise ValueError("no total")

    found = compare(run(), run(), Terms(check=check, check_name="totals"))

    assert found.a.success == pb.SUCCESS_STATE_UNSPECIFIED
    assert any("check totals raised ValueError" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    "text",
    [
        "{" + '"a": {' * 5000 + "}" * 5001,
        "[" * 900 + "]" * 900,
        '{"n": NaN, "m": Infinity}',
        '{"n": 1' + "0" * 6000 + "}",
        '{"n": 1e99999}',
        '{"s": "\\ud800"}',
        "not json",
        "",
        '"just text"',
        "[]",
    ],
)
def test_no_content_takes_a_comparison_down(text: str) -> None:
    a, b = run([raw_call("odd", text)]), run([raw_call("odd", '{"n": 1}')])

    for left, right in ((a, b), (b, a)):
        found = compare(left, right, Terms())
        assert found.findings
        assert found.SerializeToString()
    assert not compare(a, a, Terms()).findings


@pytest.mark.slow
def test_large_artifacts_are_compared_as_bytes_in_bounded_time() -> None:
    row = json.dumps({"text": "x" * 1000})
    text = "[" + ",\n".join([row] * 50_000) + "]"
    a, b = (run(artifacts=[json_payload(body, filename="big.json")]) for body in (text, text[:-1] + ", 1]"))

    before = time.process_time()
    found = compare(a, b, Terms())

    assert time.process_time() - before < 2
    assert [one.path for one in found.findings] == ["artifacts/big.json:50000"]
    assert any("was compared as bytes" in remark for remark in found.remarks)


def test_artifacts_above_the_limit_are_compared_as_bytes() -> None:
    a, b = (run(artifacts=[json_payload(text, filename="r.json")]) for text in ('{"x": [1,\n2]}', '{"x": [1,\n3]}'))

    found = compare(a, b, Terms(max_parsed_bytes=10))

    assert [one.path for one in found.findings] == ["artifacts/r.json:2"]
    assert any("was compared as bytes" in remark for remark in found.remarks)


def test_what_was_not_brought_is_compared_by_digest() -> None:
    kept = [json_payload(text, filename="r.json") for text in ('{"x": 1}', '{"x": 2}')]
    contents = {payload.digest: payload.json.encode() for payload in kept}
    logs = []
    for payload in kept:
        digest = payload.digest
        payload.ref.uri = f"artifact:{digest}"
        logs.append(run(artifacts=[payload]))

    assert [one.path for one in compare(*logs, Terms(contents=contents)).findings] == ["artifacts/r.json/x"]
    bare = compare(*logs, Terms())
    assert kinds(bare) == {"CONTENT_DIFFERS"} and any("by its digest" in remark for remark in bare.remarks)


def test_limits_leave_out_and_say_so() -> None:
    a = run([call("find", **{f"x{number}": number for number in range(50)})])
    b = run([call("find", **{f"x{number}": number + 1 for number in range(50)})])

    found = compare(a, b, Terms(max_findings=10))

    assert len(found.findings) == 10 and found.truncated
    assert next(tier.soft for tier in found.tiers if tier.tier == pb.COMPARISON_TIER_VALUES) == 50
    assert len(brief(found).findings) == 10 and not brief(found).calls


def test_runs_that_are_empty_unfinished_or_of_other_agents_are_compared_and_said_so() -> None:
    other = run([call("find")])
    other[0].run_accepted.agent.name = "someone-else"

    assert "a log is empty" in compare([], run(), Terms()).remarks
    assert any("not over" in remark for remark in compare(run(), run()[:-1], Terms()).remarks)
    assert any("the agents differ" in remark for remark in compare(run(), other, Terms()).remarks)


def test_a_failed_run_has_missed_and_a_cancelled_one_says_nothing() -> None:
    failed, cancelled = (run(outcome=outcome) for outcome in (events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_CANCELLED))

    found = compare(failed, cancelled, Terms())

    assert (found.a.success, found.b.success) == (pb.SUCCESS_STATE_MISSED, pb.SUCCESS_STATE_UNSPECIFIED)


def test_a_run_that_a_quota_ended_says_nothing() -> None:
    ended = run(outcome=events.RUN_OUTCOME_LIMITED)
    ended[-1].run_finished.failure.reason = "QUOTA_EXCEEDED"

    found = compare(run(), ended, Terms())

    assert (found.b.success, found.b.success_by) == (pb.SUCCESS_STATE_UNSPECIFIED, "quota")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40)
@given(_JSON, _JSON)
def test_any_two_values_are_compared_and_equal_ones_are_equal(a: Any, b: Any) -> None:
    declared = {"caseless": ["/**"], "numbers": ["/**"], "dates": ["/**"], "sets": ["/x"], "words": ["/**"]}
    terms = Terms(tools={"odd": tool("odd", **declared)})
    one, two = (run([raw_call("odd", json.dumps({"x": value}))]) for value in (a, b))

    for conditions in (Terms(), terms):
        assert compare(one, two, conditions).SerializeToString()
        assert not compare(one, one, conditions).findings
        forth, back = (compare(*pair, conditions) for pair in ((one, two), (two, one)))
        assert bool(forth.findings) == bool(back.findings)
