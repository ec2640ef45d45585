"""The tables of activities, their sites, events, readers and validation opinions."""

from typing import Final

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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.kernel.db import metadata
from app.registry.activities.rules import ActivityForm, ActivityStatus
from app.registry.methodologies.rules import ScaleClass

_STATUSES: Final = ", ".join(f"'{status.value}'" for status in ActivityStatus)
_FORMS: Final = ", ".join(f"'{form.value}'" for form in ActivityForm)
_SCALES: Final = ", ".join(f"'{scale.value}'" for scale in ScaleClass)

activities = Table(
    "activities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("programme_code", Text, ForeignKey("programmes.code"), nullable=False),
    Column("owner_party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("methodology_code", Text, nullable=False),
    Column("methodology_version", Text, nullable=False),
    Column("project_type", Integer, nullable=False),
    Column("sectoral_scope", Integer, nullable=False),
    Column("buffer_applies", Boolean, nullable=False),
    Column("form", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("scale", Text),
    Column("estimate_tco2e", Numeric(18, 6), nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("proposed_crediting_start", Date, nullable=False),
    Column("crediting_start", Date),
    Column("crediting_end", Date),
    Column("in_other_mechanism", Boolean, nullable=False),
    Column("other_mechanism_note", Text),
    Column("credit_account_id", BigInteger, ForeignKey("accounts.id")),
    Column("vvb_party_id", Text, ForeignKey("parties.id")),
    Column("submitted_on", Date),
    Column("review_completed_on", Date),
    Column("registered_on", Date),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["methodology_code", "methodology_version"], ["methodologies.code", "methodologies.version"]
    ),
    UniqueConstraint("programme_code", "number"),
    CheckConstraint("number > 0", name="number_counts"),
    CheckConstraint(f"status in ({_STATUSES})", name="status_known"),
    CheckConstraint(f"form in ({_FORMS})", name="form_known"),
    CheckConstraint(f"scale in ({_SCALES})", name="scale_known"),
    CheckConstraint("estimate_tco2e >= 0", name="estimate_not_negative"),
    CheckConstraint("crediting_end >= crediting_start", name="crediting_order"),
    CheckConstraint("vvb_party_id <> owner_party_id", name="validator_independent"),
    CheckConstraint(
        "status not in ('registered', 'closed') or (crediting_start is not null and "
        "crediting_end is not null and registered_on is not null and scale is not null "
        "and not in_other_mechanism)",
        name="registered_whole",
    ),
    Index("ix_activities_owner_party_id_id", "owner_party_id", "id"),
    Index("ix_activities_vvb_party_id_id", "vvb_party_id", "id"),
    Index("ix_activities_status_id", "status", "id"),
    Index("ix_activities_programme_code_id", "programme_code", "id"),
    Index("ix_activities_methodology_code_id", "methodology_code", "id"),
    Index("ix_activities_credit_account_id", "credit_account_id"),
)

sites = Table(
    "sites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("activity_id", Text, ForeignKey("activities.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("province_code", Text, ForeignKey("provinces.code"), nullable=False),
    Column("latitude", Numeric(8, 6), nullable=False),
    Column("longitude", Numeric(9, 6), nullable=False),
    Column("installed_size", Numeric(18, 6), nullable=False),
    Column("installation_id", Text),
    # True while the activity is live: then nobody else may count this installation.
    Column("claims_installation", Boolean, nullable=False),
    # Null: part of the activity. Nothing is deleted, so a draft's replaced sites stay behind.
    Column("removed_at", DateTime(timezone=True)),
    CheckConstraint("latitude between 5.5 and 20.6", name="latitude_in_thailand"),
    CheckConstraint("longitude between 97.2 and 105.8", name="longitude_in_thailand"),
    CheckConstraint("installed_size >= 0", name="size_not_negative"),
    CheckConstraint(
        "not claims_installation or (installation_id is not null and removed_at is null)",
        name="claim_has_installation",
    ),
    Index(
        "uq_sites_installation_claimed",
        "installation_id",
        unique=True,
        postgresql_where=text("claims_installation"),
    ),
    Index("ix_sites_province_code_activity_id", "province_code", "activity_id"),
)

# Who else may read what is not public of an activity: the VVBs that verify its reports.
activity_readers = Table(
    "activity_readers",
    metadata,
    Column("activity_id", Text, ForeignKey("activities.id"), primary_key=True),
    Column("party_id", Text, ForeignKey("parties.id"), primary_key=True, index=True),
    Column("log_index", BigInteger, nullable=False),
    info={"history": True},
)

activity_events = Table(
    "activity_events",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("activity_id", Text, ForeignKey("activities.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("by_user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("by_party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("meeting", Text),
    Column("decided_on", Date),
    Column("document_id", Text, ForeignKey("documents.id")),
    Index("ix_activity_events_activity_id_log_index", "activity_id", "log_index"),
    info={"history": True, "erasable": ("reason",)},
)

validation_opinions = Table(
    "validation_opinions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("activity_id", Text, ForeignKey("activities.id"), nullable=False),
    Column("vvb_party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("lead_user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("statement", Text),  # null: erased
    Column("document_ids", ARRAY(Text), nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("conclusion in ('positive', 'negative')", name="conclusion_known"),
    Index("ix_validation_opinions_activity_id_log_index", "activity_id", "log_index"),
    info={"history": True, "erasable": ("statement",)},
)
