"""
The whole first shape of the register: tables, the write path, guards of history, rights, provinces.

Revision ID: 0001
Revises: nothing
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.util import await_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    create_tables()
    for script in ("0001_write_path", "0001_guards", "0001_provinces"):
        run_script(SQL / f"{script}.sql")


def downgrade() -> None:
    raise NotImplementedError("history is not taken back: restore a backup instead")


def run_script(path: Path) -> None:
    # The driver takes several statements at once only without parameters, past SQLAlchemy.
    connection = op.get_bind().connection
    await_only(connection.driver_connection.execute(path.read_text(encoding="utf-8")))


def create_tables() -> None:
    op.create_table(
        "answers",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name=op.f("ck_answers_fingerprint")),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_answers")),
        postgresql_with={"fillfactor": "90"},
    )
    op.create_table(
        "balances",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("credits >= 0 OR account_id = 1", name=op.f("ck_balances_not_negative")),
        sa.PrimaryKeyConstraint("account_id", "batch_id", name=op.f("pk_balances")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "blocks",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("first_serial >= 1", name=op.f("ck_blocks_first_serial")),
        sa.PrimaryKeyConstraint("batch_id", "first_serial", name=op.f("pk_blocks")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_blocks_account_id", "blocks", ["account_id", "batch_id", "first_serial"], unique=False
    )
    op.create_table(
        "endings",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("purpose_code", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "visibility IN ('public','anonymous')", name=op.f("ck_endings_visibility")
        ),
        sa.CheckConstraint("credits > 0", name=op.f("ck_endings_credits")),
        sa.CheckConstraint("kind IN (4, 5, 8)", name=op.f("ck_endings_kind")),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_endings")),
    )
    op.create_index("ix_endings_account_id", "endings", ["account_id", "log_index"], unique=False)
    op.create_index("ix_endings_kind", "endings", ["kind", "log_index"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("from_account", sa.BigInteger(), nullable=False),
        sa.Column("to_account", sa.BigInteger(), nullable=False),
        sa.Column("from_balance", sa.BigInteger(), nullable=False),
        sa.Column("to_balance", sa.BigInteger(), nullable=False),
        sa.Column("from_total", sa.BigInteger(), nullable=False),
        sa.Column("to_total", sa.BigInteger(), nullable=False),
        sa.Column("previous_log_index", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(previous_log_index IS NULL) = (from_account = 1)",
            name=op.f("ck_ledger_entries_lineage"),
        ),
        sa.CheckConstraint(
            "first_serial BETWEEN 1 AND last_serial", name=op.f("ck_ledger_entries_serials")
        ),
        sa.CheckConstraint(
            "from_account <> to_account", name=op.f("ck_ledger_entries_two_accounts")
        ),
        sa.CheckConstraint(
            "from_account NOT IN (4, 5, 6)", name=op.f("ck_ledger_entries_final_accounts_keep")
        ),
        sa.CheckConstraint(
            "from_balance >= 0 OR from_account = 1", name=op.f("ck_ledger_entries_from_balance")
        ),
        sa.CheckConstraint("kind BETWEEN 1 AND 8", name=op.f("ck_ledger_entries_kind")),
        sa.CheckConstraint(
            "previous_log_index < log_index", name=op.f("ck_ledger_entries_lineage_goes_back")
        ),
        sa.CheckConstraint(
            "to_account <> 1", name=op.f("ck_ledger_entries_nothing_returns_to_source")
        ),
        sa.CheckConstraint(
            "to_balance > 0 AND to_total >= to_balance", name=op.f("ck_ledger_entries_to_balance")
        ),
        sa.PrimaryKeyConstraint("log_index", "line", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        "ix_ledger_entries_batch", "ledger_entries", ["batch_id", "log_index", "line"], unique=False
    )
    op.create_index(
        "ix_ledger_entries_from",
        "ledger_entries",
        ["from_account", "log_index", "line"],
        unique=False,
    )
    op.create_index(
        "ix_ledger_entries_from_batch",
        "ledger_entries",
        ["from_account", "batch_id", "log_index", "line"],
        unique=False,
    )
    op.create_index(
        "ix_ledger_entries_to", "ledger_entries", ["to_account", "log_index", "line"], unique=False
    )
    op.create_index(
        "ix_ledger_entries_to_batch",
        "ledger_entries",
        ["to_account", "batch_id", "log_index", "line"],
        unique=False,
    )
    op.create_table(
        "log_entries",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "substring(nodes FROM 1 FOR 32) = sha256('\\x00'::bytea || leaf)",
            name=op.f("ck_log_entries_leaf_hash"),
        ),
        sa.CheckConstraint("log_index >= 0", name=op.f("ck_log_entries_log_index")),
        sa.CheckConstraint("octet_length(leaf) <= 65535", name=op.f("ck_log_entries_leaf_size")),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_log_entries")),
    )
    op.create_index(
        op.f("ix_log_entries_recorded_at"), "log_entries", ["recorded_at"], unique=False
    )
    op.create_index(
        "ix_log_entries_subject",
        "log_entries",
        ["subject", "log_index"],
        unique=False,
        postgresql_where=sa.text("kind NOT LIKE 'credits.%'"),
    )
    op.create_table(
        "log_head",
        sa.Column("only_row", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(root) = 32 AND octet_length(peaks) % 32 = 0",
            name=op.f("ck_log_head_hashes"),
        ),
        sa.CheckConstraint("only_row", name=op.f("ck_log_head_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_log_head")),
    )
    op.create_table(
        "methodologies",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("title_th", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Integer(), nullable=False),
        sa.Column("sectoral_scope", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("crediting_years", sa.Integer(), nullable=False),
        sa.Column("renewals_max", sa.Integer(), nullable=True),
        sa.Column("buffer_applies", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("superseded_on", sa.Date(), nullable=True),
        sa.Column("last_acceptable_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "family in ('renewable_electricity', 'energy_efficiency', 'forestry', 'agriculture', 'other')",
            name=op.f("ck_methodologies_family"),
        ),
        sa.CheckConstraint(
            "not buffer_applies or variant = 'premium'",
            name=op.f("ck_methodologies_buffer_premium"),
        ),
        sa.CheckConstraint(
            "variant in ('standard', 'premium', 'less')", name=op.f("ck_methodologies_variant")
        ),
        sa.CheckConstraint("version ~ '^[0-9]{2}$'", name=op.f("ck_methodologies_version_form")),
        sa.CheckConstraint(
            "(superseded_on is null) = (last_acceptable_on is null) and superseded_on > valid_from and last_acceptable_on >= superseded_on",
            name=op.f("ck_methodologies_supersession"),
        ),
        sa.CheckConstraint(
            "crediting_years between 1 and 100", name=op.f("ck_methodologies_crediting_years")
        ),
        sa.CheckConstraint(
            "project_type between 1 and 15", name=op.f("ck_methodologies_project_type")
        ),
        sa.CheckConstraint(
            "renewals_max between 0 and 100", name=op.f("ck_methodologies_renewals_max")
        ),
        sa.CheckConstraint(
            "sectoral_scope between 1 and 16", name=op.f("ck_methodologies_sectoral_scope")
        ),
        sa.CheckConstraint(
            "verified or note is not null", name=op.f("ck_methodologies_unverified_noted")
        ),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_methodologies")),
    )
    op.create_index(
        "ix_methodologies_project_type",
        "methodologies",
        ["project_type", "code", "version"],
        unique=False,
    )
    op.create_table(
        "programmes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("names_as_published", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("needs_verification", sa.Boolean(), nullable=False),
        sa.Column("mints", sa.Boolean(), nullable=False),
        sa.Column("market_based", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name=op.f("ck_programmes_code_form")),
        sa.CheckConstraint(
            "kind in ('city_pilot', 'provincial', 'standard', 'premium', 'less')",
            name=op.f("ck_programmes_kind"),
        ),
        sa.CheckConstraint(
            "not mints or (needs_verification and kind <> 'less')",
            name=op.f("ck_programmes_minting_verified"),
        ),
        sa.CheckConstraint("status in ('open', 'closed')", name=op.f("ck_programmes_status")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programmes")),
    )
    op.create_table(
        "provinces",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("code ~ '^([1-8][0-9]|9[0-6])$'", name=op.f("ck_provinces_code_form")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_provinces")),
        sa.UniqueConstraint("name_en", name=op.f("uq_provinces_name_en")),
        sa.UniqueConstraint("name_th", name=op.f("uq_provinces_name_th")),
        sa.UniqueConstraint("sort_key", name=op.f("uq_provinces_sort_key")),
    )
    op.create_table(
        "ending_statements",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("beneficiary_name", sa.Text(), nullable=False),
        sa.Column("beneficiary_kind", sa.Text(), nullable=False),
        sa.Column("beneficiary_identifier", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "beneficiary_kind IN ('organisation','person')",
            name=op.f("ck_ending_statements_beneficiary_kind"),
        ),
        sa.CheckConstraint("octet_length(salt) = 32", name=op.f("ck_ending_statements_salt")),
        sa.ForeignKeyConstraint(
            ["log_index"], ["endings.log_index"], name=op.f("fk_ending_statements_log_index")
        ),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_ending_statements")),
    )
    op.create_table(
        "parties",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('authority', 'developer', 'holder', 'municipality', 'province', 'vvb')",
            name=op.f("ck_parties_kind"),
        ),
        sa.CheckConstraint(
            "kind not in ('municipality', 'province') or province_code is not null",
            name=op.f("ck_parties_place_has_province"),
        ),
        sa.CheckConstraint("status in ('active', 'suspended')", name=op.f("ck_parties_status")),
        sa.ForeignKeyConstraint(
            ["province_code"], ["provinces.code"], name=op.f("fk_parties_province_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties")),
        sa.UniqueConstraint("id", "kind", name=op.f("uq_parties_id_kind")),
    )
    op.create_index(op.f("ix_parties_kind_id"), "parties", ["kind", "id"], unique=False)
    op.create_index(
        op.f("ix_parties_province_code_id"), "parties", ["province_code", "id"], unique=False
    )
    op.create_table(
        "programme_members",
        sa.Column("programme_code", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("since_fiscal_year_be", sa.Integer(), nullable=False),
        sa.Column("memorandum_date", sa.Date(), nullable=False),
        sa.Column("signing_capacity", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "signing_capacity in ('governor', 'deputy_governor')",
            name=op.f("ck_programme_members_signing_capacity"),
        ),
        sa.CheckConstraint(
            "since_fiscal_year_be between 2500 and 2800",
            name=op.f("ck_programme_members_fiscal_year_be"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_code"],
            ["programmes.code"],
            name=op.f("fk_programme_members_programme_code"),
        ),
        sa.ForeignKeyConstraint(
            ["province_code"], ["provinces.code"], name=op.f("fk_programme_members_province_code")
        ),
        sa.PrimaryKeyConstraint(
            "programme_code", "province_code", name=op.f("pk_programme_members")
        ),
    )
    op.create_index(
        op.f("ix_programme_members_province_code"),
        "programme_members",
        ["province_code"],
        unique=False,
    )
    op.create_table(
        "rule_values",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("programme_code", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "valid_to is null or valid_to >= valid_from", name=op.f("ck_rule_values_period")
        ),
        sa.ForeignKeyConstraint(
            ["programme_code"], ["programmes.code"], name=op.f("fk_rule_values_programme_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_values")),
    )
    op.create_index(
        "ix_rule_values_in_force",
        "rule_values",
        ["key", "programme_code", "valid_from"],
        unique=False,
    )
    op.create_index(
        "ix_rule_values_programme_code", "rule_values", ["programme_code", "id"], unique=False
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_party_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'holding') = (id > 1000)",
            name=op.f("ck_accounts_registry_accounts_come_first"),
        ),
        sa.CheckConstraint(
            "(kind = 'holding') = (owner_party_id IS NOT NULL)",
            name=op.f("ck_accounts_holdings_are_owned"),
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_accounts_closed_at")
        ),
        sa.CheckConstraint(
            "kind IN ('holding','source','buffer','transit','retired','cancelled','exported')",
            name=op.f("ck_accounts_kind"),
        ),
        sa.CheckConstraint("status IN ('open','closed')", name=op.f("ck_accounts_status")),
        sa.ForeignKeyConstraint(
            ["owner_party_id"], ["parties.id"], name=op.f("fk_accounts_owner_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(
        op.f("ix_accounts_owner_party_id"), "accounts", ["owner_party_id"], unique=False
    )
    op.create_table(
        "accreditations",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sectoral_scope", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("party_kind", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("party_kind = 'vvb'", name=op.f("ck_accreditations_of_a_vvb")),
        sa.CheckConstraint(
            "sectoral_scope between 1 and 16", name=op.f("ck_accreditations_scope_range")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_accreditations_days_in_order")),
        sa.ForeignKeyConstraint(
            ["party_id", "party_kind"],
            ["parties.id", "parties.kind"],
            name=op.f("fk_accreditations_party_id"),
        ),
        sa.PrimaryKeyConstraint(
            "party_id", "sectoral_scope", "valid_from", name=op.f("pk_accreditations")
        ),
    )
    op.create_index(
        "uq_accreditations_open",
        "accreditations",
        ["party_id", "sectoral_scope"],
        unique=True,
        postgresql_where=sa.text("valid_to is null"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("party_kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(party_kind = 'developer' and roles <@ array['developer', 'holder_approver', 'holder_initiator', 'holder_viewer']::text[]) or (party_kind = 'province' and roles <@ array['developer', 'holder_approver', 'holder_initiator', 'holder_viewer']::text[]) or (party_kind = 'municipality' and roles <@ array['developer', 'holder_approver', 'holder_initiator', 'holder_viewer']::text[]) or (party_kind = 'holder' and roles <@ array['holder_approver', 'holder_initiator', 'holder_viewer']::text[]) or (party_kind = 'vvb' and roles <@ array['verifier_lead', 'verifier_reviewer']::text[]) or (party_kind = 'authority' and roles <@ array['administrator', 'approver', 'auditor', 'officer']::text[])",
            name=op.f("ck_users_roles_of_kind"),
        ),
        sa.CheckConstraint(
            "starts_with(password_hash, '$argon2id$')", name=op.f("ck_users_password_hashed")
        ),
        sa.CheckConstraint("status in ('active', 'suspended')", name=op.f("ck_users_status")),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_users_has_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_folded")),
        sa.ForeignKeyConstraint(
            ["party_id", "party_kind"],
            ["parties.id", "parties.kind"],
            name=op.f("fk_users_party_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(op.f("ix_users_party_id_id"), "users", ["party_id", "id"], unique=False)
    op.create_table(
        "activities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("programme_code", sa.Text(), nullable=False),
        sa.Column("owner_party_id", sa.Text(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("methodology_code", sa.Text(), nullable=False),
        sa.Column("methodology_version", sa.Text(), nullable=False),
        sa.Column("project_type", sa.Integer(), nullable=False),
        sa.Column("sectoral_scope", sa.Integer(), nullable=False),
        sa.Column("buffer_applies", sa.Boolean(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("estimate_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("proposed_crediting_start", sa.Date(), nullable=False),
        sa.Column("crediting_start", sa.Date(), nullable=True),
        sa.Column("crediting_end", sa.Date(), nullable=True),
        sa.Column("in_other_mechanism", sa.Boolean(), nullable=False),
        sa.Column("other_mechanism_note", sa.Text(), nullable=True),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=True),
        sa.Column("vvb_party_id", sa.Text(), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("review_completed_on", sa.Date(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "form in ('single', 'bundle', 'programme_of_activities')",
            name=op.f("ck_activities_form_known"),
        ),
        sa.CheckConstraint(
            "scale in ('micro', 'small', 'large')", name=op.f("ck_activities_scale_known")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'submitted', 'under_review', 'under_validation', 'registered', 'refused', 'withdrawn', 'closed')",
            name=op.f("ck_activities_status_known"),
        ),
        sa.CheckConstraint(
            "status not in ('registered', 'closed') or (crediting_start is not null and crediting_end is not null and registered_on is not null and scale is not null and not in_other_mechanism)",
            name=op.f("ck_activities_registered_whole"),
        ),
        sa.CheckConstraint(
            "crediting_end >= crediting_start", name=op.f("ck_activities_crediting_order")
        ),
        sa.CheckConstraint("estimate_tco2e >= 0", name=op.f("ck_activities_estimate_not_negative")),
        sa.CheckConstraint("number > 0", name=op.f("ck_activities_number_counts")),
        sa.CheckConstraint(
            "vvb_party_id <> owner_party_id", name=op.f("ck_activities_validator_independent")
        ),
        sa.ForeignKeyConstraint(
            ["credit_account_id"], ["accounts.id"], name=op.f("fk_activities_credit_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["methodology_code", "methodology_version"],
            ["methodologies.code", "methodologies.version"],
            name=op.f("fk_activities_methodology_code"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_party_id"], ["parties.id"], name=op.f("fk_activities_owner_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_code"], ["programmes.code"], name=op.f("fk_activities_programme_code")
        ),
        sa.ForeignKeyConstraint(
            ["vvb_party_id"], ["parties.id"], name=op.f("fk_activities_vvb_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("code", name=op.f("uq_activities_code")),
        sa.UniqueConstraint(
            "programme_code", "number", name=op.f("uq_activities_programme_code_number")
        ),
    )
    op.create_index(
        "ix_activities_credit_account_id", "activities", ["credit_account_id"], unique=False
    )
    op.create_index(
        "ix_activities_methodology_code_id", "activities", ["methodology_code", "id"], unique=False
    )
    op.create_index(
        "ix_activities_owner_party_id_id", "activities", ["owner_party_id", "id"], unique=False
    )
    op.create_index(
        "ix_activities_programme_code_id", "activities", ["programme_code", "id"], unique=False
    )
    op.create_index("ix_activities_status_id", "activities", ["status", "id"], unique=False)
    op.create_index(
        "ix_activities_vvb_party_id_id", "activities", ["vvb_party_id", "id"], unique=False
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(secret_sha256) = 32", name=op.f("ck_api_keys_digest_length")
        ),
        sa.CheckConstraint("revoked_at >= created_at", name=op.f("ck_api_keys_moments_in_order")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_user_id_id"), "api_keys", ["user_id", "id"], unique=False)
    op.create_table(
        "history_sources",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name=op.f("ck_history_sources_code")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_history_sources_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_history_sources_party_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_history_sources")),
        sa.UniqueConstraint("account_id", name=op.f("uq_history_sources_account_id")),
        sa.UniqueConstraint("party_id", name=op.f("uq_history_sources_party_id")),
    )
    op.create_table(
        "party_events",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_party_events_party_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_party_events_user_id")),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_party_events")),
    )
    op.create_index(
        op.f("ix_party_events_party_id_log_index"),
        "party_events",
        ["party_id", "log_index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_party_events_user_id_log_index"),
        "party_events",
        ["user_id", "log_index"],
        unique=False,
    )
    op.create_table(
        "activity_readers",
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_activity_readers_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["parties.id"], name=op.f("fk_activity_readers_party_id")
        ),
        sa.PrimaryKeyConstraint("activity_id", "party_id", name=op.f("pk_activity_readers")),
    )
    op.create_index(
        op.f("ix_activity_readers_party_id"), "activity_readers", ["party_id"], unique=False
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("serial_prefix", sa.Text(), nullable=False),
        sa.Column("programme_code", sa.Text(), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("project_name", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=True),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "credits BETWEEN 1 AND 9007199254740991", name=op.f("ck_batches_credits")
        ),
        sa.CheckConstraint(
            "id / 10000000000 = vintage", name=op.f("ck_batches_id_carries_vintage")
        ),
        sa.CheckConstraint("vintage BETWEEN 1990 AND 2200", name=op.f("ck_batches_vintage")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_batches_activity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("serial_prefix", name=op.f("uq_batches_serial_prefix")),
    )
    op.create_index(op.f("ix_batches_activity_id"), "batches", ["activity_id"], unique=False)
    op.create_index(op.f("ix_batches_log_index"), "batches", ["log_index"], unique=False)
    op.create_index("ix_batches_project_code", "batches", ["project_code", "vintage"], unique=False)
    op.create_index(op.f("ix_batches_province_code"), "batches", ["province_code"], unique=False)
    op.create_table(
        "documents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_party_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_documents_sha256_form")),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_documents_not_empty")),
        sa.CheckConstraint(
            "char_length(file_name) between 1 and 200", name=op.f("ck_documents_file_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_documents_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_party_id"], ["parties.id"], name=op.f("fk_documents_owner_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["users.id"], name=op.f("fk_documents_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_activity_id_id", "documents", ["activity_id", "id"], unique=False)
    op.create_index(
        op.f("ix_documents_owner_party_id"), "documents", ["owner_party_id"], unique=False
    )
    op.create_index(op.f("ix_documents_sha256"), "documents", ["sha256"], unique=False)
    op.create_table(
        "monitoring_reports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("vvb_party_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("activity_id"), "="),
            (sa.text("daterange(period_start, period_end, '[]')"), "&&"),
            where=sa.text("status not in ('rejected', 'withdrawn')"),
            using="gist",
            name="ex_monitoring_reports_period",
        ),
        sa.CheckConstraint(
            "(vvb_party_id is null) = (status in ('draft', 'submitted', 'withdrawn', 'recognised'))",
            name=op.f("ck_monitoring_reports_verifier_when_verified"),
        ),
        sa.CheckConstraint(
            "status in ('draft', 'submitted', 'under_verification', 'verified', 'rejected', 'withdrawn', 'issued', 'recognised')",
            name=op.f("ck_monitoring_reports_status_known"),
        ),
        sa.CheckConstraint(
            "period_start <= period_end", name=op.f("ck_monitoring_reports_period_order")
        ),
        sa.CheckConstraint(
            "version >= 1 and revision between 1 and version",
            name=op.f("ck_monitoring_reports_version_range"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_monitoring_reports_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["vvb_party_id"], ["parties.id"], name=op.f("fk_monitoring_reports_vvb_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_reports")),
        sa.UniqueConstraint("id", "activity_id", name=op.f("uq_monitoring_reports_id_activity_id")),
    )
    op.create_index(
        op.f("ix_monitoring_reports_activity_id_id"),
        "monitoring_reports",
        ["activity_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_monitoring_reports_status_id"),
        "monitoring_reports",
        ["status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_monitoring_reports_vvb_party_id_id"),
        "monitoring_reports",
        ["vvb_party_id", "id"],
        unique=False,
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Numeric(precision=8, scale=6), nullable=False),
        sa.Column("longitude", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("installed_size", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("installation_id", sa.Text(), nullable=True),
        sa.Column("claims_installation", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("installed_size >= 0", name=op.f("ck_sites_size_not_negative")),
        sa.CheckConstraint(
            "latitude between 5.5 and 20.6", name=op.f("ck_sites_latitude_in_thailand")
        ),
        sa.CheckConstraint(
            "longitude between 97.2 and 105.8", name=op.f("ck_sites_longitude_in_thailand")
        ),
        sa.CheckConstraint(
            "not claims_installation or (installation_id is not null and removed_at is null)",
            name=op.f("ck_sites_claim_has_installation"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_sites_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["province_code"], ["provinces.code"], name=op.f("fk_sites_province_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
    )
    op.create_index(op.f("ix_sites_activity_id"), "sites", ["activity_id"], unique=False)
    op.create_index(
        "ix_sites_province_code_activity_id",
        "sites",
        ["province_code", "activity_id"],
        unique=False,
    )
    op.create_index(
        "uq_sites_installation_claimed",
        "sites",
        ["installation_id"],
        unique=True,
        postgresql_where=sa.text("claims_installation"),
    )
    op.create_table(
        "validation_opinions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("vvb_party_id", sa.Text(), nullable=False),
        sa.Column("lead_user_id", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "conclusion in ('positive', 'negative')",
            name=op.f("ck_validation_opinions_conclusion_known"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_validation_opinions_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["lead_user_id"], ["users.id"], name=op.f("fk_validation_opinions_lead_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["vvb_party_id"], ["parties.id"], name=op.f("fk_validation_opinions_vvb_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_opinions")),
    )
    op.create_index(
        "ix_validation_opinions_activity_id_log_index",
        "validation_opinions",
        ["activity_id", "log_index"],
        unique=False,
    )
    op.create_table(
        "activity_events",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("by_user_id", sa.Text(), nullable=False),
        sa.Column("by_party_id", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("meeting", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_activity_events_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_party_id"], ["parties.id"], name=op.f("fk_activity_events_by_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name=op.f("fk_activity_events_by_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_activity_events_document_id")
        ),
        sa.PrimaryKeyConstraint("log_index", name=op.f("pk_activity_events")),
    )
    op.create_index(
        "ix_activity_events_activity_id_log_index",
        "activity_events",
        ["activity_id", "log_index"],
        unique=False,
    )
    op.create_table(
        "monitoring_documents",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_monitoring_documents_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["monitoring_reports.id"], name=op.f("fk_monitoring_documents_report_id")
        ),
        sa.PrimaryKeyConstraint(
            "report_id", "revision", "position", name=op.f("pk_monitoring_documents")
        ),
    )
    op.create_index(
        op.f("ix_monitoring_documents_document_id"),
        "monitoring_documents",
        ["document_id"],
        unique=False,
    )
    op.create_table(
        "monitoring_lines",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("baseline_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("project_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("leakage_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("monitored_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "baseline_tco2e >= 0 and project_tco2e >= 0 and leakage_tco2e >= 0",
            name=op.f("ck_monitoring_lines_parts_positive"),
        ),
        sa.CheckConstraint(
            "monitored_tco2e = baseline_tco2e - project_tco2e - leakage_tco2e and monitored_tco2e >= 0",
            name=op.f("ck_monitoring_lines_net"),
        ),
        sa.CheckConstraint(
            "vintage between 1990 and 2200", name=op.f("ck_monitoring_lines_vintage_range")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["monitoring_reports.id"], name=op.f("fk_monitoring_lines_report_id")
        ),
        sa.PrimaryKeyConstraint(
            "report_id", "revision", "vintage", name=op.f("pk_monitoring_lines")
        ),
        sa.UniqueConstraint(
            "report_id",
            "revision",
            "vintage",
            "monitored_tco2e",
            name="uq_monitoring_lines_monitored",
        ),
    )
    op.create_table(
        "recognitions",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("letter_number", sa.Text(), nullable=False),
        sa.Column("letter_date", sa.Date(), nullable=False),
        sa.Column("recognised_tco2e", sa.Numeric(precision=24, scale=6), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("recognised_tco2e >= 0", name=op.f("ck_recognitions_quantity")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_recognitions_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["monitoring_reports.id"], name=op.f("fk_recognitions_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_recognitions")),
        sa.UniqueConstraint("letter_number", name=op.f("uq_recognitions_letter_number")),
    )
    op.create_table(
        "report_events",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_user_id", sa.Text(), nullable=False),
        sa.Column("by_party_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "to_status in ('draft', 'submitted', 'under_verification', 'verified', 'rejected', 'withdrawn', 'issued', 'recognised') and (from_status is null or from_status in ('draft', 'submitted', 'under_verification', 'verified', 'rejected', 'withdrawn', 'issued', 'recognised'))",
            name=op.f("ck_report_events_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["by_party_id"], ["parties.id"], name=op.f("fk_report_events_by_party_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_user_id"], ["users.id"], name=op.f("fk_report_events_by_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["monitoring_reports.id"], name=op.f("fk_report_events_report_id")
        ),
        sa.PrimaryKeyConstraint("report_id", "log_index", name=op.f("pk_report_events")),
    )
    op.create_table(
        "verifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("vvb_party_id", sa.Text(), nullable=False),
        sa.Column("lead_user_id", sa.Text(), nullable=True),
        sa.Column("reviewer_user_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opinion_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'concluded') = (reviewer_user_id is not null)",
            name=op.f("ck_verifications_reviewer_concluded"),
        ),
        sa.CheckConstraint(
            "status in ('assigned', 'awaiting_review', 'sent_back', 'concluded')",
            name=op.f("ck_verifications_status_known"),
        ),
        sa.CheckConstraint(
            "(opinion_number = 0) = (lead_user_id is null)",
            name=op.f("ck_verifications_lead_gave_opinion"),
        ),
        sa.CheckConstraint(
            "lead_user_id <> reviewer_user_id", name=op.f("ck_verifications_four_eyes")
        ),
        sa.CheckConstraint(
            "opinion_number >= 0 and version >= 1", name=op.f("ck_verifications_version_range")
        ),
        sa.ForeignKeyConstraint(
            ["assigned_by"], ["users.id"], name=op.f("fk_verifications_assigned_by")
        ),
        sa.ForeignKeyConstraint(
            ["lead_user_id"], ["users.id"], name=op.f("fk_verifications_lead_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "activity_id"],
            ["monitoring_reports.id", "monitoring_reports.activity_id"],
            name=op.f("fk_verifications_report_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_user_id"], ["users.id"], name=op.f("fk_verifications_reviewer_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["vvb_party_id"], ["parties.id"], name=op.f("fk_verifications_vvb_party_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        sa.UniqueConstraint("id", "report_id", name=op.f("uq_verifications_id_report_id")),
        sa.UniqueConstraint("report_id", name=op.f("uq_verifications_report_id")),
    )
    op.create_index(
        op.f("ix_verifications_activity_id_id"),
        "verifications",
        ["activity_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_verifications_vvb_party_id_id"),
        "verifications",
        ["vvb_party_id", "id"],
        unique=False,
    )
    op.create_table(
        "issuances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("meeting", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "approved or reason is not null", name=op.f("ck_issuances_refusal_has_reason")
        ),
        sa.CheckConstraint(
            "meeting is not null or document_id is not null", name=op.f("ck_issuances_grounded")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_issuances_decided_by")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_issuances_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "activity_id"],
            ["monitoring_reports.id", "monitoring_reports.activity_id"],
            name=op.f("fk_issuances_report_id"),
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "report_id"],
            ["verifications.id", "verifications.report_id"],
            name="fk_issuances_verification",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuances")),
        sa.UniqueConstraint(
            "id",
            "activity_id",
            "verification_id",
            name=op.f("uq_issuances_id_activity_id_verification_id"),
        ),
        sa.UniqueConstraint("report_id", name=op.f("uq_issuances_report_id")),
    )
    op.create_index(
        op.f("ix_issuances_activity_id_id"), "issuances", ["activity_id", "id"], unique=False
    )
    op.create_table(
        "verification_opinions",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lead_user_id", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("materiality_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("no_conflict_of_interest", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "assurance in ('reasonable', 'limited')",
            name=op.f("ck_verification_opinions_assurance_known"),
        ),
        sa.CheckConstraint(
            "conclusion in ('unmodified', 'modified', 'adverse', 'disclaimer')",
            name=op.f("ck_verification_opinions_conclusion_known"),
        ),
        sa.CheckConstraint(
            "materiality_percent between 0 and 100", name=op.f("ck_verification_opinions_percent")
        ),
        sa.CheckConstraint(
            "no_conflict_of_interest", name=op.f("ck_verification_opinions_impartial")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_verification_opinions_number_range")),
        sa.ForeignKeyConstraint(
            ["lead_user_id"], ["users.id"], name=op.f("fk_verification_opinions_lead_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_verification_opinions_verification_id"),
        ),
        sa.PrimaryKeyConstraint("verification_id", "number", name=op.f("pk_verification_opinions")),
        sa.UniqueConstraint(
            "verification_id",
            "number",
            "lead_user_id",
            name=op.f("uq_verification_opinions_verification_id_number_lead_user_id"),
        ),
    )
    op.create_table(
        "verification_documents",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_verification_documents_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "number"],
            ["verification_opinions.verification_id", "verification_opinions.number"],
            name=op.f("fk_verification_documents_verification_id"),
        ),
        sa.PrimaryKeyConstraint(
            "verification_id", "number", "position", name=op.f("pk_verification_documents")
        ),
    )
    op.create_index(
        op.f("ix_verification_documents_document_id"),
        "verification_documents",
        ["document_id"],
        unique=False,
    )
    op.create_table(
        "verification_findings",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("finding_class", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "finding_class in ('material_misstatement', 'misstatement', 'nonconformity')",
            name=op.f("ck_verification_findings_class_known"),
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "number"],
            ["verification_opinions.verification_id", "verification_opinions.number"],
            name=op.f("fk_verification_findings_verification_id"),
        ),
        sa.PrimaryKeyConstraint(
            "verification_id", "number", "position", name=op.f("pk_verification_findings")
        ),
    )
    op.create_table(
        "verification_lines",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("report_revision", sa.Integer(), nullable=False),
        sa.Column("monitored_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("verified_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("buffer_credits", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "buffer_credits between 0 and floor(verified_tco2e)",
            name=op.f("ck_verification_lines_buffer_range"),
        ),
        sa.CheckConstraint(
            "verified_tco2e between 0 and monitored_tco2e",
            name=op.f("ck_verification_lines_at_most_monitored"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "report_revision", "vintage", "monitored_tco2e"],
            [
                "monitoring_lines.report_id",
                "monitoring_lines.revision",
                "monitoring_lines.vintage",
                "monitoring_lines.monitored_tco2e",
            ],
            name="fk_verification_lines_monitored",
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "number"],
            ["verification_opinions.verification_id", "verification_opinions.number"],
            name=op.f("fk_verification_lines_verification_id"),
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "report_id"],
            ["verifications.id", "verifications.report_id"],
            name="fk_verification_lines_report",
        ),
        sa.PrimaryKeyConstraint(
            "verification_id", "number", "vintage", name=op.f("pk_verification_lines")
        ),
        sa.UniqueConstraint(
            "verification_id",
            "number",
            "vintage",
            "verified_tco2e",
            "buffer_credits",
            name="uq_verification_lines_verified",
        ),
    )
    op.create_table(
        "verification_reviews",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lead_user_id", sa.Text(), nullable=False),
        sa.Column("reviewer_user_id", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reviewer_user_id <> lead_user_id", name=op.f("ck_verification_reviews_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_user_id"],
            ["users.id"],
            name=op.f("fk_verification_reviews_reviewer_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "number", "lead_user_id"],
            [
                "verification_opinions.verification_id",
                "verification_opinions.number",
                "verification_opinions.lead_user_id",
            ],
            name=op.f("fk_verification_reviews_verification_id"),
        ),
        sa.PrimaryKeyConstraint("verification_id", "number", name=op.f("pk_verification_reviews")),
    )
    op.create_table(
        "issuance_lines",
        sa.Column("issuance_id", sa.Text(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("opinion_number", sa.Integer(), nullable=False),
        sa.Column("verified_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("carried_from_issuance_id", sa.Text(), nullable=True),
        sa.Column("carried_in_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("buffer_credits", sa.BigInteger(), nullable=False),
        sa.Column("remainder_tco2e", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(batch_id is null) = (credits = 0)", name=op.f("ck_issuance_lines_batch_when_credits")
        ),
        sa.CheckConstraint(
            "(carried_from_issuance_id is null) = (carried_in_tco2e = 0)",
            name=op.f("ck_issuance_lines_carried_from"),
        ),
        sa.CheckConstraint(
            "buffer_credits between 0 and credits", name=op.f("ck_issuance_lines_buffer_range")
        ),
        sa.CheckConstraint(
            "carried_from_issuance_id <> issuance_id",
            name=op.f("ck_issuance_lines_carried_from_another"),
        ),
        sa.CheckConstraint(
            "remainder_tco2e >= 0 and remainder_tco2e < 1",
            name=op.f("ck_issuance_lines_remainder_range"),
        ),
        sa.CheckConstraint(
            "verified_tco2e + carried_in_tco2e = credits + remainder_tco2e",
            name=op.f("ck_issuance_lines_rounded_down"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.id"],
            name=op.f("fk_issuance_lines_batch_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["carried_from_issuance_id", "activity_id", "vintage", "carried_in_tco2e"],
            [
                "issuance_lines.issuance_id",
                "issuance_lines.activity_id",
                "issuance_lines.vintage",
                "issuance_lines.remainder_tco2e",
            ],
            name="fk_issuance_lines_carried",
        ),
        sa.ForeignKeyConstraint(
            ["issuance_id", "activity_id", "verification_id"],
            ["issuances.id", "issuances.activity_id", "issuances.verification_id"],
            name="fk_issuance_lines_issuance",
        ),
        sa.ForeignKeyConstraint(
            ["verification_id", "opinion_number", "vintage", "verified_tco2e", "buffer_credits"],
            [
                "verification_lines.verification_id",
                "verification_lines.number",
                "verification_lines.vintage",
                "verification_lines.verified_tco2e",
                "verification_lines.buffer_credits",
            ],
            name="fk_issuance_lines_verified",
        ),
        sa.PrimaryKeyConstraint("issuance_id", "vintage", name=op.f("pk_issuance_lines")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_issuance_lines_batch_id")),
        sa.UniqueConstraint(
            "carried_from_issuance_id", "vintage", name="uq_issuance_lines_carried_once"
        ),
        sa.UniqueConstraint(
            "issuance_id",
            "activity_id",
            "vintage",
            "remainder_tco2e",
            name="uq_issuance_lines_remainder",
        ),
    )
    op.create_index(
        op.f("ix_issuance_lines_activity_id_vintage"),
        "issuance_lines",
        ["activity_id", "vintage"],
        unique=False,
    )
