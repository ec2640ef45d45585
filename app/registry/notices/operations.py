"""
Telling people of acts, in the transaction of the act; and what they do with what they were told.

Notices are no part of the register's history. They are made in one place, of the leaves of a
commit, once everything else of it is written: nobody is told of what was refused, and nothing
that happened is left untold because a process ended.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.ids import new_id
from app.registry.issuance.store import get_issuance
from app.registry.ledger.serials import account_id
from app.registry.ledger.store import list_owners
from app.registry.log.pen import Record
from app.registry.notices import rules, store
from app.registry.notices.refusals import NoticeNotFoundError
from app.registry.notices.rules import (
    MAIL_DAYS_MAX,
    MAIL_TRIES_MAX,
    OF_ORDERS,
    OF_OTHERS,
    OF_PROPOSALS,
    TELLINGS,
    Event,
    MailEnd,
    Notice,
    NoticeKind,
    Whom,
)
from app.registry.notices.store import DueMail
from app.registry.parties.rules import REPRESENTING, Status
from app.registry.parties.store import get_user
from app.registry.transfers.store import get_proposal

_Accounts = Callable[[AsyncConnection, Event], Awaitable[list[int]]]
_Hearer = tuple[str, int | None]  # who hears, and as whose representative; None: of no account

ROLES_SET: Final = "user.roles_set"


async def tell(
    connection: AsyncConnection, records: Sequence[Record], *, now: datetime
) -> list[Notice]:
    """
    Tell people of the acts of a commit.

    Args:
        connection: in the commit's transaction, once its acts are written.
        records: of its acts.
        now: the moment of the commit.

    Returns:
        What was kept. Those hear who represent an account when the commit ends.
    """
    made: dict[tuple[object, ...], Notice] = {}
    for record in records:
        # Of most acts, and of all that move credits at once, nobody is told: one look, no more.
        if record.kind in TELLINGS:
            event = rules.event_of(record.log_index, record.leaf)
            for telling in TELLINGS[record.kind]:
                if telling.only(event):
                    for user_id, account in await _hearers(connection, event, telling.whom):
                        if rules.hears(telling.kind, user_id, by=event.by):
                            notice = _notice(event, telling.kind, user_id, account, now)
                            made[event.log_index, telling.kind, user_id, account] = notice
    if made:
        await store.insert_notices(connection, list(made.values()))
    return list(made.values())


async def mark_read(
    connection: AsyncConnection, user_id: str, *, up_to: str, now: datetime
) -> None:
    """
    Note that somebody has read their notices, up to one and with it; again, nothing changes.

    Raises:
        NoticeNotFoundError: that one is not theirs.
    """
    notice = await store.find_notice(connection, up_to, user_id=user_id)
    if notice is None:
        raise NoticeNotFoundError
    await store.update_read(connection, notice, now=now)


async def forget_user(connection: AsyncConnection, user_id: str) -> None:
    """Remove what somebody was told; part of the act that erases them, once they are emptied."""
    await store.delete_notices_of(connection, user_id)


async def drop_old_notices(connection: AsyncConnection, *, rows_max: int) -> int:
    """
    Remove the oldest notices, as far as the rule `notice_days` lets them go.

    The database asks the rule itself, so that nobody removes more.

    Returns:
        How many; as many as ``rows_max``: there may be more.
    """
    return await store.delete_old_notices(connection, rows_max=rows_max)


async def take_mail(
    connection: AsyncConnection, *, now: datetime
) -> tuple[Notice, str | None] | None:
    """
    Take the next notice that is to be mailed, and count the try that is about to be made.

    Commit it before sending: who dies while sending has had that try, and nobody else takes the
    notice until the next one is due. One that is not to be mailed any more is ended instead; one
    in a transaction, because where mail is turned on later there may be very many, and whoever
    held them all would keep people from being erased.

    Returns:
        The notice and the address it goes to, None where it was ended; or None: none is due.
    """
    due = await store.lock_mail(connection, now)
    if due is None:
        return None
    person = await get_user(connection, due.notice.user_id)
    end = _end_of(due, now)
    if end is None and (person.email is None or person.status is not Status.ACTIVE):
        end = MailEnd.WITHHELD
    if end is not None:
        await store.update_mail_ended(connection, due.notice.id, end)
        return due.notice, None
    await store.update_mail_tried(connection, due.notice.id, now)
    return due.notice, person.email


async def end_mail(connection: AsyncConnection, notice_id: str, end: MailEnd) -> None:
    """Note that a notice was mailed, or never will be."""
    await store.update_mail_ended(connection, notice_id, end)


async def give_try_back(connection: AsyncConnection, notice_id: str) -> None:
    """Take back that a try was counted; the next one is due when it was said to be."""
    await store.update_mail_untried(connection, notice_id)


def _end_of(due: DueMail, now: datetime) -> MailEnd | None:
    if due.tries == MAIL_TRIES_MAX:
        return MailEnd.GIVEN_UP
    if now - due.notice.made_at > timedelta(days=MAIL_DAYS_MAX):
        return MailEnd.TOO_OLD
    return None


def _notice(
    event: Event, kind: NoticeKind, user_id: str, account: int | None, now: datetime
) -> Notice:
    return Notice(
        id=new_id("ntc"),
        user_id=user_id,
        kind=kind,
        account_id=account,
        proposal_id=event.proposal_id if kind in OF_PROPOSALS else None,
        order_id=str(event.data["order"]) if kind in OF_ORDERS else None,
        about=event.subject if kind in OF_OTHERS else None,
        log_index=event.log_index,
        made_at=now,
    )


async def _hearers(connection: AsyncConnection, event: Event, whom: Whom) -> list[_Hearer]:
    if whom is Whom.PERSON:
        return [(event.subject, None)]
    if whom is Whom.FELLOWS:
        return await _fellows(connection, event)
    accounts = await _ACCOUNTS[whom](connection, event)
    # The registry's own accounts have no owner, and nobody who would hear.
    owners = await list_owners(connection, accounts)
    people = await store.list_representatives_of(connection, sorted(set(owners.values())))
    return [(user_id, account) for account, owner in owners.items() for user_id in people[owner]]


async def _fellows(connection: AsyncConnection, event: Event) -> list[_Hearer]:
    person = await get_user(connection, event.subject)
    # What roles somebody had before is not known here; that they changed is told in any case.
    if event.kind != ROLES_SET and not person.roles & REPRESENTING:
        return []
    people = await store.list_representatives_of(connection, [person.party_id])
    return [(user_id, None) for user_id in people[person.party_id] if user_id != person.id]


async def _subject(_: AsyncConnection, event: Event) -> list[int]:
    return [account_id(event.subject)]


async def _from(_: AsyncConnection, event: Event) -> list[int]:
    return [event.account("from")]


async def _to(_: AsyncConnection, event: Event) -> list[int]:
    return [event.account("to")]


async def _receiver(_: AsyncConnection, event: Event) -> list[int]:
    return [event.account("receiver")]


async def _sender(connection: AsyncConnection, event: Event) -> list[int]:
    return [(await get_proposal(connection, event.proposal_id)).from_account]


async def _goal(connection: AsyncConnection, event: Event) -> list[int]:
    proposal = await get_proposal(connection, event.proposal_id)
    return [] if proposal.accept_until is None else [proposal.to_account]


async def _entered(connection: AsyncConnection, event: Event) -> list[int]:
    return await store.list_entered(connection, event.log_index)


async def _issued(connection: AsyncConnection, event: Event) -> list[int]:
    issuance = await get_issuance(connection, event.data["issuance"])
    return await store.list_entered(connection, issuance.log_index)


async def _holders(connection: AsyncConnection, event: Event) -> list[int]:
    first, last = event.data["first"], event.data["last"]
    return await store.list_holders(connection, event.subject, first=first, last=last)


_ACCOUNTS: Final[Mapping[Whom, _Accounts]] = {
    Whom.SUBJECT: _subject,
    Whom.FROM: _from,
    Whom.TO: _to,
    Whom.RECEIVER: _receiver,
    Whom.SENDER: _sender,
    Whom.GOAL: _goal,
    Whom.ENTERED: _entered,
    Whom.ISSUED: _issued,
    Whom.HOLDERS: _holders,
}
