"""What may be erased: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.registry.erasure.refusals import NothingNamedError, TooManyActsError

# A leaf names every act whose words go, and the guard reads that leaf for each of them.
ACTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Words:
    """Something that people wrote, and the act that brought it."""

    log_index: int
    kind: str  # of the act
    recorded_at: datetime
    name: str  # what it is: "reason", "beneficiary"
    words: str


def check_asked(acts: Sequence[int], user_id: str | None) -> None:
    """
    Refuse an erasure that names nothing, or more than one act of the log can name.

    Raises:
        NothingNamedError: neither a user nor an act.
        TooManyActsError: more acts than `ACTS_MAX`.
    """
    if not acts and user_id is None:
        raise NothingNamedError
    check_count(acts)


def check_count(acts: Sequence[int]) -> None:
    """
    Refuse more acts than one act of the log can name.

    Raises:
        TooManyActsError: more than `ACTS_MAX`.
    """
    if len(acts) > ACTS_MAX:
        raise TooManyActsError(acts=len(acts), acts_max=ACTS_MAX)
