"""
Acts of two people: values of their rule that are to come count.

Revision ID: 0021
Revises: 0020
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0021_lasting_pairs.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
