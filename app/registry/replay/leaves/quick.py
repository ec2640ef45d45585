"""
A transfer read without looking at the form of its words: most leaves of a log are transfers.

Whoever reads it so must look every word up: account numbers and serial prefixes that exist, and
users that were added, had their form checked when they came into being.
"""

from typing import Annotated

from msgspec import Meta, field

from app.registry.ledger.rules import MOVES_PER_ACT_MAX
from app.registry.replay.leaves.ledger import CreditsTransferred, MovementFacts, Run


class QuickRun(Run, frozen=True):
    """A run of serials that nobody has looked up yet."""

    batch: str
    first: int
    last: int


class QuickFacts(MovementFacts, frozen=True):
    """Which credits are said to have moved."""

    from_: str = field(name="from")
    to: str
    credits: int
    moves: Annotated[list[QuickRun], Meta(min_length=1, max_length=MOVES_PER_ACT_MAX)]  # type: ignore[assignment]


class QuickTransfer(CreditsTransferred, frozen=True, tag="credits.transferred"):
    """A transfer that nobody has looked up yet."""

    at: str
    by: str
    subject: str
    data: QuickFacts
