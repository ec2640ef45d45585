"""A register in which one person is named wherever people write, and a search for that name."""

# ruff: noqa: S608  statements are built from the names of our own tables

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.acts import Act, Idempotency, Reply
from app.kernel.ids import new_id
from app.registry.activities import operations as activities
from app.registry.activities.operations import DecideRegistration
from app.registry.activities.operations import GiveOpinion as GiveValidation
from app.registry.activities.rules import Activity, ValidationConclusion
from app.registry.applications import operations as applications
from app.registry.applications.rules import HolderKind
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import PDF, Purpose
from app.registry.issuance import operations as issuance
from app.registry.issuance.operations import DecideIssuance
from app.registry.ledger.operations import Movement, Named
from app.registry.ledger.rules import Beneficiary, Statement, Touches
from app.registry.log.pen import Pen
from app.registry.monitoring import operations as monitoring
from app.registry.monitoring.operations import WithdrawReport
from app.registry.orders import operations as orders
from app.registry.orders.operations import Ground, ProposeFreeze
from app.registry.parties import operations as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role, User
from app.registry.verification import operations as verification
from app.registry.verification.operations import ReviewOpinion
from app.registry.verification.rules import Finding, FindingClass
from tests.builders.activities import (
    a_draft_activity,
    a_meeting,
    a_site,
    an_activity_under_validation,
    an_official,
)
from tests.builders.applications import a_content, a_draft, a_person, desk, submitting
from tests.builders.issuance import a_given_opinion, a_submitted_report, an_owner
from tests.builders.ledger import a_batch, an_ending, oldest, retire, two_holders
from tests.builders.parties import PASSWORD_HASH, do, the_administrator
from tests.conftest import Registry

Result = TypeVar("Result")

NAME: Final = 'สมชาย "Chai" ใจกล้า'
EMAIL: Final = "somchai@example.org"


@dataclass
class Answering:
    """A register whose every act keeps an answer, which holds all that the act returned."""

    registry: Registry

    async def do(
        self,
        actor: Actor,
        operation: Callable[[Pen], Awaitable[Result]],
        *,
        touches: Touches | None = None,
    ) -> Result:
        """Commit an act under a key of its own."""
        results: list[Result] = []

        def keep(result: Result) -> Reply:
            results.append(result)
            return reply_of(result)

        asked = Idempotency(actor.user_id, new_id("req"), b"\x00" * 32)
        await self.registry.committer.submit(
            Act(actor, operation, keep, asked, None if touches is None else (touches,))
        )
        return results[-1]

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a snapshot."""
        return self.registry.read()


def reply_of(result: object) -> Reply:
    """Return an answer as the API gives it: all that is known, but of an ending its address."""
    if isinstance(result, Movement):
        return Reply(201, b"{}", f"/v1/retirements/{result.log_index}")
    shown = asdict(result) if is_dataclass(result) and not isinstance(result, type) else {}
    return Reply(200, json.dumps(shown, ensure_ascii=False, default=str).encode())


async def a_register_that_names(registry: Registry, name: str = NAME) -> User:
    """Let a person's name be written wherever people write; returns the user of that name."""
    register = Answering(registry)
    account_id = await _retirement(register, name)
    await _proposed_freeze(register, account_id, name)
    activity = await _registered(register, name)
    await _withdrawn_report(register, activity, name)
    await _refused_issuance(register, activity, name)
    await _asked_application(register, name)
    return await _suspended_user(register, name)


async def _registered(register: Answering, name: str) -> Activity:
    activity, owner, lead = await an_activity_under_validation(
        register,
        description=f"Trees of {name}.",
        other_mechanism_note=f"{name} says so.",
        sites=(a_site(name=f"Garden of {name}"),),
    )
    opinion = GiveValidation(
        activity.id, activity.version, ValidationConclusion.POSITIVE, f"{name} showed us.", ()
    )
    await do(register, lead, activities.give_opinion, opinion)
    approver = await an_official(register, Role.APPROVER)
    decision = DecideRegistration(
        activity.id, activity.version + 1, approve=True, grounds=a_meeting(), reason=f"For {name}."
    )
    upload = UploadDocument(
        purpose=Purpose.DESIGN,
        is_confidential=False,
        sha256="ab" * 32,
        bytes=1_000,
        media_type=PDF,
        file_name=f"{name}.pdf",
        activity_id=activity.id,
    )
    await do(register, owner, activities.upload_evidence, upload)
    return await do(register, approver, activities.decide_registration, decision)


