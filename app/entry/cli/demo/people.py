"""Who takes part in the demo: the authority, provinces, municipalities, verifiers, a buyer."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.entry import passwords
from app.entry.cli.database import do
from app.entry.committer import Committer
from app.entry.passwords import new_secret
from app.registry import founding
from app.registry.ledger.operations import OpenAccount, open_account
from app.registry.ledger.rules import Account
from app.registry.parties import operations
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Party, PartyKind, Role, User

_PASSWORD_BYTES: Final = 9  # 72 random bits, twelve characters
_ACCREDITED_SINCE: Final = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation to be admitted, known in the stories by its key."""

    key: str
    kind: PartyKind
    name_th: str
    name_en: str
    province_code: str | None = None
    scopes: frozenset[int] = frozenset()  # a VVB's sectoral scopes
    has_account: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A user to be added; the key is the part of the e-mail address before the @."""

    organisation: str
    email: str
    name: str
    roles: frozenset[Role]
    title: str

    @property
    def key(self) -> str:
        """What the stories call them."""
        return f"{self.organisation}/{self.email.partition('@')[0]}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    part: str
    email: str
    password: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Cast:
    """All who take part."""

    people: Mapping[str, Person]
    accounts: Mapping[str, Account]  # by organisation
    client_id: str
    client_secret: str

    def actor(self, key: str) -> Actor:
        """Return somebody as an actor."""
        return self.people[key].actor


_MUNICIPALITY: Final = PartyKind.MUNICIPALITY
_PROVINCE: Final = PartyKind.PROVINCE
ORGANISATIONS: Final = (
    Organisation("khonkaen-province", _PROVINCE, "จังหวัดขอนแก่น", "Khon Kaen Province", "40"),
    Organisation("krabi-province", _PROVINCE, "จังหวัดกระบี่", "Krabi Province", "81"),
    Organisation("phrae-province", _PROVINCE, "จังหวัดแพร่", "Phrae Province", "54"),
    Organisation("kanchanaburi-province", _PROVINCE, "จังหวัดกาญจนบุรี", "Kanchanaburi Province", "71"),
    Organisation(
        "khonkaen",
        _MUNICIPALITY,
        "เทศบาลนครขอนแก่น",
        "Khon Kaen City Municipality",
        "40",
        has_account=True,
    ),
    Organisation(
        "krabi", _MUNICIPALITY, "เทศบาลเมืองกระบี่", "Krabi Town Municipality", "81", has_account=True
    ),
    Organisation(
        "phrae", _MUNICIPALITY, "เทศบาลเมืองแพร่", "Phrae Town Municipality", "54", has_account=True
    ),
    Organisation(
        "kanchanaburi",
        _MUNICIPALITY,
        "เทศบาลเมืองกาญจนบุรี",
        "Kanchanaburi Town Municipality",
        "71",
        has_account=True,
    ),
    Organisation(
        "verification-one",
        PartyKind.VVB,
        "บริษัท ทวนสอบหนึ่ง (สมมติ)",
        "Demo Verification One (synthetic)",
        scopes=frozenset({1, 3, 13}),
    ),
    Organisation(
        "verification-two",
        PartyKind.VVB,
        "สถาบันทวนสอบสอง (สมมติ)",
        "Demo Verification Two (synthetic)",
        scopes=frozenset({13, 14}),
    ),
    Organisation(
        "developer",
        PartyKind.DEVELOPER,
        "บริษัท ผู้พัฒนาโครงการ (สมมติ)",
        "Demo Developer Company (synthetic)",
        has_account=True,
    ),
    Organisation(
        "buyer",
        PartyKind.HOLDER,
        "บริษัท ผู้ซื้อ (สมมติ)",
        "Demo Buyer Company (synthetic)",
        has_account=True,
    ),
)

_DEVELOPS: Final = frozenset({Role.DEVELOPER, Role.HOLDER_INITIATOR})
_AUTHORITY: Final = "tgo"
ADMINISTRATOR: Final = Part(
    _AUTHORITY,
    "administrator@tgo.example",
    "ผู้ดูแลระบบ (สมมติ)",
    frozenset({Role.ADMINISTRATOR}),
    "TGO administrator",
)
PARTS: Final = (
    Part(
        _AUTHORITY,
        "officer@tgo.example",
        "เจ้าหน้าที่ (สมมติ)",
        frozenset({Role.OFFICER}),
        "TGO officer",
    ),
    Part(
        _AUTHORITY,
        "approver@tgo.example",
        "ผู้อนุมัติ (สมมติ)",
        frozenset({Role.APPROVER}),
        "TGO approver",
    ),
    Part(
        _AUTHORITY,
        "auditor@tgo.example",
        "ผู้ตรวจสอบ (สมมติ)",
        frozenset({Role.AUDITOR}),
        "TGO auditor",
    ),
    *(
        Part(
            key,
            f"{key}@municipality.example",
            "ผู้พัฒนาโครงการ (สมมติ)",
            _DEVELOPS,
            f"developer, {key}",
        )
        for key in ("khonkaen", "krabi", "phrae", "kanchanaburi")
    ),
    *(
        Part(
            vvb,
            f"{duty}@{vvb}.example",
            f"ผู้ทวนสอบ {duty} (สมมติ)",
            frozenset({role}),
            f"verifier {duty}, {vvb}",
        )
        for vvb in ("verification-one", "verification-two")
        for duty, role in (("lead", Role.VERIFIER_LEAD), ("reviewer", Role.VERIFIER_REVIEWER))
    ),
    Part(
        "developer",
        "developer@company.example",
        "ผู้พัฒนาโครงการ (สมมติ)",
        _DEVELOPS,
        "developer, private company",
    ),
    Part(
        "buyer",
        "buyer@company.example",
        "ผู้ซื้อ (สมมติ)",
        frozenset({Role.HOLDER_INITIATOR}),
        "holder, buyer",
    ),
)


async def admit(committer: Committer) -> Cast:
    """Found the authority, admit everybody, open their accounts."""
    chosen = {p.key: secrets.token_urlsafe(_PASSWORD_BYTES) for p in (ADMINISTRATOR, *PARTS)}
    hashes = dict(
        zip(
            chosen,
            await asyncio.gather(*map(passwords.hash_password, chosen.values())),
            strict=True,
        )
    )
    authority, first = await do(
        committer,
        founding.REGISTRY,
        lambda pen: operations.found_authority(
            pen,
            operations.FoundAuthority(
                name_th="องค์การบริหารจัดการก๊าซเรือนกระจก (องค์การมหาชน)",
                name_en="Thailand Greenhouse Gas Management Organization",
                email=ADMINISTRATOR.email,
                display_name=ADMINISTRATOR.name,
                password_hash=hashes[ADMINISTRATOR.key],
            ),
        ),
    )
    administrator = _actor(first)
    admitted = await asyncio.gather(*(_admit(committer, administrator, o) for o in ORGANISATIONS))
    parties = {o.key: party for o, party in zip(ORGANISATIONS, admitted, strict=True)}
    parties[_AUTHORITY] = authority
    users = await asyncio.gather(
        *(
            _add(committer, administrator, part, parties[part.organisation], hashes[part.key])
            for part in PARTS
        )
    )
    people = {ADMINISTRATOR.key: _person(ADMINISTRATOR, chosen, administrator)}
    people |= {
        part.key: _person(part, chosen, _actor(user))
        for part, user in zip(PARTS, users, strict=True)
    }
    holders = [o.key for o in ORGANISATIONS if o.has_account]
    opened = await asyncio.gather(
        *(_open(committer, administrator, parties[key], f"{key} holdings") for key in holders)
    )
    accounts = dict(zip(holders, opened, strict=True))
    client_id, client_secret = await _issue_key(committer, people["khonkaen/khonkaen"].actor)
    return Cast(people, accounts, client_id, client_secret)


async def _admit(committer: Committer, administrator: Actor, wanted: Organisation) -> Party:
    command = operations.AdmitParty(
        wanted.kind, wanted.name_th, wanted.name_en, wanted.province_code
    )
    party = await do(
        committer, administrator, lambda pen: operations.admit_party(pen, administrator, command)
    )
    if wanted.scopes:
        scopes = operations.Accredit(party.id, wanted.scopes, _ACCREDITED_SINCE, None)
        await do(
            committer, administrator, lambda pen: operations.accredit(pen, administrator, scopes)
        )
    return party


async def _add(
    committer: Committer, administrator: Actor, part: Part, party: Party, password_hash: str
) -> User:
    command = operations.AddUser(party.id, part.email, part.name, part.roles, password_hash)
    return await do(
        committer, administrator, lambda pen: operations.add_user(pen, administrator, command)
    )


async def _open(committer: Committer, administrator: Actor, owner: Party, name: str) -> Account:
    command = OpenAccount(owner.id, name)
    return await do(committer, administrator, lambda pen: open_account(pen, administrator, command))


async def _issue_key(committer: Committer, actor: Actor) -> tuple[str, str]:
    secret, secret_sha256 = new_secret()
    command = operations.IssueKey(actor.user_id, "Demo key", secret_sha256)
    key = await do(committer, actor, lambda pen: operations.issue_key(pen, actor, command))
    return key.id, secret


def _actor(user: User) -> Actor:
    return Actor(user.id, user.party_id, user.party_kind, user.roles)


def _person(part: Part, chosen: Mapping[str, str], actor: Actor) -> Person:
    return Person(part.title, part.email, chosen[part.key], actor)
