"""What the pages of an account share."""

from typing import Final

from app.entry.pages.client import RefusedError
from app.entry.pages.confirming import NEEDED

_UNAUTHENTICATED: Final = 401


def pass_on_to_the_frame(refused: RefusedError) -> None:
    """
    Let the frame answer what it answers for every form: no session, or a fresh code is needed.

    Raises:
        RefusedError: it is one of these.
    """
    if refused.code == NEEDED or refused.status == _UNAUTHENTICATED:
        raise refused
