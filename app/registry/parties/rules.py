"""Who is in the register: parties, their users and keys, accreditations."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.kernel.errors import NotFoundError
from app.registry.parties.refusals import (
    AccreditationOverlapError,
    AccreditationReversedError,
    NotAVvbError,
    PartyStaleError,
    ProvinceNeededError,
    RoleNotOfKindError,
)

SECTORAL_SCOPE_MAX: Final = 16  # T-VER groups its methodologies in scopes 1 to 16
KEYS_PER_USER_MAX: Final = 20  # not revoked: enough for every system of one user


class PartyKind(StrEnum):
    """What an organisation is in the register."""

    DEVELOPER = "developer"
    VVB = "vvb"
    AUTHORITY = "authority"
    HOLDER = "holder"
    PROVINCE = "province"
    MUNICIPALITY = "municipality"


class Role(StrEnum):
    """What a user is in their party."""

    DEVELOPER = "developer"
    VERIFIER_LEAD = "verifier_lead"
    VERIFIER_REVIEWER = "verifier_reviewer"
    OFFICER = "officer"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    HOLDER_INITIATOR = "holder_initiator"
    HOLDER_APPROVER = "holder_approver"
    HOLDER_VIEWER = "holder_viewer"


_HOLDERS: Final = {Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER, Role.HOLDER_VIEWER}
# Who has one of these represents the accounts of their party.
REPRESENTING: Final = frozenset(_HOLDERS)
# Which roles a party's kind can give. A verifier's user can never act for an account (as in the
# EU's registry, Art. 20(3)); the registry's own people hold no credits either.
ROLES_OF_KIND: Final = {
    PartyKind.DEVELOPER: {Role.DEVELOPER, *_HOLDERS},
    PartyKind.PROVINCE: {Role.DEVELOPER, *_HOLDERS},
    PartyKind.MUNICIPALITY: {Role.DEVELOPER, *_HOLDERS},
    PartyKind.HOLDER: _HOLDERS,
    PartyKind.VVB: {Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER},
    PartyKind.AUTHORITY: {Role.OFFICER, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR},
}

# Kinds that are a place, and so must say where.
KINDS_OF_PLACE: Final = frozenset({PartyKind.PROVINCE, PartyKind.MUNICIPALITY})


class Status(StrEnum):
    """Whether a party or a user may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation in the register."""

    id: str
    kind: PartyKind
    name_th: str
    name_en: str
    # None: not bound to one province; never None for provinces and municipalities.
    province_code: str | None
    status: Status
    version: int
    representatives_min: int | None = None  # None: not admitted on an application; no such rule
    closed_at: datetime | None = None  # None: it is not closed; closed ones are suspended for good


@dataclass(frozen=True, slots=True)
class Accreditation:
    """One sectoral scope in which a VVB may give opinions."""

    sectoral_scope: int  # 1 to 16
    valid_from: date
    valid_to: date | None  # last day; None: until it is ended

    def covers(self, day: date) -> bool:
        """Say whether a day lies within; first and last day do."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class User:
    """A person of a party who signs in. The password's hash never leaves the store with it."""

    id: str
    party_id: str
    party_kind: PartyKind
    email: str | None  # None: erased
    display_name: str | None  # None: erased
    roles: frozenset[Role]
    status: Status
    version: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine credential that acts with its user's roles; of its secret only a digest is kept."""

    id: str
    user_id: str
    label: str
    created_at: datetime
    revoked_at: datetime | None  # None: it works, unless it has expired
    expires_at: datetime | None = None  # None: never
    scopes: frozenset[str] | None = None  # permissions it may use; None: all of its user
    addresses: tuple[str, ...] = ()  # networks (CIDR) it works from; empty: from anywhere
    last_used_at: datetime | None = None  # to the minute; None: never
    public_key: bytes | None = None  # Ed25519: what it changes is signed; None: need not be


class PartyNotFoundError(NotFoundError):
    """There is no such party."""

    code = "party_not_found"
    number = 2002
    title_th = "ไม่พบหน่วยงานนี้"
    advice = "Look for it in GET /v1/parties."
    advice_th = "โปรดค้นหาจาก GET /v1/parties"


class UserNotFoundError(NotFoundError):
    """There is no such user, or you may not know of them."""

    code = "user_not_found"
    number = 2003
    title_th = "ไม่พบผู้ใช้นี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = "Look for the user in GET /v1/users, which lists those you may see."
    advice_th = "โปรดค้นหาจาก GET /v1/users ซึ่งแสดงเฉพาะผู้ใช้ที่ท่านมีสิทธิ์ดู"


def require_version(found: int, *, expected: int) -> None:
    """
    Refuse a change that was decided on another version than the present one.

    Raises:
        PartyStaleError: somebody changed it in between.
    """
    if found != expected:
        raise PartyStaleError


def require_province(kind: PartyKind, province_code: str | None) -> None:
    """
    Refuse a party that is a place but does not say where.

    Raises:
        ProvinceNeededError: a province or municipality without a province code.
    """
    if kind in KINDS_OF_PLACE and province_code is None:
        raise ProvinceNeededError


def require_roles_of_kind(kind: PartyKind, roles: Iterable[Role]) -> None:
    """
    Refuse roles that a party of this kind cannot give, such as a holder's to a verifier's user.

    Raises:
        RoleNotOfKindError: at least one of the roles is not among `ROLES_OF_KIND`.
    """
    impossible = sorted(set(roles) - ROLES_OF_KIND[kind])
    if impossible:
        raise RoleNotOfKindError(
            kind=kind,
            possible=", ".join(sorted(ROLES_OF_KIND[kind])),
            impossible=", ".join(impossible),
        )


def are_represented(initiators: Collection[str], approvers: Collection[str], *, least: int) -> bool:
    """
    Say whether two different people can initiate and approve, and there are enough of them in all.

    Args:
        initiators: who may initiate; some of them may approve too.
        approvers: who may approve.
        least: how many people it takes; never fewer than two.

    Source: Regulation (EU) 2019/1122, Art. 20.
    """
    people = {*initiators, *approvers}
    return bool(initiators) and bool(approvers) and len(people) >= max(2, least)


def require_accreditable(
    party: Party, held: Iterable[Accreditation], wanted: Iterable[Accreditation]
) -> None:
    """
    Refuse accreditations that make no sense or are held already.

    Args:
        party: the body to accredit.
        held: all its accreditations, past ones too.
        wanted: the new ones, all of different scopes.

    Raises:
        NotAVvbError: the party is of another kind.
        AccreditationReversedError: a last day before the first.
        AccreditationOverlapError: a day would be covered twice in one scope.
    """
    if party.kind is not PartyKind.VVB:
        raise NotAVvbError(kind=party.kind)
    held = tuple(held)
    for new in wanted:
        if new.valid_to is not None and new.valid_to < new.valid_from:
            raise AccreditationReversedError(valid_from=new.valid_from.isoformat())
        for old in held:
            if old.sectoral_scope == new.sectoral_scope and _share_a_day(old, new):
                raise AccreditationOverlapError(
                    sectoral_scope=old.sectoral_scope, valid_from=old.valid_from.isoformat()
                )


def _share_a_day(a: Accreditation, b: Accreditation) -> bool:
    return a.covers(b.valid_from) or b.covers(a.valid_from)


def is_accredited(
    accreditations: Iterable[Accreditation], *, sectoral_scope: int, on: date
) -> bool:
    """Say whether a body may give opinions in a scope on a day; first and last day count."""
    return any(held.sectoral_scope == sectoral_scope and held.covers(on) for held in accreditations)
