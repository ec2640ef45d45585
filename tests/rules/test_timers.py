"""A connection's timer rings as the loop's own would, and costs less to set."""

import asyncio
import time

from app.entry.server import _Timer


class _Bell:
    """Notes when it rang, in seconds since it was made."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.rang: list[float] = []

    def ring(self) -> None:
        self.rang.append(time.monotonic() - self.began)


async def test_it_rings_once_when_it_is_due() -> None:
    bell = _Bell()
    _Timer(asyncio.get_running_loop()).call_later(0.05, bell.ring)
    await asyncio.sleep(0.2)
    (rang,) = bell.rang
    assert 0.05 <= rang < 0.2


async def test_it_does_not_ring_once_it_is_cancelled() -> None:
    bell = _Bell()
    _Timer(asyncio.get_running_loop()).call_later(0.05, bell.ring).cancel()
    await asyncio.sleep(0.1)
    assert not bell.rang


async def test_it_rings_for_the_last_time_it_was_set() -> None:
    """Later than before: the loop's own timer rings in vain, and is set again for what is left."""
    bell = _Bell()
    timer = _Timer(asyncio.get_running_loop())
    timer.call_later(0.05, bell.ring).cancel()
    timer.call_later(0.15, bell.ring)
    await asyncio.sleep(0.1)
    assert not bell.rang
    await asyncio.sleep(0.15)
    (rang,) = bell.rang
    assert rang >= 0.15


async def test_it_rings_in_time_though_it_was_set_for_later_before() -> None:
    bell = _Bell()
    timer = _Timer(asyncio.get_running_loop())
    timer.call_later(10, bell.ring).cancel()
    timer.call_later(0.05, bell.ring)
    await asyncio.sleep(0.15)
    assert len(bell.rang) == 1


async def test_a_closed_one_is_silent() -> None:
    """A connection that has gone must not be held by its timer."""
    bell = _Bell()
    timer = _Timer(asyncio.get_running_loop())
    timer.call_later(0.05, bell.ring)
    timer.close()
    timer.close()
    await asyncio.sleep(0.1)
    assert not bell.rang
