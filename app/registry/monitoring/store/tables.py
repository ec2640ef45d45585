"""The tables of monitoring: reports, their lines, documents and events, and recognitions."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from app.kernel.db import metadata
from app.registry.monitoring.rules import (
    ReportStatus,
)

_STATUSES = ", ".join(f"'{status}'" for status in ReportStatus)

monitoring_reports = Table(
    "monitoring_reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("activity_id", Text, ForeignKey("activities.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("vvb_party_id", Text, ForeignKey("parties.id")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("id", "activity_id"),  # what follows from a report names its activity too
    CheckConstraint(f"status in ({_STATUSES})", name="status_known"),
    CheckConstraint("period_start <= period_end", name="period_order"),
    CheckConstraint("version >= 1 and revision between 1 and version", name="version_range"),
    CheckConstraint(
        "(vvb_party_id is null) = (status in ('draft', 'submitted', 'withdrawn', 'recognised'))",
        name="verifier_when_verified",
    ),
    # Two reports of one activity cannot cover the same day: counting a reduction twice cannot be
    # written down. An exclusion constraint is dear on tables of millions of rows (the ledger has
    # none for that reason); an activity has a handful of reports, so here it is the plain tool.
    # It needs the extension btree_gist.
    ExcludeConstraint(
        (column("activity_id"), "="),
        (func.daterange(column("period_start"), column("period_end"), text("'[]'")), "&&"),
        using="gist",
        where=text("status not in ('rejected', 'withdrawn')"),
        name="ex_monitoring_reports_period",
    ),
    Index(None, "activity_id", "id"),
    Index(None, "status", "id"),
    Index(None, "vvb_party_id", "id"),
)

# Contents are written once: an edit of a draft is a new revision, so what was said stays readable.
monitoring_lines = Table(
    "monitoring_lines",
    metadata,
    Column("report_id", Text, ForeignKey("monitoring_reports.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("vintage", Integer, primary_key=True),
    Column("baseline_tco2e", Numeric(18, 6), nullable=False),
    Column("project_tco2e", Numeric(18, 6), nullable=False),
    Column("leakage_tco2e", Numeric(18, 6), nullable=False),
    Column("monitored_tco2e", Numeric(18, 6), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("vintage between 1990 and 2200", name="vintage_range"),
    CheckConstraint(
        "baseline_tco2e >= 0 and project_tco2e >= 0 and leakage_tco2e >= 0", name="parts_positive"
    ),
    CheckConstraint(
        "monitored_tco2e = baseline_tco2e - project_tco2e - leakage_tco2e and monitored_tco2e >= 0",
        name="net",
    ),
    # A verified quantity points at exactly one monitored quantity, which it may not exceed.
    UniqueConstraint(
        "report_id", "revision", "vintage", "monitored_tco2e", name="uq_monitoring_lines_monitored"
    ),
    info={"history": True},
)

monitoring_documents = Table(
    "monitoring_documents",
    metadata,
    Column("report_id", Text, ForeignKey("monitoring_reports.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False, index=True),
    Column("log_index", BigInteger, nullable=False),
    info={"history": True},
)

report_events = Table(
    "report_events",
    metadata,
    Column("report_id", Text, ForeignKey("monitoring_reports.id"), primary_key=True),
    Column("log_index", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by_user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("by_party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("reason", Text),
    CheckConstraint(
        f"to_status in ({_STATUSES}) and (from_status is null or from_status in ({_STATUSES}))",
        name="status_known",
    ),
    info={"history": True, "erasable": ("reason",)},
)

recognitions = Table(
    "recognitions",
    metadata,
    Column("report_id", Text, ForeignKey("monitoring_reports.id"), primary_key=True),
    Column("letter_number", Text, nullable=False, unique=True),
    Column("letter_date", Date, nullable=False),
    Column("recognised_tco2e", Numeric(24, 6), nullable=False),
    Column("decided_by", Text, ForeignKey("users.id"), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("recognised_tco2e >= 0", name="quantity"),
    info={"history": True},
)
