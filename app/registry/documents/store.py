"""The table of documents. The bytes themselves are kept outside the database, under their hash."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.registry.documents.rules import Document, DocumentNotFoundError, Purpose

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner_party_id", Text, ForeignKey("parties.id"), nullable=False, index=True),
    Column("activity_id", Text, ForeignKey("activities.id")),
    Column("purpose", Text, nullable=False),
    Column("is_confidential", Boolean, nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("bytes", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("file_name", Text),  # null: erased
    Column("uploaded_by", Text, ForeignKey("users.id"), nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    Column("log_index", BigInteger, nullable=False),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_form"),
    CheckConstraint("bytes > 0", name="not_empty"),
    CheckConstraint("char_length(file_name) between 1 and 200", name="file_name_length"),
    Index("ix_documents_activity_id_id", "activity_id", "id"),
    info={"history": True, "erasable": ("file_name",)},
)

REFUSALS: Final[dict[str, type[RegistryError]]] = {}


async def get_document(connection: AsyncConnection, document_id: str) -> Document:
    """
    Return a document, whoever may see it.

    Raises:
        DocumentNotFoundError: there is none.
    """
    found = await connection.execute(select(documents).where(documents.c.id == document_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise DocumentNotFoundError
    return document_of(row)


async def insert_document(connection: AsyncConnection, document: Document) -> None:
    """Keep a document's row."""
    await connection.execute(
        insert(documents).values(
            {column.name: getattr(document, column.name) for column in documents.c}
        )
    )


def document_of(row: RowMapping) -> Document:
    """Read a document from a row that holds the table's columns."""
    values = {column.name: row[column.name] for column in documents.c}
    return Document(**values | {"purpose": Purpose(values["purpose"])})