async def _withdrawn_report(register: Answering, activity: Activity, name: str) -> None:
    owner = await an_owner(register, activity)
    report = await a_submitted_report(register, activity, owner=owner)
    command = WithdrawReport(report.id, report.version, f"{name} read the meter wrongly.")
    await do(register, owner, monitoring.withdraw_report, command)


async def _refused_issuance(register: Answering, activity: Activity, name: str) -> None:
    report = await a_submitted_report(register, activity)
    finding = Finding(
        FindingClass.MISSTATEMENT, f"{name} was away.", f"{name} is back.", is_closed=True
    )
    given, _, reviewer = await a_given_opinion(
        register, report, statement=f"{name} told us.", findings=(finding,)
    )
    review = ReviewOpinion(given.id, given.version, approve=True, reason=f"{name} is right.")
    await do(register, reviewer, verification.review_opinion, review)
    approver = await an_official(register, Role.APPROVER)
    refuse = DecideIssuance(report.id, approve=False, grounds=a_meeting(), reason=f"Ask {name}.")
    await do(register, approver, issuance.decide_issuance, refuse)


async def _retirement(register: Answering, name: str) -> int:
    holders = await two_holders(register)
    await a_batch(register, holders.administrator, holders.account)
    statement = Statement(name, Beneficiary.PERSON, f"ID {name}", f"{name} flew.")
    await retire(
        register, holders.owner, holders.account, oldest(3), an_ending(statement=statement)
    )
    return holders.account.id


async def _proposed_freeze(register: Answering, account_id: int, name: str) -> None:
    officer = await an_official(register, Role.OFFICER)
    ground = Ground(f"{name} lost the password.", document_sha256="ab" * 32)
    await do(register, officer, orders.propose_freeze, ProposeFreeze(Named(account_id), ground))


async def _asked_application(register: Answering, name: str) -> None:
    kind = HolderKind.NATURAL_PERSON
    person = replace(a_person(Role.HOLDER_INITIATOR), display_name=name)
    content = replace(a_content(kind, people=(person,)), name_th=name)
    draft = await a_draft(register, kind, content=content)
    submitted = await submitting(register, draft)
    officer = await an_official(register, Role.OFFICER)
    question = replace(desk(submitted), reason=f"Who is {name}?")
    await register.do(officer, lambda pen: applications.ask(pen, officer, question))


async def _suspended_user(register: Answering, name: str) -> User:
    administrator = await the_administrator(register)
    _, owner = await a_draft_activity(register)
    add = parties.AddUser(
        owner.party_id, EMAIL, name, frozenset({Role.DEVELOPER}), password_hash=PASSWORD_HASH
    )
    user = await do(register, administrator, parties.add_user, add)
    issue = parties.IssueKey(user.id, f"Laptop of {name}", b"\x01" * 32)
    await do(register, administrator, parties.issue_key, issue)
    suspend = parties.DecideOnUser(user.id, f"{name} has left.")
    return await do(register, administrator, parties.suspend_user, suspend)


async def where_written(url: str, words: str) -> set[str]:
    """
    Search every column of every table for words, as text and as bytes.

    Returns:
        The columns that hold them, as ``table.column``.
    """
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        )
        found = set()
        as_json = json.dumps(words, ensure_ascii=False)[1:-1]
        for table, column, kind in columns:
            held: Any = f'"{column}"'
            sought = (words, as_json)
            test = f"position($1 IN {held}::text) > 0 OR position($2 IN {held}::text) > 0"
            if kind == "bytea":
                test = " OR ".join(
                    f"position(convert_to(${n}, 'UTF8') IN {held}) > 0" for n in (1, 2)
                )
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table} WHERE {test})", *sought
            ):
                found.add(f"{table}.{column}")
        return found
    finally:
        await connection.close()


async def leaves_of(registry: Registry) -> list[bytes]:
    """Return every leaf of the log, in order."""
    connection = await asyncpg.connect(registry.url)
    try:
        rows = await connection.fetch("SELECT leaf FROM log_entries ORDER BY log_index")
        return [row["leaf"] for row in rows]
    finally:
        await connection.close()


async def acts_that_name(registry: Registry, words: str) -> tuple[int, ...]:
    """Return the acts that brought words which hold these."""
    connection = await asyncpg.connect(registry.url)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT log_index FROM erasable_words WHERE position($1 IN words) > 0"
            " ORDER BY log_index",
            words,
        )
        return tuple(row["log_index"] for row in rows)
    finally:
        await connection.close()


async def leaf_data(registry: Registry, log_index: int) -> dict[str, Any]:
    """Return what a leaf says of its act."""
    data: dict[str, Any] = json.loads((await leaves_of(registry))[log_index])["data"]
    return data
