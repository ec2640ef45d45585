"""
Orders of the authority: freezes, their release, and reversals of errors.

Revision ID: 0011
Revises: 0010
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0011_freezes.sql"

TARGET = (
    ("account_id", sa.BigInteger()),
    ("batch_id", sa.BigInteger()),
    ("first_serial", sa.BigInteger()),
    ("last_serial", sa.BigInteger()),
)


def upgrade() -> None:
    make_orders()
    make_freezes()
    make_reversals()
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def make_orders() -> None:
    target = "num_nonnulls(account_id, batch_id)"
    op.create_table(
        "orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        *(sa.Column(name, kind, nullable=True) for name, kind in TARGET),
        sa.Column("freeze_id", sa.Text(), nullable=True),
        sa.Column("act", sa.BigInteger(), nullable=True),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.Column("document_sha256", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "action IN ('freeze', 'release', 'reversal')", name=op.f("ck_orders_action")
        ),
        sa.CheckConstraint(
            f"CASE action WHEN 'freeze' THEN {target} = 1 AND freeze_id IS NULL AND act IS NULL"
            f" WHEN 'release' THEN {target} = 0 AND freeze_id IS NOT NULL AND act IS NULL"
            f" ELSE {target} = 0 AND freeze_id IS NULL AND act IS NOT NULL END",
            name=op.f("ck_orders_about"),
        ),
        *_serials("orders"),
        sa.CheckConstraint("document_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_orders_document")),
        sa.CheckConstraint("expires_at > proposed_at", name=op.f("ck_orders_expires_later")),
        *_references(
            "orders",
            account_id="accounts",
            batch_id="batches",
            freeze_id="orders",
            document_id="documents",
            proposed_by="users",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("log_index", name=op.f("uq_orders_log_index")),
        sa.UniqueConstraint("id", "proposed_by", "expires_at", name="uq_orders_approvable"),
    )
    for column in ("account_id", "batch_id", "freeze_id", "document_id", "proposed_by"):
        op.create_index(op.f(f"ix_orders_{column}"), "orders", [column])
    op.create_table(
        "order_approvals",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "approved_by <> proposed_by", name=op.f("ck_order_approvals_two_people")
        ),
        sa.CheckConstraint("approved_at < expires_at", name=op.f("ck_order_approvals_in_time")),
        sa.ForeignKeyConstraint(
            ["order_id", "proposed_by", "expires_at"],
            ["orders.id", "orders.proposed_by", "orders.expires_at"],
            name="fk_order_approvals_order",
        ),
        *_references("order_approvals", approved_by="users"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_approvals")),
        sa.UniqueConstraint("log_index", name=op.f("uq_order_approvals_log_index")),
    )
    op.create_index(op.f("ix_order_approvals_approved_by"), "order_approvals", ["approved_by"])


def make_freezes() -> None:
    standing = sa.text("released_at IS NULL")
    op.create_table(
        "freezes",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, kind, nullable=True) for name, kind in TARGET),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_index", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_index", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(account_id, batch_id) = 1", name=op.f("ck_freezes_of_one_thing")
        ),
        *_serials("freezes"),
        sa.CheckConstraint(
            "num_nonnulls(released_at, released_index, released_by) IN (0, 3)",
            name=op.f("ck_freezes_released"),
        ),
        sa.CheckConstraint("released_index > frozen_index", name=op.f("ck_freezes_released_later")),
        *_references(
            "freezes", id="orders", account_id="accounts", batch_id="batches", released_by="orders"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
        sa.UniqueConstraint("released_by", name=op.f("uq_freezes_released_by")),
    )
    op.create_index("ix_freezes_account_id", "freezes", ["account_id", "id"])
    op.create_index("ix_freezes_batch_id", "freezes", ["batch_id", "id"])
    for name, columns in (
        ("standing", ["id"]),
        ("standing_account", ["account_id", "id"]),
        ("standing_batch", ["batch_id", "first_serial"]),
    ):
        op.create_index(f"ix_freezes_{name}", "freezes", columns, postgresql_where=standing)


def make_reversals() -> None:
    op.create_table(
        "reversals",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reverses", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.CheckConstraint("reverses < log_index", name=op.f("ck_reversals_goes_back")),
        *_references("reversals", order_id="orders"),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_reversals")),
        sa.UniqueConstraint("reverses", name=op.f("uq_reversals_reverses")),
        sa.UniqueConstraint("order_id", name=op.f("uq_reversals_order_id")),
    )


def _serials(table: str) -> list[sa.CheckConstraint]:
    conditions = {
        "serials_of_batch": "num_nonnulls(batch_id, first_serial, last_serial) IN (0, 3)",
        "serials": "first_serial BETWEEN 1 AND last_serial",
    }
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
        for name, condition in conditions.items()
    ]


def _references(table: str, **goals: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{goal}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, goal in goals.items()
    ]
