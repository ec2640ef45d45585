"""
The working calendar; and how parties come in.

Revision ID: 0007
Revises: 0006
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.util import await_only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCRIPT = Path(__file__).parent.parent / "sql" / "0007_parties.sql"


def upgrade() -> None:
    make_calendar()
    count_representatives()
    make_applications()
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(SCRIPT.read_text(encoding="utf-8")))


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def make_calendar() -> None:
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("year BETWEEN 2000 AND 2200", name=op.f("ck_calendar_years_year_range")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_calendar_years_version_range")),
        sa.PrimaryKeyConstraint("year", "version", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "holidays",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("extract(year FROM day) = year", name=op.f("ck_holidays_in_its_year")),
        sa.ForeignKeyConstraint(
            ["year", "version"],
            ["calendar_years.year", "calendar_years.version"],
            name=op.f("fk_holidays_year"),
        ),
        sa.PrimaryKeyConstraint("year", "version", "day", name=op.f("pk_holidays")),
    )


def count_representatives() -> None:
    op.add_column("parties", sa.Column("representatives_min", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_parties_representatives_range"),
        "parties",
        "representatives_min BETWEEN 2 AND 20",
    )
    op.add_column("parties", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_parties_closed_for_good"),
        "parties",
        "closed_at IS NULL OR status = 'suspended'",
    )
    for name, role in (("initiators", "holder_initiator"), ("approvers", "holder_approver")):
        op.create_index(
            f"ix_users_{name}",
            "users",
            ["party_id", "id"],
            postgresql_where=sa.text(f"status = 'active' AND roles @> '{{{role}}}'"),
        )


def make_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("holder_kind", sa.Text(), nullable=False),
        sa.Column("party_kind", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_log_index", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("documents_expire_on", sa.Date(), nullable=True),
        sa.Column("recommended_by", sa.Text(), nullable=True),
        sa.Column("is_favourable", sa.Boolean(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'asked', 'answered', 'recommended', 'admitted',"
            " 'refused')",
            name=op.f("ck_applications_status_known"),
        ),
        sa.CheckConstraint(
            "(holder_kind = 'natural_person' AND party_kind IN ('holder'))"
            " OR (holder_kind = 'juristic_person' AND party_kind IN ('holder', 'developer'))"
            " OR (holder_kind = 'state_body'"
            " AND party_kind IN ('holder', 'developer', 'province', 'municipality'))",
            name=op.f("ck_applications_kinds_fit"),
        ),
        sa.CheckConstraint(
            "octet_length(secret_sha256) = 32", name=op.f("ck_applications_digest_length")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_applications_version_range")),
        sa.CheckConstraint(
            "(status = 'draft') = (submitted_at IS NULL)", name=op.f("ck_applications_submitted")
        ),
        sa.CheckConstraint(
            "(due_on IS NOT NULL) = (status IN ('submitted', 'answered', 'recommended'))",
            name=op.f("ck_applications_clock_runs"),
        ),
        sa.CheckConstraint(
            "(status IN ('recommended', 'admitted', 'refused')) = (recommended_by IS NOT NULL)"
            " AND (recommended_by IS NULL) = (is_favourable IS NULL)",
            name=op.f("ck_applications_recommended"),
        ),
        sa.CheckConstraint(
            "(status IN ('admitted', 'refused')) = (decided_by IS NOT NULL)",
            name=op.f("ck_applications_decided"),
        ),
        sa.CheckConstraint(
            "decided_by <> recommended_by", name=op.f("ck_applications_two_officers")
        ),
        sa.CheckConstraint(
            "(status = 'admitted') = (party_id IS NOT NULL)"
            " AND (party_id IS NULL OR is_favourable)",
            name=op.f("ck_applications_admitted"),
        ),
        sa.ForeignKeyConstraint(
            ["province_code"], ["provinces.code"], name=op.f("fk_applications_province_code")
        ),
        sa.ForeignKeyConstraint(
            ["recommended_by"], ["users.id"], name=op.f("fk_applications_recommended_by")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_applications_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_applications_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("party_id", name=op.f("uq_applications_party_id")),
    )
    for column in ("province_code", "recommended_by", "decided_by"):
        op.create_index(op.f(f"ix_applications_{column}"), "applications", [column])
    op.create_index(op.f("ix_applications_status_id"), "applications", ["status", "id"])
    op.create_index(
        "ix_applications_renewal",
        "applications",
        ["documents_expire_on", "id"],
        postgresql_where=sa.text("status = 'admitted'"),
    )
    op.create_table(
        "application_contents",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_contents_application_id"),
        ),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_application_contents")),
    )
    op.create_table(
        "application_events",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "step IN ('amend', 'submit', 'ask', 'answer', 'recommend', 'admit', 'refuse')",
            name=op.f("ck_application_events_step_known"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_events_application_id"),
        ),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_application_events")),
    )
    for table in ("application_contents", "application_events"):
        op.create_index(
            op.f(f"ix_{table}_application_id_log_index"), table, ["application_id", "log_index"]
        )
