"""Parties and their people, admitted through operations, and tokens for them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Final, Protocol, TypeVar

from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.tokens import TokenKeys
from app.kernel import clock
from app.kernel.ids import new_id
from app.registry.ledger.rules import Touches
from app.registry.log.pen import Pen
from app.registry.parties import operations, store
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Party, PartyKind, Role, User

Command = TypeVar("Command")
Result = TypeVar("Result")

# Who does what nobody has signed in for; the register's first act ignores it.
NOBODY: Final = Actor(operations.FOUNDER, "", PartyKind.AUTHORITY, frozenset())
PASSWORD: Final = "a long sentence is a good password"
# argon2id of PASSWORD, at the cost of app.entry.passwords: builders do not hash it every time.
PASSWORD_HASH: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$JTtYgz+1k/J0nuPjUdQZ4w$3gpOIo"
    "ctuqv+a8ZOGpboyrdNeP/aG5uAWv03zKE0xsk"
)
SINCE: Final = date(2020, 1, 1)


class Register(Protocol):
    """What builders need of the `registry` fixture."""

    async def do(
        self,
        actor: Actor,
        operation: Callable[[Pen], Awaitable[Result]],
        *,
        touches: Touches | None = None,
    ) -> Result:
        """Commit an act and return the operation's result."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a snapshot."""


class Service(Protocol):
    """What journeys need of the `api` fixture."""

    app: FastAPI

    async def request(self, method: str, path: str, **options: object) -> Response:
        """Send a request."""

    async def get(self, path: str, **options: object) -> Response:
        """Send a GET."""

    async def post(self, path: str, **options: object) -> Response:
        """Send a POST."""

    async def put(self, path: str, **options: object) -> Response:
        """Send a PUT."""

    async def patch(self, path: str, **options: object) -> Response:
        """Send a PATCH."""


async def do(
    registry: Register,
    actor: Actor,
    operation: Callable[[Pen, Actor, Command], Awaitable[Result]],
    command: Command,
) -> Result:
    """Have an actor do one act."""
    return await registry.do(actor, lambda pen: operation(pen, actor, command))


def actor_of(user: User, *, client_id: str | None = None) -> Actor:
    """Return a user as an actor."""
    return Actor(user.id, user.party_id, user.party_kind, user.roles, client_id)


async def an_authority(registry: Register) -> dict[Role, Actor]:
    """Found the register; returns one actor for each role of the authority."""
    party, first = await registry.do(
        NOBODY,
        lambda pen: operations.found_authority(
            pen,
            operations.FoundAuthority(
                name_th="องค์การบริหารจัดการก๊าซเรือนกระจก",
                name_en="Greenhouse Gas Management Organization",
                email=an_email(),
                display_name="ผู้ดูแลระบบคนแรก",
                password_hash=PASSWORD_HASH,
            ),
        ),
    )
    administrator = actor_of(first)
    actors = {Role.ADMINISTRATOR: administrator}
    for role in (Role.OFFICER, Role.APPROVER, Role.AUDITOR):
        actors[role] = actor_of(await a_user(registry, administrator, party.id, role))
    return actors


async def the_administrator(registry: Register) -> Actor:
    """Return an administrator, founding the register where it is still empty."""
    async with registry.read() as connection:
        found = await store.find_administrator(connection)
        if found is not None:
            return actor_of(await store.get_user(connection, found))
    return (await an_authority(registry))[Role.ADMINISTRATOR]


async def a_party(
    registry: Register, kind: PartyKind, *, province: str | None = None, name_en: str = "A party"
) -> Party:
    """Admit a party."""
    administrator = await the_administrator(registry)
    command = operations.AdmitParty(kind, "หน่วยงานทดสอบ", name_en, province)
    return await do(registry, administrator, operations.admit_party, command)


async def a_user(registry: Register, administrator: Actor, party_id: str, *roles: Role) -> User:
    """Let a new person sign in for a party, with `PASSWORD`."""
    command = operations.AddUser(
        party_id=party_id,
        email=an_email(),
        display_name="มะลิ ใจดี",
        roles=frozenset(roles),
        password_hash=PASSWORD_HASH,
    )
    return await do(registry, administrator, operations.add_user, command)


async def an_actor(registry: Register, party: Party, *roles: Role) -> Actor:
    """Add a user with these roles to a party and return them as an actor."""
    administrator = await the_administrator(registry)
    return actor_of(await a_user(registry, administrator, party.id, *roles))


async def a_developer(registry: Register, *, province: str | None = "40") -> Actor:
    """Return somebody who writes activities and moves credits, of a new developer."""
    party = await a_party(registry, PartyKind.DEVELOPER, province=province, name_en="A developer")
    return await an_actor(registry, party, Role.DEVELOPER, Role.HOLDER_INITIATOR)


async def a_holder(registry: Register) -> Actor:
    """Return somebody who moves credits, of a new holder."""
    party = await a_party(registry, PartyKind.HOLDER, name_en="A holder")
    return await an_actor(registry, party, Role.HOLDER_INITIATOR)


async def a_vvb(
    registry: Register, *, scopes: tuple[int, ...] = (1, 13), since: date = SINCE
) -> tuple[Actor, Actor]:
    """Return lead and reviewer of a new VVB that is accredited in these scopes."""
    party = await a_party(registry, PartyKind.VVB, name_en="A body")
    administrator = await the_administrator(registry)
    if scopes:
        command = operations.Accredit(party.id, frozenset(scopes), since, None)
        await do(registry, administrator, operations.accredit, command)
    lead = await an_actor(registry, party, Role.VERIFIER_LEAD)
    return lead, await an_actor(registry, party, Role.VERIFIER_REVIEWER)


def an_email() -> str:
    """Return an address that nobody has."""
    return f"{new_id('usr')}@example.org"


def bearer(api: Service, actor: Actor | User) -> dict[str, str]:
    """Return the header of a request that an actor signs in for, with the service's own key."""
    if isinstance(actor, User):
        actor = actor_of(actor)
    token_keys: TokenKeys = api.app.state.token_keys
    token = token_keys.issue(user_id=actor.user_id, client_id=actor.client_id, now=clock.now())
    return {"Authorization": f"Bearer {token}"}
