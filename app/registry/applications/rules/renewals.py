"""Renewals: who of a party may act, and what they may say."""

from datetime import date

from app.registry.applications.content import Content
from app.registry.applications.refusals import (
    ApplicationNotFoundError,
    DocumentsExpiredError,
    KindOfHolderError,
    RenewalPeopleError,
)
from app.registry.applications.rules.standing import (
    Application,
    HolderKind,
    check_kinds,
    require_secret,
)
from app.registry.parties.policy import Actor, Permission, allows
from app.registry.parties.rules import PartyKind


def may_renew(application: Application, actor: Actor | None) -> bool:
    """Say whether somebody signed in acts for the party that an application renews."""
    return (
        actor is not None
        and application.is_renewal
        and application.party_id is not None
        and allows(actor, Permission.RENEW_PARTY, owner_ids=(application.party_id,))
    )


def require_applicant(
    application: Application, actor: Actor | None, *, secret_sha256: bytes
) -> None:
    """
    Refuse whoever does not apply: without the secret, or for a renewal, without the party's right.

    Raises:
        ApplicationNotFoundError: they do not, as if there were none.
    """
    if not application.is_renewal:
        require_secret(application, secret_sha256)
    elif not may_renew(application, actor):
        raise ApplicationNotFoundError


def check_renewing(
    holder_kind: HolderKind, party_kind: PartyKind, current: HolderKind | None
) -> None:
    """
    Refuse a kind of holder that a party is not.

    Args:
        holder_kind: what is said.
        party_kind: what the party is.
        current: what it was admitted as; None: not on an application.

    Raises:
        KindOfHolderError: it is another.
    """
    check_kinds(holder_kind, party_kind)
    if current is not None and holder_kind is not current:
        raise KindOfHolderError(holder_kind=holder_kind.value, possible=f"a {current.value} only")


def check_no_people(content: Content) -> None:
    """
    Refuse people in a renewal: it changes nobody who acts.

    Raises:
        RenewalPeopleError: it names some.
    """
    if content.representatives:
        raise RenewalPeopleError


def check_valid(current: Application | None, *, on: date) -> None:
    """
    Refuse a party with a document that has expired.

    Args:
        current: the application whose documents hold; None: the party has none.
        on: the date in Thailand; the last day of a document is one on which it is valid.

    Raises:
        DocumentsExpiredError: one has.
    """
    if current is None or current.documents_expire_on is None:
        return
    if current.documents_expire_on < on:
        assert current.party_id is not None
        raise DocumentsExpiredError(
            valid_until=current.documents_expire_on.isoformat(), party_id=current.party_id
        )
