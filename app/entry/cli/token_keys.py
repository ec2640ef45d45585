"""``registry rotate-token-key``: the key that signs access tokens, replaced."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from app.entry.cli.exits import console
from app.entry.tokens import add_key, drop_others
from app.kernel import clock
from app.settings import Settings

# Whoever checks tokens by the published keys has a day to see the next one; so has the operator, to
# copy it to other machines.
AHEAD: Final = timedelta(days=1)


def rotate(
    *,
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="The key was stolen: refuse all its tokens within minutes."),
    ] = False,
) -> None:
    """
    Make the next key that signs access tokens; it begins in a day, and the old one ends after it.

    Running servers find it within a minute. Copy the new file to the other machines before it
    begins. With --at-once all tokens of the old keys are refused; people refresh, and go on.
    """
    settings, now = Settings(), clock.now().replace(microsecond=0)
    if at_once:
        drop_others(settings.data, starts_at=now)
        console.print("The old keys are gone. Copy the new one to the other machines now.")
        return
    add_key(settings.data, now=now, starts_at=now + AHEAD)
    console.print(f"The next key begins to sign at {(now + AHEAD).isoformat()}.", highlight=False)
