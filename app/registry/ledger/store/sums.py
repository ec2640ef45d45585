"""Sums of the ledger by year, programme and province: kept by a trigger, entry by entry."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.db import metadata
from app.registry.ledger.store.reading import ALL_HOLDINGS

# Of each year and programme at most the 77 provinces and seven places: it stays small.
ledger_sums = Table(
    "ledger_sums",
    metadata,
    Column("year", Integer, nullable=False),
    Column("programme_code", Text, nullable=False),
    Column("province_code", Text, nullable=False),  # '': no single one is known
    Column("account_id", BigInteger, nullable=False),  # 0: all holding accounts
    Column("credits", Numeric(30), nullable=False),  # came less left; never a part of a credit
    PrimaryKeyConstraint("year", "programme_code", "province_code", "account_id"),
    CheckConstraint("account_id BETWEEN 0 AND 6", name="accounts"),
    CheckConstraint("account_id <> 1 OR credits <= 0", name="source_gives"),
    CheckConstraint("account_id NOT IN (4, 5, 6) OR credits >= 0", name="final_accounts_keep"),
    info={"door": True},
    postgresql_with={"fillfactor": "50"},
)


class GroupedBy(IntEnum):
    """What sums are of; the number is what PostgreSQL's ``grouping`` says of year to province."""

    YEAR = 0b011
    PROGRAMME = 0b101
    PROVINCE = 0b110
    NOTHING = 0b111  # all together


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """How many credits came to a place, less those gone from it."""

    by: GroupedBy
    # A calendar year (CE) in Thailand, the code of a programme, or of a province (None: of several,
    # or of none that is known); None where all are together.
    key: int | str | None
    account_id: int  # of the registry's own; `reading.ALL_HOLDINGS` for all others
    credits: int


_PLACES: Final = (
    ledger_sums.c.year,
    ledger_sums.c.programme_code,
    ledger_sums.c.province_code,
)


async def list_sums(
    connection: AsyncConnection,
    *,
    year: int | None = None,
    programme_code: str | None = None,
    province_code: str | None = None,
) -> tuple[LedgerSum, ...]:
    """
    Return the sums of all together, and by year, by programme and by province, in this order.

    Args:
        connection: where to read; in the snapshot that the log's head is read in, they are the
            ledger's at that size.
        year: only what was recorded in this calendar year (CE) of Thailand.
        programme_code: only credits of this programme.
        province_code: only credits of activities in this province.
    """
    asked = {"year": year, "programme_code": programme_code, "province_code": province_code}
    account = ledger_sums.c.account_id
    by = func.grouping(*_PLACES)
    wanted = (
        select(by.label("by"), *_PLACES, account, func.sum(ledger_sums.c.credits).label("credits"))
        .group_by(
            func.grouping_sets(tuple_(account), *(tuple_(place, account) for place in _PLACES))
        )
        .order_by(by.desc(), *_PLACES, account)
    )
    for name, value in asked.items():
        if value is not None:
            wanted = wanted.where(ledger_sums.c[name] == value)
    return tuple(
        LedgerSum(
            GroupedBy(row.by),
            row.year or row.programme_code or row.province_code or None,
            row.account_id or ALL_HOLDINGS,
            int(row.credits),
        )
        for row in await connection.execute(wanted)
    )
