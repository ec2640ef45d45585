"""Statements that are put together once give what SQLAlchemy gives, in a transaction or not."""

from typing import Final

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, select, text

from app.kernel.db import glancing, reading
from app.kernel.statements import Statement
from app.registry.provinces.store import provinces
from tests.conftest import Registry

CODES: Final = ["10", "40", "50"]
IN_A_LIST: Final = Statement(
    select(provinces.c.code, provinces.c.name_en)
    .where(
        provinces.c.code.in_(CODES),  # written out in it
        provinces.c.code == any_(bindparam("codes", type_=ARRAY(Text))),
    )
    .order_by(provinces.c.code)
)
AS_TEXT: Final = Statement(
    text("SELECT :n AS n, pg_current_xact_id_if_assigned()::text AS x").bindparams(
        bindparam("n", type_=BigInteger)
    )
)


async def test_rows_are_the_same_in_a_transaction_and_outside(registry: Registry) -> None:
    found = []
    async with reading(registry.engine) as connection:
        assert not connection.in_transaction()
        for _ in range(2):  # the first begins it, the second goes to the driver
            found.append(await IN_A_LIST.rows(connection, codes=["40", "10", "90"]))
            assert connection.in_transaction()
    async with glancing(registry.engine) as connection:
        found.append(await IN_A_LIST.rows(connection, codes=["40", "10", "90"]))
    for rows in found:
        assert [row.code for row in rows] == ["10", "40"]
        assert [row["name_en"] for row in rows] == ["Krung Thep Maha Nakhon", "Khon Kaen"]
        assert {**rows[1]._mapping} == {**rows[1]} == {"code": "40", "name_en": "Khon Kaen"}


async def test_a_statement_may_be_text(registry: Registry) -> None:
    async with reading(registry.engine) as connection:
        for n in (7, 8):
            (row,) = await AS_TEXT.rows(connection, n=n)
            assert (row.n, row.x) == (n, None)


async def test_it_reads_in_the_transaction_that_it_is_given(registry: Registry) -> None:
    """Also where the transaction was begun but has done nothing yet."""
    async with registry.engine.connect() as connection, connection.begin():
        first = await Statement(text("SELECT now() AS at")).rows(connection)
        again = await Statement(text("SELECT now() AS at")).rows(connection)
        assert first[0].at == again[0].at
