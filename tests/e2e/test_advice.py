"""`pal advise` against a mesh: one screen for people, ProtoJSON for machines, an exit code for scripts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import Cli


async def test_a_runtime_is_advised_about(pal: Cli, tmp_path: Path) -> None:
    hole = {
        "id": "EXAMPLE-1",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "agno"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            }
        ],
    }
    advisories = tmp_path / "agno.osv.json"
    advisories.write_text(json.dumps(hole))

    told = await pal("advise", "agno", "--osv", str(advisories))
    stated = await pal("advise", "agno", "--json")

    assert told.code == 1
    assert told.out.startswith("MUST_MIGRATE agno 3.")
    assert "EXAMPLE-1 (9.8)" in told.out
    assert "advisories.worst_unfixed below 7 (it is 9.8)" in told.out
    assert stated.code == 8
    assert stated.json["rules"]["name"] == "default"
    by_measure = {one["measure"]: one for one in stated.json["evidence"]}
    assert by_measure["conformance.failed_cases"]["state"] == "ADVICE_EVIDENCE_STATE_KNOWN"
    assert by_measure["advisories.count"]["state"] == "ADVICE_EVIDENCE_STATE_UNKNOWN"


async def test_rules_of_ones_own_are_checked_without_a_mesh(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("apiVersion: pal/v1\nkind: AdviceRules\nspec:\n  rules:\n    - {rule: weather, validDays: 1}\n")

    checked = await Cli(tmp_path / "none")("advise", "--rules", str(rules), "--check")

    assert checked.code == 2
    assert f"{rules}:5: spec.rules[0].rule: there is no rule weather" in checked.err
