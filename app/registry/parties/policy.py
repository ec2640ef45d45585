"""The policy: which role may do what, and with whose things."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.kernel.errors import ForbiddenError
from app.registry.parties.refusals import KeyGivenByKeyError, KeyLimitedError
from app.registry.parties.rules import PartyKind, Role


class Permission(StrEnum):
    """The acts and reads that the policy knows."""

    ADMIT_PARTY = "admit_party"
    MANAGE_USERS = "manage_users"
    READ_PARTY = "read_party"
    SET_RULES = "set_rules"
    OPEN_ACCOUNT = "open_account"
    READ_ACCOUNT = "read_account"
    MOVE_CREDITS = "move_credits"
    APPROVE_MOVES = "approve_moves"
    QUERY_LEDGER = "query_ledger"
    MANAGE_BUFFER = "manage_buffer"
    WRITE_ACTIVITY = "write_activity"
    READ_ACTIVITY_DRAFT = "read_activity_draft"
    REVIEW_ACTIVITY = "review_activity"
    REGISTER_ACTIVITY = "register_activity"
    VALIDATE_ACTIVITY = "validate_activity"
    UPLOAD_DOCUMENT = "upload_document"
    WRITE_REPORT = "write_report"
    ASSIGN_VERIFIER = "assign_verifier"
    VERIFY_REPORT = "verify_report"
    REVIEW_VERIFICATION = "review_verification"
    DECIDE_ISSUANCE = "decide_issuance"
    IMPORT_HISTORY = "import_history"
    ERASE_PERSON = "erase_person"
    READ_APPLICATION = "read_application"
    REVIEW_APPLICATION = "review_application"
    DECIDE_APPLICATION = "decide_application"
    RENEW_PARTY = "renew_party"
    PROPOSE_FREEZE = "propose_freeze"
    APPROVE_FREEZE = "approve_freeze"
    PROPOSE_REVERSAL = "propose_reversal"
    APPROVE_REVERSAL = "approve_reversal"
    PROPOSE_CASE = "propose_case"
    APPROVE_CASE = "approve_case"
    READ_AUDIT = "read_audit"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in user, or a machine client acting as one, for their party."""

    user_id: str
    party_id: str
    party_kind: PartyKind
    roles: frozenset[Role]
    client_id: str | None = None  # the API key's identifier; None: a person with a password
    session_id: str | None = None  # the sign-in it comes of; None: an API key's, or none
    scopes: frozenset[Permission] | None = None  # no more than these; None: all that roles give


class Reach(StrEnum):
    """Whose things a role's permission reaches."""

    OWN = "own"  # things of the actor's own party, or assigned to it
    ANY = "any"


_DEVELOPER_ACTS = (
    Permission.WRITE_ACTIVITY,
    Permission.READ_ACTIVITY_DRAFT,
    Permission.UPLOAD_DOCUMENT,
    Permission.WRITE_REPORT,
    Permission.ASSIGN_VERIFIER,
    Permission.READ_PARTY,
)
_OFFICER_READS = (
    Permission.READ_PARTY,
    Permission.READ_ACCOUNT,
    Permission.READ_ACTIVITY_DRAFT,
    Permission.QUERY_LEDGER,
    Permission.READ_APPLICATION,
)

