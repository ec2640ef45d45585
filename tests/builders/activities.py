"""Activities in any state, brought there through operations."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from app.kernel.clock import BANGKOK, bangkok_date, now
from app.registry.activities import operations
from app.registry.activities import store as activities
from app.registry.activities.operations import (
    Advance,
    AssignValidator,
    DecideRegistration,
    DraftActivity,
    EndReview,
    GiveOpinion,
)
from app.registry.activities.rules import (
    Activity,
    ActivityForm,
    ActivityStatus,
    Content,
    Grounds,
    SiteContent,
    ValidationConclusion,
)
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import PDF, Document, Purpose
from app.registry.ledger import operations as ledger
from app.registry.ledger.operations import OpenAccount
from app.registry.ledger.rules import Account
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.programmes import store as programmes
from tests.builders.parties import (
    Register,
    a_developer,
    a_user,
    a_vvb,
    actor_of,
    the_administrator,
)

# Forests may have started at any time, and this one feeds no buffer: what most tests want.
FOREST: Final = ("T-VER-S-METH-13-01", "02")
SOLAR: Final = ("T-VER-S-METH-01-01", "03")
MANGROVE: Final = ("T-VER-P-METH-13-02", "01")  # feeds the buffer
RECOGNISED: Final = ("DEMO-LESS-01", "01")

CREDITING_START: Final = date(2023, 1, 1)


def a_site(**changes: Any) -> SiteContent:  # noqa: ANN401  whatever the test cares about
    """Return a site in Khon Kaen."""
    site = SiteContent(
        name="สวนสาธารณะบึงแก่นนคร",
        province_code="40",
        latitude=Decimal("16.418"),
        longitude=Decimal("102.8385"),
        installed_size=Decimal(800),
    )
    return replace(site, **changes)


def a_content(**changes: Any) -> Content:  # noqa: ANN401  whatever the test cares about
    """Return what an owner writes into a draft."""
    content = Content(
        programme_code="CITY",
        name_th="ต้นไม้ในเมืองขอนแก่น",
        name_en="Urban trees of Khon Kaen",
        description="Trees planted and kept along streets and in parks.",
        methodology_code=FOREST[0],
        methodology_version=FOREST[1],
        form=ActivityForm.SINGLE,
        sites=(a_site(),),
        estimate_tco2e=Decimal("750.5"),
        starts_on=CREDITING_START,
        proposed_crediting_start=CREDITING_START,
        in_other_mechanism=False,
        other_mechanism_note=None,
        credit_account_id=None,
    )
    return replace(content, **changes)


def an_activity(**changes: Any) -> Activity:  # noqa: ANN401  whatever the test cares about
    """Return an activity as a value, for tests of rules."""
    content = a_content()
    columns = {
        name: getattr(content, name) for name in Content.__dataclass_fields__ if name != "sites"
    }
    activity = Activity(
        id="act_01kb5w6yk2e0hr9h5y0s8v2a3b",
        code="CITY-0001",
        number=1,
        owner_party_id="pty_01kb5w6yk2e0hr9h5y0s8v2a3b",
        project_type=13,
        sectoral_scope=14,
        buffer_applies=False,
        status=ActivityStatus.DRAFT,
        scale=None,
        crediting_start=None,
        crediting_end=None,
        vvb_party_id=None,
        submitted_on=None,
        review_completed_on=None,
        registered_on=None,
        version=1,
        created_at=datetime(2026, 1, 1, tzinfo=BANGKOK),
        **columns,
    )
    return replace(activity, **changes)


async def an_official(registry: Register, role: Role) -> Actor:
    """Return somebody of the authority in a role."""
    administrator = await the_administrator(registry)
    if role is Role.ADMINISTRATOR:
        return administrator
    return actor_of(await a_user(registry, administrator, administrator.party_id, role))


async def an_account_of(registry: Register, owner: Actor) -> Account:
    """Open an account for an actor's party."""
    administrator = await the_administrator(registry)
    command = OpenAccount(owner.party_id, "Credits of activities")
    return await registry.do(
        administrator, lambda pen: ledger.open_account(pen, administrator, command)
    )


async def a_draft_activity(
    registry: Register,
    *,
    owner: Actor | None = None,
    programme: str = "CITY",
    methodology: tuple[str, str] = FOREST,
    province: str = "40",
    **changes: Any,  # noqa: ANN401  further fields of `Content`
) -> tuple[Activity, Actor]:
    """Return a draft and who may change it; where the programme issues credits, with an account."""
    owner = owner or await a_developer(registry)
    async with registry.read() as connection:
        mints = (await programmes.get_programme(connection, programme)).mints
    if mints and "credit_account_id" not in changes:
        changes["credit_account_id"] = (await an_account_of(registry, owner)).id
    content = a_content(
        programme_code=programme,
        methodology_code=methodology[0],
        methodology_version=methodology[1],
        **{"sites": (a_site(province_code=province),), **changes},
    )
    draft = await registry.do(
        owner, lambda pen: operations.draft_activity(pen, owner, DraftActivity(content))
    )
    return draft, owner


