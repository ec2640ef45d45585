"""The tables of verification: assignments, opinions with their parts, reviews."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

verifications = Table(
    "verifications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("report_id", Text, nullable=False, unique=True),
    Column("activity_id", Text, nullable=False),
    Column("vvb_party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("lead_user_id", Text, ForeignKey("users.id")),
    Column("reviewer_user_id", Text, ForeignKey("users.id")),
    Column("status", Text, nullable=False),
    Column("opinion_number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("assigned_by", Text, ForeignKey("users.id"), nullable=False),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["report_id", "activity_id"], ["monitoring_reports.id", "monitoring_reports.activity_id"]
    ),
    UniqueConstraint("id", "report_id"),
    CheckConstraint(
        "status in ('assigned', 'awaiting_review', 'sent_back', 'concluded')", name="status_known"
    ),
    CheckConstraint("lead_user_id <> reviewer_user_id", name="four_eyes"),
    CheckConstraint("(opinion_number = 0) = (lead_user_id is null)", name="lead_gave_opinion"),
    CheckConstraint(
        "(status = 'concluded') = (reviewer_user_id is not null)", name="reviewer_concluded"
    ),
    CheckConstraint("opinion_number >= 0 and version >= 1", name="version_range"),
    Index(None, "activity_id", "id"),
    Index(None, "vvb_party_id", "id"),
)

verification_opinions = Table(
    "verification_opinions",
    metadata,
    Column("verification_id", Text, ForeignKey("verifications.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("lead_user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("assurance", Text, nullable=False),
    Column("materiality_percent", Numeric(5, 2), nullable=False),
    Column("statement", Text),  # null: erased
    Column("no_conflict_of_interest", Boolean, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    UniqueConstraint("verification_id", "number", "lead_user_id"),
    CheckConstraint("number >= 1", name="number_range"),
    CheckConstraint("no_conflict_of_interest", name="impartial"),
    CheckConstraint(
        "conclusion in ('unmodified', 'modified', 'adverse', 'disclaimer')", name="conclusion_known"
    ),
    CheckConstraint("assurance in ('reasonable', 'limited')", name="assurance_known"),
    CheckConstraint("materiality_percent between 0 and 100", name="percent"),
    info={"history": True, "erasable": ("statement",)},
)

_OPINION_KEY: Final = ["verification_opinions.verification_id", "verification_opinions.number"]

# A line points at the report's own line, so more than was monitored cannot be verified.
verification_lines = Table(
    "verification_lines",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("vintage", Integer, primary_key=True),
    Column("report_id", Text, nullable=False),
    Column("report_revision", Integer, nullable=False),
    Column("monitored_tco2e", Numeric(18, 6), nullable=False),
    Column("verified_tco2e", Numeric(18, 6), nullable=False),
    Column("buffer_credits", BigInteger, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(["verification_id", "number"], _OPINION_KEY),
    ForeignKeyConstraint(
        ["verification_id", "report_id"],
        ["verifications.id", "verifications.report_id"],
        name="fk_verification_lines_report",
    ),
    ForeignKeyConstraint(
        ["report_id", "report_revision", "vintage", "monitored_tco2e"],
        [
            f"monitoring_lines.{name}"
            for name in ("report_id", "revision", "vintage", "monitored_tco2e")
        ],
        name="fk_verification_lines_monitored",
    ),
    # What is issued points at exactly this line (issuance_lines).
    UniqueConstraint(
        "verification_id",
        "number",
        "vintage",
        "verified_tco2e",
        "buffer_credits",
        name="uq_verification_lines_verified",
    ),
    CheckConstraint("verified_tco2e between 0 and monitored_tco2e", name="at_most_monitored"),
    CheckConstraint("buffer_credits between 0 and floor(verified_tco2e)", name="buffer_range"),
    info={"history": True},
)

verification_findings = Table(
    "verification_findings",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("finding_class", Text, nullable=False),
    Column("description", Text),  # null: erased
    Column("response", Text),
    Column("is_closed", Boolean, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(["verification_id", "number"], _OPINION_KEY),
    CheckConstraint(
        "finding_class in ('material_misstatement', 'misstatement', 'nonconformity')",
        name="class_known",
    ),
    info={"history": True, "erasable": ("description", "response")},
)

verification_documents = Table(
    "verification_documents",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False, index=True),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(["verification_id", "number"], _OPINION_KEY),
    info={"history": True},
)

# An opinion is reviewed once, by somebody else than the one who gave it.
verification_reviews = Table(
    "verification_reviews",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("lead_user_id", Text, nullable=False),
    Column("reviewer_user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text),  # null: erased
    Column("reviewed_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["verification_id", "number", "lead_user_id"],
        [*_OPINION_KEY, "verification_opinions.lead_user_id"],
    ),
    CheckConstraint("reviewer_user_id <> lead_user_id", name="four_eyes"),
    info={"history": True, "erasable": ("reason",)},
)
