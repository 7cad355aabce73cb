"""Routes as an operator writes them, and the way back."""

from __future__ import annotations

import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal_cli.failures import CommandError
from pal_cli.routes import difference, rolled_back, shares, split

AGNO = pb.Route(agent="desk", revision=1, stable="agno")
TRIAL = pb.Route(agent="desk", revision=2, stable="agno", candidate="langgraph", candidate_basis_points=500)
MORE = pb.Route(agent="desk", revision=3, stable="agno", candidate="langgraph", candidate_basis_points=2500)
ENDED = pb.Route(agent="desk", revision=4, stable="agno", candidate="langgraph")
PROMOTED = pb.Route(agent="desk", revision=4, stable="langgraph")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["agno"], ("agno", "", 0)),
        (["agno=100"], ("agno", "", 0)),
        (["agno=90", "langgraph=10"], ("agno", "langgraph", 1000)),
        (["agno", "langgraph=0.5"], ("agno", "langgraph", 50)),
        (["agno=75%", "langgraph"], ("agno", "langgraph", 2500)),
        (["agno=100", "langgraph=0"], ("agno", "langgraph", 0)),
    ],
)
def test_shares_are_percentages(words: list[str], meant: tuple[str, str, int]) -> None:
    assert split(words) == meant


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["agno=90", "langgraph=5"], "the shares add up to 95 %, not 100"),
        (["agno=110", "langgraph=-10"], "agno=110: a share is 0 to 100 percent"),
        (["agno", "langgraph=101"], "langgraph=101: a share is 0 to 100 percent"),
        (["agno", "langgraph=nan"], "a share is 0 to 100 percent"),
        (["agno", "langgraph=ten"], '"ten" is no share; write a percentage'),
        (["agno", "langgraph=0.001"], "at most two digits"),
        (["agno", "langgraph"], "say how the runs are shared"),
        (["agno=90"], "90 % leave runs without a runtime"),
        (["a", "b", "c"], "name one runtime, or two"),
    ],
)
def test_shares_that_are_no_shares_are_refused(words: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says.replace("(", r"\(")):
        split(words)


@pytest.mark.parametrize(
    ("history", "meant"),
    [
        ([MORE, TRIAL, AGNO], "agno 100 %, langgraph 0 %"),
        ([PROMOTED, MORE, TRIAL, AGNO], "agno 75 %, langgraph 25 %"),
        ([ENDED, MORE, TRIAL, AGNO], "agno 75 %, langgraph 25 %"),
    ],
)
def test_a_rollback_takes_back_what_the_present_revision_does(history: list[pb.Route], meant: str) -> None:
    assert shares(rolled_back(history, None)) == meant


def test_before_its_first_revision_an_agent_went_to_the_default() -> None:
    back = rolled_back([pb.Route(agent="desk", version_range=">=2", revision=1, stable="langgraph")], None, "agno")

    assert back == pb.Route(agent="desk", version_range=">=2", stable="agno")


@pytest.mark.parametrize("history", [[MORE, AGNO], [PROMOTED, AGNO]])
def test_an_act_of_a_rollout_is_not_repeated_by_whoever_goes_back_to_it(history: list[pb.Route]) -> None:
    marked = []
    for route in history:
        marked.append(pb.Route(mark="r1/2"))
        marked[-1].MergeFrom(route)

    assert not rolled_back(marked, None).mark


def test_a_revision_can_be_named() -> None:
    assert shares(rolled_back([PROMOTED, MORE, TRIAL, AGNO], 1)) == "agno"


@pytest.mark.parametrize(("history", "to"), [([AGNO], None), ([PROMOTED, AGNO], 7), ([PROMOTED, AGNO], 4)])
def test_there_has_to_be_something_to_go_back_to(history: list[pb.Route], to: int | None) -> None:
    with pytest.raises(CommandError, match="earlier"):
        rolled_back(history, to)


def test_a_difference_names_fields_as_people_read_them() -> None:
    assert difference(AGNO, TRIAL) == [("candidate", "-", "langgraph"), ("candidate_basis_points", "0 %", "5 %")]
