"""
Erasing a person: their name is nowhere in the database, and the log is what it was.

One register names a person wherever people write (`tests.builders.erasure`); the search looks
through every column of every table, so a new one that keeps words is found here.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from app.entry.acts import Act, Idempotency, Reply
from app.entry.deciding import AnswerErasedError
from app.kernel.db import metadata
from app.kernel.errors import RegistryError
from app.registry.erasure import store
from app.registry.erasure.operations import Erased, ErasePerson, erase_person
from app.registry.erasure.refusals import (
    NothingNamedError,
    NothingToEraseError,
    TooManyActsError,
)
from app.registry.erasure.rules import ACTS_MAX
from app.registry.ledger import store as ledger
from app.registry.log.pen import Pen
from app.registry.parties import operations as parties
from app.registry.parties import store as people
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.refusals import LastAdministratorError, UserErasedError
from app.registry.parties.rules import Role, Status, User
from tests.builders.activities import a_draft_activity, a_site
from tests.builders.erasure import (
    EMAIL,
    NAME,
    Answering,
    a_register_that_names,
    acts_that_name,
    leaves_of,
    reply_of,
    where_written,
)
from tests.builders.ledger import a_batch, oldest, retire, two_holders
from tests.builders.parties import a_holder, an_authority, do, the_administrator
from tests.conftest import Registry

ERASABLE = {
    f"{table.name}.{column}"
    for table in metadata.sorted_tables
    if isinstance(table.info.get("erasable"), tuple)
    for column in table.info["erasable"]
}
# What else holds words of people, and goes with them.
ALSO = {
    "activities.description",
    "activities.other_mechanism_note",
    "answers.body",
    "api_keys.label",
    "ending_statements.beneficiary_identifier",
    "ending_statements.beneficiary_name",
    "ending_statements.reason",
    "sites.name",
    "users.display_name",
}


async def erase(registry: Registry, *acts: int, user_id: str | None = None) -> Erased:
    administrator = await the_administrator(registry)
    command = ErasePerson(acts, user_id)
    return await do(registry, administrator, erase_person, command)


async def refused(registry: Registry, kind: type[RegistryError], *acts: int, **user: str) -> None:
    before = await leaves_of(registry)
    with pytest.raises(kind):
        await erase(registry, *acts, **user)
    assert await leaves_of(registry) == before


async def test_a_person_who_was_erased_is_nowhere(registry: Registry) -> None:
    user = await a_register_that_names(registry)
    assert await where_written(registry.url, NAME) == ERASABLE | ALSO
    assert await where_written(registry.url, EMAIL) == {"users.email", "answers.body"}
    before = await leaves_of(registry)
    named = await acts_that_name(registry, NAME)
    erased = await erase(registry, *named, user_id=user.id)
    assert await where_written(registry.url, NAME) == set()
    assert await where_written(registry.url, EMAIL) == set()
    after = await leaves_of(registry)
    assert after[:-1] == before
    leaf = json.loads(after[-1])
    assert (leaf["kind"], leaf["subject"]) == ("person.erased", user.id)
    assert leaf["data"] == {"user": True, "acts": list(erased.acts)}
    assert list(named) == sorted(erased.acts)


async def test_no_leaf_holds_words_or_their_bare_digest(registry: Registry) -> None:
    """A digest of a short text can be found by trying texts, so it is as good as the text."""
    await a_register_that_names(registry)
    connection = await asyncpg.connect(registry.url)
    rows = await connection.fetch(
        "SELECT w.words, s.salt, l.leaf, w.name FROM erasable_words w JOIN log_entries l"
        " USING (log_index) LEFT JOIN log_salts s USING (log_index)"
    )
    await connection.close()
    log = b"".join(await leaves_of(registry))
    committed = 0
    for words, salt, leaf, name in rows:
        assert hashlib.sha256(words.encode()).hexdigest().encode() not in log
        field = json.loads(leaf)["data"].get(f"{name}_commitment")
        if field is not None:
            assert field == hashlib.sha256(salt + words.encode()).hexdigest()
            committed += 1
    # Both opinions, the review, the issuance, the registration, the withdrawal, the question to an
    # applicant, the order; of two acts the report's event holds the reason too.
    assert committed == 9
    assert b"_sha256" not in log.replace(b'"document_sha256"', b"")  # of a file, not of words


async def test_every_act_has_a_salt_of_its_own(registry: Registry) -> None:
    """Of one that is known, nothing is learned about another act's words."""
    await a_register_that_names(registry)
    connection = await asyncpg.connect(registry.url)
    row = await connection.fetchrow("SELECT count(*), count(DISTINCT salt) FROM log_salts")
    await connection.close()
    assert row is not None
    assert row[0] == row[1] > 10


