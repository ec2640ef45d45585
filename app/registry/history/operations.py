"""Taking over another registry's history: opening the source, its blocks, its retirements."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.history import store
from app.registry.history.fitting import Block, Share, Taken
from app.registry.history.mapping import SourceMapping
from app.registry.history.refusals import (
    MoreThanIssuedError,
    SourceCodeTakenError,
    SourceNotFoundError,
)
from app.registry.history.rules import RetirementRow
from app.registry.history.store import Source
from app.registry.ledger import operations as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.refusals import PurposeUnknownError
from app.registry.ledger.rules import (
    RETIRED,
    SOURCE,
    Batch,
    Beneficiary,
    Choice,
    Ending,
    EntryKind,
    Mint,
    Statement,
    Touches,
    Visibility,
)
from app.registry.ledger.serials import SerialRange
from app.registry.log.pen import Pen
from app.registry.parties.operations import AdmitParty, admit_party
from app.registry.parties.policy import Actor, Permission, require
from app.registry.parties.rules import PartyKind, Role
from app.registry.programmes.rules import RuleKey, list_of
from app.registry.programmes.store import find_programme, get_rule

PURPOSE_DEFAULT: Final = "voluntary"  # of a reason that the mapping gives no purpose code
_PAGE_ROWS: Final = 5_000
_OF_SOURCE: Final = frozenset({Role.HOLDER_INITIATOR})


@dataclass(frozen=True, slots=True)
class OpenSource:
    """Prepare to take over from a registry: it becomes a party with one account for its credits."""

    code: str
    name: str
    account_name: str


@dataclass(frozen=True, slots=True)
class TakeOverBlock:
    """Take over one block with its serials; all of it goes into the source's account."""

    source: Source
    block: Block

    def touches(self) -> Touches:
        """Say what the act will need to know."""
        whole = SerialRange(self.block.prefix, 1, self.block.credits)
        return Touches(SOURCE, self.source.account_id, Choice(ranges=(whole,)))


@dataclass(frozen=True, slots=True)
class RetireTakenOver:
    """Retire serials of a block that was taken over, as the source retired them."""

    source: Source
    row: RetirementRow
    purpose_code: str
    purposes: tuple[str, ...]  # purpose codes in use (a dated rule)

    @property
    def choice(self) -> Choice:
        """The serials."""
        return Choice(ranges=(self.row.serials,))

    def touches(self) -> Touches:
        """Say what the act will need to know."""
        return Touches(self.source.account_id, RETIRED, self.choice)


@dataclass(slots=True)
class _Sources:
    """Sources that acts of one commit have looked up."""

    found: dict[str, Source] = field(default_factory=dict)


async def open_source(pen: Pen, actor: Actor, command: OpenSource) -> Source:
    """
    Prepare to take over from a registry; where that was done, nothing changes.

    Raises:
        NotAllowedError: the actor may not import history.
        SourceCodeTakenError: the code is that of a programme of ours.
    """
    require(actor, Permission.IMPORT_HISTORY)
    known = await store.find_source(pen.connection, command.code)
    if known is not None:
        return known
    if await find_programme(pen.connection, command.code) is not None:
        raise SourceCodeTakenError(source=command.code)
    admission = AdmitParty(PartyKind.HOLDER, name_th=command.name, name_en=command.name)
    party = await admit_party(pen, actor, admission)
    opening = ledger.OpenAccount(owner_party_id=party.id, name=command.account_name)
    account = await ledger.open_account(pen, actor, opening)
    log_index = pen.record(
        by=actor.user_id,
        kind="history.source_opened",
        subject=command.code,
        data={"name": command.name, "party": party.id, "account": account.number},
    )
    source = Source(command.code, command.name, party.id, account.id, pen.now, log_index)
    await store.insert_source(pen.connection, source)
    return source


