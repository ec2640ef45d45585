"""Programmes, members and rule values in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
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
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.kernel.statements import Statement
from app.registry.programmes.refusals import (
    MemberTakenError,
    ProgrammeNotFoundError,
    ProgrammeTakenError,
    RuleMissingError,
)
from app.registry.programmes.rules import (
    FOUNDER,
    Member,
    Programme,
    ProgrammeKind,
    ProgrammeStatus,
    RuleKey,
    RuleValue,
    SigningCapacity,
)

programmes: Final = Table(
    "programmes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("names_as_published", ARRAY(Text), nullable=False),
    Column("kind", Text, nullable=False),
    Column("needs_verification", Boolean, nullable=False),
    Column("mints", Boolean, nullable=False),
    Column("market_based", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("note", Text),
    Column("log_index", BigInteger, nullable=False),
    # The code is part of serial numbers, whose parts are joined by hyphens.
    CheckConstraint("code ~ '^[A-Z][A-Z0-9]{1,11}$'", name="code_form"),
    CheckConstraint(
        "kind in ('city_pilot', 'provincial', 'standard', 'premium', 'less')", name="kind"
    ),
    CheckConstraint("status in ('open', 'closed')", name="status"),
    CheckConstraint(
        "not mints or (needs_verification and kind <> 'less')", name="minting_verified"
    ),
)

programme_members: Final = Table(
    "programme_members",
    metadata,
    Column("programme_code", Text, ForeignKey("programmes.code"), primary_key=True),
    Column("province_code", Text, ForeignKey("provinces.code"), primary_key=True, index=True),
    Column("since_fiscal_year_be", Integer, nullable=False),
    Column("memorandum_date", Date, nullable=False),
    Column("signing_capacity", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("since_fiscal_year_be between 2500 and 2800", name="fiscal_year_be"),
    CheckConstraint("signing_capacity in ('governor', 'deputy_governor')", name="signing_capacity"),
    info={"history": True},
)

rule_values: Final = Table(
    "rule_values",
    metadata,
    Column("id", Text, primary_key=True),
    Column("programme_code", Text, ForeignKey("programmes.code")),  # null: every programme
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("unit", Text),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("valid_to is null or valid_to >= valid_from", name="period"),
    info={"history": True},
)
Index(
    "ix_rule_values_in_force",
    rule_values.c.key,
    rule_values.c.programme_code,
    rule_values.c.valid_from,
)
Index("ix_rule_values_programme_code", rule_values.c.programme_code, rule_values.c.id)

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "pk_programmes": ProgrammeTakenError,
    "pk_programme_members": MemberTakenError,
}


async def get_programme(connection: AsyncConnection, code: str) -> Programme:
    """
    Return the programme with a code.

    Raises:
        ProgrammeNotFoundError: there is none.
    """
    found = await find_programme(connection, code)
    if found is None:
        raise ProgrammeNotFoundError(programme=code)
    return found


async def find_programme(connection: AsyncConnection, code: str) -> Programme | None:
    """Return the programme with a code, or None."""
    found = await _ONE.rows(connection, code=code)
    return _programme(found[0]) if found else None


async def list_programmes(
    connection: AsyncConnection, *, limit: int = 50, after: str | None = None
) -> tuple[Programme, ...]:
    """List programmes by code, those after a code."""
    found = await _ALL.rows(connection, after=after or "", limit=limit)
    return tuple(_programme(row) for row in found)


async def list_members(connection: AsyncConnection, programme_code: str) -> tuple[Member, ...]:
    """List the provinces of a programme by code; there are at most 77."""
    found = await _MEMBERS_OF.rows(connection, code=programme_code)
    return tuple(_member(row) for row in found)


async def get_rule(
    connection: AsyncConnection, *, programme_code: str | None, key: RuleKey, on: date
) -> RuleValue:
    """
    Return the value of a rule for a programme on a day.

    The programme's own value goes before the one of every programme; among those the latest
    beginning, and among these the latest recorded. A value that has ended gives way to the one
    before it.

    Args:
        connection: a snapshot, or the pen's.
        programme_code: whose value; None: the value of every programme, where no programme is
            meant.
        key: the rule.
        on: the day (Bangkok) whose rules decide, as a rule the day of the act.

    Raises:
        RuleMissingError: neither has a value on that day.
    """
    found = await find_rule(connection, programme_code=programme_code, key=key, on=on)
    if found is None:
        raise RuleMissingError(
            key=key.value, programme=programme_code or FOUNDER, on=on.isoformat()
        )
    return found


async def find_rule(
    connection: AsyncConnection, *, programme_code: str | None, key: RuleKey, on: date
) -> RuleValue | None:
    """Return what `get_rule` returns, or None where a rule that need not be has no value."""
    query = (
        _in_force(programme_code, on)
        .where(rule_values.c.key == key.value)
        .order_by(*_PRECEDENCE)
        .limit(1)
    )
    found = (await connection.execute(query)).one_or_none()
    return None if found is None else _rule_value(found)


async def list_rules_unended(
    connection: AsyncConnection,
    *,
    key: RuleKey,
    on: date,
    limit: int = 50,
    after: str | None = None,
) -> tuple[RuleValue, ...]:
    """List values of every programme that end on a day, later or never, by id, those after one."""
    query = (
        select(rule_values)
        .where(
            rule_values.c.key == key.value,
            rule_values.c.programme_code.is_(None),
            or_(rule_values.c.valid_to.is_(None), rule_values.c.valid_to >= on),
        )
        .order_by(rule_values.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(rule_values.c.id > after)
    return tuple(_rule_value(row) for row in await connection.execute(query))


async def list_rules_in_force(
    connection: AsyncConnection, *, programme_code: str | None, on: date
) -> tuple[RuleValue, ...]:
    """List the one value per rule that `get_rule` would return; there are as many as rule keys."""
    found = await _RULES_IN_FORCE.rows(connection, code=programme_code, on=on)
    return tuple(_rule_value(row) for row in found)


async def list_rule_history(
    connection: AsyncConnection, *, programme_code: str, limit: int = 50, after: str | None = None
) -> tuple[RuleValue, ...]:
    """List all values ever set for a programme or for every one, latest first, after an id."""
    query = (
        select(rule_values)
        .where(_concerns(programme_code))
        .order_by(rule_values.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(rule_values.c.id < after)
    return tuple(_rule_value(row) for row in await connection.execute(query))


async def insert_programme(
    connection: AsyncConnection, programme: Programme, *, log_index: int
) -> None:
    """Keep a new programme."""
    row = asdict(programme) | {
        "names_as_published": list(programme.names_as_published),
        "log_index": log_index,
    }
    await connection.execute(insert(programmes).values(row))


async def insert_member(connection: AsyncConnection, member: Member, *, log_index: int) -> None:
    """Keep a new membership."""
    row = asdict(member) | {"log_index": log_index}
    await connection.execute(insert(programme_members).values(row))


async def insert_rule_values(connection: AsyncConnection, values: Sequence[RuleValue]) -> None:
    """Keep new rule values."""
    await connection.execute(insert(rule_values), [asdict(value) for value in values])


# A null programme code sorts last, so a programme's own value comes first.
_PRECEDENCE: Final = (
    rule_values.c.programme_code.is_(None),
    rule_values.c.valid_from.desc(),
    rule_values.c.id.desc(),
)


def _concerns(programme_code: str | None) -> ColumnElement[bool]:
    of_all = rule_values.c.programme_code.is_(None)
    if programme_code is None:
        return of_all
    return or_(rule_values.c.programme_code == programme_code, of_all)


def _in_force(programme_code: str | None, on: date) -> Select[Any]:
    return select(rule_values).where(
        _concerns(programme_code),
        rule_values.c.valid_from <= on,
        or_(rule_values.c.valid_to.is_(None), rule_values.c.valid_to >= on),
    )


def _programme(row: Row[Any]) -> Programme:
    return Programme(
        code=row.code,
        name_th=row.name_th,
        name_en=row.name_en,
        names_as_published=tuple(row.names_as_published),
        kind=ProgrammeKind(row.kind),
        needs_verification=row.needs_verification,
        mints=row.mints,
        market_based=row.market_based,
        status=ProgrammeStatus(row.status),
        source=row.source,
        note=row.note,
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        programme_code=row.programme_code,
        province_code=row.province_code,
        since_fiscal_year_be=row.since_fiscal_year_be,
        memorandum_date=row.memorandum_date,
        signing_capacity=SigningCapacity(row.signing_capacity),
        source=row.source,
    )


def _rule_value(row: Row[Any]) -> RuleValue:
    return RuleValue(**{**row._mapping, "key": RuleKey(row.key)})  # noqa: SLF001


_CODE: Final = bindparam("code", type_=Text)
_ONE: Final = Statement(select(programmes).where(programmes.c.code == _CODE))
_ALL: Final = Statement(
    select(programmes)
    .where(programmes.c.code > bindparam("after", type_=Text))
    .order_by(programmes.c.code)
    .limit(bindparam("limit", type_=Integer))
)
_MEMBERS_OF: Final = Statement(
    select(programme_members)
    .where(programme_members.c.programme_code == _CODE)
    .order_by(programme_members.c.province_code)
    .limit(100)
)
# Of no programme: nothing is equal to null, so what is of every programme is left.
_ON: Final = bindparam("on", type_=Date)
_RULES_IN_FORCE: Final = Statement(
    select(rule_values)
    .where(
        or_(rule_values.c.programme_code == _CODE, rule_values.c.programme_code.is_(None)),
        rule_values.c.valid_from <= _ON,
        or_(rule_values.c.valid_to.is_(None), rule_values.c.valid_to >= _ON),
    )
    .ext(distinct_on(rule_values.c.key))
    .order_by(rule_values.c.key, *_PRECEDENCE)
    .limit(len(RuleKey))
)