async def test_only_what_is_named_goes(registry: Registry) -> None:
    """Another person's words, and what is about the same act's neighbours, stay."""
    register = Answering(registry)
    holders = await two_holders(register)
    await a_draft_activity(register, description=f"By {NAME}.", sites=(a_site(name=NAME),))
    other = await where_written(registry.url, NAME)
    assert len(other) == 3
    await a_batch(registry, holders.administrator, holders.account)
    mine = await retire(registry, holders.owner, holders.account, oldest(1))
    also_mine = await retire(registry, holders.owner, holders.account, oldest(1))
    erased = await erase(registry, mine.log_index)
    assert erased.acts == (mine.log_index,)
    assert json.loads((await leaves_of(registry))[-1])["subject"] == "register"
    async with registry.read() as connection:
        gone = await ledger.find_ending(connection, mine.log_index)
        kept = await ledger.find_ending(connection, also_mine.log_index)
    assert gone is not None
    assert kept is not None
    assert (gone.statement, gone.salt) == (None, None)
    assert kept.statement is not None
    assert await where_written(registry.url, NAME) == other


async def test_what_an_owner_wrote_goes_from_all_acts_that_wrote_it(registry: Registry) -> None:
    """The text of a draft is the text of its amendments: one of them left would still vouch."""
    activity, owner = await a_draft_activity(registry, description=f"By {NAME}.")
    drafted = await acts_that_name(registry, NAME)
    assert len(drafted) == 1
    erased = await erase(registry, drafted[0])
    assert erased.acts == drafted
    assert await where_written(registry.url, NAME) == set()
    assert activity.owner_party_id == owner.party_id
    await refused(registry, NothingToEraseError, *drafted)


async def test_erasing_again_is_refused(registry: Registry) -> None:
    user = await a_register_that_names(registry)
    named = await acts_that_name(registry, NAME)
    await erase(registry, *named, user_id=user.id)
    await refused(registry, NothingToEraseError, *named)
    await refused(registry, UserErasedError, user_id=user.id)


async def test_what_cannot_be_erased_is_refused(registry: Registry) -> None:
    administrator = await the_administrator(registry)
    await refused(registry, NothingNamedError)
    await refused(registry, NothingToEraseError, 0, 10**9)
    await refused(registry, TooManyActsError, *range(ACTS_MAX + 1))
    await refused(registry, LastAdministratorError, user_id=administrator.user_id)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.APPROVER, Role.AUDITOR])
async def test_only_an_administrator_erases(registry: Registry, role: Role) -> None:
    authority = await an_authority(registry)
    holder = await a_holder(registry)
    for actor in (authority[role], holder):
        with pytest.raises(NotAllowedError):
            await do(registry, actor, erase_person, ErasePerson(user_id=holder.user_id))


async def test_an_erased_user_is_a_number_that_nobody_becomes_again(registry: Registry) -> None:
    user = await a_register_that_names(registry)
    administrator = await the_administrator(registry)
    await erase(registry, user_id=user.id)
    async with registry.read() as connection:
        left = await people.get_user(connection, user.id)
        assert await people.find_password(connection, EMAIL) is None
        assert await people.find_password_hash(connection, user.id) is None
        (key,) = await people.list_keys(connection, user_id=user.id, limit=10)
        assert await people.find_key_secret(connection, key.id) is None
    assert (left.email, left.display_name, left.status) == (None, None, Status.SUSPENDED)
    assert (left.roles, left.version) == (user.roles, user.version + 1)
    assert key.revoked_at is not None
    for operation, command in changes_of(left):
        with pytest.raises(UserErasedError):
            await do(registry, administrator, operation, command)
    again = parties.AddUser(user.party_id, EMAIL, NAME, user.roles)
    assert (await do(registry, administrator, parties.add_user, again)).id != user.id


