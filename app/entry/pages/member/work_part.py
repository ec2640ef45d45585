"""A part of the page ``/work``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.entry.pages.answers import Json
from app.entry.pages.render import Page

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody finds on ``/work``, by their roles."""

    template: str  # shows `facts`
    read: Callable[[Page], Awaitable[Facts | None]]  # None: nothing to show
    roles: frozenset[str] = frozenset()  # whoever has one of them; empty: everybody

    def is_for(self, me: Json) -> bool:
        """Say whether the part is for who is signed in."""
        return not self.roles or not self.roles.isdisjoint(me["roles"])