async def a_submitted_activity(
    registry: Register,
    **asked: Any,  # noqa: ANN401  as `a_draft_activity` takes
) -> tuple[Activity, Actor]:
    """Return a submitted activity and its owner."""
    draft, owner = await a_draft_activity(registry, **asked)
    submitted = await registry.do(
        owner, lambda pen: operations.submit_activity(pen, owner, Advance(draft.id, draft.version))
    )
    return submitted, owner


async def an_activity_under_review(
    registry: Register,
    **asked: Any,  # noqa: ANN401  as `a_draft_activity` takes
) -> tuple[Activity, Actor, Actor]:
    """Return an activity under review, its owner, and the officer who reviews it."""
    submitted, owner = await a_submitted_activity(registry, **asked)
    officer = await an_official(registry, Role.OFFICER)
    command = Advance(submitted.id, submitted.version)
    reviewed = await registry.do(
        officer, lambda pen: operations.start_review(pen, officer, command)
    )
    return reviewed, owner, officer


async def an_activity_under_validation(
    registry: Register,
    *,
    vvb: Actor | None = None,
    **asked: Any,  # noqa: ANN401  as `a_draft_activity` takes
) -> tuple[Activity, Actor, Actor]:
    """Return an activity under validation, its owner, and the lead of the VVB assigned to it."""
    reviewed, owner, officer = await an_activity_under_review(registry, **asked)
    lead = vvb or (await a_vvb(registry, scopes=(reviewed.sectoral_scope,)))[0]
    command = EndReview(reviewed.id, reviewed.version, is_complete=True, vvb_party_id=lead.party_id)
    complete = await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))
    return complete, owner, lead


async def a_validated_activity(
    registry: Register,
    *,
    conclusion: ValidationConclusion = ValidationConclusion.POSITIVE,
    **asked: Any,  # noqa: ANN401  as `an_activity_under_validation` takes
) -> tuple[Activity, Actor, Actor]:
    """Return an activity with an opinion, its owner, and the lead who gave it."""
    activity, owner, lead = await an_activity_under_validation(registry, **asked)
    command = GiveOpinion(activity.id, activity.version, conclusion, "Checked on site.", ())
    await registry.do(lead, lambda pen: operations.give_opinion(pen, lead, command))
    async with registry.read() as connection:
        return await activities.get_activity(connection, activity.id), owner, lead


async def a_registered_activity(
    registry: Register,
    *,
    province: str = "40",
    programme: str = "CITY",
    methodology: tuple[str, str] = FOREST,
    owner: Actor | None = None,
    crediting_start: date = CREDITING_START,
    **asked: Any,  # noqa: ANN401  further fields of `Content`, and `vvb`
) -> Activity:
    """
    Return an activity that went all the way to registration.

    It starts to operate with its crediting period; under a methodology that is not of forests this
    is at most three years ago.
    """
    asked = {
        "province": province,
        "programme": programme,
        "methodology": methodology,
        "owner": owner,
        "starts_on": crediting_start,
        "proposed_crediting_start": crediting_start,
        **asked,
    }
    async with registry.read() as connection:
        validates = (await programmes.get_programme(connection, programme)).needs_verification
    if validates:
        activity, _, _ = await a_validated_activity(registry, **asked)
    else:
        activity = await a_cleared_activity(registry, **asked)
    approver = await an_official(registry, Role.APPROVER)
    command = DecideRegistration(activity.id, activity.version, approve=True, grounds=a_meeting())
    return await registry.do(
        approver, lambda pen: operations.decide_registration(pen, approver, command)
    )


async def a_cleared_activity(
    registry: Register,
    **asked: Any,  # noqa: ANN401  as `a_draft_activity` takes
) -> Activity:
    """Return an activity whose review is complete, in a programme that knows no validation."""
    reviewed, _, officer = await an_activity_under_review(registry, **asked)
    command = EndReview(reviewed.id, reviewed.version, is_complete=True)
    return await registry.do(officer, lambda pen: operations.end_review(pen, officer, command))


async def a_document(
    registry: Register,
    actor: Actor,
    *,
    activity_id: str | None = None,
    purpose: Purpose = Purpose.DESIGN,
    is_confidential: bool = False,
) -> Document:
    """Take a document into the register; its bytes are nowhere, which no rule here looks at."""
    command = UploadDocument(
        purpose=purpose,
        is_confidential=is_confidential,
        sha256="ab" * 32,
        bytes=1_000,
        media_type=PDF,
        file_name="evidence.pdf",
        activity_id=activity_id,
    )
    return await registry.do(actor, lambda pen: operations.upload_evidence(pen, actor, command))


async def assign(registry: Register, actor: Actor, activity: Activity, vvb: Actor) -> Activity:
    """Assign a VVB for validation."""
    command = AssignValidator(activity.id, activity.version, vvb.party_id)
    return await registry.do(actor, lambda pen: operations.assign_validator(pen, actor, command))


def a_meeting() -> Grounds:
    """Return the grounds of a decision taken today."""
    return Grounds(decided_on=bangkok_date(now()), meeting="อบก. 11/2569")
