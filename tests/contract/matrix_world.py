"""
The world of the matrix: somebody in every role, and one thing of their own for every act.

Every write that somebody may do gets a thing that no other write touches, so that the order of the
cases does not matter.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from httpx2 import AsyncClient

from app.entry.api.identities import COOKIE
from app.entry.passwords import new_secret
from app.kernel import clock
from app.kernel.encoding import sha256
from app.registry.activities.rules import Activity
from app.registry.applications.rules import Application
from app.registry.compensation import operations as compensation
from app.registry.compensation.operations import ProposeBuffer, ProposeCase
from app.registry.ledger import operations as ledger
from app.registry.ledger import store as accounts
from app.registry.ledger.operations import Named
from app.registry.ledger.rules import Account, Beneficiary, EntryKind, Statement, Visibility
from app.registry.ledger.serials import account_id, account_number
from app.registry.monitoring.rules import Report
from app.registry.orders.operations import ApproveOrder, Ground
from app.registry.orders.rules import CaseKind
from app.registry.pairs.operations import ProposeAct, approve_order, propose_act
from app.registry.parties import operations as parties
from app.registry.parties import store
from app.registry.parties.operations import IssueKey
from app.registry.parties.policy import Actor, Permission
from app.registry.parties.rules import Party, PartyKind, Role, User
from app.registry.programmes.operations import SetRule
from app.registry.programmes.rules import RuleKey
from app.registry.transfers import operations as transfers
from app.registry.verification import operations as verification
from app.registry.verification.rules import Verification
from tests.builders.activities import (
    MANGROVE,
    RECOGNISED,
    a_draft_activity,
    a_registered_activity,
    a_submitted_activity,
    a_validated_activity,
    an_activity_under_review,
    an_activity_under_validation,
)
from tests.builders.applications import (
    a_content,
    a_document,
    a_draft,
    a_renewal,
    asking,
    recommending,
    submitting,
)
from tests.builders.identity_provider import back_from, begun_link, link
from tests.builders.issuance import (
    a_draft_report,
    a_submitted_report,
    a_verification,
    an_opinion,
    approve,
    issue,
)
from tests.builders.ledger import an_account, an_ending, move, oldest, retire
from tests.builders.orders import Officers
from tests.builders.parties import (
    PASSWORD,
    Register,
    Service,
    a_holder,
    a_party,
    a_user,
    a_vvb,
    actor_of,
    an_authority,
    bearer,
    do,
)
from tests.builders.passkeys import Device, made_by, register
from tests.builders.reference import a_methodology, an_entry
from tests.builders.signing_in import (
    SECOND_FACTOR,
    TOKENS,
    Authenticator,
    bearing,
    by_password,
    coming_from,
    email_of,
    signed_in,
)
from tests.builders.transfers import the_calendar

# Whose things are asked for, and who is nobody to them.
CITY: Final = "city"
BODY: Final = "body"
STRANGER: Final = "stranger"
OTHER_BODY: Final = "other body"
TGO: Final = "tgo"

_OWNERS_ROLES: Final = (
    Role.DEVELOPER,
    Role.HOLDER_INITIATOR,
    Role.HOLDER_APPROVER,
    Role.HOLDER_VIEWER,
)
_VERIFIERS: Final = (Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER)
GATEWAY: Final = "A gateway that nobody knows of"


@dataclass(frozen=True)
class Seat:
    """Somebody who calls."""

    name: str
    headers: Mapping[str, str]
    actor: Actor | None = None  # None: nobody
    party: str | None = None  # which of the parties above
    barred: int | None = None  # the status that they get wherever somebody has to be known


@dataclass(frozen=True)
class Secret:
    """Words that may be shown to those only whom the policy lets read them."""

    words: str
    permission: Permission | None  # None: to nobody at all
    parties: tuple[str, ...] = ()


@dataclass
class World:
    """What there is, by name, and who calls."""

    things: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)  # of the thing of that name
    seats: list[Seat] = field(default_factory=list)
    # Whose own some things are, by name. They do nothing but what is theirs.
    persons: dict[str, Seat] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)


@dataclass
class _Maker:
    registry: Register
    api: Service
    world: World
    officials: Mapping[Role, Actor]
    city: Party
    owner: Actor  # who has all that the city may have
    lead: Actor
    reviewer: Actor

    @property
    def administrator(self) -> Actor:
        """Who adds people and parties."""
        return self.officials[Role.ADMINISTRATOR]

    def keep(
        self,
        name: str,
        thing: Activity | Application | Report | Verification | Party | User,
    ) -> None:
        """Remember a thing that has versions."""
        self.world.things[name] = thing.id
        self.world.versions[name] = thing.version


async def a_world_of_everybody(registry: Register, api: Service, client: AsyncClient) -> World:
    """Fill a register."""
    officials = await an_authority(registry)
    administrator = officials[Role.ADMINISTRATOR]
    city = await a_party(registry, PartyKind.DEVELOPER, province="40", name_en="A city")
    owner = actor_of(await a_user(registry, administrator, city.id, *_OWNERS_ROLES))
    lead, reviewer = await a_vvb(registry, scopes=tuple(range(1, 17)))
    maker = _Maker(registry, api, World(), officials, city, owner, lead, reviewer)
    await _seats(maker)
    await _people(maker)
    await _activities(maker)
    await _reports(maker)
    await _credits(maker)
    await _transfers(maker)
    await _orders(maker)
    await _cases(maker)
    await _applications(maker)
    await _persons(maker)
    client.cookies.clear()  # who has begun is told by headers alone
    await _prefixes(maker, client)
    await _documents(maker, client)
    await _names_of_people(maker)
    return maker.world


# -------------------------------------------------------------------------------- who calls


async def _seats(maker: _Maker) -> None:
    registry, administrator, world = maker.registry, maker.administrator, maker.world
    stranger = await a_party(registry, PartyKind.DEVELOPER, province="50", name_en="A stranger")
    other_body = await a_party(registry, PartyKind.VVB, name_en="Another body")
    world.things |= {
        CITY: maker.city.id,
        STRANGER: stranger.id,
        BODY: maker.lead.party_id,
        OTHER_BODY: other_body.id,
    }
    for name, party_id, roles in (
        (CITY, maker.city.id, _OWNERS_ROLES),
        (STRANGER, stranger.id, _OWNERS_ROLES),
        (OTHER_BODY, other_body.id, _VERIFIERS),
    ):
        for role in roles:
            user = await a_user(registry, administrator, party_id, role)
            _seat(maker, name, actor_of(user))
    for party, actors in (
        (BODY, (maker.lead, maker.reviewer)),
        (TGO, maker.officials.values()),
    ):
        for actor in actors:
            _seat(maker, party, actor)
    world.seats.append(Seat("nobody", {}))
    await _barred_seats(maker)


def _seat(maker: _Maker, party: str, actor: Actor) -> None:
    (role,) = actor.roles
    seat = Seat(f"{role} of {party}", bearer(maker.api, actor), actor, party)
    maker.world.seats.append(seat)


async def _barred_seats(maker: _Maker) -> None:
    """People who could do all that anybody can, if they were let in."""
    registry, administrator, world = maker.registry, maker.administrator, maker.world
    keys = maker.api.app.state.token_keys
    long_ago = clock.now() - timedelta(hours=1)
    expired = keys.issue(user_id=administrator.user_id, client_id=None, now=long_ago)
    barred = {"expired token": ({"Authorization": f"Bearer {expired}"}, 401)}

    everything = (Role.ADMINISTRATOR, Role.OFFICER, Role.APPROVER, Role.AUDITOR)
    suspended = await a_user(registry, administrator, administrator.party_id, *everything)
    gone = parties.DecideOnUser(suspended.id, "Of this nobody hears")
    await registry.do(administrator, lambda pen: parties.suspend_user(pen, administrator, gone))
    barred["suspended user"] = (bearer(maker.api, suspended), 403)

    closed = await a_party(registry, PartyKind.DEVELOPER, province="40", name_en="Suspended")
    of_closed = await a_user(registry, administrator, closed.id, *_OWNERS_ROLES)
    stop = parties.DecideOnParty(closed.id, "Of this nobody hears")
    await registry.do(administrator, lambda pen: parties.suspend_party(pen, administrator, stop))
    barred["user of a suspended party"] = (bearer(maker.api, of_closed), 403)

    key = await _a_key(maker, maker.owner, "Revoked")
    end = parties.RevokeKey(maker.owner.user_id, key)
    await registry.do(administrator, lambda pen: parties.revoke_key(pen, administrator, end))
    by_key = keys.issue(user_id=maker.owner.user_id, client_id=key, now=clock.now())
    barred["revoked key"] = ({"Authorization": f"Bearer {by_key}"}, 401)
    ended = await signed_in(registry, maker.api, await a_holder(registry))
    bearing_it = bearing(ended)
    gone_out = await maker.api.request("DELETE", "/v1/sessions", headers=bearing_it)
    assert gone_out.status_code == 204, gone_out.text
    barred["ended session"] = (bearing_it, 401)
    for name, (headers, status) in barred.items():
        world.seats.append(Seat(name, headers, barred=status))
    world.secrets.append(Secret("Of this nobody hears", None))


async def _a_key(maker: _Maker, user: Actor, label: str) -> str:
    command = IssueKey(user.user_id, label, sha256(b"secret"))
    administrator = maker.administrator
    issued = await maker.registry.do(
        administrator, lambda pen: parties.issue_key(pen, administrator, command)
    )
    return issued.id


# -------------------------------------------------------------------------------- things


async def _people(maker: _Maker) -> None:
    registry, administrator, world = maker.registry, maker.administrator, maker.world
    changed = ("user to suspend", "user for roles", "user for roles by two", "user for password")
    for name in ("user", *changed):
        user = await a_user(registry, administrator, maker.city.id, Role.DEVELOPER)
        maker.keep(name, user)
        if name == "user":
            world.things["key"] = await _a_key(maker, actor_of(user), GATEWAY)
    idle = await a_user(registry, administrator, maker.city.id, Role.DEVELOPER)
    command = parties.DecideOnUser(idle.id, "Away")
    maker.keep(
        "user to reinstate",
        await registry.do(
            administrator, lambda pen: parties.suspend_user(pen, administrator, command)
        ),
    )
    for name in ("party to rename", "party to suspend", "party to close"):
        maker.keep(name, await a_party(registry, PartyKind.HOLDER, name_en=name))
    stopped = await a_party(registry, PartyKind.HOLDER, name_en="party to reinstate")
    stop = parties.DecideOnParty(stopped.id, "Away")
    maker.keep(
        "party to reinstate",
        await registry.do(
            administrator, lambda pen: parties.suspend_party(pen, administrator, stop)
        ),
    )
    maker.keep("body to accredit", await a_party(registry, PartyKind.VVB, name_en="New body"))
    accredited, _ = await a_vvb(registry, scopes=(1,))
    world.things["body to end"] = accredited.party_id
    for code in ("DEMO-WIND-01", "DEMO-WIND-02"):
        await a_methodology(registry, an_entry(code))
    world.secrets.append(Secret(GATEWAY, Permission.MANAGE_USERS))
    await the_calendar(registry)
    world.things |= {"year": clock.bangkok_date(clock.now()).year, "year to enter": 2200}
    world.versions["year to enter"] = 0


async def _activities(maker: _Maker) -> None:
    registry, world, owner = maker.registry, maker.world, maker.owner
    name = "Trees that nobody has heard of"
    for thing in ("draft", "draft to submit", "draft to withdraw"):
        maker.keep(thing, (await a_draft_activity(registry, name_en=name, owner=owner))[0])
    world.secrets.append(Secret(name, Permission.READ_ACTIVITY_DRAFT, (CITY,)))
    for thing in ("submitted to review", "submitted to assign"):
        maker.keep(thing, (await a_submitted_activity(registry, owner=owner))[0])
    maker.keep("under review", (await an_activity_under_review(registry, owner=owner))[0])
    validation = await an_activity_under_validation(registry, vvb=maker.lead, owner=owner)
    maker.keep("under validation", validation[0])
    validated = await a_validated_activity(registry, vvb=maker.lead, owner=owner)
    maker.keep("validated", validated[0])
    registered = await a_registered_activity(registry, vvb=maker.lead, owner=owner)
    maker.keep("registered", registered)
    closing = await a_registered_activity(registry, vvb=maker.lead, owner=owner)
    maker.keep("registered to close", closing)


async def _reports(maker: _Maker) -> None:
    registry, world, owner = maker.registry, maker.world, maker.owner
    first = await a_registered_activity(registry, owner=owner, vvb=maker.lead)
    unheard = "7777.123457"
    draft = await a_draft_report(registry, first, tonnes={2023: unheard}, owner=owner)
    maker.keep("report", draft)
    world.secrets.append(Secret(unheard, Permission.READ_ACTIVITY_DRAFT, (CITY,)))
    for name, vintage in (("report to submit", 2024), ("report to withdraw", 2025)):
        maker.keep(name, await a_draft_report(registry, first, tonnes={vintage: "50"}, owner=owner))
    second = await a_registered_activity(registry, owner=owner, vvb=maker.lead)
    submitted = [
        await a_submitted_report(registry, second, tonnes={vintage: "80.5"}, owner=owner)
        for vintage in (2023, 2024, 2025)
    ]
    maker.keep("report to assign", submitted[0])
    assigned, _, _ = await a_verification(registry, submitted[1], vvb=maker.lead)
    maker.keep("verification", assigned)
    maker.keep("opinion to review", await _given(maker, submitted[2]))
    less = await a_registered_activity(
        registry,
        owner=owner,
        programme="LESS",
        methodology=RECOGNISED,
        crediting_start=date(2024, 6, 1),
    )
    maker.keep(
        "report to recognise",
        await a_submitted_report(registry, less, tonnes={2025: "10"}, owner=owner),
    )


async def _given(maker: _Maker, report: Report) -> Verification:
    assigned, lead, _ = await a_verification(maker.registry, report, vvb=maker.lead)
    command = an_opinion(assigned, report)
    return await maker.registry.do(lead, lambda pen: verification.give_opinion(pen, lead, command))


async def _credits(maker: _Maker) -> None:
    registry, world, owner = maker.registry, maker.world, maker.owner
    activity = await a_registered_activity(registry, owner=owner, vvb=maker.lead)
    verified = [
        await a_submitted_report(registry, activity, tonnes={vintage: "900"}, owner=owner)
        for vintage in (2023, 2024, 2025)
    ]
    for report in verified:
        await approve(registry, await _given(maker, report), maker.reviewer)
    world.things["report to issue"] = verified[0].id
    world.things["report to propose"] = verified[2].id
    issued = await issue(registry, verified[1])
    world.things |= {
        "issuance": issued.id,
        "log index": issued.log_index,
    }
    await _moved(maker, activity)
    mangroves = await a_registered_activity(
        registry, owner=owner, methodology=MANGROVE, vvb=maker.lead
    )
    report = await a_submitted_report(registry, mangroves, tonnes={2024: "500"}, owner=owner)
    assigned, lead, reviewer = await a_verification(registry, report, vvb=maker.lead)
    command = an_opinion(assigned, report, buffer={2024: 100})
    given = await registry.do(lead, lambda pen: verification.give_opinion(pen, lead, command))
    await approve(registry, given, reviewer)
    world.things["buffered issuance"] = (await issue(registry, report)).id


async def _moved(maker: _Maker, activity: Activity) -> None:
    registry, world, owner = maker.registry, maker.world, maker.owner
    purse = "A purse that nobody knows of"
    account = await an_account(registry, maker.administrator, owner, name=purse)
    assert activity.credit_account_id is not None
    async with registry.read() as connection:
        held = await accounts.get_account(connection, activity.credit_account_id)
    elsewhere_owner = await a_party(registry, PartyKind.HOLDER, name_en="Elsewhere")
    elsewhere = await an_account(
        registry,
        maker.administrator,
        actor_of(
            await a_user(registry, maker.administrator, elsewhere_owner.id, Role.HOLDER_INITIATOR)
        ),
    )
    empty = await an_account(registry, maker.administrator, owner)
    await move(registry, owner, held, account, oldest(500))
    transfer = await move(registry, owner, held, elsewhere, oldest(10))
    wrong = await move(registry, owner, held, elsewhere, oldest(10))
    frozen = await an_account(registry, maker.administrator, owner)
    hidden = Statement("Somchai Unheard-of", Beneficiary.PERSON, None, "Of his own will")
    ending = an_ending(visibility=Visibility.ANONYMOUS, statement=hidden)
    retirement = await retire(registry, owner, held, oldest(5), ending)
    cancellation = await retire(registry, owner, held, oldest(5), an_ending(EntryKind.CANCELLED))
    world.things |= {
        "account": account.number,
        "account elsewhere": elsewhere.number,
        "account to close": empty.number,
        "transfer": transfer.log_index,
        "transfer to reverse": wrong.log_index,
        "frozen account": frozen.id,
        "retirement": retirement.log_index,
        "cancellation": cancellation.log_index,
        "owner party": maker.city.id,
    }
    world.versions["account to close"] = empty.version
    world.secrets += [
        Secret(purse, Permission.READ_ACCOUNT, (CITY,)),
        Secret("Somchai Unheard-of", Permission.READ_ACCOUNT, (CITY,)),
        Secret("Of his own will", Permission.READ_ACCOUNT, (CITY,)),
    ]


async def _transfers(maker: _Maker) -> None:
    """Propose some, and accounts to be trusted: the city's people approve or take them back."""
    registry, world, owner = maker.registry, maker.world, maker.owner
    async with registry.read() as connection:
        account = await accounts.get_account(connection, account_id(world.things["account"]))
        elsewhere = await accounts.get_account(
            connection, account_id(world.things["account elsewhere"])
        )
    strangers = next(seat.actor for seat in world.seats if seat.party == STRANGER)
    assert strangers is not None
    theirs = await an_account(registry, maker.administrator, strangers)
    world.things["account of a stranger"] = theirs.number
    approver = next(
        seat.actor
        for seat in world.seats
        if seat.party == CITY and seat.actor and Role.HOLDER_APPROVER in seat.actor.roles
    )
    assert approver is not None
    unheard = transfers.Propose(account.id, theirs.id, oldest(7))
    hidden = await do(registry, owner, transfers.propose, unheard)
    world.things["proposal"] = hidden.id
    # As the API shows it: the log tells everybody of accounts, number and digest in its own words.
    words = f'"to_account":"{theirs.number}","credits":7'
    world.secrets.append(Secret(words, Permission.READ_ACCOUNT, (CITY,)))
    propose = transfers.Propose(account.id, theirs.id, oldest(3))
    for name in (
        "proposal to approve",
        "proposal to abort",
        "approved proposal",
        "approved proposal to abort",
    ):
        proposal = await do(registry, owner, transfers.propose, propose)
        world.things[name] = proposal.id
        if name == "proposal to approve":
            world.things["digest to approve"] = proposal.digest
        if name.startswith("approved"):
            approve = transfers.Approve(proposal.id, proposal.digest)
            await do(registry, approver, transfers.approve, approve)
    await _transfers_that_are_asked(maker, account, strangers, approver)
    for name in ("entry to approve", "entry to remove"):
        entry = await registry.do(
            owner,
            lambda pen: transfers.propose_trust(
                pen, owner, account_id=account.id, trusted_id=elsewhere.id
            ),
        )
        world.things[name] = entry.id


