"""Documents as somebody may see them, which depends on the status of their activity."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.statements import Statement
from app.registry.activities.rules import PUBLIC
from app.registry.activities.store.reading import concerns
from app.registry.activities.store.tables import activities
from app.registry.documents.rules import Document, DocumentNotFoundError, Purpose
from app.registry.documents.store import document_of, documents
from app.registry.parties.policy import Actor, Permission, allows


async def get_visible_document(
    connection: AsyncConnection, visitor: Actor | None, document_id: str
) -> Document:
    """
    Return a document that somebody may see; None is the public.

    Raises:
        DocumentNotFoundError: there is none, or none that they may know of.
    """
    wanted = _documents().where(documents.c.id == document_id, _document_visible(visitor))
    row = (await connection.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise DocumentNotFoundError
    return document_of(row)


async def list_visible_documents(
    connection: AsyncConnection,
    visitor: Actor | None,
    activity_id: str,
    *,
    limit: int,
    after: str | None = None,
) -> tuple[Document, ...]:
    """Return an activity's documents that somebody may see, oldest first."""
    if visitor is None:
        public = await _PUBLIC_DOCUMENTS.rows(
            connection, id=activity_id, after=after or "", limit=limit
        )
        return tuple(document_of(row) for row in public)
    wanted = _documents().where(documents.c.activity_id == activity_id, _document_visible(visitor))
    if after is not None:
        wanted = wanted.where(documents.c.id > after)
    found = await connection.execute(wanted.order_by(documents.c.id).limit(limit))
    return tuple(document_of(row) for row in found.mappings())


async def list_purposes(connection: AsyncConnection, activity_id: str) -> frozenset[Purpose]:
    """Return what an activity has evidence of."""
    wanted = select(documents.c.purpose).where(documents.c.activity_id == activity_id).distinct()
    return frozenset(Purpose(name) for name in (await connection.execute(wanted)).scalars())


async def list_foreign_documents(
    connection: AsyncConnection, document_ids: Sequence[str], *, activity_id: str
) -> tuple[str, ...]:
    """Return those of these identifiers that are not documents of the activity."""
    wanted = select(documents.c.id).where(
        documents.c.id.in_(document_ids), documents.c.activity_id == activity_id
    )
    own = set((await connection.execute(wanted)).scalars())
    return tuple(document_id for document_id in document_ids if document_id not in own)


def _documents() -> Select[Any]:
    return select(documents).outerjoin(activities, activities.c.id == documents.c.activity_id)


def _document_visible(visitor: Actor | None) -> ColumnElement[bool]:
    # A document without an activity has a null status here, so it is never public.
    public = and_(
        activities.c.status.in_([status.value for status in PUBLIC]),
        documents.c.is_confidential.is_(False),
    )
    if visitor is None:
        return public
    if allows(visitor, Permission.READ_ACTIVITY_DRAFT):
        return true()
    if not allows(visitor, Permission.READ_ACTIVITY_DRAFT, owner_ids=(visitor.party_id,)):
        return public
    own = documents.c.owner_party_id == visitor.party_id
    return or_(public, own, concerns(visitor.party_id))


_PUBLIC_DOCUMENTS: Final = Statement(
    _documents()
    .where(
        documents.c.activity_id == bindparam("id", type_=Text),
        _document_visible(None),
        documents.c.id > bindparam("after", type_=Text),
    )
    .order_by(documents.c.id)
    .limit(bindparam("limit", type_=Integer))
)
