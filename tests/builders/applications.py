"""Applications for an account, made through operations."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from app.registry.applications import operations
from app.registry.applications.content import Content, HandedIn, Representative
from app.registry.applications.operations import Begin, BeginRenewal, OfApplicant, OfOfficer
from app.registry.applications.rules import APPLICANT, Application, HolderKind
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from tests.builders.parties import Register, an_email
from tests.builders.reference import today

NOBODY: Final = Actor(APPLICANT, APPLICANT, PartyKind.HOLDER, frozenset())
SECRET: Final = bytes(32)  # the digest of it, as the way in hands it on
DOCUMENTS: Final[Mapping[HolderKind, tuple[str, ...]]] = {
    HolderKind.NATURAL_PERSON: ("request_letter", "identity_document"),
    HolderKind.JURISTIC_PERSON: (
        "request_letter",
        "registration_certificate",
        "power_of_attorney",
        "principal_identity_document",
        "attorney_identity_document",
        "work_certificate",
    ),
    HolderKind.STATE_BODY: (
        "request_letter",
        "establishment_evidence",
        "power_of_attorney",
        "principal_identity_document",
        "attorney_identity_document",
    ),
}


def a_document(
    requirement: str, *, issued_on: date | None = None, expires_on: date | None = None
) -> HandedIn:
    """Return a document that is handed in, issued today if not said otherwise."""
    return HandedIn(
        requirement=requirement,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        media_type="application/pdf",
        bytes=1_000,
        issued_on=issued_on or today(),
        expires_on=expires_on,
    )


def a_person(*roles: Role, email: str | None = None) -> Representative:
    """Return somebody who is to act for an applicant."""
    return Representative(email or an_email(), "มะลิ ใจดี", frozenset(roles))


def two_people() -> tuple[Representative, ...]:
    """Return one who initiates and another who approves."""
    return a_person(Role.HOLDER_INITIATOR), a_person(Role.HOLDER_APPROVER)


def a_content(
    holder_kind: HolderKind = HolderKind.JURISTIC_PERSON,
    *,
    people: tuple[Representative, ...] | None = None,
    documents: tuple[HandedIn, ...] | None = None,
) -> Content:
    """Return what a complete application says."""
    if documents is None:
        documents = tuple(
            a_document(requirement, expires_on=today() + timedelta(days=400))
            for requirement in DOCUMENTS[holder_kind]
        )
    return Content(
        name_th="บริษัท ตัวอย่าง จำกัด",
        name_en="Example Company Limited",
        contact_email=an_email(),
        representatives=two_people() if people is None else people,
        documents=documents,
    )


async def a_draft(
    registry: Register,
    holder_kind: HolderKind = HolderKind.JURISTIC_PERSON,
    *,
    party_kind: PartyKind = PartyKind.HOLDER,
    province: str | None = None,
    content: Content | None = None,
    secret: bytes = SECRET,
) -> Application:
    """Begin an application."""
    command = Begin(holder_kind, party_kind, province, content or a_content(holder_kind), secret)
    return await registry.do(NOBODY, lambda pen: operations.begin(pen, command))


def own(application: Application, *, secret: bytes | None = None) -> OfApplicant:
    """Return a step of the applicant on the present version, with their secret or another."""
    known = secret or application.secret_sha256 or SECRET
    return OfApplicant(application.id, known, application.version)


def renewing(renewal: Application, actor: Actor) -> OfApplicant:
    """Return a step of somebody signed in on the present version of a renewal."""
    return OfApplicant(renewal.id, SECRET, renewal.version, actor)


async def a_renewal(
    registry: Register,
    actor: Actor,
    holder_kind: HolderKind = HolderKind.JURISTIC_PERSON,
    *,
    content: Content | None = None,
) -> Application:
    """Begin to renew the documents of an actor's party."""
    said = content or a_content(holder_kind, people=())
    command = BeginRenewal(actor.party_id, holder_kind, said)
    return await registry.do(actor, lambda pen: operations.begin_renewal(pen, actor, command))


async def a_recommended(
    registry: Register,
    actor: Actor,
    officer: Actor,
    renewal: Application,
    *,
    favourable: bool = True,
) -> Application:
    """Hand a renewal in, and recommend a decision on it."""
    submitted = await registry.do(
        actor, lambda pen: operations.submit(pen, renewing(renewal, actor))
    )
    return await recommending(registry, officer, submitted, favourable=favourable)


def desk(application: Application, reason: str = "As the documents show.") -> OfOfficer:
    """Return a step of an officer on the present version."""
    return OfOfficer(application.id, reason, application.version)


async def submitting(registry: Register, application: Application) -> Application:
    """Hand an application in."""
    return await registry.do(NOBODY, lambda pen: operations.submit(pen, own(application)))


async def withdrawing(registry: Register, application: Application) -> Application:
    """Take an application back."""
    return await registry.do(NOBODY, lambda pen: operations.withdraw(pen, own(application)))


async def asking(registry: Register, officer: Actor, application: Application) -> Application:
    """Ask the applicant something."""
    return await registry.do(
        officer, lambda pen: operations.ask(pen, officer, desk(application, "Who signs?"))
    )


async def answering(registry: Register, application: Application) -> Application:
    """Answer."""
    return await registry.do(
        NOBODY, lambda pen: operations.answer(pen, own(application), "Mali signs.")
    )


async def recommending(
    registry: Register, officer: Actor, application: Application, *, favourable: bool = True
) -> Application:
    """Recommend a decision."""
    return await registry.do(
        officer,
        lambda pen: operations.recommend(pen, officer, desk(application), is_favourable=favourable),
    )


async def admitting(registry: Register, approver: Actor, application: Application) -> Application:
    """Admit the applicant."""
    return await registry.do(
        approver, lambda pen: operations.admit(pen, approver, desk(application))
    )


async def refusing(registry: Register, approver: Actor, application: Application) -> Application:
    """Refuse the applicant."""
    return await registry.do(
        approver, lambda pen: operations.refuse(pen, approver, desk(application))
    )


async def an_admitted(
    registry: Register,
    authority: Mapping[Role, Actor],
    holder_kind: HolderKind = HolderKind.JURISTIC_PERSON,
    *,
    content: Content | None = None,
) -> Application:
    """Take an application all the way."""
    submitted = await submitting(registry, await a_draft(registry, holder_kind, content=content))
    recommended = await recommending(registry, authority[Role.OFFICER], submitted)
    return await admitting(registry, authority[Role.APPROVER], recommended)
