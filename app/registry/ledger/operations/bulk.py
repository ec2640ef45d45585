"""Several acts that move credits in one request: all of them or none, or each on its own."""

from collections.abc import Awaitable, Callable, Sequence

from app.kernel.errors import RegistryError
from app.registry.ledger.operations.moving import Movement
from app.registry.ledger.refusals import BulkRefusedError
from app.registry.log.pen import Pen

Moving = Callable[[Pen], Awaitable[Movement]]


async def move_in_bulk(
    pen: Pen, acts: Sequence[Moving], *, atomic: bool
) -> list[Movement | RegistryError]:
    """
    Have acts done in their order, each seeing the effects of those before it.

    Each has a leaf of its own, as if it had come alone.

    Args:
        pen: what they write with.
        acts: acts that move credits; each decides before it changes anything.
        atomic: whether one refused act refuses them all; whoever asked takes back what was done.

    Returns:
        What became of each act: the movement, or why it was refused.

    Raises:
        BulkRefusedError: one was refused, and they are atomic.
    """
    outcomes: list[Movement | RegistryError] = []
    for number, act in enumerate(acts, start=1):
        try:
            outcomes.append(await act(pen))
        except RegistryError as refusal:
            if atomic:
                raise BulkRefusedError(
                    act=number, acts=len(acts), refusal=refusal.code
                ) from refusal
            outcomes.append(refusal)
    return outcomes
