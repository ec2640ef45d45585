"""Transfers: credits move to another holding account."""

from functools import partial
from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.api.bulk import ACTS_MAX, Bulk, BulkBody, BulkShown
from app.entry.api.context import (
    IdempotencyKeyMissingError,
    Reader,
    StrictRoute,
    WriteCredits,
    Writer,
)
from app.entry.api.credits import (
    MOVING_REFUSALS,
    AccountNumber,
    ChoiceBody,
    DryRun,
    MovementPath,
    MovementShown,
    moved_reply,
    movement_shown,
    tried_out,
)
from app.entry.api.wire import show_plain
from app.entry.identity import Caller
from app.entry.problems import refused
from app.entry.terms import PresentTerms
from app.registry.calendar.refusals import CalendarYearMissingError
from app.registry.ledger import operations, store
from app.registry.ledger.refusals import (
    AcceptanceNeededError,
    BulkRefusedError,
    MovementNotFoundError,
    OutsideHoursError,
    OverOwnLimitError,
    OwnDayLimitError,
    SameAccountError,
    SecondPersonNeededError,
)
from app.registry.ledger.rules import EntryKind
from app.registry.ledger.serials import account_id
from app.registry.ledger.terms import Terms
from app.registry.log.pen import ActTooLargeError
from app.registry.parties.policy import Permission, allows

router = APIRouter(prefix="/transfers", tags=["transfers"], route_class=StrictRoute)


class TransferBody(ChoiceBody):
    """A transfer: which credits, from where, to where."""

    from_account: AccountNumber = Field(
        description="Account of your party.", examples=["TH-001001-05"]
    )
    to_account: AccountNumber = Field(
        description="Account that receives them.", examples=["TH-001002-02"]
    )

    def command(self, terms: Terms | None) -> operations.Transfer:
        """
        Return the transfer that is asked for.

        Args:
            terms: of the day; None: transfers are not governed.

        Raises:
            AccountNumberError: a digit of an account's number is wrong.
        """
        sender, receiver = account_id(self.from_account), account_id(self.to_account)
        return operations.Transfer(sender, receiver, self.choice(), terms)


class TransferShown(MovementShown):
    """A transfer, and whether it was taken back."""

    reverses: int | None = Field(
        description="Log index of the transfer that this reversal takes back; null: it is none.",
        examples=[None],
    )
    reversed_by: int | None = Field(
        description="Log index of the reversal that took it back; null: it was not.",
        examples=[57, None],
    )


_SHOWN: Final = frozenset({EntryKind.TRANSFERRED, EntryKind.REVERSED})


class TransfersBody(BulkBody):
    """Many transfers."""

    transfers: list[TransferBody] = Field(
        min_length=1, max_length=ACTS_MAX, description="The transfers, in the order to be made."
    )


@router.post(
    "",
    response_model=MovementShown,
    status_code=201,
    operation_id="make_transfer",
    summary="Transfer credits",
    responses={
        **tried_out(MovementShown),
        **refused(
            *MOVING_REFUSALS,
            SameAccountError,
            SecondPersonNeededError,
            OutsideHoursError,
            AcceptanceNeededError,
            OverOwnLimitError,
            OwnDayLimitError,
            CalendarYearMissingError,
            IdempotencyKeyMissingError,
        ),
    },
)
async def make_transfer(
    body: TransferBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """
    Move credits from an account of your party to another holding account, at once.

    Name how many credits (the oldest are taken first), or exactly which serials. The answer says
    which serials moved. Where transfers are governed (the rule `transfers_governed`), this is for
    accounts on the trusted list and those of the same owner, in working hours; any other transfer
    is proposed at `/v1/transfer-proposals`. So is one to an account of another owner that asks to
    accept what comes, or from an account that limits what it sends in a day.
    """
    command = body.command(await _terms(write))
    return await write(
        lambda pen: operations.transfer(pen, write.actor, command),
        lambda movement: moved_reply(movement, address="/v1/transfers", dry_run=dry_run),
        touches=(command.touches(),),
        dry_run=dry_run,
    )


@router.post(
    "/bulk",
    response_model=BulkShown,
    operation_id="make_transfers",
    summary="Transfer credits, many times in one request",
    responses=refused(
        BulkRefusedError, ActTooLargeError, CalendarYearMissingError, IdempotencyKeyMissingError
    ),
)
async def make_transfers(
    body: TransfersBody, write: WriteCredits, *, dry_run: DryRun = False
) -> Response:
    """
    Make up to 1,000 transfers in the order given, each as if it had come alone.

    With `atomic` one that is refused refuses them all; with `independent` the answer says of each
    what became of it, and to try a refused one again takes a new Idempotency-Key.
    """
    terms = await _terms(write)
    return await Bulk(body.mode, operations.transfer, "/v1/transfers/bulk").submit(
        write, [partial(asked.command, terms) for asked in body.transfers], dry_run=dry_run
    )


async def _terms(write: Writer) -> Terms | None:
    """Return on which terms one person transfers at once now; None: on any."""
    present: PresentTerms = write.request.app.state.terms
    return await present.now()


@router.get(
    "/{log_index}",
    response_model=TransferShown,
    operation_id="get_transfer",
    summary="Read a transfer",
    responses=refused(MovementNotFoundError),
)
async def get_transfer(log_index: MovementPath, reader: Reader, actor: Caller) -> Response:
    """Read a transfer of an account that you may see: by either of its parties, or by TGO."""
    entries = await store.list_movement(reader, log_index)
    if not entries or entries[0].kind not in _SHOWN:
        raise MovementNotFoundError(log_index=log_index)
    owners = []
    for account in (entries[0].from_account, entries[0].to_account):
        owner = (await store.get_account(reader, account)).owner_party_id
        owners += [] if owner is None else [owner]
    if not allows(actor, Permission.READ_ACCOUNT, owner_ids=tuple(owners)):
        raise MovementNotFoundError(log_index=log_index)
    links = await store.find_links(reader, [log_index])
    return show_plain(
        {
            **movement_shown(entries),
            "reverses": links.reverses.get(log_index),
            "reversed_by": links.reversed_by.get(log_index),
        }
    )
