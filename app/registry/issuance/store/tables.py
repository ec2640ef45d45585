"""The tables of issuance: decisions, and what each vintage became."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)

from app.kernel.db import metadata

issuances = Table(
    "issuances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("report_id", Text, nullable=False, unique=True),
    Column("activity_id", Text, nullable=False),
    Column("verification_id", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("meeting", Text),
    Column("decided_on", Date, nullable=False),
    Column("document_id", Text, ForeignKey("documents.id")),
    Column("reason", Text),  # a refusal cannot be inserted without one (migrations, 0003_erasure)
    Column("decided_by", Text, ForeignKey("users.id"), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["report_id", "activity_id"], ["monitoring_reports.id", "monitoring_reports.activity_id"]
    ),
    # No issuance without a verification of this very report: a programme without verification
    # (LESS) cannot come here, and the programmes' own table lets none mint unverified.
    ForeignKeyConstraint(
        ["verification_id", "report_id"],
        ["verifications.id", "verifications.report_id"],
        name="fk_issuances_verification",
    ),
    UniqueConstraint("id", "activity_id", "verification_id"),  # what its lines belong to
    CheckConstraint("meeting is not null or document_id is not null", name="grounded"),
    Index(None, "activity_id", "id"),
    info={"history": True, "erasable": ("reason",)},
)

# More than was verified cannot be issued, over all issuances of an activity and vintage: a line's
# tonnes are those of the verification's own line, what is carried in is exactly what one earlier
# line left, and each remainder is carried at most once.
issuance_lines = Table(
    "issuance_lines",
    metadata,
    Column("issuance_id", Text, primary_key=True),
    Column("vintage", Integer, primary_key=True),
    Column("activity_id", Text, nullable=False),
    Column("verification_id", Text, nullable=False),
    Column("opinion_number", Integer, nullable=False),
    Column("verified_tco2e", Numeric(18, 6), nullable=False),
    Column("carried_from_issuance_id", Text),
    Column("carried_in_tco2e", Numeric(18, 6), nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("buffer_credits", BigInteger, nullable=False),
    Column("remainder_tco2e", Numeric(18, 6), nullable=False),
    # Checked at the end of the commit, because the batches of all its acts are written last.
    Column(
        "batch_id",
        BigInteger,
        ForeignKey("batches.id", deferrable=True, initially="DEFERRED"),
        unique=True,
    ),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["issuance_id", "activity_id", "verification_id"],
        ["issuances.id", "issuances.activity_id", "issuances.verification_id"],
        name="fk_issuance_lines_issuance",
    ),
    ForeignKeyConstraint(
        ["verification_id", "opinion_number", "vintage", "verified_tco2e", "buffer_credits"],
        [
            f"verification_lines.{name}"
            for name in ("verification_id", "number", "vintage", "verified_tco2e", "buffer_credits")
        ],
        name="fk_issuance_lines_verified",
    ),
    UniqueConstraint(
        "issuance_id",
        "activity_id",
        "vintage",
        "remainder_tco2e",
        name="uq_issuance_lines_remainder",
    ),
    ForeignKeyConstraint(
        ["carried_from_issuance_id", "activity_id", "vintage", "carried_in_tco2e"],
        [
            f"issuance_lines.{name}"
            for name in ("issuance_id", "activity_id", "vintage", "remainder_tco2e")
        ],
        name="fk_issuance_lines_carried",
    ),
    UniqueConstraint("carried_from_issuance_id", "vintage", name="uq_issuance_lines_carried_once"),
    CheckConstraint("carried_from_issuance_id <> issuance_id", name="carried_from_another"),
    CheckConstraint(
        "(carried_from_issuance_id is null) = (carried_in_tco2e = 0)", name="carried_from"
    ),
    CheckConstraint("remainder_tco2e >= 0 and remainder_tco2e < 1", name="remainder_range"),
    CheckConstraint(
        "verified_tco2e + carried_in_tco2e = credits + remainder_tco2e", name="rounded_down"
    ),
    CheckConstraint("buffer_credits between 0 and credits", name="buffer_range"),
    CheckConstraint("(batch_id is null) = (credits = 0)", name="batch_when_credits"),
    Index(None, "activity_id", "vintage"),
    info={"history": True},
)
