"""Credits in accounts, brought in through operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.kernel.ids import new_id
from app.registry.ledger import operations
from app.registry.ledger.operations import End, Minted, Transfer
from app.registry.ledger.rules import (
    Account,
    Beneficiary,
    Choice,
    Ending,
    EntryKind,
    Mint,
    Statement,
    Visibility,
)
from app.registry.ledger.serials import SerialRange
from app.registry.parties import store as parties
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Party, Role
from tests.builders.parties import Register, Service, a_holder, an_authority, bearer

PURPOSES: Final = ("organisation", "event")
BENEFICIARY: Final = Statement("มะลิ ใจดี", Beneficiary.PERSON, "1234567890121", "งานแต่งงานของมะลิ")


@dataclass(frozen=True)
class Holders:
    """Two parties with an account each, and the people of TGO."""

    administrator: Actor
    approver: Actor
    officer: Actor
    auditor: Actor
    owner: Actor
    other: Actor
    account: Account  # the owner's
    elsewhere: Account  # the other's


async def two_holders(registry: Register) -> Holders:
    """Found the register and open accounts for two holders."""
    officials = await an_authority(registry)
    administrator = officials[Role.ADMINISTRATOR]
    owner, other = await a_holder(registry), await a_holder(registry)
    return Holders(
        administrator=administrator,
        approver=officials[Role.APPROVER],
        officer=officials[Role.OFFICER],
        auditor=officials[Role.AUDITOR],
        owner=owner,
        other=other,
        account=await an_account(registry, administrator, owner),
        elsewhere=await an_account(registry, administrator, other),
    )


async def an_account(
    registry: Register, administrator: Actor, owner: Actor, *, name: str = "Holdings"
) -> Account:
    """Open a holding account for an actor's party."""
    command = operations.OpenAccount(owner.party_id, name)
    return await registry.do(
        administrator, lambda pen: operations.open_account(pen, administrator, command)
    )


async def a_batch(  # noqa: PLR0913  each is something a test cares about
    registry: Register,
    administrator: Actor,
    account: Account,
    *,
    credits_made: int = 1_000,
    buffer_credits: int = 0,
    vintage: int = 2024,
    prefix: str = "XX-1-2024-1",
) -> Minted:
    """Bring a batch of credits into an account, as if taken over from elsewhere."""
    mint = Mint(
        vintage=vintage,
        credits=credits_made,
        buffer_credits=buffer_credits,
        owner_account_id=account.id,
        serial_prefix=prefix,
        programme_code="XX",
        activity_id=None,
        project_code="XX-1",
        project_name="A project known elsewhere",
        province_code=None,
    )
    return await registry.do(
        administrator,
        lambda pen: operations.take_over(
            pen,
            by=administrator.user_id,
            subject=prefix,
            data={"source": "XX", "issued_on": "2025-06-30", "issued_for_vintage": credits_made},
            mints=[mint],
        ),
    )


def oldest(count: int, *, batch: str | None = None, vintage: int | None = None) -> Choice:
    """Choose a number of the oldest credits."""
    return Choice(credits=count, batch_prefix=batch, vintage=vintage)


def named(*ranges: tuple[str, int, int]) -> Choice:
    """Choose named serials."""
    return Choice(ranges=tuple(SerialRange(*r) for r in ranges))


async def move(
    registry: Register, actor: Actor, sender: Account, receiver: Account, choice: Choice
) -> operations.Movement:
    """Transfer credits."""
    command = Transfer(sender.id, receiver.id, choice)
    return await registry.do(
        actor,
        lambda pen: operations.transfer(pen, actor, command),
        touches=command.touches(),
    )


def ranges_of(movement: operations.Movement) -> Sequence[tuple[str, int, int]]:
    """Return what a movement moved, as prefix, first and last serial."""
    return [(part.batch.serial_prefix, part.first, part.last) for part in movement.moved]


async def party_of(registry: Register, actor: Actor) -> Party:
    """Return the party that somebody acts for."""
    async with registry.read() as connection:
        return await parties.get_party(connection, actor.party_id)


def an_ending(
    kind: EntryKind = EntryKind.RETIRED,
    *,
    purpose: str = PURPOSES[0],
    visibility: Visibility = Visibility.PUBLIC,
    happened_on: date | None = None,
    statement: Statement = BENEFICIARY,
) -> Ending:
    """Return what is said of credits that end."""
    return Ending(kind, purpose, visibility, happened_on, statement)


async def retire(
    registry: Register,
    actor: Actor,
    account: Account,
    choice: Choice,
    ending: Ending | None = None,
) -> operations.Movement:
    """Retire credits, or cancel them where the ending says so."""
    command = End(account.id, choice, ending or an_ending(), PURPOSES)
    return await registry.do(
        actor,
        lambda pen: operations.end(pen, actor, command),
        touches=command.touches(),
    )


async def scattered(
    registry: Register, holders: Holders, *, runs: int, prefix: str = "XX-1-2024-1"
) -> None:
    """Give the owner every other serial of a batch, each a block of its own; the other the rest."""
    await a_batch(
        registry, holders.administrator, holders.account, credits_made=2 * runs, prefix=prefix
    )
    every_second = [(prefix, serial, serial) for serial in range(2, 2 * runs + 1, 2)]
    for at in range(0, runs, 100):
        choice = named(*every_second[at : at + 100])
        await move(registry, holders.owner, holders.account, holders.elsewhere, choice)


def writes(api: Service, actor: Actor, *, key: str | None = None) -> dict[str, str]:
    """Return the headers of a request that moves credits; a new key where none is given."""
    return {**bearer(api, actor), "Idempotency-Key": key or new_id("req")}
