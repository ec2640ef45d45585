"""
What visitors' pages have shown, as long as it is what they would show again.

The rule is one: what was read of the register under a mark (`app.entry.marks`) is what is there as
long as the register's mark is that one. So every page asks for the mark of now before anything that
is remembered is used: one statement by primary keys, never older than the request. Each process
remembers for itself, and none shows a state older than what a reader has seen of another.

Only what everybody may see is remembered: pages and calls of who is not signed in and sends no
cookie, that read nothing but what acts change.
"""

import asyncio
import gzip
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.entry.late_reads import LateReads, OneSnapshot
from app.entry.marks import Mark, Marks
from app.entry.pages.answers import Answer

BYTES_MAX: Final = 32 * 2**20  # Some hundred large pages; what was not used for longest goes first.
_GZIP: Final = "gzip"
_GZIP_LEVEL: Final = 4  # A quarter of the page in a millisecond; more takes three, for little.
ENTRY_BYTES: Final = 1_000  # what an entry costs beside what it holds

# Calls whose answers to visitors acts alone change. What is missing here is asked every time.
_OF_THE_LOG: Final = re.compile(
    r"/v1/(activities|batches|cancellations|cases|issuances|methodologies|monitoring-reports"
    r"|parties|programmes|provinces|retirements|serials|statistics|log/head)([/?].*)?"
)
# Of these, nothing changes the answers but a migration, and that ends the processes that serve.
_LASTING: Final = re.compile(r"/v1/provinces(\?.*)?")
_LASTING_MAX: Final = 20


class Memory:
    """Answers and pages of one state of the register, bounded in bytes."""

    def __init__(self, *, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._mark: Mark | None = None
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._lasting: OrderedDict[str, Answer] = OrderedDict()  # whatever the mark is, for a day

    def find(self, mark: Mark, name: str) -> Answer | None:
        """
        Return what was kept under a name; None: nothing that holds still.

        Args:
            mark: of now. What was kept under another one is forgotten.
            name: of what is asked for.
        """
        if mark != self._mark:
            if self._mark is None or mark.day != self._mark.day:
                self._lasting.clear()
            self._mark, self._bytes = mark, 0
            self._kept.clear()
        lasting = self._lasting.get(name)
        if lasting is not None:
            return lasting
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
        return found

    def keep(self, mark: Mark, name: str, answer: Answer) -> None:
        """
        Keep what was read.

        Args:
            mark: of a moment before the reading.
            name: of what was asked for.
            answer: what was read.
        """
        if mark != self._mark or name in self._kept:
            return  # meanwhile somebody has seen a later state, or was as quick
        if _LASTING.fullmatch(name):
            self._lasting[name] = answer
            if len(self._lasting) > _LASTING_MAX:
                self._lasting.popitem(last=False)
            return
        self._kept[name] = answer
        self._bytes += _size(name, answer)
        while self._bytes > self._bytes_max:
            self._bytes -= _size(*self._kept.popitem(last=False))


class Visit:
    """What the calls of one visitor's page share: a snapshot, the mark of now, and the memory."""

    def __init__(self, late: LateReads, marks: Marks, memory: Memory) -> None:
        self.snapshot = OneSnapshot(late)
        self._is_of_the_log = True  # nothing else was read so far
        self._marks = marks
        self._memory = memory
        self._turn = asyncio.Lock()
        self._mark: Mark | None = None

    async def answer(self, call: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return what the API answers a call, asked only where it is not known."""
        if not _OF_THE_LOG.fullmatch(call):
            self._is_of_the_log = False
            return await ask()
        mark = await self._mark_of_now()
        found = self._memory.find(mark, call)
        if found is None:
            found = await ask()
            self._memory.keep(mark, call, found)
        return found

    async def page(
        self, address: str, make: Callable[[], Awaitable[Response]], *, compressed: bool
    ) -> Response:
        """
        Return the page at an address, made only where it is not known.

        Args:
            address: with its language and query: the same for every visitor.
            make: makes the page; one of which the log does not say all is not kept.
            compressed: whether its reader takes it by gzip. There is nothing secret in such a page
                that its size could tell, as there is in one of who is signed in.
        """
        name = f"{address} {_GZIP}" if compressed else address
        mark = await self._mark_of_now()
        found = self._memory.find(mark, name)
        if found is None:
            made = await make()
            if made.status_code != HTTPStatus.OK or not self._is_of_the_log:
                return made
            found = _page_of(made, compressed=compressed)
            self._memory.keep(mark, name, found)
        return Response(found.body, found.status, found.headers)

    async def close(self) -> None:
        """Give back what it holds."""
        await self.snapshot.close()

    async def _mark_of_now(self) -> Mark:
        async with self._turn:  # calls that are made together need it once
            if self._mark is None:
                self._mark = await self._marks.present()
            return self._mark


def _page_of(made: Response, *, compressed: bool) -> Answer:
    body, headers = bytes(made.body), {**made.headers, "vary": "Accept-Encoding, Cookie"}
    if compressed:
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers |= {"content-encoding": _GZIP, "content-length": str(len(body))}
    return Answer(made.status_code, headers, body)


def _size(name: str, answer: Answer) -> int:
    return ENTRY_BYTES + len(name) + len(answer.body)


def takes_gzip(request: Request) -> bool:
    """Say whether a reader's browser takes pages compressed."""
    return _GZIP in request.headers.get("accept-encoding", "")


def visit_of(request: Request) -> Visit:
    """Return what the calls of a request share, which is to be closed."""
    state = request.app.state
    return Visit(state.late_reads, state.marks, state.page_memory)
