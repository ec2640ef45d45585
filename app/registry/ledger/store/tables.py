"""What the ledger keeps."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.kernel.db import metadata
from app.kernel.quantities import CREDITS_MAX

accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner_party_id", Text, ForeignKey("parties.id"), nullable=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=True),
    CheckConstraint("(kind = 'holding') = (owner_party_id IS NOT NULL)", name="holdings_are_owned"),
    CheckConstraint("(kind = 'holding') = (id > 1000)", name="registry_accounts_come_first"),
    CheckConstraint(
        "kind IN ('holding','source','buffer','transit','retired','cancelled','exported')",
        name="kind",
    ),
    CheckConstraint("status IN ('open','closed')", name="status"),
    CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    Index(None, "owner_party_id", "id"),
)

# Accounts to which an account may send at once: put there by two people, and taken off by one.
trusted_accounts = Table(
    "trusted_accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("trusted_id", BigInteger, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("added_by", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text, ForeignKey("users.id"), nullable=True, index=True),
    Column("approved_at", DateTime(timezone=True), nullable=True),
    Column("active_from", DateTime(timezone=True), nullable=True),
    Column("removed_by", Text, ForeignKey("users.id"), nullable=True, index=True),
    Column("removed_at", DateTime(timezone=True), nullable=True),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("account_id <> trusted_id", name="two_accounts"),
    CheckConstraint("approved_by <> added_by", name="two_people"),
    CheckConstraint(
        "num_nonnulls(approved_by, approved_at, active_from) IN (0, 3)", name="approved"
    ),
    CheckConstraint("approved_at < expires_at", name="approved_in_time"),
    CheckConstraint("active_from > approved_at", name="active_later"),
    CheckConstraint("(removed_by IS NULL) = (removed_at IS NULL)", name="removed"),
    Index("ix_trusted_accounts_account_id", "account_id", "id"),
    Index(
        "ix_trusted_accounts_kept",
        "account_id",
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index(
        "uq_trusted_accounts_standing",
        "account_id",
        "trusted_id",
        unique=True,
        postgresql_where=text("approved_at IS NOT NULL AND removed_at IS NULL"),
    ),
)

# What an account has set for itself: whether it accepts what comes, and most that it sends.
account_terms = Table(
    "account_terms",
    metadata,
    Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True),
    Column("asks_acceptance", Boolean, nullable=False),
    Column("credits_max", BigInteger),
    Column("credits_per_day_max", BigInteger),
    Column("raised_credits_max", BigInteger),
    Column("raised_credits_per_day_max", BigInteger),
    Column("raised_from", DateTime(timezone=True)),
    Column("set_by", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint(
        "least(credits_max, credits_per_day_max, raised_credits_max, raised_credits_per_day_max)"
        " >= 1",
        name="limits",
    ),
    CheckConstraint(
        "raised_from IS NOT NULL"
        " OR num_nonnulls(raised_credits_max, raised_credits_per_day_max) = 0",
        name="raised",
    ),
)

# What is, or was, frozen: an account, or serials of a batch; by an order that two officers gave.
freezes = Table(
    "freezes",
    metadata,
    Column("id", Text, ForeignKey("orders.id"), primary_key=True),
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=True),
    Column("batch_id", BigInteger, ForeignKey("batches.id"), nullable=True),
    Column("first_serial", BigInteger, nullable=True),
    Column("last_serial", BigInteger, nullable=True),
    Column("frozen_at", DateTime(timezone=True), nullable=False),
    Column("frozen_index", BigInteger, nullable=False),
    Column("released_at", DateTime(timezone=True), nullable=True),
    Column("released_index", BigInteger, nullable=True),
    Column("released_by", Text, ForeignKey("orders.id"), nullable=True, unique=True),
    CheckConstraint("num_nonnulls(account_id, batch_id) = 1", name="of_one_thing"),
    CheckConstraint(
        "num_nonnulls(batch_id, first_serial, last_serial) IN (0, 3)", name="serials_of_batch"
    ),
    CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
    CheckConstraint(
        "num_nonnulls(released_at, released_index, released_by) IN (0, 3)", name="released"
    ),
    CheckConstraint("released_index > frozen_index", name="released_later"),
    Index("ix_freezes_account_id", "account_id", "id"),
    Index("ix_freezes_batch_id", "batch_id", "id"),
    # Empty while nothing is frozen: every commit that moves credits looks at the first of them.
    Index("ix_freezes_standing", "id", postgresql_where=text("released_at IS NULL")),
    Index(
        "ix_freezes_standing_account",
        "account_id",
        "id",
        postgresql_where=text("released_at IS NULL"),
    ),
    Index(
        "ix_freezes_standing_batch",
        "batch_id",
        "first_serial",
        postgresql_where=text("released_at IS NULL"),
    ),
)

# Which act took another one back. An act is reversed once.
reversals = Table(
    "reversals",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("reverses", BigInteger, nullable=False),
    Column("order_id", Text, ForeignKey("orders.id"), nullable=False),
    UniqueConstraint("reverses"),
    UniqueConstraint("order_id"),
    CheckConstraint("reverses < log_index", name="goes_back"),
    info={"history": True},
)

batches = Table(
    "batches",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("vintage", Integer, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("serial_prefix", Text, nullable=False, unique=True),
    Column("programme_code", Text, nullable=False),
    Column("project_code", Text, nullable=False),
    Column("project_name", Text, nullable=False),
    Column("activity_id", Text, ForeignKey("activities.id"), nullable=True),
    Column("province_code", Text, nullable=True),
    Column("log_index", BigInteger, nullable=False, index=True),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"credits BETWEEN 1 AND {CREDITS_MAX}", name="credits"),
    CheckConstraint("vintage BETWEEN 1990 AND 2200", name="vintage"),
    CheckConstraint("id / 10000000000 = vintage", name="id_carries_vintage"),
    # A batch's id carries its vintage.
    Index(None, "project_code", "id"),
    Index(None, "activity_id", "id"),
    Index(None, "province_code", "id"),
    Index(None, "programme_code", "id"),
    info={"door": True},
)

# A block runs from its first serial to the next row's first serial minus one, or to the batch's
# end. So no two
# blocks can overlap and no serial can be missing: neither can be written down.
blocks = Table(
    "blocks",
    metadata,
    Column("batch_id", BigInteger, nullable=False),
    Column("first_serial", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("log_index", BigInteger, nullable=False),  # the movement that brought it here
    PrimaryKeyConstraint("batch_id", "first_serial"),
    CheckConstraint("first_serial >= 1", name="first_serial"),
    Index("ix_blocks_account_id", "account_id", "batch_id", "first_serial"),
    info={"door": True},
    postgresql_with={"fillfactor": "80"},
)

balances = Table(
    "balances",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "batch_id"),
    # Only the source account, out of which credits are issued, stands below zero: by what it
    # issued.
    CheckConstraint("credits >= 0 OR account_id = 1", name="not_negative"),
    info={"door": True},
    postgresql_with={"fillfactor": "80"},
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("log_index", BigInteger, nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("first_serial", BigInteger, nullable=False),
    Column("last_serial", BigInteger, nullable=False),
    Column("from_account", BigInteger, nullable=False),
    Column("to_account", BigInteger, nullable=False),
    Column("from_balance", BigInteger, nullable=False),
    Column("to_balance", BigInteger, nullable=False),
    Column("from_total", BigInteger, nullable=False),
    Column("to_total", BigInteger, nullable=False),
    Column("previous_log_index", BigInteger, nullable=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("log_index", "line"),
    CheckConstraint("first_serial BETWEEN 1 AND last_serial", name="serials"),
    CheckConstraint("from_account <> to_account", name="two_accounts"),
    CheckConstraint("from_account NOT IN (4, 5, 6)", name="final_accounts_keep"),
    CheckConstraint("to_account <> 1", name="nothing_returns_to_source"),
    CheckConstraint("from_balance >= 0 OR from_account = 1", name="from_balance"),
    CheckConstraint("to_balance > 0 AND to_total >= to_balance", name="to_balance"),
    CheckConstraint("(previous_log_index IS NULL) = (from_account = 1)", name="lineage"),
    CheckConstraint("previous_log_index < log_index", name="lineage_goes_back"),
    CheckConstraint("kind BETWEEN 1 AND 12", name="kind"),
    CheckConstraint("kind <> 12 OR (from_account > 1000 AND to_account > 1000)", name="reversed"),
    # The buffer gives by decision of the authority alone: released (7), or cancelled (8).
    CheckConstraint("(from_account = 2) = (kind IN (7, 8))", name="buffer"),
    # What waits enters and leaves the transit account by its own kinds of movement alone.
    CheckConstraint(
        "(kind = 9) = (to_account = 3) AND (kind IN (10, 11)) = (from_account = 3)", name="transit"
    ),
    Index("ix_ledger_entries_from", "from_account", "log_index", "line"),
    Index("ix_ledger_entries_to", "to_account", "log_index", "line"),
    Index("ix_ledger_entries_from_batch", "from_account", "batch_id", "log_index", "line"),
    Index("ix_ledger_entries_to_batch", "to_account", "batch_id", "log_index", "line"),
    Index("ix_ledger_entries_batch", "batch_id", "log_index", "line"),
    info={"door": True, "history": True},
)

endings = Table(
    "endings",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("purpose_code", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("commitment", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("kind IN (4, 5, 8)", name="kind"),
    CheckConstraint("credits > 0", name="credits"),
    CheckConstraint("visibility IN ('public','anonymous')", name="visibility"),
    Index("ix_endings_account_id", "account_id", "kind", "log_index"),
    Index("ix_endings_kind", "kind", "log_index"),
    info={"door": True, "history": True},
)

# Names and reasons stand apart from the history that commits to them: they can be erased, history
# cannot.
ending_statements = Table(
    "ending_statements",
    metadata,
    Column(
        "log_index",
        BigInteger,
        ForeignKey("endings.log_index"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("salt", LargeBinary, nullable=False),
    Column("beneficiary_name", Text, nullable=False),
    Column("beneficiary_kind", Text, nullable=False),
    Column("beneficiary_identifier", Text, nullable=True),
    Column("reason", Text, nullable=True),
    CheckConstraint("beneficiary_kind IN ('organisation','person')", name="beneficiary_kind"),
    CheckConstraint("octet_length(salt) = 32", name="salt"),
    info={"door": True, "erasable": "rows"},
)
