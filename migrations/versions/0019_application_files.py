"""
Files of applications for an account: under keys of their own, and gone when they may not stay.

Revision ID: 0019
Revises: 0018
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0019_application_files.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
