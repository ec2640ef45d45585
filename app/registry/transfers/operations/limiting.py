"""An account's own limits, with the dated rules that say when a higher one counts."""

from app.registry.ledger import operations as ledger
from app.registry.ledger.book import Book
from app.registry.ledger.operations import SetLimits
from app.registry.ledger.serials import account_number
from app.registry.ledger.terms import OwnTerms
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor
from app.registry.programmes.operations import require_confirmation
from app.registry.programmes.rules import ConfirmedAct
from app.registry.transfers.operations.terms import get_activation


async def set_limits(
    pen: Pen,
    actor: Actor,
    account_id: int,
    *,
    credits_max: int | None,
    credits_per_day_max: int | None,
) -> OwnTerms:
    """
    Set most that an account sends to other owners: what is lower counts at once, what is higher
    when an account that is put on the trusted list now would be trusted.

    Raises:
        As `app.registry.ledger.operations.set_limits`; RuleMissingError,
        CalendarYearMissingError: it cannot be told from when on it would count;
        ConfirmationNeededError, PersonNeededError: to raise one takes a fresh second factor.
    """
    book = pen.take(Book)
    account = await ledger.get_known_account(pen, book, account_id)
    wanted = (credits_max, credits_per_day_max)
    rises_at = pen.now  # of nothing; to lower a limit takes no calendar
    if book.own_terms[account.id].rises(wanted, now=pen.now):
        rises_at = await get_activation(pen.connection, pen.now)
    command = SetLimits(account_id, credits_max, credits_per_day_max, rises_at)
    terms = await ledger.set_limits(pen, actor, command)
    if terms.raised_from is not None:
        confirmed = {
            "account": account_number(account_id),
            "credits_max": credits_max,
            "credits_per_day_max": credits_per_day_max,
        }
        await require_confirmation(pen, actor, ConfirmedAct.LIMIT_RAISING, confirmed)
    return terms
