"""
Bounds of applications and their files, held by the database; erasure takes their questions along.

Revision ID: 0024
Revises: 0023
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0024_application_bounds.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
