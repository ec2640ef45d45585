"""Bringing credits into the ledger: issued here, or taken over from another registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.registry.ledger import rules, store
from app.registry.ledger.book import Book
from app.registry.ledger.operations.accounts import get_known_account
from app.registry.ledger.refusals import RegistryAccountError, SerialPrefixTakenError
from app.registry.ledger.rules import BUFFER, SOURCE, AccountKind, Batch, EntryKind, Mint, Move
from app.registry.ledger.serials import account_number
from app.registry.log.pen import Pen


@dataclass(frozen=True, slots=True)
class Minted:
    """Batches as they were issued or taken over."""

    log_index: int
    batches: tuple[Batch, ...]


async def mint(
    pen: Pen, *, by: str, subject: str, data: Mapping[str, object], mints: Sequence[Mint]
) -> Minted:
    """
    Issue credits: make one batch per mint, the owner's credits first, then the buffer's share.

    The caller has permitted and decided the issuance; its facts go into the leaf beside the
    batches.

    Raises:
        AccountNotFoundError, RegistryAccountError, AccountClosedError: the owner's account
        cannot receive.
        SerialPrefixTakenError: a batch with this serial prefix exists.
    """
    return await _bring_in(pen, by, subject, data, mints, ("credits.issued", EntryKind.ISSUED))


async def take_over(
    pen: Pen, *, by: str, subject: str, data: Mapping[str, object], mints: Sequence[Mint]
) -> Minted:
    """
    Take credits over from another registry, with the serials they have there; as `mint` otherwise.

    Raises:
        As `mint`.
    """
    return await _bring_in(
        pen, by, subject, data, mints, ("credits.taken_over", EntryKind.TAKEN_OVER)
    )


async def _bring_in(
    pen: Pen,
    by: str,
    subject: str,
    data: Mapping[str, object],
    mints: Sequence[Mint],
    event: tuple[str, EntryKind],
) -> Minted:
    book = pen.take(Book)
    await store.load_batches(pen.connection, book, prefixes=[m.serial_prefix for m in mints])
    named: set[str] = set()
    for m in mints:
        if m.serial_prefix in book.batch_of_prefix or m.serial_prefix in named:
            raise SerialPrefixTakenError(prefix=m.serial_prefix)
        owner = await get_known_account(pen, book, m.owner_account_id)
        if owner.kind is not AccountKind.HOLDING:
            raise RegistryAccountError
        rules.check_open(owner)
        assert 0 <= m.buffer_credits <= m.credits
        named.add(m.serial_prefix)
    await store.load_accounts(pen.connection, book, (SOURCE, BUFFER))
    described = [
        {
            "batch": m.serial_prefix,
            "vintage": m.vintage,
            "credits": m.credits,
            "buffer_credits": m.buffer_credits,
            "account": account_number(m.owner_account_id),
            "programme": m.programme_code,
            "project": m.project_code,
        }
        for m in mints
    ]
    log_index = pen.record(
        by=by, kind=event[0], subject=subject, data={**data, "batches": described}
    )
    made: list[Batch] = []
    for m in mints:
        made.append(
            await _make(pen, book, m, log_index=log_index, kind=event[1], line=2 * len(made))
        )
    return Minted(log_index, tuple(made))


async def _make(
    pen: Pen, book: Book, mint_of: Mint, *, log_index: int, kind: EntryKind, line: int
) -> Batch:
    batch = Batch(
        id=await store.get_next_batch_id(pen.connection, book, mint_of.vintage),
        vintage=mint_of.vintage,
        credits=mint_of.credits,
        serial_prefix=mint_of.serial_prefix,
        programme_code=mint_of.programme_code,
        project_code=mint_of.project_code,
        project_name=mint_of.project_name,
        activity_id=mint_of.activity_id,
        province_code=mint_of.province_code,
        log_index=log_index,
        issued_at=pen.now,
    )
    block = book.make_batch(batch)
    for account_id in (mint_of.owner_account_id, BUFFER):
        book.know_balance((account_id, batch.id), None)
    net = mint_of.credits - mint_of.buffer_credits
    shares = (
        (1, net, mint_of.owner_account_id, kind),
        (net + 1, mint_of.credits, BUFFER, EntryKind.BUFFERED),
    )
    for number, (first, last, account_id, entry_kind) in enumerate(shares):
        if first <= last:
            book.move(
                [Move(block, first, last)],
                to_account=account_id,
                kind=entry_kind,
                log_index=log_index,
                line=line + number,
            )
    return batch
