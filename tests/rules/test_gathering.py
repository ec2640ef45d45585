"""Who asks for the same thing at the same moment is answered by one reading."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from app.entry import gathering
from app.entry.gathering import Gathering


class _Shelf:
    """What can be read, and what was asked for; a reading waits until it is let go."""

    def __init__(self) -> None:
        self.readings: list[tuple[str, ...]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.failure: Exception | None = None

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.readings.append(tuple(keys))
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return {key: len(key) for key in keys if key != "nothing"}


async def test_questions_of_one_moment_are_one_reading() -> None:
    """Each key stands in it once, and what is not there is told as such."""
    shelf = _Shelf()
    gathered = Gathering(shelf.read)
    asked = ("one", "two", "three", "one", "nothing")
    assert await asyncio.gather(*map(gathered.ask, asked)) == [3, 3, 5, 3, None]
    assert shelf.readings == [("one", "two", "three", "nothing")]


async def test_who_comes_during_a_reading_is_answered_by_the_next() -> None:
    """The one under way began before they asked, and so may tell them less than is so by now."""
    shelf = _Shelf()
    shelf.go_on.clear()
    gathered = Gathering(shelf.read)
    first = asyncio.create_task(gathered.ask("one"))
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(gathered.ask(key)) for key in ("one", "three")]
    await asyncio.sleep(0.01)
    assert shelf.readings == [("one",)]
    shelf.go_on.set()
    assert await asyncio.gather(first, *later) == [3, 3, 5]
    assert shelf.readings == [("one",), ("one", "three")]
    assert await gathered.ask("five") == 4  # and it begins anew after it had nothing to do
    assert len(shelf.readings) == 3


async def test_what_a_reading_fails_with_is_told_to_all_who_wait_for_it() -> None:
    shelf = _Shelf()
    shelf.failure = ValueError("no")
    gathered = Gathering(shelf.read)
    failures = await asyncio.gather(
        gathered.ask("one"), gathered.ask("two"), return_exceptions=True
    )
    assert [type(failure) for failure in failures] == [ValueError, ValueError]
    shelf.failure = None
    assert await gathered.ask("one") == 3


async def test_who_leaves_takes_nobodys_answer_along() -> None:
    shelf = _Shelf()
    shelf.go_on.clear()
    gathered = Gathering(shelf.read)
    leaving, staying = (asyncio.create_task(gathered.ask("one")) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0)
    shelf.go_on.set()
    assert await staying == 3
    assert leaving.cancelled()


async def test_a_database_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one connection that hangs would hold everybody who comes, for as long as it hangs."""
    monkeypatch.setattr(gathering, "READ_SECONDS_MAX", 0.05)
    shelf = _Shelf()
    shelf.go_on.clear()
    gathered = Gathering(shelf.read)
    with pytest.raises(ConnectionError):
        await gathered.ask("one")
    shelf.go_on.set()
    assert await gathered.ask("one") == 3
