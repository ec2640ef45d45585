"""
Lists go along an index to their end, also where there is nothing of what is asked for.

Most take the place of an index on the same first column. New are one on batches, which costs an
issuance and each block that is taken over some microseconds, and two on parties and users.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name, columns in (
        ("accounts", "owner_party_id", ["owner_party_id", "id"]),
        ("batches", "activity_id", ["activity_id", "id"]),
        ("batches", "project_code", ["project_code", "id"]),
        ("batches", "province_code", ["province_code", "id"]),
    ):
        op.drop_index(f"ix_{table}_{name}", table_name=table)
        op.create_index(op.f(f"ix_{table}_{name}_id"), table, columns)
    op.drop_index("ix_endings_account_id", table_name="endings")
    op.create_index("ix_endings_account_id", "endings", ["account_id", "kind", "log_index"])
    op.create_index(op.f("ix_batches_programme_code_id"), "batches", ["programme_code", "id"])
    op.create_index(
        op.f("ix_parties_province_code_kind_id"), "parties", ["province_code", "kind", "id"]
    )
    op.create_index(
        "ix_users_administrators",
        "users",
        ["id"],
        postgresql_where=sa.text("roles @> '{administrator}'"),
    )


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")
