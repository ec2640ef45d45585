"""Methodology versions in the database."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.statements import Statement
from app.registry.methodologies.rules import (
    Family,
    Methodology,
    MethodologyNotFoundError,
    MethodologyTakenError,
    Variant,
)

methodologies: Final = Table(
    "methodologies",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("title_th", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("project_type", Integer, nullable=False),
    Column("sectoral_scope", Integer, nullable=False),
    Column("variant", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("crediting_years", Integer, nullable=False),
    Column("renewals_max", Integer),  # null: no limit
    Column("buffer_applies", Boolean, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("superseded_on", Date),
    Column("last_acceptable_on", Date),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("note", Text),
    Column("log_index", BigInteger, nullable=False),  # of the act that entered it
    CheckConstraint("version ~ '^[0-9]{2}$'", name="version_form"),
    CheckConstraint("project_type between 1 and 15", name="project_type"),
    CheckConstraint("sectoral_scope between 1 and 16", name="sectoral_scope"),
    CheckConstraint("variant in ('standard', 'premium', 'less')", name="variant"),
    CheckConstraint(
        "family in ('renewable_electricity', 'energy_efficiency', 'forestry', 'agriculture', "
        "'other')",
        name="family",
    ),
    CheckConstraint("crediting_years between 1 and 100", name="crediting_years"),
    CheckConstraint("renewals_max between 0 and 100", name="renewals_max"),
    CheckConstraint("not buffer_applies or variant = 'premium'", name="buffer_premium"),
    CheckConstraint("verified or note is not null", name="unverified_noted"),
    CheckConstraint(
        "(superseded_on is null) = (last_acceptable_on is null)"
        " and superseded_on > valid_from and last_acceptable_on >= superseded_on",
        name="supersession",
    ),
)
Index("ix_methodologies_project_type", *methodologies.c["project_type", "code", "version"])

REFUSALS: Final[dict[str, type[RegistryError]]] = {"pk_methodologies": MethodologyTakenError}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which methodology versions a list shows; None: all."""

    code: str | None = None
    project_type: int | None = None
    variant: Variant | None = None
    acceptable_on: date | None = None


async def get_methodology(connection: AsyncConnection, *, code: str, version: str) -> Methodology:
    """
    Return a methodology version.

    Raises:
        MethodologyNotFoundError: there is none.
    """
    found = await find_methodology(connection, code=code, version=version)
    if found is None:
        raise MethodologyNotFoundError(methodology=code, version=version)
    return found


async def find_methodology(
    connection: AsyncConnection, *, code: str, version: str
) -> Methodology | None:
    """Return a methodology version, or None."""
    found = await _ONE.rows(connection, code=code, version=version)
    return _methodology(found[0]) if found else None


async def list_methodologies(
    connection: AsyncConnection,
    which: Filter,
    *,
    limit: int = 50,
    after: tuple[str, str] | None = None,
) -> tuple[Methodology, ...]:
    """List methodology versions by code and version, those after a code and version."""
    place = tuple_(methodologies.c.code, methodologies.c.version)
    query = _narrowed(which).order_by(methodologies.c.code, methodologies.c.version).limit(limit)
    if after is not None:
        query = query.where(place > after)
    return tuple(_methodology(row) for row in await connection.execute(query))


async def insert_methodology(connection: AsyncConnection, methodology: Methodology) -> None:
    """Keep a new methodology version."""
    await connection.execute(insert(methodologies).values(asdict(methodology)))


async def update_supersession(connection: AsyncConnection, methodology: Methodology) -> None:
    """Keep when a version was superseded and until when it is accepted; that is written once."""
    done = await connection.execute(
        update(methodologies)
        .where(
            methodologies.c.code == methodology.code,
            methodologies.c.version == methodology.version,
            methodologies.c.superseded_on.is_(None),
        )
        .values(
            superseded_on=methodology.superseded_on,
            last_acceptable_on=methodology.last_acceptable_on,
        )
    )
    assert done.rowcount == 1


def _narrowed(which: Filter) -> Select[Any]:
    query = select(methodologies)
    if which.code is not None:
        query = query.where(methodologies.c.code == which.code)
    if which.project_type is not None:
        query = query.where(methodologies.c.project_type == which.project_type)
    if which.variant is not None:
        query = query.where(methodologies.c.variant == which.variant.value)
    if which.acceptable_on is not None:
        last = methodologies.c.last_acceptable_on
        query = query.where(
            methodologies.c.valid_from <= which.acceptable_on,
            or_(last.is_(None), last >= which.acceptable_on),
        )
    return query


def _methodology(row: Row[Any]) -> Methodology:
    return Methodology(
        **{**row._mapping, "variant": Variant(row.variant), "family": Family(row.family)}  # noqa: SLF001
    )


_ONE: Final = Statement(
    select(methodologies).where(
        methodologies.c.code == bindparam("code", type_=Text),
        methodologies.c.version == bindparam("version", type_=Text),
    )
)
