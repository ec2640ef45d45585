"""What can be kept of applications."""

from collections.abc import Iterable
from typing import Final

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
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.kernel.db import metadata
from app.registry.applications.rules import PARTY_KINDS, ApplicationKind, ApplicationStatus, Step


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _kinds_fit() -> str:
    return " or ".join(
        f"(holder_kind = '{holder}' and party_kind in ({_words(kinds)}))"
        for holder, kinds in PARTY_KINDS.items()
    )


applications: Final = Table(
    "applications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("holder_kind", Text, nullable=False),
    Column("party_kind", Text, nullable=False),
    Column("province_code", Text, ForeignKey("provinces.code"), index=True),
    Column("secret_sha256", LargeBinary),  # null: a renewal, whose party signs in
    Column("content_log_index", BigInteger, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("due_on", Date),
    Column("documents_expire_on", Date),
    Column("recommended_by", Text, ForeignKey("users.id"), index=True),
    Column("is_favourable", Boolean),
    Column("decided_by", Text, ForeignKey("users.id"), index=True),
    Column("party_id", Text, ForeignKey("parties.id")),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False, server_default="opening"),
    Column("is_superseded", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(f"kind in ({_words(ApplicationKind)})", name="kind_known"),
    CheckConstraint("(kind = 'renewal') = (secret_sha256 is null)", name="secret_or_party"),
    CheckConstraint("not is_superseded or status = 'admitted'", name="superseded"),
    CheckConstraint(f"status in ({_words(ApplicationStatus)})", name="status_known"),
    CheckConstraint(_kinds_fit(), name="kinds_fit"),
    CheckConstraint("octet_length(secret_sha256) = 32", name="digest_length"),
    CheckConstraint("version >= 1", name="version_range"),
    CheckConstraint(
        "status = 'withdrawn' or (status = 'draft') = (submitted_at is null)", name="submitted"
    ),
    CheckConstraint(
        "(due_on is not null) = (status in ('submitted', 'answered', 'recommended'))",
        name="clock_runs",
    ),
    CheckConstraint(
        "(status in ('recommended', 'admitted', 'refused')) = (recommended_by is not null)"
        " and (recommended_by is null) = (is_favourable is null)",
        name="recommended",
    ),
    CheckConstraint(
        "(status in ('admitted', 'refused')) = (decided_by is not null)", name="decided"
    ),
    CheckConstraint("decided_by <> recommended_by", name="two_officers"),
    CheckConstraint(
        "(kind = 'renewal' or status = 'admitted') = (party_id is not null)"
        " and (status <> 'admitted' or is_favourable)",
        name="admitted",
    ),
    Index(None, "status", "id"),
    Index(
        "ix_applications_renewal",
        "documents_expire_on",
        "id",
        postgresql_where=text("status = 'admitted' and not is_superseded"),
    ),
    # A party comes of one application, renews once at a time, and one set of documents holds.
    Index(
        "uq_applications_opening",
        "party_id",
        unique=True,
        postgresql_where=text("kind = 'opening'"),
    ),
    Index(
        "uq_applications_open_renewal",
        "party_id",
        unique=True,
        postgresql_where=text(
            "kind = 'renewal' and status in"
            " ('draft', 'submitted', 'asked', 'answered', 'recommended')"
        ),
    ),
    Index(
        "uq_applications_current",
        "party_id",
        unique=True,
        postgresql_where=text("status = 'admitted' and not is_superseded"),
    ),
    Index(None, "party_id"),
    Index("ix_applications_begun", "begun_at", postgresql_where=text("kind = 'opening'")),
)

# Each time the applicant writes, all of it: what was decided on can be told for good.
application_contents: Final = Table(
    "application_contents",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("application_id", Text, ForeignKey("applications.id"), nullable=False),
    Column("content", Text),  # null: erased
    Index(None, "application_id", "log_index"),
    info={"history": True, "erasable": ("content",)},
)

application_events: Final = Table(
    "application_events",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("application_id", Text, ForeignKey("applications.id"), nullable=False),
    Column("step", Text),  # null: it was begun
    Column("to_status", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text),  # null: the step asks for none, or it was erased
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"step in ({_words(Step)})", name="step_known"),
    Index(None, "application_id", "log_index"),
    info={"history": True, "erasable": ("reason",)},
)

# No history: a file may go, and the digest that the log commits to stays with what was said.
application_files: Final = Table(
    "application_files",
    metadata,
    Column("application_id", Text, ForeignKey("applications.id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    # Whether it counts among those of applicants who were not let in.
    Column("is_waiting", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("id"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
    CheckConstraint("bytes > 0", name="not_empty"),
    CheckConstraint("octet_length(sealed_key) = 60", name="sealed_key"),
    Index(
        "ix_application_files_waiting",
        "is_waiting",
        postgresql_include=["bytes"],
        postgresql_where=text("is_waiting"),
    ),
    info={"passing": True, "expiring": True},
)