async def take_over_block(pen: Pen, actor: Actor, command: TakeOverBlock) -> Batch:
    """
    Take over one block.

    Raises:
        NotAllowedError: the actor may not import history.
        SourceNotFoundError: the source was not opened.
        MoreThanIssuedError: the project's blocks of the vintage would hold more than was issued.
        SerialPrefixTakenError: a batch with this prefix exists.
        AccountClosedError: the source's account was closed.
    """
    require(actor, Permission.IMPORT_HISTORY)
    block = command.block
    source = await _get_source(pen, command.source.code)
    taken = await store.get_credits_taken(
        pen.connection,
        source_code=source.code,
        project_code=block.project,
        vintage=block.vintage,
    )
    # What acts before this one took over in the same commit is not yet in the database.
    taken += sum(
        batch.credits
        for batch in pen.take(Book).page.new_batches
        if (batch.programme_code, batch.project_code, batch.vintage)
        == (source.code, block.project, block.vintage)
    )
    if taken + block.credits > block.share_credits:
        raise MoreThanIssuedError(issued=block.share_credits, taken=taken, asked=block.credits)
    assert block.issued_on is not None
    minted = await ledger.take_over(
        pen,
        by=actor.user_id,
        subject=block.prefix,
        data={
            "source": source.code,
            "issued_on": block.issued_on.isoformat(),
            "issued_for_vintage": block.share_credits,
        },
        mints=[_mint(source, block)],
    )
    return minted.batches[0]


async def retire_taken_over(pen: Pen, actor: Actor, command: RetireTakenOver) -> ledger.Movement:
    """
    Retire serials as the source retired them, on the day it did.

    Raises:
        NotAllowedError: the actor may not import history.
        SourceNotFoundError: the source was not opened.
        SerialsNotHeldError: the serials are not, or no longer, in the source's account.
        AccountClosedError: the source's account was closed.
    """
    require(actor, Permission.IMPORT_HISTORY)
    source = await _get_source(pen, command.source.code)
    row = command.row
    ending = Ending(
        kind=EntryKind.RETIRED,
        purpose_code=command.purpose_code,
        visibility=Visibility.PUBLIC,
        happened_on=row.on,
        statement=Statement(
            beneficiary_name=row.account_holder,
            beneficiary_kind=Beneficiary.ORGANISATION,
            beneficiary_identifier=None,
            reason=f"{row.reason}: {row.details}" if row.details else row.reason,
        ),
    )
    # Importing lets nobody touch the credits of anyone else: whoever imports acts here as the
    # source itself, in whose account is what was taken over from it. The log names the person.
    as_source = Actor(
        user_id=actor.user_id,
        party_id=source.party_id,
        party_kind=PartyKind.HOLDER,
        roles=_OF_SOURCE,
        client_id=actor.client_id,
    )
    end = ledger.End(source.account_id, command.choice, ending, command.purposes)
    return await ledger.end(pen, as_source, end)


async def get_known_blocks(connection: AsyncConnection, source_code: str) -> dict[str, Taken]:
    """Return what earlier runs took over from a source, by serial prefix."""
    known: dict[str, Taken] = {}
    after = 0
    while True:
        page = await store.list_blocks(
            connection, source_code=source_code, after=after, limit=_PAGE_ROWS
        )
        for block in page:
            share: Share = (block.project_code, block.vintage)
            known[block.serial_prefix] = Taken(share, block.credits)
        if len(page) < _PAGE_ROWS:
            return known
        after = page[-1].batch_id


async def get_purposes(
    connection: AsyncConnection, mapping: SourceMapping, *, on: date
) -> tuple[str, ...]:
    """
    Return the purpose codes in use; refuse a mapping that names another, before any row is read.

    Raises:
        PurposeUnknownError: a purpose code of the mapping is not in use.
    """
    rule = await get_rule(connection, programme_code=None, key=RuleKey.RETIREMENT_PURPOSES, on=on)
    allowed = list_of(rule)
    if not {*mapping.purposes.values(), PURPOSE_DEFAULT} <= set(allowed):
        raise PurposeUnknownError(allowed=", ".join(allowed))
    return tuple(allowed)


async def _get_source(pen: Pen, code: str) -> Source:
    try:
        known = pen.take(_Sources)
    except KeyError:
        known = _Sources()
        pen.lend(known)
    if code not in known.found:
        source = await store.find_source(pen.connection, code)
        if source is None:
            raise SourceNotFoundError(source=code)
        known.found[code] = source
    return known.found[code]


def _mint(source: Source, block: Block) -> Mint:
    return Mint(
        vintage=block.vintage,
        credits=block.credits,
        buffer_credits=0,
        owner_account_id=source.account_id,
        serial_prefix=block.prefix,
        programme_code=source.code,
        activity_id=None,
        project_code=block.project,
        project_name=block.project_name,
        province_code=None,
    )