def changes_of(user: User) -> Sequence[tuple[Any, Any]]:
    return (
        (parties.reinstate_user, parties.DecideOnUser(user.id, "Back.")),
        (parties.suspend_user, parties.DecideOnUser(user.id, "Out.")),
        (parties.set_roles, parties.SetRoles(user.id, user.roles, user.version)),
        (parties.set_password, parties.SetPassword(user.id, "$argon2id$x")),
        (parties.issue_key, parties.IssueKey(user.id, "Key", b"\x00" * 32)),
    )


# ---------------------------------------------------------------- answers that were kept


async def kept_under(registry: Registry, actor: Actor, key: str, operation: Any) -> Reply:  # noqa: ANN401
    asked = Idempotency(actor.user_id, key, b"\x00" * 32)
    return (await registry.committer.submit(Act(actor, operation, reply_of, asked))).reply


async def test_a_reply_that_was_erased_is_not_given_and_not_done_again(registry: Registry) -> None:
    user = await a_register_that_names(registry)
    administrator = await the_administrator(registry)
    command = parties.SetRoles(user.id, user.roles, user.version)

    async def operation(pen: Pen) -> User:
        return await parties.set_roles(pen, administrator, command)

    first = await kept_under(registry, administrator, "set", operation)
    assert EMAIL.encode() in first.body
    assert await kept_under(registry, administrator, "set", operation) == first
    await erase(registry, user_id=user.id)
    before = await leaves_of(registry)
    for _ in range(2):
        with pytest.raises(AnswerErasedError):
            await kept_under(registry, administrator, "set", operation)
    assert await leaves_of(registry) == before


async def test_what_was_asked_for_an_erased_retirement_is_forgotten(registry: Registry) -> None:
    """Its answer has no names, but a digest of the request, which had them."""
    register = Answering(registry)
    holders = await two_holders(register)
    await a_batch(register, holders.administrator, holders.account)
    mine = await retire(register, holders.owner, holders.account, oldest(1))
    await retire(register, holders.owner, holders.account, oldest(1))
    await erase(registry, mine.log_index)
    connection = await asyncpg.connect(registry.url)
    rows = await connection.fetch(
        "SELECT location FROM answers WHERE body IS NULL AND fingerprint IS NULL"
    )
    await connection.close()
    assert [row["location"] for row in rows] == [f"/v1/retirements/{mine.log_index}"]


async def test_an_answer_that_is_not_yet_kept_is_erased_too(registry: Registry) -> None:
    """An act before it in the same commit has its answer written after the erasure."""
    user = await a_register_that_names(registry)
    administrator = await the_administrator(registry)
    roles = parties.SetRoles(user.id, user.roles, user.version)
    forget = ErasePerson(user_id=user.id)

    async def change(pen: Pen) -> User:
        return await parties.set_roles(pen, administrator, roles)

    async def erasure(pen: Pen) -> Erased:
        return await erase_person(pen, administrator, forget)

    await asyncio.gather(
        kept_under(registry, administrator, "change", change),
        kept_under(registry, administrator, "erase", erasure),
    )
    assert await where_written(registry.url, EMAIL) == set()


# ---------------------------------------------------------------- the database's own guards

REFUSED = "erased_by_an_act"
ONLY_ADDED_TO = "history_is_only_added_to"


