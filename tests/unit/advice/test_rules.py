"""A document of rules holds or is refused, with the line and the field and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import pal_advice
from pal_advice.measures import MEASURES, RULES
from pal_advice.rules import digest_of, problems, shipped
from pal_cli.advice_rules import drafted
from pal_rpc.errors import MeshError

TEXT = """\
apiVersion: pal/v1
kind: AdviceRules
metadata: {name: mine, version: 1.0.0}
spec:
  rules:
    - rule: slo
      validDays: 2
      conditions:
        - when: [{measure: slo.burn_1h, atLeast: 14.4}]
          then: MUST_MIGRATE
          because: the budget burns
"""
SHIPPED = Path(pal_advice.__file__).with_name("default_rules.yaml")


def refused(before: str, after: str) -> str:
    assert before in TEXT
    with pytest.raises(MeshError) as error:
        drafted(TEXT.replace(before, after), "rules.yaml")
    return error.value.message


def test_rules_are_read() -> None:
    rules = drafted(TEXT)

    (rule,) = rules.spec.rules
    assert (rule.rule, rule.valid_days, rule.conditions[0].when[0].at_least) == ("slo", 2, 14.4)
    assert not rule.conditions[0].when[0].HasField("at_most")


def test_the_shipped_rules_are_what_their_text_says() -> None:
    rules = drafted(SHIPPED.read_text())

    assert rules == shipped()
    assert digest_of(rules) == digest_of(shipped())
    assert len(yaml.safe_load(SHIPPED.read_text())["spec"]["rules"]) == len(RULES)


def test_every_measure_belongs_to_a_rule_that_uses_it() -> None:
    used = {bound.measure for rule in shipped().spec.rules for one in rule.conditions for bound in one.when}

    assert used | {"standby.able"} == set(MEASURES)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("rule: slo", "rule: sloo", "rules.yaml:6: spec.rules[0].rule: there is no rule sloo; did you mean slo?"),
        ("rule: slo", "rule: weather", "there is no rule weather; there are: conformance, upgrades, slo"),
        (
            "slo.burn_1h",
            "slo.burn_1hr",
            "rules.yaml:9: spec.rules[0].conditions[0].when[0].measure: there is no measure slo.burn_1hr; "
            "did you mean slo.burn_1h?",
        ),
        ("MUST_MIGRATE", "RUN", "spec.rules[0].conditions[0].then: expected one of MAY_STAY, WATCH, PREPARE"),
        ("validDays: 2", "validDay: 2", "spec.rules[0].validDay: unknown field; did you mean validDays?"),
        ("validDays: 2", "validDays: 0", "rules.yaml:7: spec.rules[0].validDays: write 1 to 3650, found 0"),
        ("validDays: 2", "validDays: 3651", "validDays: write 1 to 3650, found 3651"),
        (", atLeast: 14.4", "", "spec.rules[0].conditions[0].when[0]: has no bound; write atLeast or atMost"),
        ("atLeast: 14.4", "atLeast: lots", 'atLeast: expected a number, found the text "lots"'),
        ("atLeast: 14.4", "atLeast: .inf", "atLeast: expected a number, found the number .inf"),
        ("atLeast: 14.4", "atLeast: true", "atLeast: expected a number, found true"),
        ("atLeast: 14.4", "atLeast: 9, atMost: 3", "nothing is at least 9 and at most 3"),
        ("[{measure: slo.burn_1h, atLeast: 14.4}]", "[]", "when: missing; without a bound it would always hold"),
        ("the budget burns", '" "', "because: missing; say in a few words why"),
        ("kind: AdviceRules", "kind: Advice", 'kind: expected AdviceRules, found the text "Advice"'),
        ("pal/v1", "pal/v2", "apiVersion: expected pal/v1, found pal/v2"),
        ("version: 1.0.0", "version: new", "metadata.version: missing or no version; write MAJOR.MINOR.PATCH"),
        ("name: mine, ", "", "metadata.name: missing; give the rules a name"),
        ("    - rule: slo", "    - rule: slo\n      rule: cost", "rule is given twice"),
        ("apiVersion", "---\na: b\n---\napiVersion", "2 documents; a document of the kind AdviceRules is one"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(before: str, after: str, message: str) -> None:
    assert message in refused(before, after)


def test_a_rule_is_there_once() -> None:
    twice = TEXT + TEXT[TEXT.index("    - rule") :]

    with pytest.raises(MeshError, match=r"spec.rules\[1\].rule: slo is there twice"):
        drafted(twice)


def test_an_empty_text_and_no_rules_are_refused() -> None:
    with pytest.raises(MeshError, match="empty; write a document of the kind AdviceRules"):
        drafted("")
    with pytest.raises(MeshError, match=r"spec.rules: missing; write at least one of conformance"):
        drafted(TEXT[: TEXT.index("  rules:")].replace("spec:", "spec: {}"))


def test_rules_that_come_over_the_wire_are_checked_as_well() -> None:
    rules = drafted(TEXT)
    rules.spec.rules[0].rule = "weather"
    rules.spec.rules[0].conditions[0].then = 9  # type: ignore[assignment]
    rules.spec.rules[0].conditions[0].when[0].at_least = float("nan")

    assert [path for path, _ in problems(rules)] == [
        "spec.rules[0].rule",
        "spec.rules[0].conditions[0].then",
        "spec.rules[0].conditions[0].when[0].atLeast",
    ]


def test_every_rule_and_measure_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "advice.md").read_text()

    assert [name for name in (*RULES, *MEASURES) if f"| `{name}` |" not in page] == []