async def _transfers_that_are_asked(
    maker: _Maker, account: Account, strangers: Actor, approver: Actor
) -> None:
    """Send credits to an account of the stranger's that asks to accept them."""
    registry, world, owner = maker.registry, maker.world, maker.owner
    theirs = await an_account(registry, maker.administrator, strangers)
    answering = next(
        seat.actor
        for seat in world.seats
        if seat.party == STRANGER and seat.actor and Role.HOLDER_APPROVER in seat.actor.roles
    )
    assert answering is not None
    await registry.do(
        answering, lambda pen: ledger.set_acceptance(pen, answering, theirs.id, asks=True)
    )
    for name in ("proposal to accept", "proposal to decline"):
        command = transfers.Propose(account.id, theirs.id, oldest(2))
        proposal = await do(registry, owner, transfers.propose, command)
        approve = transfers.Approve(proposal.id, proposal.digest)
        await do(registry, approver, transfers.approve, approve)
        world.things[name] = proposal.id
        world.things["digest to accept"] = proposal.digest


async def _orders(maker: _Maker) -> None:
    """Freeze an account that nobody else uses, and propose that more is ordered."""
    registry, world = maker.registry, maker.world
    officers = Officers(registry, maker.officials[Role.OFFICER], maker.officials[Role.APPROVER])
    words = "Of a court that nobody knows of"
    ground = Ground(words, document_sha256="ab" * 32)
    world.secrets.append(Secret(words, Permission.QUERY_LEDGER))
    named = Named(world.things["frozen account"])
    frozen = await officers.approve(await officers.propose_freeze(named, ground=ground))
    waiting = await officers.propose_freeze(named, ground=ground)
    wrong = await officers.propose_reversal(world.things["transfer to reverse"])
    await _acts_of_two(maker)
    world.things |= {
        "freeze": frozen.id,
        "order": frozen.id,
        "order to approve": waiting.id,
        "digest of order to approve": waiting.digest,
        "reversal to approve": wrong.id,
        "digest of reversal to approve": wrong.digest,
    }


