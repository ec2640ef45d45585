"""The admission of an applicant: a party and its first users, in one act of who decided on it."""

from dataclasses import dataclass

from app.registry.log.pen import Pen
from app.registry.parties import store
from app.registry.parties.operations.organisations import AdmitParty, insert_admitted
from app.registry.parties.operations.people import AddUser, insert_added
from app.registry.parties.refusals import EmailTakenError
from app.registry.parties.rules import Party


@dataclass(frozen=True, slots=True)
class AdmitApplicant:
    """A party to admit, under identifiers that the decision has told already."""

    party_id: str
    party: AdmitParty
    representatives_min: int | None  # None: a natural person, who acts alone
    people: tuple[tuple[str, AddUser], ...]  # identifier and user


async def admit_applicant(pen: Pen, command: AdmitApplicant, *, by: str) -> Party:
    """
    Write what was decided on an application; whoever calls this has checked and recorded that.

    Raises:
        EmailTakenError: somebody signs in with an address of one of the people.
    """
    party = await insert_admitted(
        pen,
        command.party,
        by=by,
        party_id=command.party_id,
        representatives_min=command.representatives_min,
    )
    for user_id, person in command.people:
        if await store.find_user_id_by_email(pen.connection, person.email) is not None:
            raise EmailTakenError
        await insert_added(pen, party, person, by=by, user_id=user_id)
    return party
