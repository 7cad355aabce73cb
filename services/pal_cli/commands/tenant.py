"""`pal tenant token`: who a caller is, for meshes that more than one tenant uses."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pal_cli.failures import CommandError
from pal_cli.settings import HomeOption, command, home_of
from pal_registry.names import problem_with_name
from pal_rpc.identity import issue_tenant_token
from pal_rpc.keys import MESH, private_key

app = typer.Typer(no_args_is_help=True, help="Tokens that say to which tenant a caller belongs.")


# With one command alone, it would be the whole group.
@app.callback()
def _group() -> None:
    pass


@app.command("token")
@command
async def token(
    tenant: Annotated[str, typer.Argument(help="name of the tenant")],
    home: HomeOption = None,
    caller: Annotated[str, typer.Option("--caller", help="who the caller is within the tenant")] = "anonymous",
) -> None:
    """Print a token for callers of a tenant, signed by this mesh; `pal run --token-file` and PAL_TOKEN_FILE use it."""
    keys = home_of(home).keys
    if not tenant.strip() or not caller.strip():
        raise CommandError("name the tenant, and the caller if there is --caller")
    if problem := problem_with_name(tenant):
        raise CommandError(f"tenant: {problem}")
    if not (keys / "mesh.key").exists():
        raise CommandError(f"{keys}: there are no keys of a mesh; `pal up` makes them, --home names another mesh")
    sys.stdout.write(issue_tenant_token(private_key(keys, MESH), caller, tenant) + "\n")