async def _cases(maker: _Maker) -> None:
    """Open a case, and propose another, and that the buffer gives to the first."""
    registry, world = maker.registry, maker.world
    officer, approver = maker.officials[Role.OFFICER], maker.officials[Role.APPROVER]
    words = "Of a forest that nobody knows to have burnt"
    ground = Ground(words, document_sha256="ab" * 32)
    world.secrets.append(Secret(words, Permission.QUERY_LEDGER))
    claim = ProposeCase(world.things["issuance"], CaseKind.REVERSAL, 50, ground)
    opened, waiting = [
        await do(registry, officer, compensation.propose_case, claim) for _ in range(2)
    ]
    approval = ApproveOrder(opened.id, opened.digest)
    await do(registry, approver, approve_order, approval)
    giving = ProposeBuffer(opened.id, 1, ground)
    buffer = await do(registry, officer, compensation.propose_buffer, giving)
    world.things |= {
        "case": opened.id,
        "case to approve": waiting.id,
        "digest of case to approve": waiting.digest,
        "buffer to approve": buffer.id,
        "digest of buffer to approve": buffer.digest,
    }


async def _acts_of_two(maker: _Maker) -> None:
    """Propose a rule, as an administrator who approves nothing."""
    registry, administrator, world = maker.registry, maker.administrator, maker.world
    added = await a_user(registry, administrator, administrator.party_id, Role.ADMINISTRATOR)
    command = SetRule(
        programme_code=None,
        key=RuleKey.REVERSAL_WINDOW_DAYS,
        value="5",
        valid_from=date(2200, 1, 1),
        valid_to=None,
        source="A test",
        is_default=True,
    )
    ground = Ground("Because of it", document_sha256="ab" * 32)
    proposed = await do(registry, actor_of(added), propose_act, ProposeAct(command, ground))
    world.things |= {"act to approve": proposed.id, "digest of act to approve": proposed.digest}


