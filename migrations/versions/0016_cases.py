"""
Cases of over-issuance and of reversal, and the steps by which what is owed is made good.

Revision ID: 0016
Revises: 0015
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0016_cases.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
