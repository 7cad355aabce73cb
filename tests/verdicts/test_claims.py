"""Every claim about verdicts holds on the recorded runs."""

from __future__ import annotations

import pytest

from tests.verdicts.__main__ import SECTIONS
from tests.verdicts.airline import DATA


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded runs are not there: {DATA}")
@pytest.mark.parametrize("make", SECTIONS, ids=lambda make: f"{make.__module__.rpartition('.')[2]}.{make.__name__}")
def test_the_claims_hold(make: object) -> None:
    section = make()  # type: ignore[operator]

    assert section.claims
    assert [claim for claim in section.claims if not claim[2]] == []