async def _applications(maker: _Maker) -> None:
    registry, world = maker.registry, maker.world
    officer = maker.officials[Role.OFFICER]
    secret, digest = new_secret()
    world.things["secret"] = secret
    unheard = "An applicant that nobody has heard of"
    said = replace(a_content(), name_en=unheard)
    maker.keep("application", await a_draft(registry, content=said, secret=digest))
    world.secrets += [
        Secret(unheard, Permission.READ_APPLICATION),
        Secret(said.contact_email, Permission.READ_APPLICATION),
    ]
    for name in ("to amend", "to submit", "to withdraw"):
        maker.keep(f"application {name}", await a_draft(registry, secret=digest))
    await _application_files(maker, secret, digest)
    for name in ("to ask about", "to recommend", "to answer for", "to decide"):
        application = await submitting(registry, await a_draft(registry, secret=digest))
        if name == "to answer for":
            application = await asking(registry, officer, application)
        if name == "to decide":
            application = await recommending(registry, officer, application)
        maker.keep(f"application {name}", application)
    maker.keep("renewal", await a_renewal(registry, maker.owner))
    world.things["secret of another"], digest = new_secret()
    await a_draft(registry, secret=digest)
    world.things["secret of nobody"], _ = new_secret()


async def _persons(maker: _Maker) -> None:
    """People with a session or a second factor of their own."""
    registry, api, world = maker.registry, maker.api, maker.world
    somebody = await a_holder(registry)
    address = "203.0.113.77"
    async with coming_from(api, address) as door:
        shown = await door.post(TOKENS, json=by_password(await email_of(registry, somebody)))
        assert shown.status_code == 200, shown.text
        headers = bearing(shown.json())
    listed = (await api.get("/v1/sessions", headers=headers)).json()["data"]
    assert [session["address"] for session in listed] == [address]
    world.things["session"] = listed[0]["id"]
    world.secrets.append(Secret(address, Permission.READ_AUDIT))
    world.persons["who signs out"] = Seat("who signs out", headers)
    for name in ("who enrols", "who lost the codes", "who sells the phone", "who confirms"):
        person = await a_holder(registry)
        phone = await _a_phone(maker, person, is_confirmed=name != "who enrols")
        world.things[f"phone of {name}"] = phone
        world.persons[name] = Seat(name, bearer(api, person))
    await _passkeys(maker)
    await _identities(maker)
    user = await a_user(registry, maker.administrator, maker.city.id, Role.DEVELOPER)
    await _a_phone(maker, actor_of(user), is_confirmed=True)
    maker.keep("user without a phone", user)


