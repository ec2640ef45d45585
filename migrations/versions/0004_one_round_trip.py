"""
A commit may be one statement: the door takes salts too, and tells a stale decision by itself.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0004_one_round_trip.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
