"""
Who waits for the committer: a bounded queue that is fair between clients.

Clients take turns (deficit round robin): in a turn a client may have `TURN_ACTS` acts decided, and
what it does not use because its next request is larger is kept for its next turn. So thousands of
requests of one client hold another's single one up by a turn, not by thousands; and a request of a
thousand acts waits for some turns more, not until nobody else asks.
"""

import math
import operator
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
_arrival: Final = operator.itemgetter(0)

ACTS_WAITING_MAX: Final = 20_000  # Beyond some seconds' work, "busy" is kinder than a longer queue.
TURN_ACTS: Final = 50  # A tenth of a commit: ten busy clients share every one.
RETRY_AFTER_S_MIN: Final = 1
RETRY_AFTER_S_MAX: Final = 30
_KEPT: Final = 0.8  # What a commit's speed still counts for when the next one is measured.


class FullError(Exception):
    """The queue takes no more of this client; another client may still find room."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class _Line(Generic[Item]):
    """One client's requests, in order of arrival; there is none for a client without any."""

    __slots__ = ("acts", "client", "due", "requests")

    def __init__(self, client: str) -> None:
        self.client = client
        self.requests: deque[tuple[int, Item, int]] = deque()  # number of arrival, item, weight
        self.acts = 0  # in all its requests
        self.due = TURN_ACTS  # how many acts it may have in its next turn


class Queue(Generic[Item]):
    """
    What waits, in turns between clients and in order of arrival within each.

    It has no lock: whoever uses it lives on one event loop.
    """

    def __init__(
        self,
        is_gone: Callable[[Item], bool],
        *,
        acts_max: int = ACTS_WAITING_MAX,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Make an empty queue.

        Args:
            is_gone: whether nobody waits for an item any more: it is left out when its turn comes.
            acts_max: how many acts may wait in all, at least twice the largest weight.
            clock_s: seconds that never run backwards.
        """
        self._is_gone = is_gone
        self._clock_s = clock_s
        self._free = self._acts_max = acts_max
        self._lines: dict[str, _Line[Item]] = {}
        self._turns: deque[_Line[Item]] = deque()  # whose turn it is stands first
        self._arrived = 0
        # Acts taken and seconds needed for them while others waited, the newest counting most.
        self._drained_acts = self._drained_s = 0.0
        self._taken_acts = 0  # by the last `take`, if it left others waiting
        self._taken_at_s = clock_s()
        self._waiting_since_s = 0.0  # when the first one came into the empty queue

    @property
    def acts(self) -> int:
        """How many acts wait, those among them whose callers have gone."""
        return self._acts_max - self._free

    def put(self, client: str, item: Item, weight: int = 1) -> None:
        """
        Let an item wait.

        A client may hold as much as it leaves free for all others: one alone half of the queue, two
        a third each, and never all of it, however many they are.

        Args:
            client: whose it is.
            item: what `take` will return.
            weight: how many acts it is, at least 1.

        Raises:
            FullError: it was not taken.
        """
        line = self._lines.get(client)
        held = 0 if line is None else line.acts
        if held + weight > self._free - weight:
            raise FullError(self._retry_after_s())
        if line is None:
            if not self._turns:
                self._waiting_since_s = self._clock_s()
            line = self._lines[client] = _Line(client)
            self._turns.append(line)
        self._arrived += 1
        line.requests.append((self._arrived, item, weight))
        line.acts += weight
        self._free -= weight

    def take(self, weight_max: int) -> list[Item]:
        """
        Return whose turn it is, of about this weight in all; nothing only if nobody waits.

        Turns only say who comes along: those who do come in the order of their arrival.

        An item is never split: one that is heavier than all of it comes alone.
        """
        self._measure()
        before = self.acts
        taken: list[tuple[int, Item]] = []
        room = weight_max
        while self._turns and room > 0:
            room = self._turn(self._turns[0], room, taken)
        self._taken_acts = before - self.acts if self._turns else 0
        taken.sort(key=_arrival)
        return [item for _, item in taken]

    def _turn(self, line: _Line[Item], room: int, taken: list[tuple[int, Item]]) -> int:
        """Take what a client has due; returns the room that is left, 0 where the next is larger."""
        requests = line.requests
        while requests:
            number, item, weight = requests[0]
            if not self._is_gone(item):
                if weight > line.due:
                    line.due += TURN_ACTS
                    self._turns.rotate(-1)
                    return room
                if weight > room and taken:
                    return 0  # its turn goes on with the next commit
                taken.append((number, item))
                line.due -= weight
                room -= weight
            requests.popleft()
            line.acts -= weight
            self._free += weight
        self._turns.popleft()
        del self._lines[line.client]
        return room

    def _measure(self) -> None:
        """Learn how fast the queue drains; a commit that nobody waited for does not say."""
        now_s = self._clock_s()
        if self._taken_acts:
            self._drained_acts = self._drained_acts * _KEPT + self._taken_acts
            self._drained_s = self._drained_s * _KEPT + now_s - self._taken_at_s
        self._taken_at_s = now_s

    def _retry_after_s(self) -> int:
        """Return in how many seconds what waits now will be done, at the speed of late."""
        seconds = 0.0
        if self._drained_acts:
            seconds = self.acts * self._drained_s / self._drained_acts
        # A commit that hangs is not measured before it ends.
        seconds = max(seconds, self._clock_s() - max(self._taken_at_s, self._waiting_since_s))
        return min(max(math.ceil(seconds), RETRY_AFTER_S_MIN), RETRY_AFTER_S_MAX)
