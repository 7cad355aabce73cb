"""`pal quota ...`: what tenants, agents and runtimes may use, and how much of it is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import typer

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_cli.published import published
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, say, table, word

app = typer.Typer(no_args_is_help=True, help="What tenants, agents and runtimes may use, and how much is left.")

_CALL_SECONDS = 10.0
_PAGE = 200
_NANOS = 10**9
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))
_MEASURES = {"runs": "runs", "tokens": "tokens", "tool_calls": "tool calls"}

Name = Annotated[str, typer.Argument(help="quota, as in its metadata.name")]


@app.command("list")
@command
async def list_quotas(home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """List the quotas in force."""
    async with connected(home_of(home)) as mesh:
        documents = await published(mesh, registry.DOCUMENT_KIND_QUOTA)
    if output is OutputFormat.json:
        print_json({"quotas": [as_json(document) for document in documents]})
        return
    rows = [
        [
            document.ref.name,
            document.ref.version,
            _matched(document.quota.spec.match),
            ", ".join(_scopes(document.quota.spec)) or "together",
            ", ".join(_pools(document.quota.spec)),
            ", ".join(_bounds(document.quota.spec)) or "none",
            document.quota.spec.weight or 1,
        ]
        for document in documents
    ]
    columns = ["NAME", "VERSION", "BOUNDS", "COUNTED PER", "RUNS OF", "LIMITS", "WEIGHT"]
    table(columns, rows, empty="no quotas; `pal apply -f FILE` publishes some (docs/quotas.md)")


@app.command("show")
@command
async def show(name: Name, home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """Show one quota and how its counters stand."""
    async with connected(home_of(home)) as mesh:
        request = registry.GetDocumentRequest(
            kind=registry.DOCUMENT_KIND_QUOTA, selector=common.SpecSelector(name=name)
        )
        document = (await mesh.registry.GetDocument(request, timeout=_CALL_SECONDS)).document
        counters = [counter async for counter in _usage(mesh, name)]
    if output is OutputFormat.json:
        print_json({"quota": as_json(document), "counters": [as_json(counter) for counter in counters]})
        return
    terms = document.quota.spec
    say(f"[bold]{name}[/] {document.ref.version}  {document.quota.metadata.description}")
    say(f"bounds {_matched(terms.match)}, counted {_counted(terms)}")
    say(f"runs of {', '.join(_pools(terms))}; {', '.join(_bounds(terms)) or 'no limit'}; weight {terms.weight or 1}")
    say()
    _table(counters)


@app.command("usage")
@command
async def usage(
    name: Annotated[str, typer.Argument(help="only this quota; default: all")] = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Show what is used, reserved and allowed, by counter."""
    async with connected(home_of(home)) as mesh:
        if name:
            await mesh.registry.GetDocument(
                registry.GetDocumentRequest(kind=registry.DOCUMENT_KIND_QUOTA, selector=common.SpecSelector(name=name)),
                timeout=_CALL_SECONDS,
            )
        counters = [counter async for counter in _usage(mesh, name)]
    if output is OutputFormat.json:
        print_json({"counters": [as_json(counter) for counter in counters]})
    else:
        _table(counters)


async def _usage(mesh: Mesh, name: str) -> AsyncIterator[pb.QuotaCounter]:
    request = pb.ListUsageRequest(quota=name, page_size=_PAGE)
    while True:
        page = await mesh.quotas.ListUsage(request, timeout=_CALL_SECONDS)
        for counter in page.counters:
            yield counter
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def _table(counters: list[pb.QuotaCounter]) -> None:
    columns = ["QUOTA", "RUNS OF", "WHOSE", "LIMIT", "USED", "RESERVED", "ALLOWED", "LEFT", "RESETS AT"]
    rows = [row for counter in counters for row in _rows(counter)]
    table(columns, rows, empty="nothing is used of any quota")


def _rows(counter: pb.QuotaCounter) -> Iterator[list[object]]:
    key = counter.key
    whose = "/".join(filter(None, (key.tenant, key.agent, key.runtime))) or "all"
    for one in counter.usage:
        left = max(one.allowed - one.used - one.reserved, 0)
        yield [
            key.quota,
            word(common.ExecutionMode, key.pool, "EXECUTION_MODE_"),
            whose,
            _limit(one),
            *(_amount(number, one.currency_code) for number in (one.used, one.reserved, one.allowed, left)),
            moment(one.resets_at),
        ]


def _limit(one: pb.QuotaUsage) -> str:
    if one.measure == quotas.QUOTA_MEASURE_CONCURRENT_RUNS:
        return "runs at once"
    what = one.currency_code or word(quotas.QuotaMeasure, one.measure, "QUOTA_MEASURE_")
    return f"{what} per {_length(one.window.seconds)}"


def _matched(match: quotas.QuotaMatch) -> str:
    named = [f"{field} {name}" for field in ("tenant", "agent", "runtime") if (name := getattr(match, field)) != "*"]
    return ", ".join(one for one in named if not one.endswith(" ")) or "everything"


def _scopes(terms: quotas.QuotaTerms) -> list[str]:
    return [word(quotas.QuotaScope, scope, "QUOTA_SCOPE_") for scope in terms.per]


def _counted(terms: quotas.QuotaTerms) -> str:
    scopes = ", ".join(_scopes(terms))
    return f"per {scopes}" if scopes else "all together"


def _pools(terms: quotas.QuotaTerms) -> list[str]:
    return [word(common.ExecutionMode, pool, "EXECUTION_MODE_") for pool in terms.pools] or ["live"]


def _bounds(terms: quotas.QuotaTerms) -> Iterator[str]:
    for limit in terms.limits:
        length = _length(limit.window.seconds)
        for field, what in _MEASURES.items():
            if limit.HasField(field):
                yield f"{getattr(limit, field)} {what} per {length}"
        if limit.HasField("cost"):
            yield f"{_amount(limit.cost.nanos, limit.cost.currency_code)} per {length}"
    if terms.HasField("concurrent_runs"):
        yield f"{terms.concurrent_runs} runs at once"


def _length(seconds: int) -> str:
    return next((f"{seconds // unit}{short}" for short, unit in _UNITS if seconds % unit == 0), f"{seconds}s")


def _amount(number: int, currency: str) -> str:
    if not currency:
        return str(number)
    return f"{number / _NANOS:.6f}".rstrip("0").rstrip(".") + f" {currency}"
