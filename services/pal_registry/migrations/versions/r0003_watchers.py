"""Who follows the routes, for a registry that begins anew."""

from __future__ import annotations

from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Create the table."""
    op.execute("CREATE TABLE watchers (name text PRIMARY KEY)")
