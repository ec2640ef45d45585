"""
Transfers that take two people and wait in transit, and the accounts that an account trusts.

Revision ID: 0009
Revises: 0007
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0009_transfers.sql"


def upgrade() -> None:
    make_trusted_accounts()
    make_transfer_proposals()
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def make_trusted_accounts() -> None:
    op.create_table(
        "trusted_accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("trusted_id", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account_id <> trusted_id", name=op.f("ck_trusted_accounts_two_accounts")
        ),
        sa.CheckConstraint("approved_by <> added_by", name=op.f("ck_trusted_accounts_two_people")),
        sa.CheckConstraint(
            "num_nonnulls(approved_by, approved_at, active_from) IN (0, 3)",
            name=op.f("ck_trusted_accounts_approved"),
        ),
        sa.CheckConstraint(
            "approved_at < expires_at", name=op.f("ck_trusted_accounts_approved_in_time")
        ),
        sa.CheckConstraint(
            "active_from > approved_at", name=op.f("ck_trusted_accounts_active_later")
        ),
        sa.CheckConstraint(
            "(removed_by IS NULL) = (removed_at IS NULL)", name=op.f("ck_trusted_accounts_removed")
        ),
        *_references(
            "trusted_accounts",
            {"account_id": "accounts", "trusted_id": "accounts"},
            "added_by",
            "approved_by",
            "removed_by",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_accounts")),
    )
    for column in ("trusted_id", "added_by", "approved_by", "removed_by"):
        op.create_index(op.f(f"ix_trusted_accounts_{column}"), "trusted_accounts", [column])
    op.create_index("ix_trusted_accounts_account_id", "trusted_accounts", ["account_id", "id"])
    op.create_index(
        "ix_trusted_accounts_kept",
        "trusted_accounts",
        ["account_id"],
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_trusted_accounts_standing",
        "trusted_accounts",
        ["account_id", "trusted_id"],
        unique=True,
        postgresql_where=sa.text("approved_at IS NOT NULL AND removed_at IS NULL"),
    )


def make_transfer_proposals() -> None:
    op.create_table(
        "transfer_proposals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("from_account", sa.BigInteger(), nullable=False),
        sa.Column("to_account", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_index", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_index", sa.BigInteger(), nullable=True),
        sa.Column("executes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_trusted", sa.Boolean(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_index", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        *_proposal_states(),
        *_references(
            "transfer_proposals",
            {"from_account": "accounts", "to_account": "accounts"},
            "proposed_by",
            "approved_by",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_proposals")),
        sa.UniqueConstraint("sent_index", name=op.f("uq_transfer_proposals_sent_index")),
    )
    for column in ("proposed_by", "approved_by"):
        op.create_index(op.f(f"ix_transfer_proposals_{column}"), "transfer_proposals", [column])
    for name, columns, where in (
        ("from", ["from_account", "id"], None),
        ("state_from", ["state", "from_account", "id"], None),
        ("to", ["to_account", "id"], "approved_at IS NOT NULL"),
        ("state_to", ["state", "to_account", "id"], None),
        ("day", ["from_account", "approved_at"], "is_trusted IS FALSE"),
        ("due", ["executes_at"], "state = 'scheduled'"),
        ("expiring", ["expires_at"], "state = 'proposed'"),
    ):
        op.create_index(
            f"ix_transfer_proposals_{name}",
            "transfer_proposals",
            columns,
            postgresql_where=None if where is None else sa.text(where),
        )


def _proposal_states() -> list[sa.CheckConstraint]:
    approved = "'scheduled', 'delivered', 'aborted', 'returned'"
    reasons = (
        "'proposer_not_allowed', 'approver_not_allowed', 'receiver_closed', 'no_longer_trusted'"
    )
    conditions = {
        "state": f"state IN ('proposed', 'withdrawn', 'lapsed', {approved})",
        "two_accounts": "from_account <> to_account",
        "credits": "credits BETWEEN 1 AND 9007199254740991",
        "digest_of_content": "digest = encode(sha256(convert_to(content, 'UTF8')), 'hex')",
        "expires_later": "expires_at > proposed_at",
        "two_people": "approved_by <> proposed_by",
        "approved": "num_nonnulls(approved_by, approved_at, sent_index, executes_at, is_trusted)"
        f" = CASE WHEN state IN ({approved}) THEN 5 ELSE 0 END",
        "ended": "num_nonnulls(ended_at, ended_index, ended_by)"
        " = CASE WHEN state IN ('proposed', 'scheduled') THEN 0 ELSE 3 END",
        "returned_for": "(state = 'returned') = (reason IS NOT NULL)",
        "reason": f"reason IN ({reasons})",
        "approved_in_time": "approved_at >= proposed_at AND approved_at < expires_at",
        "executes_later": "executes_at >= approved_at",
        "aborted_in_time": "state <> 'aborted' OR ended_at < executes_at",
        "not_early": "state NOT IN ('delivered', 'returned') OR ended_at >= executes_at",
        "lapsed_late": "state <> 'lapsed' OR ended_at >= expires_at",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_transfer_proposals_{name}"))
        for name, condition in conditions.items()
    ]


def _references(
    table: str, others: dict[str, str], *of_users: str
) -> list[sa.ForeignKeyConstraint]:
    goals = others | dict.fromkeys(of_users, "users")
    return [
        sa.ForeignKeyConstraint([column], [f"{goal}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, goal in goals.items()
    ]
