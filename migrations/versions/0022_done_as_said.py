"""
What two people approved is what is done, and roles are what the last act about a user said.

Revision ID: 0022
Revises: 0021
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0022_done_as_said.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
