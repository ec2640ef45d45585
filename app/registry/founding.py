"""
The first acts of a register: its own accounts, the working calendar, the programmes with their
rules, the methodologies.
"""

from typing import Final

from app.registry.calendar.operations import found_calendar
from app.registry.ledger.operations import found_accounts
from app.registry.log.pen import Pen
from app.registry.methodologies import operations as methodologies
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind
from app.registry.programmes import operations as programmes

# Who acts before anybody has been admitted.
REGISTRY: Final = Actor("registry", "registry", PartyKind.AUTHORITY, frozenset())


async def found(pen: Pen) -> bool:
    """
    Found the register, as the first entries of its log.

    Returns: Whether it was done now; False where the log has entries, so that it can be asked for
        at every start.
    """
    if pen.log_size > 0 or pen.records:
        return False
    await found_accounts(pen)
    await found_calendar(pen)
    await programmes.found_catalogue(pen)
    await methodologies.found_catalogue(pen)
    return True