async def _passkeys(maker: _Maker) -> None:
    person, device = await a_holder(maker.registry), Device()
    headers = bearer(maker.api, person)
    for thing in ("passkey", "passkey to remove"):
        maker.world.things[thing] = await register(maker.api, headers, device, name=thing)
    maker.world.things["credential"] = await made_by(maker.api, headers, device)
    maker.world.secrets.append(Secret("passkey to remove", None))
    told = (await maker.api.get("/v1/notices", headers=headers)).json()["data"]
    assert [notice["kind"] for notice in told][:2] == ["passkey_added", "passkey_added"]
    maker.world.things["notice"] = told[0]["id"]
    maker.world.persons["who has a passkey"] = Seat("who has a passkey", headers)


async def _identities(maker: _Maker) -> None:
    person, things, api = await a_holder(maker.registry), maker.world.things, maker.api
    headers = bearer(api, person)
    await link(api, headers, "subject of somebody")  # who comes back by it
    things["identity to unlink"] = await link(api, headers, "subject to unlink")
    maker.world.secrets += [
        Secret(subject, None) for subject in ("subject of somebody", "subject to unlink")
    ]
    maker.world.persons["who has an identity"] = Seat("who has an identity", headers)
    answers = {
        "link": await back_from(api, "another", asked=await begun_link(api, headers)),
        "sign-in": await back_from(api, "subject of somebody"),
    }
    for kind, answer in answers.items():
        things.update({f"{name} of a {kind}": value for name, value in answer.items()})
    cookie = {"Cookie": f"{COOKIE}={things.pop('binding of a sign-in')}"}
    maker.world.persons["who comes back"] = Seat("who comes back", cookie)


