"""What the replay knows of a party, its users, and those who are about to come in."""

from datetime import date
from typing import Final

import msgspec

from app.registry.parties.refusals import RepresentativesMissingError
from app.registry.parties.rules import (
    Accreditation,
    Party,
    PartyKind,
    Role,
    Status,
    are_represented,
)

_REPRESENTING: Final = {Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER}


class KnownAccreditation(msgspec.Struct, array_like=True):
    """One sectoral scope of a body."""

    sectoral_scope: int
    valid_from: date
    valid_to: date | None


class KnownParty(msgspec.Struct, array_like=True):
    """A party as it stands."""

    id: str
    kind: PartyKind
    name_th: str
    name_en: str
    province_code: str | None
    is_active: bool = True
    active_until: str = ""  # moment of the last suspension; empty: never suspended
    has_account: bool = False
    open_accounts: int = 0
    is_closed: bool = False
    is_source: bool = False  # it stands for a registry that is taken over from
    accreditations: list[KnownAccreditation] = []
    representatives_min: int | None = None  # None: who may act for it is not counted
    # Users that can act now and initiate or approve; kept only where they are counted.
    representatives: dict[str, list[Role]] = {}

    def as_party(self) -> Party:
        """Return the party as the rules know it."""
        status = Status.ACTIVE if self.is_active else Status.SUSPENDED
        return Party(self.id, self.kind, self.name_th, self.name_en, self.province_code, status, 1)

    def count(self, user: "KnownUser") -> bool:
        """Note what a user can do for it now; says whether that is less than before."""
        if self.representatives_min is None:
            return False
        before = set(self.representatives.pop(user.id, []))
        if user.is_active and _REPRESENTING & set(user.roles):
            self.representatives[user.id] = user.roles
        return bool(_REPRESENTING & before - set(self.representatives.get(user.id, [])))

    def require_represented(self) -> None:
        """
        Refuse that too few people are left who can act for it.

        Raises:
            RepresentativesMissingError: they are.
        """
        least = self.representatives_min
        if least is None or not self.is_active:
            return
        held = self.representatives.items()
        initiators = [one for one, roles in held if Role.HOLDER_INITIATOR in roles]
        approvers = [one for one, roles in held if Role.HOLDER_APPROVER in roles]
        if not are_represented(initiators, approvers, least=least):
            raise RepresentativesMissingError(least=least)

    def as_accredited(self) -> list[Accreditation]:
        """Return its accreditations as the rules know them."""
        return [
            Accreditation(a.sectoral_scope, a.valid_from, a.valid_to) for a in self.accreditations
        ]


class KnownUser(msgspec.Struct, array_like=True):
    """A user as they stand, and what they could do until a moment ago."""

    id: str
    party: str
    roles: list[Role]
    is_active: bool = True
    is_erased: bool = False
    keys: list[str] = []
    former: list[tuple[str, list[Role]]] = []  # until when, which roles


class Admission(msgspec.Struct, array_like=True):
    """Who comes into the register by a decision on an application, and is still to be written."""

    by: str
    party: str
    kind: PartyKind
    province_code: str | None
    representatives_min: int | None
    users: list[str]
