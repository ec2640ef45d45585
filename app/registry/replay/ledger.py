"""Accounts, batches and blocks as the log's movements leave them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from app.registry.ledger.rules import (
    BUFFER,
    FINAL_ACCOUNTS,
    SOURCE,
    AccountKind,
)
from app.registry.ledger.serials import account_number, batch_id
from app.registry.replay.blocks import (
    BLOCKS_PER_CHUNK_MAX,
    Batch,
    Chunk,
    Numbers,
    place_of,
    weigh,
)
from app.registry.replay.faults import Broken
from app.registry.replay.leaves.ledger import NewBatch, Run
from app.registry.replay.memory import Memory
from app.registry.replay.shelf import Shelf

# Of one generation; two are held, some 250 MB in all when they are full.
BLOCKS_IN_MEMORY: Final = 2_000_000
BATCHES_IN_MEMORY: Final = 100_000
ACCOUNTS_IN_MEMORY: Final = 50_000
_ACCOUNT_DIGITS_MAX: Final = 12


class Account(msgspec.Struct, array_like=True):
    """An account as it stands."""

    id: int
    number: str
    owner: str | None  # party; None: an account of the registry itself
    kind: str
    is_open: bool
    total: int  # credits of all batches; the source stands below zero by what it issued
    underway: int = 0  # credits that it has sent and that wait in transit
    trusted: dict[str, str] = {}  # numbers of accounts that it trusts, each with its first moment
    asks: bool = False  # whether it accepts what others send, or not
    # Most that it sends to other owners: for one transfer, and for a day; and what takes the place
    # of both from a moment on.
    limits: tuple[int | None, int | None] = (None, None)
    raised: tuple[int | None, int | None] = (None, None)
    raised_from: str = ""  # empty: nothing waits
    freezes: int = 0  # how many freezes of it stand

    def limits_at(self, at: str) -> tuple[int | None, int | None]:
        """Return its own limits at a moment: for one transfer, and for a day."""
        return self.raised if self.raised_from and self.raised_from <= at else self.limits

    def require_own_limit(self, receiver: "Account", credits_sent: int, *, at: str) -> None:
        """Refuse what it does not let one transfer to another owner be."""
        most, _ = self.limits_at(at)
        if self.owner != receiver.owner and most is not None and credits_sent > most:
            raise Broken(
                "over_own_limit", f"{self.number} sends {credits_sent}, and at most {most}"
            )


class HeldBlock(NamedTuple):
    """A run of serials of one batch in one account."""

    first: int
    last: int
    account: int
    log_index: int  # of the movement that brought it


class Ledger:
    """Where every credit is. What may be done with it is decided elsewhere."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._accounts: Memory[str, Account] = Memory(
            self._read_account, self._write_accounts, weight_max=ACCOUNTS_IN_MEMORY
        )
        self._batches: Memory[str, Batch] = Memory(
            self._read_batch,
            self._write_batches,
            weight_max=BATCHES_IN_MEMORY,
            weigh=lambda batch: len(batch.starts),
        )
        self._chunks: Memory[int, Chunk] = Memory(
            self._read_chunk, self._write_chunks, weight_max=BLOCKS_IN_MEMORY, weigh=weigh
        )
        kept = shelf.meta.read("ledger")
        counters = {} if kept is None else msgspec.msgpack.decode(kept)
        self._last_chunk: int = counters.get("chunks", 0)
        self._batches_of: Counter[int] = Counter(counters.get("vintages", {}))
        # By serial prefix, then by order: frozen serials. Few, and looked at by every movement.
        self._frozen: dict[str, dict[str, tuple[int, int]]] = {
            prefix: {order: (first, last) for order, (first, last) in spans.items()}
            for prefix, spans in counters.get("frozen", {}).items()
        }

    # ---------------------------------------------------------------------- accounts

    def find_account(self, number: str) -> Account | None:
        """Return the account with a number, or None."""
        return self._accounts.get(number)

    def account(self, number: str) -> Account:
        """Return the account with a number, which must be known."""
        account = self._accounts.get(number)
        if account is None:
            raise Broken("unknown", f"no account {number} was opened")
        return account

    def open_account(self, account: Account) -> None:
        """Keep a new account."""
        self._accounts.put(account.number, account)

    def change_account(self, account: Account) -> None:
        """Keep what was changed of an account that was got in this act."""
        self._accounts.change(account.number)

    def close_account(self, account: Account) -> None:
        """Close an account that was got in this act."""
        account.is_open = False
        self._accounts.change(account.number)

    # ------------------------------------------------------------------------ credits

    def make(self, made: NewBatch, log_index: int) -> None:
        """
        Bring a batch into being: the owner's credits first, then the buffer's share.

        Raises:
            Broken: the prefix is taken, or the owner's account cannot receive.
        """
        owner = self.account(made.account)
        if owner.kind != AccountKind.HOLDING or not owner.is_open:
            raise Broken("account_not_allowed", f"{made.account} cannot receive issued credits")
        if self._batches.get(made.batch) is not None:
            raise Broken("taken_twice", f"a batch {made.batch} was made before")
        require_free(owner)
        net = made.credits - made.buffer_credits
        if net < 0:
            raise Broken("batch_differs", f"the buffer's share of {made.batch} is more than all")
        self._batches_of[made.vintage] += 1
        self._last_chunk += 1
        blocks = [(1, owner.id, log_index)] if net else []
        if made.buffer_credits:
            blocks.append((net + 1, BUFFER, log_index))
        batch = Batch(
            id=batch_id(made.vintage, self._batches_of[made.vintage]),
            prefix=made.batch,
            vintage=made.vintage,
            credits=made.credits,
            log_index=log_index,
            starts=[1],
            chunks=[self._last_chunk],
        )
        self._batches.put(batch.prefix, batch)
        self._chunks.put(self._last_chunk, Chunk.of(blocks))
        self._add(self.account(account_number(SOURCE)), -made.credits)
        self._add(owner, net)
        self._add(self.account(account_number(BUFFER)), made.buffer_credits)

    def freeze_serials(self, prefix: str, order: str, span: tuple[int, int]) -> None:
        """Let serials of a batch not move until they are released."""
        self._frozen.setdefault(prefix, {})[order] = span

    def release_serials(self, prefix: str, order: str) -> None:
        """Let serials move again, as far as no other freeze of them stands."""
        del self._frozen[prefix][order]
        if not self._frozen[prefix]:
            del self._frozen[prefix]

    def are_frozen(self, runs: Iterable[tuple[str, int, int]]) -> bool:
        """Say whether any serial of runs (prefix, first, last) is frozen."""
        return any(
            begins <= last and ends >= first
            for prefix, first, last in runs
            for begins, ends in self._frozen.get(prefix, {}).values()
        )

    def batch(self, prefix: str) -> Batch:
        """Return the batch with a prefix, which must be known."""
        batch = self._batches.get(prefix)
        if batch is None:
            raise Broken("unknown", f"no batch {prefix} was made")
        return batch

    def require_brought(self, runs: Sequence[Run], *, holder: Account, log_index: int) -> None:
        """
        Refuse runs that are not each a whole block that one act brought into an account.

        Raises:
            Broken: one is not.
        """
        for run in runs:
            batch = self.batch(run.batch)
            piece = place_of(batch.starts, run.first)
            chunk = self._chunk(batch, piece)
            place = place_of(chunk.firsts, run.first)
            end = _end_of(batch, piece, chunk.firsts, place)
            found = (chunk.firsts[place], end, chunk.owners[place], chunk.origins[place])
            if found != (run.first, run.last, holder.id, log_index):
                raise Broken(
                    "serials_not_held",
                    f"act {log_index} did not bring {run.first} to {run.last} of {run.batch} into"
                    f" {holder.number} as one block that is still there",
                )

    def move(
        self,
        runs: Sequence[Run],
        *,
        sender: Account,
        receiver: Account,
        log_index: int,
        frozen_too: bool = False,
    ) -> int:
        """
        Move runs of serials from one account to another, one after the other.

        Returns:
            How many credits moved.

        Raises:
            Broken: a run is not wholly one block of the sender at that moment; or it, or an
                account, is frozen, unless ``frozen_too`` may move.
        """
        assert sender.id not in FINAL_ACCOUNTS
        if not frozen_too:
            self._require_thawed(runs, sender, receiver)
        moved = 0
        for run in runs:
            batch = self.batch(run.batch)
            first, last = run.first, run.last
            if not 1 <= first <= last <= batch.credits:
                raise Broken(
                    "serials_outside_batch",
                    f"{first} to {last} of {run.batch}, which has {batch.credits} serials",
                )
            starts = batch.starts
            piece = 0 if len(starts) == 1 else place_of(starts, first)
            chunk = self._chunk(batch, piece)
            firsts = chunk.firsts
            place = place_of(firsts, first)
            end = _end_of(batch, piece, firsts, place)
            if chunk.owners[place] != sender.id or last > end:
                raise Broken(
                    "serials_not_held",
                    f"{sender.number} does not hold {first} to {last} of {run.batch} as one block",
                )
            made = chunk.hand_over(place, (first, last, end), receiver.id, log_index)
            self._chunks.change(batch.chunks[piece], grown=made)
            if len(firsts) > BLOCKS_PER_CHUNK_MAX:
                self._split(batch, piece, chunk)
            moved += last - first + 1
        self._add(sender, -moved)
        self._add(receiver, moved)
        return moved

    # ------------------------------------------------------------------- what came of it

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        for memory in (self._accounts, self._batches, self._chunks):
            memory.flush()
        counters = {
            "chunks": self._last_chunk,
            "vintages": self._batches_of,
            "frozen": self._frozen,
        }
        self._shelf.meta.write([("ledger", msgspec.msgpack.encode(counters))])

    def accounts(self) -> Iterator[Account]:
        """Yield all accounts by id, as saved."""
        return (_account(body) for _, body in self._shelf.accounts.each())

    def batches(self) -> Iterator[Batch]:
        """Yield all batches by id, as saved: by vintage, then in the order of issuance."""
        return (self._kept_batch(prefix) for _, prefix in self._shelf.prefixes.each())

    def get_batch(self, number: int) -> Batch:
        """Return the batch with an id, as saved."""
        prefix = self._shelf.prefixes.read(number)
        assert prefix is not None
        return self._kept_batch(prefix)

    def blocks(self, batch: Batch) -> Iterator[HeldBlock]:
        """Yield the blocks of a batch by first serial, as saved."""
        pieces = (self._read_chunk(number) for number in batch.chunks)
        before: tuple[int, int, int] | None = None
        for piece in pieces:
            assert piece is not None
            for block in zip(piece.firsts, piece.owners, piece.origins, strict=True):
                if before is not None:
                    yield HeldBlock(before[0], block[0] - 1, before[1], before[2])
                before = block
        assert before is not None
        yield HeldBlock(before[0], batch.credits, before[1], before[2])

    def balances(self, batch: Batch) -> dict[int, int]:
        """Return what each account holds of a batch, as saved; the source stands below zero."""
        held: Counter[int] = Counter({SOURCE: -batch.credits})
        for block in self.blocks(batch):
            held[block.account] += block.last - block.first + 1
        return held

    # ------------------------------------------------------------------------ the shelf

    def _require_thawed(self, runs: Sequence[Run], *accounts: Account) -> None:
        require_free(*accounts)
        if self._frozen and self.are_frozen((r.batch, r.first, r.last) for r in runs):
            raise Broken("frozen", "serials move that are frozen")

    def _add(self, account: Account, credits_added: int) -> None:
        account.total += credits_added
        self._accounts.change(account.number)

    def _chunk(self, batch: Batch, piece: int) -> Chunk:
        chunk = self._chunks.get(batch.chunks[piece])
        assert chunk is not None
        return chunk

    def _split(self, batch: Batch, piece: int, chunk: Chunk) -> None:
        later = chunk.split()
        self._last_chunk += 1
        batch.starts.insert(piece + 1, later.firsts[0])
        batch.chunks.insert(piece + 1, self._last_chunk)
        self._chunks.put(self._last_chunk, later)
        self._batches.change(batch.prefix, grown=1)

    def _read_account(self, number: str) -> Account | None:
        # Opened accounts have good check digits, so the number is found by its id and compared.
        digits = number[3:-3]
        is_one = digits.isdecimal() and len(digits) <= _ACCOUNT_DIGITS_MAX
        body = self._shelf.accounts.read(int(digits)) if is_one else None
        account = None if body is None else _account(body)
        return account if account is not None and account.number == number else None

    def _write_accounts(self, accounts: Iterable[tuple[str, Account]]) -> None:
        self._shelf.accounts.write((a.id, msgspec.msgpack.encode(a)) for _, a in accounts)

    def _read_batch(self, prefix: str) -> Batch | None:
        body = self._shelf.batches.read(prefix)
        return None if body is None else _batch(body)

    def _write_batches(self, batches: Iterable[tuple[str, Batch]]) -> None:
        written = list(batches)
        self._shelf.prefixes.write((batch.id, prefix.encode()) for prefix, batch in written)
        self._shelf.batches.write((p, msgspec.msgpack.encode(batch)) for p, batch in written)

    def _kept_batch(self, prefix: bytes) -> Batch:
        batch = self._read_batch(prefix.decode())
        assert batch is not None
        return batch

    def _read_chunk(self, number: int) -> Chunk | None:
        body = self._shelf.chunks.read(number)
        return None if body is None else Chunk.from_bytes(body)

    def _write_chunks(self, chunks: Iterable[tuple[int, Chunk]]) -> None:
        self._shelf.chunks.write((number, chunk.to_bytes()) for number, chunk in chunks)


def _end_of(batch: Batch, piece: int, firsts: Numbers, place: int) -> int:
    """Return the last serial of a block, by its place in a piece of the batch."""
    if place + 1 < len(firsts):
        return firsts[place + 1] - 1
    starts = batch.starts
    return starts[piece + 1] - 1 if piece + 1 < len(starts) else batch.credits


def require_free(*accounts: Account) -> None:
    """
    Refuse accounts of which a freeze stands.

    Raises:
        Broken: one is frozen.
    """
    for account in accounts:
        if account.freezes:
            raise Broken("frozen", f"{account.number} is frozen")


_account: Final = msgspec.msgpack.Decoder(Account).decode
_batch: Final = msgspec.msgpack.Decoder(Batch).decode
