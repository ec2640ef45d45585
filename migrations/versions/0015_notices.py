"""
Notices to people, written with the acts that they are of, and their mail.

Revision ID: 0015
Revises: 0014
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0015_notices.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
