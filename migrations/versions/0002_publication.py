"""
What has been published of the log, and the role of the publisher.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.create_table(
        "log_checkpoint",
        sa.Column("only_row", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signing_size", sa.BigInteger(), nullable=False),
        sa.Column("signing_root", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_log_checkpoint_only_row")),
        sa.CheckConstraint(
            "size <= signing_size", name=op.f("ck_log_checkpoint_signed_before_published")
        ),
        sa.CheckConstraint(
            "octet_length(root) = 32 AND octet_length(signing_root) = 32",
            name=op.f("ck_log_checkpoint_hashes"),
        ),
        sa.CheckConstraint("(note IS NULL) = (size = 0)", name=op.f("ck_log_checkpoint_note")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_log_checkpoint")),
    )
    connection = op.get_bind().connection
    script = (SQL / "0002_publication.sql").read_text(encoding="utf-8")
    await_only(connection.driver_connection.execute(script))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
