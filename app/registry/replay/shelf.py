"""What the replay keeps on disk, in one SQLite file: the only module that knows SQL here."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

Key = TypeVar("Key", int, str)

FORMAT: Final = b"registry replay 3"
_ENDINGS_AT_ONCE: Final = 5_000
_PAGE_CACHE_KIB: Final = 32_768

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prefixes (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS endings (
    log_index INTEGER PRIMARY KEY, word TEXT NOT NULL, account TEXT NOT NULL,
    credits INTEGER NOT NULL, commitment TEXT NOT NULL);
"""


class ShelfError(Exception):
    """The file cannot be used: it is no shelf, of another format, or in use."""


class KeptEnding(NamedTuple):
    """Credits that ended."""

    log_index: int
    word: str  # "retired" or "cancelled"
    account: str  # number of the account they came from
    credits: int
    commitment: str


class Drawer(Generic[Key]):
    """One table of keys and bytes."""

    __slots__ = ("_each", "_file", "_read", "_write")

    def __init__(self, file: sqlite3.Connection, table: str) -> None:
        self._file = file
        self._read, self._write, self._each = (
            statement.replace("TABLE", table)  # one of our own names
            for statement in (
                "SELECT body FROM TABLE WHERE key = ?",
                "INSERT OR REPLACE INTO TABLE VALUES (?, ?)",
                "SELECT key, body FROM TABLE ORDER BY key",
            )
        )

    def read(self, key: Key) -> bytes | None:
        """Return what is kept under a key, or None."""
        found = self._file.execute(self._read, (key,)).fetchone()
        return None if found is None else found[0]

    def write(self, rows: Iterable[tuple[Key, bytes]]) -> None:
        """Keep bytes under keys, in the place of what was there."""
        self._file.executemany(self._write, rows)

    def each(self) -> Iterator[tuple[Key, bytes]]:
        """Yield all by rising key."""
        yield from self._file.execute(self._each)


class Shelf:
    """
    The file of one replay. Nothing in it counts before `keep`, so it is always the state after
    some leaf; the replay says after which. It can be deleted: playing the log makes it anew.

    Args:
        path: the file, made where there is none; None: a file of no name that goes with the shelf.

    Raises:
        ShelfError: the file is no shelf, of another format, or in use by another process.
    """

    def __init__(self, path: Path | None = None) -> None:
        # Without a name SQLite keeps what does not fit its cache in a temporary file.
        self._file = sqlite3.connect("" if path is None else path, timeout=0, isolation_level=None)
        try:
            self._open()
        except sqlite3.Error as error:
            self._file.close()
            raise ShelfError(f"{path}: {error}") from None
        except ShelfError:
            self._file.close()
            raise
        self.meta: Drawer[str] = Drawer(self._file, "meta")
        self.records: Drawer[str] = Drawer(self._file, "records")
        self.batches: Drawer[str] = Drawer(self._file, "batches")
        self.prefixes: Drawer[int] = Drawer(self._file, "prefixes")  # by batch id
        self.accounts: Drawer[int] = Drawer(self._file, "accounts")
        self.chunks: Drawer[int] = Drawer(self._file, "chunks")
        self._endings: list[KeptEnding] = []

    def _open(self) -> None:
        # One process at a time. What a power cut takes of the last transaction is played again.
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute(f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}")
        self._file.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            self._file.execute(statement)
        found = self._file.execute("SELECT body FROM meta WHERE key = 'format'").fetchone()
        if found is None:
            self._file.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
        elif found[0] != FORMAT:
            raise ShelfError(
                "it was written by another version; delete it and replay from the start"
            )

    def keep_ending(self, ending: KeptEnding) -> None:
        """Keep credits that ended."""
        self._endings.append(ending)
        if len(self._endings) >= _ENDINGS_AT_ONCE:
            self._write_endings()

    def endings(self) -> Iterator[KeptEnding]:
        """Yield what ended, in the order of the log."""
        self._write_endings()
        rows = self._file.execute("SELECT * FROM endings ORDER BY log_index")
        yield from map(KeptEnding._make, rows)

    def sorted_balances(
        self, rows: Iterable[tuple[int, int, int]]
    ) -> Iterator[tuple[int, int, int]]:
        """
        Sort balances on disk.

        Args:
            rows: account id, batch id, credits, in any order.

        Yields:
            The same by rising account, then batch.
        """
        self._file.execute("CREATE TEMP TABLE sorting (account INT, batch INT, credits INT)")
        try:
            self._file.executemany("INSERT INTO sorting VALUES (?, ?, ?)", rows)
            with closing(self._file.cursor()) as sorting:
                yield from sorting.execute("SELECT * FROM sorting ORDER BY account, batch")
        finally:
            self._file.execute("DROP TABLE sorting")

    def keep(self) -> None:
        """Make all that was written count, at once."""
        self._write_endings()
        self._file.execute("COMMIT")
        self._file.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Leave the file as the last `keep` made it."""
        self._file.close()

    def _write_endings(self) -> None:
        self._file.executemany("INSERT INTO endings VALUES (?, ?, ?, ?, ?)", self._endings)
        self._endings.clear()
