"""Replays over several machines: a queue in PostgreSQL, kept by procrastinate, which knows of jobs and not of runs.

A job is the request for one replay. Whoever works on it asks the router of its own mesh. The meshes share the record:
what a job gives is a run in it, and doing a job twice gives the same run.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
from google.protobuf import json_format
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal_rpc.config import StartError
from pal_rpc.postgres import checked, connected, shown, start_error
from pal_transfer.replays import replayed

log = logging.getLogger("pal.replays")

SETTING = "--queue"
_QUEUE, _TASK = "pal-replays", "pal.replay"
_HEARTBEAT_SECONDS, _LOST_SECONDS = 2.0, 10.0
# procrastinate tells of new jobs, not of ended ones.
_LOOK_SECONDS = 0.5
_ATTEMPTS = 5


class Lost(Exception):
    """The router of this machine cannot be reached."""


async def carried_out(
    url: str, requests: Sequence[pb.ReplayRequest], per_second: float, told: Callable[[int], None]
) -> None:
    """Queue *requests*, beginning at most *per_second* (0: no bound), and wait until workers have ended them.

    What is queued already is not queued again; a job whose worker was lost goes back. *told* gets how many are left.

    Raises:
        StartError: the database cannot be used.
    """
    async with _queue(url) as app:
        await _queued(app, requests, per_second)
        ours = {request.request_id for request in requests}
        while left := await _left(app, ours):
            told(left)
            for job in await app.job_manager.get_stalled_jobs(
                queue=_QUEUE, task_name=_TASK, seconds_since_heartbeat=_LOST_SECONDS
            ):
                await app.job_manager.retry_job(job, retry_at=_now())
            await asyncio.sleep(_LOOK_SECONDS)
        told(0)


async def work(url: str, router: rpc.RouterServiceStub, workers: int, *, until_empty: bool) -> None:
    """Work on the jobs of the queue, *workers* at a time, until a signal comes or, if asked, until it is empty.

    Raises:
        StartError: the database cannot be used.
    """

    async def replay(request: str) -> None:
        asked = json_format.Parse(request, pb.ReplayRequest())
        result = await replayed(router, asked, shared.Run(run_id=asked.source_run_id))
        log.info("%s: %s %s", asked.source_run_id, result.outcome, result.reason)
        if result.reason == "UNAVAILABLE":
            raise Lost(result.message)

    async with _queue(url) as app:
        app.task(name=_TASK, retry=RetryStrategy(max_attempts=_ATTEMPTS, exponential_wait=2))(replay)
        await app.run_worker_async(
            queues=[_QUEUE],
            concurrency=workers,
            wait=not until_empty,
            update_heartbeat_interval=_HEARTBEAT_SECONDS,
            stalled_worker_timeout=_LOST_SECONDS,
        )


@asynccontextmanager
async def _queue(url: str) -> AsyncIterator[App]:
    await _prepared(url)
    app = App(connector=PsycopgConnector(conninfo=checked(url, SETTING)))
    try:
        async with app.open_async():
            yield app
    except ConnectorException as error:
        raise StartError(f"{SETTING}={shown(url)}: {error.__cause__ or error}; repeat the command to go on") from None


async def _prepared(url: str) -> None:
    async with await connected(url, SETTING) as connection:
        try:
            # Two that start at once prepare it one after the other.
            await connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (_QUEUE,))
            async with App(connector=PsycopgConnector(conninfo=checked(url, SETTING))).open_async() as app:
                if not await app.check_connection_async():
                    await app.schema_manager.apply_schema_async()
        except psycopg.Error as error:
            raise start_error(url, error, SETTING) from None


async def _queued(app: App, requests: Sequence[pb.ReplayRequest], per_second: float) -> None:
    began = _now()
    for number, request in enumerate(requests):
        begin_at = began + datetime.timedelta(seconds=number / per_second) if per_second else None
        job = app.configure_task(_TASK, queue=_QUEUE, queueing_lock=request.request_id, schedule_at=begin_at)
        try:
            await job.defer_async(request=json_format.MessageToJson(request, indent=None))
        except AlreadyEnqueued:
            continue


async def _left(app: App, ours: set[str]) -> int:
    left = 0
    for status in ("todo", "doing"):
        jobs = await app.job_manager.list_jobs_async(queue=_QUEUE, task=_TASK, status=status)
        left += sum(job.queueing_lock in ours for job in jobs)
    return left


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
