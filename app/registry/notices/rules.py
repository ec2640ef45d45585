"""
Of which acts people hear, and who does: pure.

One table, by the kind of an act in the log. What a notice says is made of its kind and of
identifiers when it is read (`app.registry.notices.catalogue`), so it holds no words of anybody.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from app.registry.ledger.serials import account_id
from app.registry.notices.refusals import NoticesLimitedKeyError


class NoticeKind(StrEnum):
    """What somebody is told."""

    TRANSFER_PROPOSED = "transfer_proposed"
    TRANSFER_WITHDRAWN = "transfer_withdrawn"
    TRANSFER_LAPSED = "transfer_lapsed"
    TRANSFER_APPROVED = "transfer_approved"
    ACCEPTANCE_ASKED = "acceptance_asked"
    TRANSFER_ACCEPTED = "transfer_accepted"
    TRANSFER_DELIVERED = "transfer_delivered"
    TRANSFER_ABORTED = "transfer_aborted"
    TRANSFER_RETURNED = "transfer_returned"
    CREDITS_RECEIVED = "credits_received"
    CREDITS_ISSUED = "credits_issued"
    TRANSFER_REVERSED = "transfer_reversed"
    CASE_OPENED = "case_opened"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_RELEASED = "account_released"
    SERIALS_FROZEN = "serials_frozen"
    SERIALS_RELEASED = "serials_released"
    TRUST_PROPOSED = "trust_proposed"
    TRUST_APPROVED = "trust_approved"
    TRUST_REMOVED = "trust_removed"
    ACCEPTANCE_SET = "acceptance_set"
    LIMITS_SET = "limits_set"
    ACCOUNT_OPENED = "account_opened"
    ACCOUNT_CLOSED = "account_closed"
    REPRESENTATIVE_ADDED = "representative_added"
    REPRESENTATIVE_CHANGED = "representative_changed"
    REPRESENTATIVE_REMOVED = "representative_removed"
    OWN_ROLES_SET = "own_roles_set"
    PASSWORD_SET = "password_set"  # noqa: S105  a kind, no password
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_SET = "recovery_codes_set"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    KEY_ISSUED = "key_issued"
    KEY_REVOKED = "key_revoked"


class Whom(StrEnum):
    """Who hears: the representatives of accounts or of a party, or one person."""

    SUBJECT = "of the account that the act is about"
    FROM = "of the account that credits left"
    TO = "of the account that credits came into"
    RECEIVER = "of the account that they are for"
    SENDER = "of the account of a proposed transfer that its credits come from"
    GOAL = "of the account of a proposed transfer that was to accept them"
    ENTERED = "of the accounts that credits came into, by the entries of the act"
    ISSUED = "of the accounts that the credits of a case's issuance came into"
    HOLDERS = "of the accounts that hold the serials"
    FELLOWS = "the other representatives of a person's party"
    PERSON = "the person that the act is about"


class MailEnd(StrEnum):
    """Why a notice is not mailed any more."""

    SENT = "sent"
    REFUSED = "refused"  # for good, by the mail server or because the address is none
    GIVEN_UP = "given_up"  # after `MAIL_TRIES_MAX`
    TOO_OLD = "too_old"  # nobody sent mail at that time
    WITHHELD = "withheld"  # whoever it is for is suspended or erased


# One a turn of five minutes, ten, twenty … six hours: a bit more than a day.
MAIL_TRIES_MAX: Final = 10
MAIL_DAYS_MAX: Final = 3  # older ones are news no more, as where mail is turned on later

# Kinds of notices by what they name beside the act.
OF_PROPOSALS: Final = frozenset(
    kind
    for kind in NoticeKind
    if kind.startswith("transfer_") and kind is not NoticeKind.TRANSFER_REVERSED
) | {NoticeKind.ACCEPTANCE_ASKED, NoticeKind.CREDITS_RECEIVED}
OF_ORDERS: Final = frozenset(
    {
        NoticeKind.TRANSFER_REVERSED,
        NoticeKind.CASE_OPENED,
        NoticeKind.ACCOUNT_FROZEN,
        NoticeKind.ACCOUNT_RELEASED,
        NoticeKind.SERIALS_FROZEN,
        NoticeKind.SERIALS_RELEASED,
    }
)
OF_OTHERS: Final = frozenset(
    {
        NoticeKind.REPRESENTATIVE_ADDED,
        NoticeKind.REPRESENTATIVE_CHANGED,
        NoticeKind.REPRESENTATIVE_REMOVED,
    }
)
OF_SIGN_IN: Final = frozenset(
    {
        NoticeKind.PASSWORD_SET,
        NoticeKind.SECOND_FACTOR_SET,
        NoticeKind.SECOND_FACTOR_REMOVED,
        NoticeKind.RECOVERY_CODES_SET,
        NoticeKind.PASSKEY_ADDED,
        NoticeKind.PASSKEY_REMOVED,
        NoticeKind.IDENTITY_LINKED,
        NoticeKind.IDENTITY_UNLINKED,
        NoticeKind.KEY_ISSUED,
        NoticeKind.KEY_REVOKED,
    }
)
OF_ACCOUNTS: Final = frozenset(NoticeKind) - OF_OTHERS - OF_SIGN_IN - {NoticeKind.OWN_ROLES_SET}


@dataclass(frozen=True, slots=True)
class Notice:
    """What one person hears of one act."""

    id: str
    user_id: str
    kind: NoticeKind
    account_id: int | None  # as whose representative; None: not as one of an account
    proposal_id: str | None  # the proposed transfer; None: it is of none
    order_id: str | None  # the order of the authority; None: it is by none
    about: str | None  # another user; None: it is about nobody else
    log_index: int  # of the act
    made_at: datetime
    read_at: datetime | None = None  # None: not yet


@dataclass(frozen=True, slots=True)
class Event:
    """An act, as its leaf says."""

    log_index: int
    kind: str
    by: str
    subject: str
    data: Mapping[str, Any]

    def account(self, name: str) -> int:
        """Return the account of a fact."""
        return account_id(self.data[name])

    @property
    def proposal_id(self) -> str:
        """The proposed transfer that it is about."""
        return str(self.data.get("proposal", self.subject))


@dataclass(frozen=True, slots=True)
class Telling:
    """Who hears what of a kind of act."""

    kind: NoticeKind
    whom: Whom
    only: Callable[[Event], bool] = lambda _: True


def _asks(event: Event) -> bool:
    return "accept_until" in event.data


def _was_aborted(event: Event) -> bool:
    return bool(event.data["reason"] == "aborted")


def _came_back(event: Event) -> bool:
    return not _was_aborted(event)


def _names_a_user(event: Event) -> bool:
    return bool(event.data["user"])


_K: Final = NoticeKind
_ADDED: Final = (
    Telling(_K.REPRESENTATIVE_ADDED, Whom.FELLOWS),
    Telling(_K.OWN_ROLES_SET, Whom.PERSON),
)

# Who hears of which act. Transfers at once are not here: they go to accounts that two people have
# trusted, by the thousand a second, and the ledger shows them.
TELLINGS: Final[Mapping[str, tuple[Telling, ...]]] = {
    "transfer.proposed": (Telling(_K.TRANSFER_PROPOSED, Whom.FROM),),
    "transfer.withdrawn": (Telling(_K.TRANSFER_WITHDRAWN, Whom.SENDER),),
    "transfer.lapsed": (Telling(_K.TRANSFER_LAPSED, Whom.SENDER),),
    "transfer.accepted": (
        Telling(_K.TRANSFER_ACCEPTED, Whom.SENDER),
        Telling(_K.TRANSFER_ACCEPTED, Whom.GOAL),
    ),
    "credits.sent": (
        Telling(_K.TRANSFER_APPROVED, Whom.FROM),
        Telling(_K.ACCEPTANCE_ASKED, Whom.RECEIVER, _asks),
    ),
    "credits.delivered": (
        Telling(_K.TRANSFER_DELIVERED, Whom.SENDER),
        Telling(_K.CREDITS_RECEIVED, Whom.TO),
    ),
    # Of one that was to be accepted, the receiver knows; of another, they heard nothing yet.
    "credits.returned": (
        Telling(_K.TRANSFER_ABORTED, Whom.TO, _was_aborted),
        Telling(_K.TRANSFER_ABORTED, Whom.GOAL, _was_aborted),
        Telling(_K.TRANSFER_RETURNED, Whom.TO, _came_back),
        Telling(_K.TRANSFER_RETURNED, Whom.GOAL, _came_back),
    ),
    "credits.issued": (Telling(_K.CREDITS_ISSUED, Whom.ENTERED),),
    "credits.reversed": (
        Telling(_K.TRANSFER_REVERSED, Whom.FROM),
        Telling(_K.TRANSFER_REVERSED, Whom.TO),
    ),
    "case.opened": (Telling(_K.CASE_OPENED, Whom.ISSUED),),
    "account.frozen": (Telling(_K.ACCOUNT_FROZEN, Whom.SUBJECT),),
    "account.released": (Telling(_K.ACCOUNT_RELEASED, Whom.SUBJECT),),
    "serials.frozen": (Telling(_K.SERIALS_FROZEN, Whom.HOLDERS),),
    "serials.released": (Telling(_K.SERIALS_RELEASED, Whom.HOLDERS),),
    "account.trust_proposed": (Telling(_K.TRUST_PROPOSED, Whom.SUBJECT),),
    "account.trust_approved": (Telling(_K.TRUST_APPROVED, Whom.SUBJECT),),
    "account.trust_removed": (Telling(_K.TRUST_REMOVED, Whom.SUBJECT),),
    "account.acceptance_set": (Telling(_K.ACCEPTANCE_SET, Whom.SUBJECT),),
    "account.limits_set": (Telling(_K.LIMITS_SET, Whom.SUBJECT),),
    "account.opened": (Telling(_K.ACCOUNT_OPENED, Whom.SUBJECT),),
    "account.closed": (Telling(_K.ACCOUNT_CLOSED, Whom.SUBJECT),),
    "user.added": _ADDED,
    "user.reinstated": _ADDED,
    "user.roles_set": (
        Telling(_K.REPRESENTATIVE_CHANGED, Whom.FELLOWS),
        Telling(_K.OWN_ROLES_SET, Whom.PERSON),
    ),
    "user.suspended": (Telling(_K.REPRESENTATIVE_REMOVED, Whom.FELLOWS),),
    "person.erased": (Telling(_K.REPRESENTATIVE_REMOVED, Whom.FELLOWS, _names_a_user),),
    "user.password_set": (Telling(_K.PASSWORD_SET, Whom.PERSON),),
    "user.second_factor_set": (Telling(_K.SECOND_FACTOR_SET, Whom.PERSON),),
    "user.second_factor_removed": (Telling(_K.SECOND_FACTOR_REMOVED, Whom.PERSON),),
    "user.recovery_codes_set": (Telling(_K.RECOVERY_CODES_SET, Whom.PERSON),),
    "user.passkey_added": (Telling(_K.PASSKEY_ADDED, Whom.PERSON),),
    "user.passkey_removed": (Telling(_K.PASSKEY_REMOVED, Whom.PERSON),),
    "user.identity_linked": (Telling(_K.IDENTITY_LINKED, Whom.PERSON),),
    "user.identity_unlinked": (Telling(_K.IDENTITY_UNLINKED, Whom.PERSON),),
    "user.key_issued": (Telling(_K.KEY_ISSUED, Whom.PERSON),),
    "user.key_revoked": (Telling(_K.KEY_REVOKED, Whom.PERSON),),
}


def event_of(log_index: int, leaf: bytes) -> Event:
    """Read what a leaf says; it was written in this very commit."""
    said = msgspec.json.decode(leaf)
    return Event(log_index, said["kind"], said["by"], said["subject"], said["data"])


def hears(kind: NoticeKind, user_id: str, *, by: str) -> bool:
    """
    Say whether somebody among those whom an act concerns is told of it: not who did it.

    But how one signs in is told to oneself in any case: it may have been somebody else.
    """
    return kind in OF_SIGN_IN or user_id != by


def check_whole(scopes: Collection[str] | None) -> None:
    """
    Refuse whoever may do only part of what their user may: notices tell of all of it.

    Raises:
        NoticesLimitedKeyError: an API key with scopes asks.
    """
    if scopes is not None:
        raise NoticesLimitedKeyError
