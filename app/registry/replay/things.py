"""Records of what acts have brought into being, by kind and identifier."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec

from app.kernel.clock import bangkok_date
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import Leaf
from app.registry.replay.memory import Memory
from app.registry.replay.shelf import Shelf

Thing = TypeVar("Thing", bound=msgspec.Struct)

THINGS_IN_MEMORY: Final = 10_000  # of a kind, in one generation

Kind = TypeVar("Kind", bound=Leaf)


class Handlers:
    """What plays each kind of leaf, given its log index."""

    def __init__(self) -> None:
        self.by_shape: dict[type[Leaf], Callable[[int, Any], None]] = {}

    def on(self, shape: type[Kind], play: Callable[[int, Kind], None]) -> None:
        """Let leaves of a shape be played so."""
        assert shape not in self.by_shape
        self.by_shape[shape] = play

    def before(self, shape: type[Kind], check: Callable[[int, Kind], None]) -> None:
        """Let leaves of a shape that is played be looked at first."""
        play = self.by_shape[shape]

        def both(index: int, act: Kind) -> None:
            check(index, act)
            play(index, act)

        self.by_shape[shape] = both


class Things(Generic[Thing]):
    """
    All records of a kind; those used lately are in memory, the others on the shelf.

    Args:
        shelf: where they are kept.
        kind: one word for a person to read, ``"activity"``.
        shape: the class of the records.
    """

    def __init__(self, shelf: Shelf, kind: str, shape: type[Thing]) -> None:
        self._kind = kind
        self._shelf = shelf
        self._decode = msgspec.msgpack.Decoder(shape).decode
        self._memory: Memory[str, Thing] = Memory(
            self._read, self._write, weight_max=THINGS_IN_MEMORY
        )
        self.find = self._memory.get

    def get(self, key: str) -> Thing:
        """
        Return a record.

        Raises:
            Broken: there is none.
        """
        found = self.find(key)
        if found is None:
            raise Broken("unknown", f"there is no {self._kind} {key}")
        return found

    def add(self, key: str, thing: Thing) -> None:
        """
        Keep a new record.

        Raises:
            Broken: there is one already.
        """
        if self.find(key) is not None:
            raise Broken("taken_twice", f"there is a {self._kind} {key} already")
        self._memory.put(key, thing)

    def put(self, key: str, thing: Thing) -> None:
        """Keep a record in the place of another, or of none."""
        self._memory.put(key, thing)

    def changed(self, key: str) -> None:
        """Say that a record, got in this act, was changed."""
        self._memory.change(key)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._memory.flush()

    def _read(self, key: str) -> Thing | None:
        body = self._shelf.records.read(f"{self._kind}:{key}")
        return None if body is None else self._decode(body)

    def _write(self, things: Iterable[tuple[str, Thing]]) -> None:
        self._shelf.records.write(
            (f"{self._kind}:{key}", msgspec.msgpack.encode(thing)) for key, thing in things
        )


def moment_of(act: Leaf) -> datetime:
    """Return when an act was recorded."""
    return datetime.fromisoformat(act.at)


def day_of(act: Leaf) -> date:
    """Return the day in Thailand on which an act was recorded."""
    return _day_of(act.at)


@lru_cache(maxsize=16)  # all acts of a commit have one moment
def _day_of(at: str) -> date:
    return bangkok_date(datetime.fromisoformat(at))


def require_same(said: object, known: object, *, what: str, code: str = "value_differs") -> None:
    """
    Refuse a value that is not the one that follows from earlier acts.

    Raises:
        Broken: it differs.
    """
    if said != known:
        raise Broken(code, f"{what} is {_shown(said)}, but it follows to be {_shown(known)}")


def _shown(value: object) -> str:
    return str(value)[:200]