async def failure(connection: asyncpg.Connection, statement: str) -> tuple[str | None, bool]:
    """Return which constraint refuses a statement, and whether only the commit does."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.IntegrityConstraintViolationError as refusal:
        await transaction.rollback()
        return refusal.constraint_name, False
    try:
        await transaction.commit()
    except asyncpg.IntegrityConstraintViolationError as refusal:
        return refusal.constraint_name, True
    return None, True


async def test_nothing_goes_without_an_act_that_says_so(
    registry: Registry, subtests: pytest.Subtests
) -> None:
    """Neither by the service's one road, nor by the owner's own hand."""
    await a_register_that_names(registry)
    acts = await acts_that_name(registry, NAME)
    connection = await asyncpg.connect(registry.url)
    erasing = f"SELECT erase_texts(ARRAY[{', '.join(map(str, acts))}]::bigint[], NULL)"
    by_hand = [
        "DELETE FROM log_salts",
        "DELETE FROM ending_statements",
        "UPDATE answers SET body = NULL, fingerprint = NULL",
        *(
            f"UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL"  # noqa: S608
            for table, column in (place.split(".") for place in sorted(ERASABLE))
        ),
    ]
    for statement in by_hand:
        with subtests.test(statement):
            assert await failure(connection, statement) == (REFUSED, True)
    await connection.execute("SET ROLE registry_app")
    with subtests.test("the road"):
        assert await failure(connection, erasing) == (REFUSED, True)
    await connection.close()
    assert await acts_that_name(registry, NAME) == acts


async def test_an_act_that_names_others_lets_nothing_go(registry: Registry) -> None:
    await a_register_that_names(registry)
    administrator = await the_administrator(registry)
    first, second, *_ = await acts_that_name(registry, NAME)

    async def operation(pen: Pen) -> None:
        erased = await store.update_erased(pen.connection, [first], user_id=None)
        pen.record(
            by=administrator.user_id,
            kind="person.erased",
            subject="register",
            data={"user": False, "acts": [second] if second not in erased else []},
        )

    before = await leaves_of(registry)
    with pytest.raises(Exception, match="is erased by no act"):
        await registry.do(administrator, operation)
    assert await leaves_of(registry) == before


async def test_history_is_changed_in_no_other_way(
    registry: Registry, subtests: pytest.Subtests
) -> None:
    await a_register_that_names(registry)
    connection = await asyncpg.connect(registry.url)
    for place in sorted(ERASABLE):
        table, column = place.split(".")
        for statement in (
            f"UPDATE {table} SET {column} = 'other' WHERE {column} IS NOT NULL",  # noqa: S608
            f"UPDATE {table} SET {column} = NULL, log_index = -1 WHERE {column} IS NOT NULL",  # noqa: S608
            f"DELETE FROM {table}",  # noqa: S608
        ):
            with subtests.test(statement):
                assert await failure(connection, statement) == (ONLY_ADDED_TO, False)
    for table in ("log_salts", "ending_statements"):
        for statement in (f"UPDATE {table} SET salt = sha256('x')", f"TRUNCATE {table}"):  # noqa: S608
            with subtests.test(statement):
                assert await failure(connection, statement) == (ONLY_ADDED_TO, False)
    await connection.close()


async def test_nothing_comes_into_being_without_words(
    registry: Registry, subtests: pytest.Subtests
) -> None:
    """That a column may be empty is for what was erased."""
    await a_register_that_names(registry)
    connection = await asyncpg.connect(registry.url)
    for table, column in (
        ("documents", "file_name"),
        ("issuances", "reason"),
        ("validation_opinions", "statement"),
        ("verification_findings", "description"),
        ("verification_opinions", "statement"),
        ("verification_reviews", "reason"),
    ):
        statement = (
            f"INSERT INTO {table} SELECT (jsonb_populate_record(t,"  # noqa: S608
            f" '{{\"{column}\": null}}')).* FROM {table} t LIMIT 1"
        )
        with subtests.test(table):
            assert await failure(connection, statement) == ("words_are_given", False)
    await connection.close()


async def test_an_erased_user_cannot_sign_in_by_any_statement(registry: Registry) -> None:
    user = await a_register_that_names(registry)
    await erase(registry, user_id=user.id)
    connection = await asyncpg.connect(registry.url)
    for change in (
        "status = 'active'",
        "password_hash = '$argon2id$x'",
        "display_name = 'x'",
        "email = 'x@example.org'",
    ):
        statement = f"UPDATE users SET {change} WHERE email IS NULL"  # noqa: S608
        assert await failure(connection, statement) == ("ck_users_erased_for_good", False)
    await connection.close()
