"""How many of something may be under way at once in this process; the next one is told to wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.kernel.errors import BusyError


class Places:
    """A bounded number of places. It has no lock: whoever uses it lives on one event loop."""

    def __init__(self, number: int, refusal: Callable[[], BusyError]) -> None:
        """
        Prepare.

        Args:
            number: how many there are.
            refusal: makes what one is told who finds none.
        """
        self.free = number
        self._refusal = refusal

    @contextmanager
    def taken(self) -> Iterator[None]:
        """
        Hold a place while the block runs.

        Raises:
            BusyError: there is none.
        """
        if self.free == 0:
            raise self._refusal()
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1
