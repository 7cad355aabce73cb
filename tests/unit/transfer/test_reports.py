"""What people read of many replays."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal_transfer.replays import Replayed
from pal_transfer.reports import as_html


def test_a_page_tells_in_words_and_lets_nothing_of_a_run_become_markup() -> None:
    claim = events.ReplayClaim(model_hits=3, tool_hits=2, misses=1)
    left = Replayed(source_run_id="a", run_id="b", outcome="failed", reason="DIVERGED", message="<b>?</b>", claim=claim)

    page = as_html("agent=desk", [left, Replayed(source_run_id="c", outcome="succeeded", same=True)])

    assert "<th>outcomes</th><td>failed 1, succeeded 1</td>" in page
    assert "<td>3 + 2<td>1<td>DIVERGED &lt;b&gt;?&lt;/b&gt;" in page
    assert page.index("<code>a</code>") < page.index("<code>c</code>")
