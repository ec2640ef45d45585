"""
What a committer remembers of the ledger from one commit to the next.

Every write advances the log, so as long as the log's head is the one this process wrote last,
nothing it remembers has changed; where it is not, what the acts in between touched is forgotten. A
wrong memory can only fail: the database checks every row against the value it was decided on.
"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.registry.ledger import store
from app.registry.ledger.book import Book
from app.registry.log.store import Head

# Some 100 MB; what is beyond it and was not used for longest is read again when it is needed.
KEPT_MAX: Final = 300_000
# Beyond so many acts of others it is cheaper to begin anew than to ask what they touched.
MISSED_MAX: Final = 2_000
# After so many commits that found the log as it was left, nobody else seems to be writing.
ALONE_AFTER: Final = 3


@dataclass(slots=True)
class Memory:
    """The ledger as far as it is known, and the log's head that this is true of."""

    book: Book = field(default_factory=Book)
    head: Head | None = None  # None: nothing is known
    undisturbed: int = 0  # commits in a row that found the log as it was left

    @property
    def alone(self) -> bool:
        """Whether nobody else seems to be writing, so that deciding ahead of the pen pays."""
        return self.head is not None and self.undisturbed >= ALONE_AFTER

    async def catch_up(self, connection: AsyncConnection, head: Head) -> None:
        """Make the memory true of a head, with the pen in hand."""
        known = self.head
        if known is not None and (known.size, known.root) == (head.size, head.root):
            self.undisturbed += 1
        else:
            self.undisturbed = 0
            if known is None or not known.size < head.size <= known.size + MISSED_MAX:
                self.book = Book()
            else:
                touched = await store.list_touched(connection, since=known.size, until=head.size)
                self.book.forget(touched.accounts)
                self.book.forget_batches(touched.batches)
        self.head = head

    @property
    def is_full(self) -> bool:
        """Whether the memory has outgrown its bounds."""
        return len(self.book) > KEPT_MAX

    def tidy(self) -> None:
        """Keep the memory within its bounds; only while no commit is under way."""
        if self.is_full:
            self.book.forget_unused(KEPT_MAX * 9 // 10)

    def lose(self) -> None:
        """Forget everything: a commit has failed, and what it had changed here never was."""
        self.book = Book()
        self.head = None
        self.undisturbed = 0
