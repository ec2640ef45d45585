"""The act that erases a person."""

from dataclasses import dataclass

from app.registry.erasure import rules, store
from app.registry.erasure.refusals import NothingToEraseError
from app.registry.log.pen import Pen
from app.registry.notices import operations as notices
from app.registry.pairs.operations import require_people
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor, Permission, require
from app.registry.signin import operations as signin

NOBODY = "register"  # what an erasure is about that is not about a user


@dataclass(frozen=True, slots=True)
class ErasePerson:
    """Take a person's data out of the tables."""

    acts: tuple[int, ...] = ()  # log indexes of the acts whose words are theirs
    user_id: str | None = None  # None: they are no user


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased."""

    log_index: int
    acts: tuple[int, ...]  # rising; with those that go together with the ones named
    user_id: str | None


class NotAloneError(Exception):
    """
    Another act came before this one in the same commit.

    Its answer is yet to be kept and may hold the very words, so the commit goes back and its acts
    go one by one.
    """


async def erase_person(pen: Pen, actor: Actor, command: ErasePerson) -> Erased:
    """
    Take a person's data out of the tables: words that acts brought, their salts, a user's name.

    What stands in the log stays, byte for byte; without salt and words its commitments say nothing.
    Erasing again is refused.

    Raises:
        NotAllowedError: the actor is no administrator.
        NothingNamedError, TooManyActsError: it cannot be one act.
        UserNotFoundError, UserErasedError, LastAdministratorError, TooFewPeopleError: the user
            cannot be erased.
        NothingToEraseError: the acts hold no words of people (any more).
    """
    require(actor, Permission.ERASE_PERSON)
    rules.check_asked(command.acts, command.user_id)
    user = None
    if command.user_id is not None:
        user = await parties.find_erasable(pen, command.user_id)
        await require_people(pen, user_id=user.id)
    acts = await store.list_erasable(pen.connection, command.acts, user_id=command.user_id)
    rules.check_count(acts)
    if not acts and user is None:
        raise NothingToEraseError
    if pen.records:
        raise NotAloneError
    await store.update_erased(pen.connection, acts, user_id=command.user_id)
    log_index = pen.record(
        by=actor.user_id,
        kind="person.erased",
        subject=NOBODY if user is None else user.id,
        data={"user": user is not None, "acts": acts},
    )
    if user is not None:
        await parties.empty_user(pen, user, by=actor.user_id, log_index=log_index)
        await signin.forget_user(pen.connection, user.id, now=pen.now)
        await notices.forget_user(pen.connection, user.id)
    return Erased(log_index, tuple(acts), command.user_id)
