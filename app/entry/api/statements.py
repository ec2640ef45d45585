"""Statements: what entered and left an account, page by page or as a table to take away."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.entry.api.accounts import visible_account
from app.entry.api.context import Reader, StrictRoute
from app.entry.api.credits import AccountPath
from app.entry.api.entries import EntryShown, MomentFilter, entry_shown, export_of_entries
from app.entry.api.wire import CursorError, Page, PageQuery, csv_of, decode_cursor, show_page
from app.entry.identity import Caller
from app.entry.problems import refused
from app.registry.ledger import store
from app.registry.ledger.refusals import AccountNotFoundError
from app.registry.ledger.serials import AccountNumberError
from app.registry.ledger.store import EntryFilter

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=StrictRoute)

_SEEING: Final = (AccountNotFoundError, AccountNumberError)


class StatementQuery(PageQuery, MomentFilter):
    """Which part of a statement."""


@router.get(
    "/{number}/statement",
    response_model=Page[EntryShown],
    operation_id="read_statement",
    summary="Read an account's statement",
    responses=refused(*_SEEING, CursorError),
)
async def read_statement(
    number: AccountPath, query: Annotated[StatementQuery, Query()], reader: Reader, actor: Caller
) -> Response:
    """Read an account's entries in the order of the log, each with the balances after it."""
    account = await visible_account(reader, actor, number)
    position = decode_cursor(query.cursor, int, int)
    first_index, end_index = await query.indexes(reader)
    found = await store.list_entries(
        reader,
        EntryFilter(account_id=account.id, first_index=first_index, end_index=end_index),
        after=(position[0], position[1]) if position else None,
        newest_first=False,
        limit=query.limit,
    )
    return show_page([entry_shown(entry) for entry in found.rows], found.after)


@router.get(
    "/{number}/statement.csv",
    response_class=Response,
    operation_id="export_statement",
    summary="Export an account's statement as CSV",
    responses={
        **csv_of("Entries in log order, one a line, with a header."),
        **refused(*_SEEING),
    },
)
async def export_statement(
    number: AccountPath,
    query: Annotated[MomentFilter, Query()],
    request: Request,
    reader: Reader,
    actor: Caller,
) -> Response:
    """Stream an account's entries of a period, in the order of the log, in constant memory."""
    account = await visible_account(reader, actor, number)
    first_index, end_index = await query.indexes(reader)
    wanted = EntryFilter(account_id=account.id, first_index=first_index, end_index=end_index)
    return await export_of_entries(f"{account.number}.csv", wanted, request, reader)
