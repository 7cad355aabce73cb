"""What the recorder says of runs that a router has carried out."""

from __future__ import annotations

import uuid

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench

REFUSED = MeshError(reasons.ERROR_REASON_MODEL_REFUSED, "no")


async def test_a_run_is_counted_as_soon_as_its_client_has_seen_the_end(bench: Bench) -> None:
    for say in (Say(chunks=["fine"]), Say(chunks=["fine"]), Say(error=REFUSED)):
        request_id = str(uuid.uuid4())
        bench.script(request_id, say)
        await bench.run(request_id)

    async with channel(bench.config.recorder_address) as opened:
        (report,) = (await recorder_rpc.RecorderServiceStub(opened).GetSlo(slo.GetSloRequest())).reports

    assert (report.agent, report.runtime, report.counted) == ("desk", "echo", 3)
    assert sum(report.totals.latency.counts) == 2
    assert dict(report.totals.failures) == {"MODEL_REFUSED": 1}
    assert report.completeness == 1.0
    assert report.status == slo.SLO_STATUS_NO_DATA
    assert report.latency[0].ToMilliseconds() < 60_000
