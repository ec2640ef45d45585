"""
Steps of cases are held to the acts that they name.

Revision ID: 0023
Revises: 0022
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0023_case_steps.sql"


def upgrade() -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