# The policy: role, what it may do, and how far. Nothing that is not written here is allowed.
POLICY: Final[dict[Role, dict[Permission, Reach]]] = {
    Role.DEVELOPER: dict.fromkeys(_DEVELOPER_ACTS, Reach.OWN),
    Role.VERIFIER_LEAD: {
        Permission.READ_PARTY: Reach.OWN,
        Permission.READ_ACTIVITY_DRAFT: Reach.OWN,
        Permission.UPLOAD_DOCUMENT: Reach.OWN,
        Permission.VALIDATE_ACTIVITY: Reach.OWN,
        Permission.VERIFY_REPORT: Reach.OWN,
    },
    Role.VERIFIER_REVIEWER: {
        Permission.READ_PARTY: Reach.OWN,
        Permission.READ_ACTIVITY_DRAFT: Reach.OWN,
        Permission.REVIEW_VERIFICATION: Reach.OWN,
    },
    Role.OFFICER: {
        **dict.fromkeys(_OFFICER_READS, Reach.ANY),
        Permission.UPLOAD_DOCUMENT: Reach.ANY,
        Permission.REVIEW_ACTIVITY: Reach.ANY,
        Permission.REVIEW_APPLICATION: Reach.ANY,
        Permission.ASSIGN_VERIFIER: Reach.ANY,
        Permission.PROPOSE_FREEZE: Reach.ANY,
        Permission.PROPOSE_REVERSAL: Reach.ANY,
        Permission.PROPOSE_CASE: Reach.ANY,
    },
    Role.APPROVER: {
        **dict.fromkeys(_OFFICER_READS, Reach.ANY),
        Permission.REGISTER_ACTIVITY: Reach.ANY,
        Permission.DECIDE_APPLICATION: Reach.ANY,
        Permission.DECIDE_ISSUANCE: Reach.ANY,
        Permission.MANAGE_BUFFER: Reach.ANY,
        Permission.APPROVE_FREEZE: Reach.ANY,
        Permission.APPROVE_REVERSAL: Reach.ANY,
        Permission.APPROVE_CASE: Reach.ANY,
    },
    Role.ADMINISTRATOR: {
        **dict.fromkeys(_OFFICER_READS, Reach.ANY),
        Permission.ADMIT_PARTY: Reach.ANY,
        Permission.MANAGE_USERS: Reach.ANY,
        Permission.SET_RULES: Reach.ANY,
        Permission.OPEN_ACCOUNT: Reach.ANY,
        Permission.IMPORT_HISTORY: Reach.ANY,
        Permission.ERASE_PERSON: Reach.ANY,
        Permission.READ_AUDIT: Reach.ANY,
    },
    Role.AUDITOR: dict.fromkeys((*_OFFICER_READS, Permission.READ_AUDIT), Reach.ANY),
    Role.HOLDER_INITIATOR: {
        Permission.READ_PARTY: Reach.OWN,
        Permission.READ_ACCOUNT: Reach.OWN,
        Permission.MOVE_CREDITS: Reach.OWN,
        Permission.RENEW_PARTY: Reach.OWN,
    },
    Role.HOLDER_APPROVER: {
        Permission.READ_PARTY: Reach.OWN,
        Permission.READ_ACCOUNT: Reach.OWN,
        Permission.APPROVE_MOVES: Reach.OWN,
        Permission.RENEW_PARTY: Reach.OWN,
    },
    Role.HOLDER_VIEWER: {Permission.READ_PARTY: Reach.OWN, Permission.READ_ACCOUNT: Reach.OWN},
}


class NotAllowedError(ForbiddenError):
    """Your role does not allow this."""

    code = "not_allowed"
    number = 2001
    title_th = "บทบาทของท่านไม่อนุญาตให้ดำเนินการนี้"
    advice = (
        "It needs the permission {permission}, which none of your roles gives for this party's "
        "things. Ask an administrator of TGO, or sign in as somebody who may."
    )
    advice_th = (
        "การดำเนินการนี้ต้องมีสิทธิ์ {permission} ซึ่งบทบาทของท่านไม่มีสำหรับหน่วยงานนี้ "
        "โปรดติดต่อผู้ดูแลระบบของ อบก. หรือเข้าสู่ระบบด้วยผู้ใช้ที่มีสิทธิ์"
    )


def allows(actor: Actor, permission: Permission, *, owner_ids: tuple[str, ...] = ()) -> bool:
    """
    Say whether the policy lets an actor do something.

    Args:
        actor: who acts.
        permission: what is to be done.
        owner_ids: parties whose thing it is, or to whom it is assigned; empty for things of nobody.
    """
    if actor.scopes is not None and permission not in actor.scopes:
        return False
    for role in actor.roles:
        reach = POLICY[role].get(permission)
        if reach is Reach.ANY or (reach is Reach.OWN and actor.party_id in owner_ids):
            return True
    return False


def require(actor: Actor, permission: Permission, *, owner_ids: tuple[str, ...] = ()) -> None:
    """
    Refuse unless the policy allows it.

    Raises:
        NotAllowedError: no role of the actor gives the permission for these owners.
    """
    if not allows(actor, permission, owner_ids=owner_ids):
        raise NotAllowedError(permission=permission.value)


def require_unlimited(actor: Actor) -> None:
    """
    Refuse an API key with scopes where it could give itself, or another, more than it has.

    Raises:
        KeyLimitedError: such a key acts.
    """
    if actor.scopes is not None:
        raise KeyLimitedError


def require_no_key(actor: Actor) -> None:
    """
    Refuse an API key where keys are given out: one that was stolen would outlive its revocation.

    Raises:
        KeyGivenByKeyError: a key acts.
    """
    if actor.client_id is not None:
        raise KeyGivenByKeyError


def sees_every_party(actor: Actor) -> bool:
    """Say whether an actor may read what belongs to other parties: their users and drafts."""
    return allows(actor, Permission.READ_PARTY)
