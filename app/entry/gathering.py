"""Questions to the database that many requests have at the same moment, asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# Whoever waits for one reading waits for its connection too: a broken one must not hold them all.
READ_SECONDS_MAX: Final = 5


class Gathering(Generic[Key, Value]):
    """
    Asks in one reading for what several requests want to know.

    One reading is under way at a time, and those who come meanwhile gather for the next; as with
    the committer there is no timer, and who asks alone is answered alone. A reading begins after
    everybody whom it answers has asked, so nobody is told anything older than their question.
    """

    def __init__(self, read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """
        Prepare to ask.

        Args:
            read: reads what is known under some keys, each of them once; leaves out what is not
                there.
        """
        self._read = read
        self._waiting: dict[Key, list[asyncio.Future[Value | None]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def ask(self, key: Key) -> Value | None:
        """
        Return what there is under a key; None: nothing.

        Raises:
            ConnectionError: the database does not answer. Whatever the reading raises otherwise.
        """
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                await self._answer(waiting)
        finally:
            self._reading = None

    async def _answer(
        self, waiting: Mapping[Key, Sequence["asyncio.Future[Value | None]"]]
    ) -> None:
        found: Mapping[Key, Value] = {}
        failure: Exception | None = None
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                found = await self._read(tuple(waiting))
        except TimeoutError:
            failure = ConnectionError("the database does not answer")
        except Exception as error:  # noqa: BLE001  it is theirs who asked
            failure = error
        for key, answers in waiting.items():
            for answer in answers:
                if answer.done():
                    continue  # who asked has gone
                if failure is not None:
                    answer.set_exception(failure)
                else:
                    answer.set_result(found.get(key))
