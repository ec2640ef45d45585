"""Parties, their accreditations and their history in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.paging import IDS_END, between, rows
from app.kernel.statements import Statement
from app.registry.parties.rules import Accreditation, Party, PartyKind, PartyNotFoundError, Status
from app.registry.parties.store.tables import accreditations, parties, party_events

_PARTY: Final = (
    parties.c.id,
    parties.c.kind,
    parties.c.name_th,
    parties.c.name_en,
    parties.c.province_code,
    parties.c.status,
    parties.c.version,
    parties.c.representatives_min,
    parties.c.closed_at,
)
_NAMED: Final = Statement(
    select(*_PARTY)
    .where(parties.c.id == any_(bindparam("ids", type_=ARRAY(Text))))
    .order_by(parties.c.id)
)


@dataclass(frozen=True, slots=True)
class PartyEvent:
    """One act on a party or on one of its users."""

    log_index: int
    party_id: str
    user_id: str | None
    what: str
    by: str
    why: str | None
    recorded_at: datetime


async def get_party(connection: AsyncConnection, party_id: str) -> Party:
    """
    Return a party.

    Raises:
        PartyNotFoundError: there is none with this identifier.
    """
    row = (await connection.execute(select(*_PARTY).where(parties.c.id == party_id))).one_or_none()
    if row is None:
        raise PartyNotFoundError
    return _party(row)


async def list_named(connection: AsyncConnection, party_ids: Collection[str]) -> list[Party]:
    """Return those of some parties that there are, by identifier."""
    return [_party(row) for row in await _NAMED.rows(connection, ids=list(party_ids))]


async def find_any_party(connection: AsyncConnection) -> Party | None:
    """Return some party; None where the register is still empty."""
    row = (await connection.execute(select(*_PARTY).limit(1))).one_or_none()
    return None if row is None else _party(row)


async def list_parties(
    connection: AsyncConnection,
    *,
    kind: PartyKind | None = None,
    province_code: str | None = None,
    words: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[Party]:
    """
    Return parties in the order they were admitted, from the one after ``after``.

    Args:
        connection: where to read.
        kind: only of this kind.
        province_code: only of this province.
        words: only those with these in a name, in large or small letters.
        after: identifier of the last one already shown.
        limit: most rows returned.
    """
    asked = {parties.c.province_code: province_code, parties.c.kind: kind}
    key = {column: value for column, value in asked.items() if value is not None}
    along = (*key, parties.c.id)
    place = between(along, (*key.values(), after or ""), (*key.values(), IDS_END))
    query = select(*_PARTY).where(place).order_by(*along).limit(rows(limit))
    if words is not None:
        query = query.where(
            or_(
                parties.c.name_th.icontains(words, autoescape=True),
                parties.c.name_en.icontains(words, autoescape=True),
            )
        )
    return [_party(row) for row in await connection.execute(query)]


async def insert_party(connection: AsyncConnection, party: Party, *, now: datetime) -> None:
    """Insert a party."""
    await connection.execute(
        insert(parties).values(
            id=party.id,
            kind=party.kind,
            name_th=party.name_th,
            name_en=party.name_en,
            province_code=party.province_code,
            status=party.status,
            version=party.version,
            representatives_min=party.representatives_min,
            created_at=now,
        )
    )


async def update_party(connection: AsyncConnection, party: Party) -> None:
    """Write a party's names and standing over the version before it."""
    result = await connection.execute(
        update(parties)
        .where(parties.c.id == party.id, parties.c.version == party.version - 1)
        .values(
            name_th=party.name_th,
            name_en=party.name_en,
            status=party.status,
            version=party.version,
            closed_at=party.closed_at,
        )
    )
    assert result.rowcount == 1


async def list_accreditations(
    connection: AsyncConnection, party_id: str
) -> tuple[Accreditation, ...]:
    """Return all accreditations of a body, past ones too, by scope and first day."""
    return (await list_accreditations_of(connection, [party_id])).get(party_id, ())


async def list_accreditations_of(
    connection: AsyncConnection, party_ids: Sequence[str]
) -> dict[str, tuple[Accreditation, ...]]:
    """Return the accreditations of several bodies; a party without any has no entry."""
    rows = await connection.execute(
        select(
            accreditations.c.party_id,
            accreditations.c.sectoral_scope,
            accreditations.c.valid_from,
            accreditations.c.valid_to,
        )
        .where(accreditations.c.party_id.in_(party_ids))
        .order_by(
            accreditations.c.party_id,
            accreditations.c.sectoral_scope,
            accreditations.c.valid_from,
        )
    )
    found: dict[str, tuple[Accreditation, ...]] = {}
    for row in rows:
        held = Accreditation(row.sectoral_scope, row.valid_from, row.valid_to)
        found[row.party_id] = (*found.get(row.party_id, ()), held)
    return found


async def insert_accreditations(
    connection: AsyncConnection,
    held: Sequence[Accreditation],
    *,
    party_id: str,
    log_index: int,
) -> None:
    """Insert accreditations of a body."""
    await connection.execute(
        insert(accreditations),
        [
            {
                "party_id": party_id,
                "party_kind": PartyKind.VVB,
                "sectoral_scope": new.sectoral_scope,
                "valid_from": new.valid_from,
                "valid_to": new.valid_to,
                "log_index": log_index,
            }
            for new in held
        ],
    )


async def update_accreditation_end(
    connection: AsyncConnection, held: Accreditation, *, party_id: str, valid_to: date
) -> None:
    """Give an accreditation its last day."""
    result = await connection.execute(
        update(accreditations)
        .where(
            accreditations.c.party_id == party_id,
            accreditations.c.sectoral_scope == held.sectoral_scope,
            accreditations.c.valid_from == held.valid_from,
        )
        .values(valid_to=valid_to)
    )
    assert result.rowcount == 1


async def insert_event(connection: AsyncConnection, event: PartyEvent) -> None:
    """Insert one line of the history of a party."""
    await connection.execute(
        insert(party_events).values(
            log_index=event.log_index,
            party_id=event.party_id,
            user_id=event.user_id,
            what=event.what,
            by=event.by,
            why=event.why,
            recorded_at=event.recorded_at,
        )
    )


async def list_events_about(
    connection: AsyncConnection, user_id: str, *, limit: int
) -> list[PartyEvent]:
    """Return what was done to a user and why, oldest first."""
    query = (
        select(*(party_events.c[name] for name in PartyEvent.__dataclass_fields__))
        .where(party_events.c.user_id == user_id)
        .order_by(party_events.c.log_index)
        .limit(rows(limit))
    )
    return [PartyEvent(*row) for row in await connection.execute(query)]


def _party(row: Row[*tuple[Any, ...]]) -> Party:
    return Party(
        id=row.id,
        kind=PartyKind(row.kind),
        name_th=row.name_th,
        name_en=row.name_en,
        province_code=row.province_code,
        status=Status(row.status),
        version=row.version,
        representatives_min=row.representatives_min,
        closed_at=row.closed_at,
    )
