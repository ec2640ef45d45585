"""
The tables of sessions, second factors, confirmations, identities and guesses, and of who came and
who read.

None of them is history: their rows pass, and the service may remove them (``passing``). What must
not be taken back while they are there is held by triggers (migrations, 0006_sign_in). Records of
access are only added to by the service, and go when the rule says so (``expiring``, 0014_passkeys).
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
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
from app.registry.signin.rules import AccessKind, Asking, EndReason, Factor, Purpose, Scope

_PASSING: Final = {"passing": True}


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_used_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("address", Text, nullable=False),
    Column("second_factor", Text),  # null: a password alone
    Column("ended_at", DateTime(timezone=True)),
    Column("end_reason", Text),
    CheckConstraint(
        "last_used_at >= created_at and expires_at > created_at", name="moments_in_order"
    ),
    CheckConstraint("(ended_at is null) = (end_reason is null)", name="ended_for_a_reason"),
    CheckConstraint(f"end_reason in ({_words(EndReason)})", name="end_reason"),
    CheckConstraint(f"second_factor in ({_words(Factor)})", name="second_factor"),
    Index(None, "user_id", "id"),
    Index("ix_sessions_live", "user_id", "id", postgresql_where=text("ended_at is null")),
    Index(None, "expires_at"),
    info=_PASSING,
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the token
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("octet_length(digest) = 32", name="digest_length"),
    Index(None, "session_id"),
    # Of a session's tokens at most one can still be used.
    Index(
        "uq_refresh_tokens_open",
        "session_id",
        unique=True,
        postgresql_where=text("used_at is null"),
    ),
    info=_PASSING,
)

sign_in_guesses: Final = Table(
    "sign_in_guesses",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("name", LargeBinary, primary_key=True),  # SHA-256 of what is counted
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"scope in ({_words(Scope)})", name="scope"),
    CheckConstraint("octet_length(name) = 32", name="name_length"),
    CheckConstraint("failures >= 0", name="failures"),
    Index(None, "last_at"),
    info=_PASSING,
)

totp_secrets: Final = Table(
    "totp_secrets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("sealed", LargeBinary),  # encrypted with a key that is not in the database
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True)),  # null: nobody has shown a code of it yet
    Column("removed_at", DateTime(timezone=True)),
    Column("last_step", BigInteger),  # of the last code that was taken; a trigger lets it only grow
    CheckConstraint("(removed_at is null) = (sealed is not null)", name="removed_is_gone"),
    CheckConstraint("(confirmed_at is null) = (last_step is null)", name="confirmed_by_a_code"),
    Index(None, "user_id", "id"),
    Index(
        "uq_totp_secrets_confirmed",
        "user_id",
        unique=True,
        postgresql_where=text("confirmed_at is not null and removed_at is null"),
    ),
    Index(
        "uq_totp_secrets_pending",
        "user_id",
        unique=True,
        postgresql_where=text("confirmed_at is null and removed_at is null"),
    ),
    info=_PASSING,
)

recovery_codes: Final = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),  # SHA-256: the code has 80 random bits
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("octet_length(digest) = 32", name="digest_length"),
    info=_PASSING,
)

confirmations: Final = Table(
    "confirmations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of what is confirmed, hexadecimal
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest"),
    CheckConstraint(
        "expires_at > created_at and expires_at <= created_at + interval '5 minutes'", name="short"
    ),
    CheckConstraint("used_at < expires_at", name="used_in_time"),
    Index(None, "user_id", "digest", "id"),
    Index(None, "expires_at"),
    info=_PASSING,
)

access_records: Final = Table(
    "access_records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    # Neither refers to a table: applications are a later subject's, and acts are also the
    # register's own.
    Column("about", Text),  # null: everybody
    Column("by", Text),  # null: whoever it was did not get in
    Column("network", Text),  # null: not known, or of somebody who was erased
    Column("session_id", Text),
    Column("key_id", Text),
    CheckConstraint(f"kind in ({_words(AccessKind)})", name="kind"),
    # Words of nobody: what is kept of a person who was erased is identifiers.
    CheckConstraint("what ~ '^[a-z][a-z0-9_.]{0,63}$'", name="what"),
    CheckConstraint("about ~ '^(usr|apl)_[0-9a-z]{26}$'", name="about"),
    CheckConstraint("by ~ '^(usr_[0-9a-z]{26}|registry)$'", name="by"),
    Index(None, "at", "id"),
    Index(None, "kind", "at", "id"),
    Index(None, "about", "at", "id"),
    Index(None, "about", "kind", "at", "id"),
    Index(
        "ix_access_records_to_others",
        "by",
        "at",
        "id",
        postgresql_where=text("by is distinct from about"),
    ),
    Index(
        "ix_access_records_to_others_by_kind",
        "by",
        "kind",
        "at",
        "id",
        postgresql_where=text("by is distinct from about"),
    ),
    info={"expiring": True},
)

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),  # a trigger lets it only grow
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_used_at", DateTime(timezone=True)),
    CheckConstraint("octet_length(credential_id) between 16 and 1023", name="credential_id"),
    CheckConstraint("octet_length(public_key) between 32 and 2048", name="public_key"),
    CheckConstraint("sign_count between 0 and 4294967295", name="sign_count"),
    CheckConstraint("char_length(name) between 1 and 200", name="name"),
    Index(None, "user_id", "id"),
    info=_PASSING,
)

# What an authenticator is to sign, once. The one of a confirmation ends with the SHA-256 of what is
# confirmed.
passkey_challenges: Final = Table(
    "passkey_challenges",
    metadata,
    Column("challenge", LargeBinary, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), index=True),  # null: whoever signs in
    Column("network", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"purpose in ({_words(Purpose)})", name="purpose"),
    CheckConstraint(
        "octet_length(challenge) = case purpose when 'confirm' then 64 else 32 end",
        name="challenge",
    ),
    CheckConstraint("(user_id is null) = (purpose = 'sign_in')", name="whose"),
    CheckConstraint(
        "expires_at > created_at and expires_at <= created_at + interval '5 minutes'", name="short"
    ),
    Index(None, "network", "expires_at"),
    Index(None, "expires_at"),
    info=_PASSING,
)

identities: Final = Table(
    "identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint("issuer ~ '^https?://' and char_length(issuer) <= 500", name="issuer"),
    CheckConstraint("subject ~ '^[ -~]{1,255}$'", name="subject"),
    Index(None, "user_id", "id"),
    info=_PASSING,
)

# What an identity provider was asked, once. Whoever reads it learns no state and no binding.
identity_requests: Final = Table(
    "identity_requests",
    metadata,
    Column("state", LargeBinary, primary_key=True),  # SHA-256
    Column("purpose", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), index=True),  # null: whoever signs in
    Column("binding", LargeBinary, nullable=False),  # SHA-256
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("code", LargeBinary),  # SHA-256; null: nobody has come back yet
    Column("identity_id", Text, ForeignKey("identities.id", ondelete="CASCADE"), index=True),
    CheckConstraint(f"purpose in ({_words(Asking)})", name="purpose"),
    CheckConstraint(
        "octet_length(state) = 32 and octet_length(binding) = 32 and octet_length(code) = 32",
        name="digests",
    ),
    CheckConstraint(
        "nonce ~ '^[A-Za-z0-9_-]{43}$' and verifier ~ '^[A-Za-z0-9_-]{43}$'", name="secrets"
    ),
    CheckConstraint("(user_id is null) = (purpose = 'sign_in')", name="whose"),
    CheckConstraint(
        "identity_id is null or (code is not null and purpose = 'sign_in')", name="found"
    ),
    CheckConstraint(
        "expires_at > created_at and expires_at <= created_at + interval '10 minutes'", name="short"
    ),
    Index(None, "network", "expires_at"),
    Index(None, "expires_at"),
    info=_PASSING,
)
