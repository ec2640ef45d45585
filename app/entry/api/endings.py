"""What retirements and cancellations share: the form that is sent, and how they are read."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, TypeVar

from fastapi import Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.api.context import Writer
from app.entry.api.credits import (
    AccountNumber,
    ChoiceBody,
    ending_shown,
    moved_reply,
)
from app.entry.api.days import Day
from app.entry.api.entries import MomentFilter
from app.entry.api.wire import Name, PageQuery, Text, decode_cursor, show_page, show_plain
from app.entry.exports import Export
from app.entry.purposes import Purposes
from app.kernel import clock
from app.kernel.paging import Found
from app.registry.ledger import operations, store
from app.registry.ledger.refusals import AccountNotFoundError, MovementNotFoundError
from app.registry.ledger.rules import Beneficiary, Ending, EntryKind, Statement, Visibility
from app.registry.ledger.serials import account_id
from app.registry.ledger.store import EndingRow
from app.registry.parties.policy import Actor, Permission, allows

_EXPORTED: Final = (
    *("id", "kind", "from_account", "credits", "serials", "batch", "vintage", "first", "last"),
    *("purpose", "happened_on", "beneficiary", "beneficiary_kind", "beneficiary_identifier"),
    *("reason", "visibility", "commitment", "recorded_at", "receipt"),
)

Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Result = TypeVar("Result")


class EndingBody(ChoiceBody):
    """Which credits end, in whose name and why."""

    from_account: AccountNumber = Field(
        description="Account of your party.", examples=["TH-001001-05"]
    )
    purpose: Purpose = Field(
        description="Purpose code; the codes in use are a dated rule of the registry.",
        examples=["organisation"],
    )
    beneficiary: Name = Field(
        description="In whose name. A person's name is kept apart from the log, where only a "
        "commitment stands.",
        examples=["Khon Kaen City Municipality"],
    )
    beneficiary_kind: Beneficiary = Field(
        Beneficiary.ORGANISATION, description="What the beneficiary is.", examples=["organisation"]
    )
    beneficiary_identifier: Name | None = Field(
        None, description="The beneficiary's own identifier, if any.", examples=["0994000123456"]
    )
    reason: Text | None = Field(
        None, description="Reason in words.", examples=["Carbon footprint of 2025"]
    )
    visibility: Visibility | None = Field(
        None,
        description="`public` shows the beneficiary to everybody, `anonymous` to you and TGO only. "
        "Left out, an organisation is public and a person anonymous.",
        examples=["public"],
    )
    happened_on: Day | None = Field(
        None,
        description="Day it counts for, up to today; today if left out.",
        examples=["2026-11-24"],
    )

    def command(self, kind: EntryKind, purposes: tuple[str, ...]) -> operations.End:
        """
        Return the act that is asked for.

        Raises:
            AccountNumberError: a digit of the account's number is wrong.
        """
        sender = account_id(self.from_account)
        return operations.End(sender, self.choice(), self.ending(kind), purposes)

    def ending(self, kind: EntryKind) -> Ending:
        """Return the ending that is asked for."""
        happened_on: date | None = self.happened_on
        return Ending(
            kind=kind,
            purpose_code=self.purpose,
            visibility=self.visibility or _usual_visibility(self.beneficiary_kind),
            happened_on=happened_on,
            statement=Statement(
                self.beneficiary, self.beneficiary_kind, self.beneficiary_identifier, self.reason
            ),
        )


def _usual_visibility(kind: Beneficiary) -> Visibility:
    # A person's name is shown to everybody only where somebody decided that.
    return Visibility.ANONYMOUS if kind is Beneficiary.PERSON else Visibility.PUBLIC


class EndingsQuery(PageQuery, MomentFilter):
    """Which retirements or cancellations."""

    account: AccountNumber | None = Field(
        None,
        description="Only those out of this account; you must be allowed to see it.",
        examples=["TH-001001-05"],
    )


async def end_credits(
    body: EndingBody, kind: EntryKind, write: Writer, *, dry_run: bool
) -> Response:
    """Submit a retirement or cancellation."""
    command = body.command(kind, await purposes_of_today(write))
    address = "/v1/retirements" if kind is EntryKind.RETIRED else "/v1/cancellations"
    return await write(
        lambda pen: operations.end(pen, write.actor, command),
        lambda movement: moved_reply(movement, address=address, dry_run=dry_run),
        touches=(command.touches(),),
        dry_run=dry_run,
    )


async def purposes_of_today(write: Writer) -> tuple[str, ...]:
    """Return the purpose codes in use today."""
    purposes: Purposes = write.request.app.state.purposes
    return await purposes.on(clock.bangkok_date(clock.now()))


async def show_ending(
    reader: AsyncConnection, visitor: Actor | None, log_index: int, kinds: tuple[EntryKind, ...]
) -> Response:
    """Show one retirement or cancellation."""
    row = await store.find_ending(reader, log_index)
    if row is None or row.kind not in kinds:
        raise MovementNotFoundError(log_index=log_index)
    owners = await store.list_owners(reader, [row.account_id])
    entries = await store.list_movement(reader, log_index)
    return show_plain(ending_shown(row, entries, sees_all=sees_names(visitor, owners, row)))


async def show_endings(
    reader: AsyncConnection,
    visitor: Actor | None,
    query: EndingsQuery,
    kinds: tuple[EntryKind, ...],
) -> Response:
    """Show a page of retirements or cancellations, newest first."""
    position = decode_cursor(query.cursor, int)
    account = None
    if query.account is not None:
        found_account = await store.get_account(reader, account_id(query.account))
        account = found_account.id
        owner = found_account.owner_party_id
        owned = () if owner is None else (owner,)
        if visitor is None or not allows(visitor, Permission.READ_ACCOUNT, owner_ids=owned):
            raise AccountNotFoundError
    first, end = await query.indexes(reader)
    found = await store.list_endings(
        reader,
        kinds=kinds,
        account_id=account,
        after=min(position[0], end) if position else end,
        limit=query.limit + 1,
        first=first,
    )
    page = found[: query.limit]
    # The public sees what is public, whoever owns it.
    owned_by = [row.account_id for row in page if visitor is not None]
    owners = await store.list_owners(reader, owned_by) if owned_by else {}
    entries = await store.list_movements(reader, [row.log_index for row in page])
    return show_page(
        [
            ending_shown(row, entries[row.log_index], sees_all=sees_names(visitor, owners, row))
            for row in page
        ],
        (page[-1].log_index,) if len(found) > query.limit else None,
    )


def export_endings(file_name: str, kinds: tuple[EntryKind, ...], request: Request) -> Response:
    """Answer with all retirements or cancellations as CSV, as the public sees them."""

    async def read(
        connection: AsyncConnection, after: tuple[int, ...] | None, limit: int
    ) -> Found[dict[str, Any]]:
        found = await store.list_endings(
            connection,
            kinds=kinds,
            account_id=None,
            after=None if after is None else after[0],
            limit=limit,
        )
        entries = await store.list_movements(connection, [row.log_index for row in found])
        shown = [ending_shown(r, entries[r.log_index], sees_all=False) for r in found]
        return Found(shown, (found[-1].log_index,) if len(found) == limit else None)

    export = Export(file_name, _EXPORTED, read, _lines)
    return export.answer(request)


def _lines(ending: dict[str, Any]) -> Iterator[list[object]]:
    """Yield a line for each run of serials, with all that is said of the whole."""
    for run in ending["moved"]:
        line = {**ending, **run}
        yield [line[name] for name in _EXPORTED]


def sees_names(visitor: Actor | None, owners: dict[int, str], row: EndingRow) -> bool:
    """Say whether somebody sees names that are not public: the account's owner, and TGO."""
    owner = owners.get(row.account_id)
    owned = () if owner is None else (owner,)
    return visitor is not None and allows(visitor, Permission.READ_ACCOUNT, owner_ids=owned)
