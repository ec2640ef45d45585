"""
Sums of the ledger by year, programme and province, kept by a trigger.

Revision ID: 0025
Revises: 0024
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0025_sums.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
