"""The tables of parties, users, accreditations and API keys."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from app.kernel.db import metadata
from app.registry.parties.rules import (
    KINDS_OF_PLACE,
    REPRESENTING,
    ROLES_OF_KIND,
    SECTORAL_SCOPE_MAX,
    PartyKind,
    Role,
    Status,
)


def _words(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


def _roles_fit_kind() -> str:
    return " or ".join(
        f"(party_kind = '{kind}' and roles <@ array[{_words(sorted(roles))}]::text[])"
        for kind, roles in ROLES_OF_KIND.items()
    )


parties: Final = Table(
    "parties",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("province_code", Text, ForeignKey("provinces.code")),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Null: it was not admitted on an application, and who may act for it is not counted.
    Column("representatives_min", SmallInteger),
    Column("closed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("id", "kind"),  # what users refer to, so that their roles can be held to it
    CheckConstraint(f"kind in ({_words(list(PartyKind))})", name="kind"),
    CheckConstraint(f"status in ({_words(list(Status))})", name="status"),
    CheckConstraint(
        f"kind not in ({_words(list(KINDS_OF_PLACE))}) or province_code is not null",
        name="place_has_province",
    ),
    CheckConstraint("representatives_min between 2 and 20", name="representatives_range"),
    CheckConstraint(f"closed_at is null or status = '{Status.SUSPENDED}'", name="closed_for_good"),
    Index(None, "kind", "id"),
    Index(None, "province_code", "id"),
    Index(None, "province_code", "kind", "id"),
)

# Few of very many users. The planner finds the index only where a query says it in these words.
IS_ADMINISTRATOR: Final = f"roles @> '{{{Role.ADMINISTRATOR}}}'"

# And of people of the authority there are few.
ARE_OFFICIALS: Final = f"party_kind = '{PartyKind.AUTHORITY}'"

# The same for those who can act for an account: a party has few of them.
ARE_REPRESENTATIVES: Final = {
    role: f"status = '{Status.ACTIVE}' and roles @> '{{{role}}}'"
    for role in (Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER)
}

# And all who see it, whatever they may do.
REPRESENTATIVES: Final = (
    f"status = '{Status.ACTIVE}' and roles && '{{{','.join(sorted(REPRESENTING))}}}'"
)

users: Final = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party_id", Text, nullable=False),
    Column("party_kind", Text, nullable=False),
    Column("email", Text),  # null: erased, like the name
    Column("display_name", Text),
    Column("roles", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    Column("password_hash", Text),  # null: signs in by API key only, until a password is set
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["party_id", "party_kind"], ["parties.id", "parties.kind"]),
    UniqueConstraint("email"),
    CheckConstraint("email = lower(email)", name="email_folded"),
    CheckConstraint(f"status in ({_words(list(Status))})", name="status"),
    CheckConstraint("cardinality(roles) > 0", name="has_role"),
    CheckConstraint(_roles_fit_kind(), name="roles_of_kind"),
    CheckConstraint("starts_with(password_hash, '$argon2id$')", name="password_hashed"),
    CheckConstraint(
        "(email is not null and display_name is not null) or (email is null and"
        f" display_name is null and password_hash is null and status = '{Status.SUSPENDED}')",
        name="erased_for_good",
    ),
    Index(None, "party_id", "id"),
    Index("ix_users_administrators", "id", postgresql_where=text(IS_ADMINISTRATOR)),
    Index("ix_users_officials", "id", postgresql_where=text(ARE_OFFICIALS)),
    Index(
        "ix_users_initiators",
        "party_id",
        "id",
        postgresql_where=text(ARE_REPRESENTATIVES[Role.HOLDER_INITIATOR]),
    ),
    Index(
        "ix_users_approvers",
        "party_id",
        "id",
        postgresql_where=text(ARE_REPRESENTATIVES[Role.HOLDER_APPROVER]),
    ),
    Index("ix_users_representatives", "party_id", "id", postgresql_where=text(REPRESENTATIVES)),
)

accreditations: Final = Table(
    "accreditations",
    metadata,
    Column("party_id", Text, primary_key=True),
    Column("sectoral_scope", SmallInteger, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("party_kind", Text, nullable=False),
    Column("valid_to", Date),  # null: until it is ended
    Column("log_index", BigInteger, nullable=False),
    ForeignKeyConstraint(["party_id", "party_kind"], ["parties.id", "parties.kind"]),
    CheckConstraint(f"party_kind = '{PartyKind.VVB}'", name="of_a_vvb"),
    CheckConstraint(f"sectoral_scope between 1 and {SECTORAL_SCOPE_MAX}", name="scope_range"),
    CheckConstraint("valid_to >= valid_from", name="days_in_order"),
    # Two accreditations of one scope that never end would cover the same days.
    Index(
        "uq_accreditations_open",
        "party_id",
        "sectoral_scope",
        unique=True,
        postgresql_where=text("valid_to is null"),
    ),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("scopes", ARRAY(Text)),  # null: all that its user may do
    Column("addresses", ARRAY(CIDR)),  # null: it works from anywhere
    Column("expires_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),  # to the minute
    Column("public_key", LargeBinary),  # Ed25519; null: what it changes need not be signed
    CheckConstraint("octet_length(secret_sha256) = 32", name="digest_length"),
    CheckConstraint("octet_length(public_key) = 32", name="public_key_length"),
    CheckConstraint("revoked_at >= created_at", name="moments_in_order"),
    CheckConstraint("cardinality(scopes) > 0", name="has_scope"),
    CheckConstraint("cardinality(addresses) > 0", name="has_address"),
    CheckConstraint("expires_at > created_at", name="works_at_first"),
    Index(None, "user_id", "id"),
)

# Why somebody was suspended may be personal, so the words are kept here and not in the public log.
party_events: Final = Table(
    "party_events",
    metadata,
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("party_id", Text, ForeignKey("parties.id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id")),  # null: about the party itself
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text),  # null: this kind of act asks for no reason
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index(None, "party_id", "log_index"),
    Index(None, "user_id", "log_index"),
    info={"history": True, "erasable": ("why",)},
)
