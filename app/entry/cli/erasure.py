"""``registry erase-person``: takes a person's data out of the tables; the log stays as it is."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry import logging
from app.entry.cli import database
from app.entry.cli.acting import get_administrator
from app.entry.cli.exits import ExitCode, console
from app.kernel.errors import NotFoundError
from app.registry.applications.content import named_in
from app.registry.applications.rules import Application
from app.registry.applications.store import list_of_party
from app.registry.erasure import store
from app.registry.erasure.operations import Erased, ErasePerson, erase_person
from app.registry.erasure.refusals import NothingToEraseError
from app.registry.erasure.rules import ACTS_MAX, Words, check_asked
from app.registry.parties.policy import Actor, Permission
from app.registry.parties.rules import User
from app.registry.parties.store import find_user_id_by_email, get_user
from app.settings import Settings

WORDS_SHOWN_MAX: Final = 80  # enough to recognise them in one line of a terminal
LEFT_MAX: Final = 1_000  # a party renews its documents every few years
ENDINGS_MAX: Final = 10_000  # of one beneficiary at a time: what can still be shown and confirmed
# Half of what one act can name: those that go together with the ones named come on top.
CHUNK_ACTS: Final = ACTS_MAX // 2


class EraserNotFoundError(NotFoundError):
    """There is nobody to erase as."""

    code = "eraser_not_found"
    number = 3501
    title_th = "ไม่พบผู้ใช้ที่จะดำเนินการลบ"
    advice = "Name an administrator with --as, or make the first one: `registry admin create`."
    advice_th = "โปรดระบุผู้ดูแลระบบด้วย --as หรือสร้างผู้ดูแลระบบคนแรก: `registry admin create`"


class PersonNotFoundError(NotFoundError):
    """Nobody signs in with this address."""

    code = "person_not_found"
    number = 3502
    title_th = "ไม่มีผู้ใช้ที่เข้าสู่ระบบด้วยอีเมลนี้"
    advice = "Give the address as the user signs in with it, or the identifier (usr_…)."
    advice_th = "โปรดระบุอีเมลที่ใช้เข้าสู่ระบบ หรือรหัสผู้ใช้ (usr_…)"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an erasure would take away."""

    actor: Actor
    user: User | None
    acts: list[int]
    words: list[Words]
    left: list[Application]  # of the user's party, whose documents stay and may be of them


def erase(
    *,
    user: Annotated[str, typer.Option(help="E-mail address or identifier of a user.")] = "",
    act: Annotated[
        list[int] | None,
        typer.Option(help="Log index of an act whose words go; may be repeated.", min=0),
    ] = None,
    beneficiary: Annotated[
        str,
        typer.Option(help="Name or identifier: all retirements and cancellations in it."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_email: Annotated[str, typer.Option("--as", help="Administrator who erases.")] = "",
) -> None:
    """
    Erase a person: what they are called, and the words of acts that are theirs.

    Shows what would go and asks first. The log keeps every act and stays whole; what it commits to
    can no longer be tested by anybody. Backups keep what they hold until they expire.
    """
    settings = Settings()
    logging.configure(settings.log_format)
    plan = asyncio.run(
        _plan(settings, user=user, acts=act or [], beneficiary=beneficiary, as_email=as_email)
    )
    _show(plan)
    if not yes and not typer.confirm("Erase this for good?"):
        raise typer.Exit(ExitCode.REFUSED)
    for erased in asyncio.run(_erase(settings, plan)):
        console.print(f"Act {erased.log_index} erased it: the words of {len(erased.acts):,} acts.")
    if len(plan.acts) >= ENDINGS_MAX:
        console.print("There may be more in this name: run it again.")


async def _plan(
    settings: Settings, *, user: str, acts: list[int], beneficiary: str, as_email: str
) -> _Plan:
    async with database.reader(settings) as connection:
        actor = await get_administrator(
            connection, as_email, Permission.ERASE_PERSON, missing=EraserNotFoundError
        )
        person = await _person(connection, user) if user else None
        named = list(acts)
        if beneficiary:
            named += await store.list_endings_for(connection, beneficiary, limit=ENDINGS_MAX)
            if not named and person is None:
                raise NothingToEraseError
        user_id = None if person is None else person.id
        check_asked(named[:1], user_id)
        found = await store.list_erasable(connection, named, user_id=user_id)
        if not found and (person is None or person.email is None):
            raise NothingToEraseError
        words = await store.list_words(connection, found)
        return _Plan(actor, person, found, words, await _left(connection, person, found))


async def _left(
    connection: AsyncConnection, person: User | None, erased: list[int]
) -> list[Application]:
    if person is None:
        return []
    own = await list_of_party(connection, person.party_id, limit=LEFT_MAX)
    return [one for one in own if one.content is not None and one.content_log_index not in erased]


async def _person(connection: AsyncConnection, named: str) -> User:
    if "@" not in named:
        return await get_user(connection, named)
    user_id = await find_user_id_by_email(connection, named.strip().casefold())
    if user_id is None:
        raise PersonNotFoundError
    return await get_user(connection, user_id)


def _show(plan: _Plan) -> None:
    table = Table("act", "kind", "day", "what", "words", title="What goes", title_justify="left")
    if plan.user is not None:
        called = f"{plan.user.display_name} <{plan.user.email}>"
        table.add_row("", "", "", f"user {plan.user.id}", escape(called))
    for words in plan.words:
        short = words.words[:WORDS_SHOWN_MAX]
        more = "…" if len(words.words) > WORDS_SHOWN_MAX else ""
        day = words.recorded_at.date().isoformat()
        table.add_row(str(words.log_index), words.kind, day, words.name, escape(short + more))
    console.print(table)
    console.print(
        f"{len(plan.acts):,} acts lose their words and salts; kept replies that may hold them are"
        " emptied.",
        highlight=False,
    )
    for left in plan.left:
        assert left.content is not None
        console.print(
            f"Stays: {left.kind} {left.id} of their party (--act {left.content_log_index}), whose"
            f" documents may be of them: {', '.join(named_in(left.content)) or 'none'}.",
            highlight=False,
        )


async def _erase(settings: Settings, plan: _Plan) -> list[Erased]:
    """Erase in as many acts as it takes; the user goes with the first."""
    user_id = None if plan.user is None else plan.user.id
    waiting = plan.acts
    done: list[Erased] = []
    async with database.committer(settings) as committer:
        while waiting or not done:
            command = ErasePerson(tuple(waiting[:CHUNK_ACTS]), None if done else user_id)
            operation = partial(erase_person, actor=plan.actor, command=command)
            done.append(await database.do(committer, plan.actor, operation))
            waiting = [act for act in waiting if act not in done[-1].acts]
    return done