async def _a_phone(maker: _Maker, person: Actor, *, is_confirmed: bool) -> Authenticator:
    headers = bearer(maker.api, person)
    password = {"current_password": PASSWORD}
    begun = await maker.api.post(SECOND_FACTOR, json=password, headers=headers)
    assert begun.status_code == 200, begun.text
    secret = begun.json()["secret"]
    maker.world.secrets.append(Secret(secret, None))
    phone = Authenticator(base64.b32decode(secret), [])
    if is_confirmed:
        # With the code before the present one, which is left for what is asked.
        confirmed = await maker.api.post(
            f"{SECOND_FACTOR}/confirmation", json={"totp": phone.code()}, headers=headers
        )
        assert confirmed.status_code == 200, confirmed.text
    return phone


async def _prefixes(maker: _Maker, client: AsyncClient) -> None:
    things = maker.world.things
    for batch, issuance in (("batch", "issuance"), ("buffered batch", "buffered issuance")):
        shown = await client.get(f"/v1/issuances/{things[issuance]}")
        things[batch] = shown.json()["lines"][0]["serial_prefix"]


async def _documents(maker: _Maker, client: AsyncClient) -> None:
    name = "minutes-that-nobody-read.pdf"
    sent = await client.post(
        "/v1/documents",
        files={"file": (name, b"%PDF-1.7\n% unheard-of", "application/pdf")},
        data={
            "purpose": "design",
            "activity_id": maker.world.things["registered"],
            "is_confidential": "true",
        },
        headers=bearer(maker.api, maker.owner),
    )
    assert sent.status_code == 201, sent.text
    maker.world.things["document"] = sent.json()["id"]
    readers = (CITY, BODY)
    maker.world.secrets += [
        Secret(name, Permission.READ_ACTIVITY_DRAFT, readers),
        Secret("% unheard-of", Permission.READ_ACTIVITY_DRAFT, readers),
    ]


