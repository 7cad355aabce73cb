"""Whether a certificate that a gate asks for is there and good."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pal.v1 import gameday_pb2 as gamedays
from pal.v1 import rollout_pb2 as plans
from pal_advice.standing import Checked
from pal_migration.certified import Certified
from pal_rollout.plan import seconds_of

_VERDICT = "DRILL_VERDICT_"


class FreshCertificates:
    """The certificates of a mesh, as gates look at them."""

    def __init__(self, certified: Certified) -> None:
        """Look at those that are *certified*."""
        self._certified = certified

    def problem_with(self, wanted: plans.RolloutCertificate) -> str:
        """Return what is wrong with the newest certificate of the plan that is *wanted*; empty when it is good."""
        known, why = self._certified.checked(())
        if known is None:
            return why
        newest = _newest(known, wanted.plan)
        if newest is None:
            return f"there is no certificate of {wanted.plan}; `pal gameday run` makes one"
        return "; ".join([*newest.problems, *_unfit(newest.stated, wanted)])


def _newest(known: Sequence[Checked], plan: str) -> Checked | None:
    return next((one for one in reversed(known) if one.stated.plan.name == plan), None)


def _unfit(stated: gamedays.Certificate, wanted: plans.RolloutCertificate) -> list[str]:
    found = []
    if stated.verdict != gamedays.DRILL_VERDICT_PASS:
        word = gamedays.DrillVerdict.Name(stated.verdict).removeprefix(_VERDICT)
        found.append(f"the newest drill of {wanted.plan} is a {word}")
    age = time.time() - stated.ended_at.ToNanoseconds() / 1e9
    if wanted.HasField("max_age") and age > seconds_of(wanted.max_age):
        hours = seconds_of(wanted.max_age) / 3600
        found.append(f"the newest drill of {wanted.plan} is {age / 3600:.1f} h old, over {hours:g} h; run it again")
    return found
