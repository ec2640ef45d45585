"""What the replay used lately stays in memory, bounded; the rest waits on the shelf."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """
    Values by key, of which only a bounded weight is held.

    Two generations stand in for an order of use: what is used moves into the young one; when that
    is full it becomes the old one, and what was in the old one and not used since is let go. So a
    look costs one dictionary look-up, and what was just looked up stays for a whole generation.
    """

    __slots__ = (
        "_changed",
        "_old",
        "_read",
        "_weigh",
        "_weight",
        "_weight_max",
        "_write",
        "_young",
    )

    def __init__(
        self,
        read: Callable[[Key], Value | None],
        write: Callable[[Iterable[tuple[Key, Value]]], None],
        *,
        weight_max: int,
        weigh: Callable[[Value], int] = lambda _: 1,
    ) -> None:
        self._read: Callable[[Key], Value | None] = read
        self._write: Callable[[Iterable[tuple[Key, Value]]], None] = write
        self._weigh: Callable[[Value], int] = weigh
        self._weight_max = weight_max  # of one generation
        self._weight = 0
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._changed: set[Key] = set()

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, or None where there is none."""
        value = self._young.get(key)
        return self._from_afar(key) if value is None else value

    def put(self, key: Key, value: Value) -> None:
        """Keep a new value, or one that takes the place of another."""
        self._old.pop(key, None)
        self._changed.add(key)
        self._hold(key, value)

    def change(self, key: Key, *, grown: int = 0) -> None:
        """Say that the value of a key, got in this act, was changed, and by what it has grown."""
        self._changed.add(key)
        self._weight += grown

    def flush(self) -> None:
        """Write all that changed."""
        self._write(self._take_changed(self._old))
        self._write(self._take_changed(self._young))
        assert not self._changed

    def _from_afar(self, key: Key) -> Value | None:
        value = self._old.pop(key, None)
        if value is None:
            value = self._read(key)
            if value is None:
                return None
        self._hold(key, value)
        return value

    def _hold(self, key: Key, value: Value) -> None:
        self._young[key] = value
        self._weight += self._weigh(value)
        if self._weight > self._weight_max:
            self._write(self._take_changed(self._old))
            self._old, self._young, self._weight = self._young, {}, 0

    def _take_changed(self, generation: dict[Key, Value]) -> Iterator[tuple[Key, Value]]:
        for key, value in generation.items():
            if key in self._changed:
                self._changed.remove(key)
                yield key, value
