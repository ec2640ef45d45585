"""
The working calendar; and how parties come in.

Revision ID: 0007
Revises: 0005
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0007_parties.sql"


def upgrade() -> None:
    make_calendar()
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def make_calendar() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("year BETWEEN 2000 AND 2200", name=op.f("ck_calendar_years_year_range")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_calendar_years_version_range")),
        sa.PrimaryKeyConstraint("year", "version", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "holidays",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("extract(year FROM day) = year", name=op.f("ck_holidays_in_its_year")),
        sa.ForeignKeyConstraint(
            ["year", "version"],
            ["calendar_years.year", "calendar_years.version"],
            name=op.f("fk_holidays_year"),
        ),
        sa.PrimaryKeyConstraint("year", "version", "day", name=op.f("pk_holidays")),
    )
