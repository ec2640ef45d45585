"""
The record that every act on a party or user leaves: a leaf of the log and a line of its history.

Names of people, addresses and reasons are personal: a leaf says which user of which party, and
which roles. Why somebody was suspended stands only in the history, which is not public.
"""

from collections.abc import Mapping

from app.registry.log.pen import Pen
from app.registry.parties import store
from app.registry.parties.rules import Party, User
from app.registry.parties.store import PartyEvent


async def record(
    pen: Pen,
    kind: str,
    *,
    by: str,
    about: Party | User,
    data: Mapping[str, object],
    why: str | None = None,
) -> int:
    """Put an act into the log and the party's history; the reason goes only into the latter."""
    if isinstance(about, User):
        party_id, user_id = about.party_id, about.id
        data = {"party_id": party_id, **data}
    else:
        party_id, user_id = about.id, None
    log_index = pen.record(by=by, kind=kind, subject=about.id, data=data)
    await store.insert_event(
        pen.connection,
        PartyEvent(
            log_index=log_index,
            party_id=party_id,
            user_id=user_id,
            what=kind,
            by=by,
            why=why,
            recorded_at=pen.now,
        ),
    )
    return log_index
