"""The environment as one frozen value: read here and nowhere else."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT: Final = Path(__file__).resolve().parent.parent
# Where container platforms mount secrets: the file `database_url` holds what DATABASE_URL would.
_SECRETS: Final = Path("/run/secrets")
# The committer writes on one connection; the others are for acts that are only tried out.
COMMITTER_CONNECTIONS_MAX: Final = 4
# For what has to be known of a request before it is served, as who calls. Were these of the
# connections that requests hold to read with, all could be held by requests that wait for one more.
GLANCES_MAX: Final = 2
# For what the service reads on its own behalf, as when somebody signs in; its role sees everything.
READS_MAX: Final = 4

PostgresUrl = Annotated[
    str, StringConstraints(pattern=r"^postgres(ql)?(\+asyncpg)?://\S+$"), Field(repr=False)
]

_DOMAIN: Final = r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*"
# A browser gives passkeys to pages that came safely, and to those of the machine itself.
_ORIGIN: Final = rf"(https://{_DOMAIN}|http://localhost)(:[0-9]{{1,5}})?"

# A provider for development is a process beside ours. Whatever else is called is called safely.
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OIDC_ADDRESS: Final = (
    r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)(/[^\s?#@]*)?$"
)


class Settings(BaseSettings):
    """
    Everything about an installation that differs from another.

    Addresses of databases carry passwords: they are left out of what is printed, and out of the
    complaint about a wrong one.
    """

    model_config = SettingsConfigDict(
        env_prefix="REGISTRY_",
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None,
        env_ignore_empty=True,
        validate_by_name=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    database_url: PostgresUrl = Field(validation_alias="DATABASE_URL")
    # A streaming replica for what may be some seconds late: what visitors read, and exports.
    read_database_url: PostgresUrl = Field(
        default_factory=lambda filled: str(filled["database_url"]),
        validation_alias="READ_DATABASE_URL",
    )
    # May create tables and roles; the running service never uses it.
    migration_database_url: PostgresUrl = Field(
        default_factory=lambda filled: str(filled["database_url"]),
        validation_alias="MIGRATION_DATABASE_URL",
    )
    # For the publisher, which needs no more than to read the log.
    publisher_database_url: PostgresUrl = Field(
        default_factory=lambda filled: str(filled["database_url"]),
        validation_alias="PUBLISHER_DATABASE_URL",
    )
    # Files of this installation: the key that signs tokens, and documents unless kept elsewhere.
    data: Path = CHECKOUT / ".data"
    # A folder as file:///…, or an object store as s3://….
    documents_url: str = Field(
        default_factory=lambda filled: (filled["data"] / "documents").resolve().as_uri(),
        validation_alias="DOCUMENTS_URL",
    )
    # Where the published log lies, as documents_url: any static host may serve this folder.
    log_url: str = Field(
        default_factory=lambda filled: (filled["data"] / "log").resolve().as_uri(),
        validation_alias="LOG_URL",
    )
    # The log's name for ever, which its keys carry: where it is reached, without the scheme.
    log_origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,255}$")] = "localhost/log"
    # The publisher's own: signing keys, and what it has signed. Best on a machine of its own.
    publisher_data: Path = Field(default_factory=lambda filled: filled["data"] / "publisher")
    # Who must have seen a checkpoint before it goes out: a trust policy, its witnesses with
    # addresses. None: nobody is asked.
    witness_policy: Path | None = None
    # Seconds that all witnesses together may take.
    witness_seconds_max: Annotated[float, Field(gt=0, le=60)] = 0.5
    # Where this process is to end or to stop, for tests of faults: `name=kill` or `name=stop`.
    failpoint: str = ""
    # Where people reach the service, for the API's description; empty says "where this came from".
    public_origin: Annotated[str, StringConstraints(pattern=r"^(https?://[^/\s]+)?$")] = ""
    # Passkeys: the domain that they are for, and the origins of the pages that use them, with
    # blanks between. Both or neither: without them nobody can register one.
    passkey_rp_id: Annotated[str, StringConstraints(pattern=rf"^({_DOMAIN})?$")] = ""
    passkey_origins: Annotated[str, StringConstraints(pattern=rf"^({_ORIGIN}( {_ORIGIN})*)?$")] = ""
    # The server that takes mail; empty: nobody is mailed, and notices are read in the register.
    mail_host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{0,253}$")] = ""
    mail_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    # How it is talked to: TLS after a greeting, from the first byte, or none (to this machine).
    mail_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: Annotated[str, StringConstraints(pattern=rf"^([^@\s<>,;:\"]+@{_DOMAIN})?$")] = ""
    mail_user: str = ""  # empty: it asks for no name
    mail_password_file: Path | None = None
    # An identity provider (OpenID Connect) to sign in by: its name as it writes it, which is where
    # its discovery document lies; what we are called there; the file with our secret; and the page
    # that it sends browsers back to. All four or none: without them nobody is called.
    oidc_issuer: Annotated[str, StringConstraints(pattern=rf"{_OIDC_ADDRESS}|^$")] = ""
    oidc_client_id: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,255}$")] = ""
    oidc_client_secret_file: Path | None = None
    oidc_redirect_uri: Annotated[str, StringConstraints(pattern=rf"{_OIDC_ADDRESS}|^$")] = ""
    # How people reach the authority about the register, as pages say it; empty: they say to ask it.
    contact: Annotated[str, StringConstraints(max_length=200)] = ""
    # The licence of the open data, by its name or address; empty: pages say that none is set.
    open_data_licence: Annotated[str, StringConstraints(max_length=200)] = ""
    log_format: Literal["console", "json"] = "console"
    # Connections for reading, of each server process. All processes of all machines together must
    # fit into the database's max_connections (`registry doctor` counts).
    connections_max: Annotated[int, Field(ge=1, le=500)] = 8
    # A JSON body. A thousand acts in one request fit; documents have their own limit.
    body_bytes_max: Annotated[int, Field(ge=1_024, le=64 * 2**20)] = 2**20

    @model_validator(mode="after")
    def _passkeys_are_for_their_pages(self) -> Self:
        hosts = {urlsplit(origin).hostname or "" for origin in self.passkey_origins.split()}
        if bool(hosts) is not bool(self.passkey_rp_id):
            raise ValueError("set REGISTRY_PASSKEY_RP_ID and REGISTRY_PASSKEY_ORIGINS, or neither")
        if not all(f".{host}".endswith(f".{self.passkey_rp_id}") for host in hosts):
            raise ValueError("REGISTRY_PASSKEY_ORIGINS are pages of REGISTRY_PASSKEY_RP_ID")
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.mail_host and not self.mail_from:
            raise ValueError("set REGISTRY_MAIL_FROM, from whom mail by REGISTRY_MAIL_HOST is")
        if bool(self.mail_user) is not bool(self.mail_password_file):
            raise ValueError("set REGISTRY_MAIL_USER and REGISTRY_MAIL_PASSWORD_FILE, or neither")
        if self.mail_user and self.mail_tls == "none":
            raise ValueError("REGISTRY_MAIL_USER needs REGISTRY_MAIL_TLS: its password is secret")
        return self

    @model_validator(mode="after")
    def _a_provider_is_named_whole(self) -> Self:
        named = (self.oidc_issuer, self.oidc_client_id, self.oidc_redirect_uri)
        if len({bool(self.oidc_client_secret_file), *map(bool, named)}) != 1:
            raise ValueError(
                "set REGISTRY_OIDC_ISSUER, REGISTRY_OIDC_CLIENT_ID, REGISTRY_OIDC_REDIRECT_URI and "
                "REGISTRY_OIDC_CLIENT_SECRET_FILE, or none of them"
            )
        return self

    @property
    def connections_per_process(self) -> int:
        """How many connections a server process opens at the most."""
        return self.connections_max + COMMITTER_CONNECTIONS_MAX + GLANCES_MAX + READS_MAX