async def _application_files(maker: _Maker, secret: str, digest: bytes) -> None:
    plain = b"%PDF-1.7\n"  # what every file of the matrix is
    unheard = plain + b"% identity of somebody"
    maker.world.things["digest of the unheard"] = sha256(unheard).hex()
    maker.world.things["digest"] = sha256(plain).hex()
    maker.world.secrets.append(Secret("% identity of somebody", Permission.READ_APPLICATION))
    for name, content in (
        ("of an applicant", plain),
        ("with a file", unheard),
        ("to upload to", plain),
    ):
        document = replace(
            a_document("request_letter"), sha256=sha256(content).hex(), bytes=len(content)
        )
        said = a_content(documents=(document,))
        draft = await a_draft(maker.registry, content=said, secret=digest)
        maker.keep(f"application {name}", draft)
        if name != "to upload to":
            sent = await maker.api.post(
                f"/v1/applications/{draft.id}/files",
                files={"file": ("a.pdf", content, "application/pdf")},
                headers={"Application-Secret": secret},
            )
            assert sent.status_code == 201, sent.text


async def _names_of_people(maker: _Maker) -> None:
    """Addresses of people are for their own party, and nobody ever gets what they sign in with."""
    world = maker.world
    async with maker.registry.read() as connection:
        for seat in world.seats:
            if seat.actor is None or seat.party is None:
                continue
            email = (await store.get_user(connection, seat.actor.user_id)).email
            assert email is not None
            world.secrets.append(Secret(email, Permission.READ_PARTY, (seat.party,)))
            if seat.actor.roles == {Role.AUDITOR}:
                world.things["email"] = email
    world.things |= {"password": PASSWORD, "today": clock.bangkok_date(clock.now()).isoformat()}
    world.secrets += [Secret("$argon2id$", None), Secret("password_hash", None)]


def a_ghost(thing: object) -> object:
    """Return the name of something of the same kind that there is not."""
    if isinstance(thing, int):
        return 999_999_999
    text = str(thing)
    if text.startswith("TH-"):
        return account_number(999_999)
    return f"{text[:3]}_01kb5w6yk2e0hr9h5y0s8v2a3b"
