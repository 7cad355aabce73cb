"""An operator bounds a tenant, sees what is left, and is told when to come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli

pytestmark = pytest.mark.drill
QUOTA = """
apiVersion: pal/v1
kind: Quota
metadata: {name: e2e, version: 1.0.0, description: For one tenant}
spec:
  match: {tenant: e2e}
  limits: [{window: 1d, runs: 2, tokens: 100000}]
  concurrentRuns: 5
"""


async def test_a_tenant_is_bounded_and_told_so_in_one_line(pal: Cli, tmp_path: Path) -> None:
    (tmp_path / "quota.yaml").write_text(QUOTA)
    (tmp_path / "token").write_text((await pal("tenant", "token", "e2e")).out)
    ask = ("run", "support-desk", "--input", "Where is order A-1001?")

    applied = await pal("apply", "-f", str(tmp_path / "quota.yaml"))
    runs = [await pal(*ask, "--token-file", str(tmp_path / "token")) for _ in range(3)]
    other = await pal(*ask)
    # What was used is counted without being waited for.
    async with asyncio.timeout(60):
        while "QUOTA_MEASURE_TOKENS" not in (stands := await used(pal)):
            pass

    assert (applied.code, [run.code for run in runs], other.code) == (0, [0, 0, 4], 0)
    assert runs[2].err.startswith("error: quota e2e (live): runs per 1d: 2 used of 2, 1 asked; try again in ")
    assert runs[2].err.count("\n") == 1
    assert stands["QUOTA_MEASURE_RUNS"] == 2


async def used(pal: Cli) -> dict[str, int]:
    """Return what is used of the quota, by what is measured."""
    (counter,) = (await pal("quota", "usage", "e2e", "-o", "json")).json["counters"]
    return {one["measure"]: int(one["used"]) for one in counter["usage"] if int(one.get("used", 0))}


async def test_what_is_wrong_is_said_in_one_line(pal: Cli, tmp_path: Path) -> None:
    (tmp_path / "zero.yaml").write_text(QUOTA.replace("runs: 2", "runs: 0"))

    zero = await pal("apply", "-f", str(tmp_path / "zero.yaml"))
    unknown = await pal("quota", "show", "e3e")
    (tmp_path / "forged").write_text("x.y.z")
    ask = ("run", "support-desk", "--input", "x", "--token-file")
    forged, none, missing = [await pal(*ask, str(tmp_path / name)) for name in ("forged", "zero.yaml", "missing")]

    assert [one.code for one in (zero, unknown, forged, none, missing)] == [2, 3, 4, 2, 3]
    assert "`pal tenant token TENANT` prints one" in forged.err and "holds no token" in none.err
    assert f"{tmp_path / 'zero.yaml'}:7: spec.limits[0].runs: has to be more than 0, found 0" in zero.err
    assert "did you mean e2e?" in unknown.err
