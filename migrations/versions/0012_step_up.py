"""
What an account sets for itself, and transfers that wait for their receiver's word.

Revision ID: 0012
Revises: 0010
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0012_step_up.sql"


def upgrade() -> None:
    make_account_terms()
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def make_account_terms() -> None:
    op.create_table(
        "account_terms",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("asks_acceptance", sa.Boolean(), nullable=False),
        sa.Column("credits_max", sa.BigInteger(), nullable=True),
        sa.Column("credits_per_day_max", sa.BigInteger(), nullable=True),
        sa.Column("raised_credits_max", sa.BigInteger(), nullable=True),
        sa.Column("raised_credits_per_day_max", sa.BigInteger(), nullable=True),
        sa.Column("raised_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "least(credits_max, credits_per_day_max, raised_credits_max,"
            " raised_credits_per_day_max) >= 1",
            name=op.f("ck_account_terms_limits"),
        ),
        sa.CheckConstraint(
            "raised_from IS NOT NULL"
            " OR num_nonnulls(raised_credits_max, raised_credits_per_day_max) = 0",
            name=op.f("ck_account_terms_raised"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_terms_account_id")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_account_terms_set_by")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_terms")),
    )
    op.create_index(op.f("ix_account_terms_set_by"), "account_terms", ["set_by"])
