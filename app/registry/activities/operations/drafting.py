"""The owner's acts: draft, amend, submit, withdraw, close, and evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.kernel.quantities import format_tonnes
from app.registry.activities import rules, store
from app.registry.activities.operations.steps import Advance, Taken, advance, record, write
from app.registry.activities.refusals import (
    CreditAccountForeignError,
    CreditAccountNeededError,
    InstallationTakenError,
)
from app.registry.activities.rules import (
    Activity,
    ActivityStatus,
    Content,
    Limits,
    Site,
    SiteContent,
    Step,
)
from app.registry.documents import operations as documents
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import Document, DocumentKindError, DocumentTooLargeError
from app.registry.ledger import store as ledger
from app.registry.ledger.refusals import AccountNotFoundError
from app.registry.log.pen import Pen, Sealed
from app.registry.methodologies import store as methodologies
from app.registry.methodologies.rules import Methodology
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes import store as programmes
from app.registry.programmes.rules import RuleKey, list_of, require_open, tonnes_of, whole_of
from app.registry.provinces import store as provinces
from app.registry.provinces.rules import ProvinceNotFoundError


@dataclass(frozen=True, slots=True)
class DraftActivity:
    """Begin an activity of the actor's own party."""

    content: Content


@dataclass(frozen=True, slots=True)
class AmendActivity:
    """Change a draft; what is not named stays as it is."""

    activity_id: str
    expected_version: int
    changes: Mapping[str, Any]  # names and values of fields of `Content`


async def draft_activity(pen: Pen, actor: Actor, command: DraftActivity) -> Activity:
    """Begin an activity of the actor's own party."""
    require(actor, Permission.WRITE_ACTIVITY, owner_ids=(actor.party_id,))
    content = _tidied(command.content)
    programme = await programmes.get_programme(pen.connection, content.programme_code)
    require_open(programme)
    methodology = await _check_references(pen, content, owner_party_id=actor.party_id)
    number = await store.find_last_number(pen.connection, programme.code) + 1
    activity = Activity(
        id=new_id("act"),
        code=f"{programme.code}-{number:04d}",
        number=number,
        owner_party_id=actor.party_id,
        status=ActivityStatus.DRAFT,
        scale=None,
        crediting_start=None,
        crediting_end=None,
        vvb_party_id=None,
        submitted_on=None,
        review_completed_on=None,
        registered_on=None,
        version=1,
        created_at=pen.now,
        **_columns(content, methodology),
    )
    taken, log_index = record(
        pen,
        actor,
        Taken(None, None, activity),
        {
            "owner_party_id": actor.party_id,
            "content_commitment": Sealed(rules.content_digest(content)),
        },
    )
    await write(pen, actor, taken, log_index)
    await store.insert_sites(pen.connection, _sites(activity.id, content.sites))
    return activity


async def amend_activity(pen: Pen, actor: Actor, command: AmendActivity) -> Activity:
    """Change a draft."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    rules.take_step(actor, before, Step.AMEND, expected_version=command.expected_version)
    content = _tidied(replace(await _content(pen, before), **command.changes))
    methodology = await _check_references(pen, content, owner_party_id=before.owner_party_id)
    after = await advance(
        pen,
        actor,
        Taken(Step.AMEND, before, replace(before, **_columns(content, methodology))),
        {"content_commitment": Sealed(rules.content_digest(content))},
    )
    if "sites" in command.changes:
        await store.update_sites_removed(pen.connection, before.id, at=pen.now)
        await store.insert_sites(pen.connection, _sites(before.id, content.sites))
    return after


async def submit_activity(pen: Pen, actor: Actor, command: Advance) -> Activity:
    """Hand a draft in, which locks its methodology version and claims its installations."""
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    status = rules.take_step(actor, before, Step.SUBMIT, expected_version=command.expected_version)
    content = await _content(pen, before)
    programme = await programmes.get_programme(pen.connection, before.programme_code)
    require_open(programme)
    methodology = await _check_references(pen, content, owner_party_id=before.owner_party_id)
    today = bangkok_date(pen.now)
    scale = rules.check_submission(
        content,
        methodology=methodology,
        limits=await _limits(pen, before.programme_code),
        evidence=await store.list_purposes(pen.connection, before.id),
        today=today,
    )
    if programme.mints and content.credit_account_id is None:
        raise CreditAccountNeededError
    await _check_unclaimed(pen, before, content.sites)
    after = replace(
        before,
        status=status,
        scale=scale,
        submitted_on=today,
        review_completed_on=None,
        **_columns(content, methodology),
    )
    taken = Taken(Step.SUBMIT, before, after, reason=command.reason)
    return await advance(pen, actor, taken, _submission_data(after, content))


async def withdraw_activity(pen: Pen, actor: Actor, command: Advance) -> Activity:
    """Take an activity back before it is registered."""
    return await _end(pen, actor, command, Step.WITHDRAW)


async def close_activity(pen: Pen, actor: Actor, command: Advance) -> Activity:
    """End a registered activity; what was issued stays."""
    return await _end(pen, actor, command, Step.CLOSE)


async def upload_evidence(pen: Pen, actor: Actor, command: UploadDocument) -> Document:
    """
    Take a stored file into the register, as evidence of an activity where it names one.

    Raises:
        ActivityNotFoundError: the actor may not know of the activity.
        NotAllowedError: the activity is neither the actor's, nor assigned to the actor's party.
        DocumentTooLargeError: larger than the activity's programme takes.
        DocumentKindError: of a kind that the activity's programme does not take.
    """
    if command.activity_id is not None:
        activity = await find_provable(pen.connection, actor, command.activity_id)
        await _check_programme_takes(pen, activity, command)
    return await documents.upload_document(pen, actor, command)


async def find_provable(connection: AsyncConnection, actor: Actor, activity_id: str) -> Activity:
    """
    Return an activity that somebody may add evidence to.

    Raises:
        ActivityNotFoundError: the actor may not know of the activity.
        NotAllowedError: the activity is neither the actor's, nor assigned to the actor's party.
    """
    activity = await store.get_visible_activity(connection, actor, activity_id)
    readers = await store.list_readers(connection, activity.id)
    concerned = (activity.owner_party_id, activity.vvb_party_id or "", *readers)
    require(actor, Permission.UPLOAD_DOCUMENT, owner_ids=concerned)
    return activity


async def _end(pen: Pen, actor: Actor, command: Advance, step: Step) -> Activity:
    before = await store.get_visible_activity(pen.connection, actor, command.activity_id)
    status = rules.take_step(actor, before, step, expected_version=command.expected_version)
    rules.check_reason(command.reason)
    taken = Taken(step, before, replace(before, status=status), reason=command.reason)
    return await advance(pen, actor, taken, {})


async def _check_references(pen: Pen, content: Content, *, owner_party_id: str) -> Methodology:
    rules.check_content(content)
    known = {province.code for province in await provinces.list_provinces(pen.connection)}
    for site in content.sites:
        if site.province_code not in known:
            raise ProvinceNotFoundError(province=site.province_code)
    if content.credit_account_id is not None:
        try:
            account = await ledger.get_account(pen.connection, content.credit_account_id)
        except AccountNotFoundError:
            # The same answer as for somebody else's account: numbers cannot be tried out here.
            raise CreditAccountForeignError from None
        rules.check_credit_account(account, owner_party_id=owner_party_id)
    return await methodologies.get_methodology(
        pen.connection, code=content.methodology_code, version=content.methodology_version
    )


async def _limits(pen: Pen, programme_code: str) -> Limits:
    in_force = await programmes.list_rules_in_force(
        pen.connection, programme_code=programme_code, on=bangkok_date(pen.now)
    )
    values = {rule.key: rule for rule in in_force}
    return Limits(
        variants=list_of(values[RuleKey.METHODOLOGY_VARIANTS]),
        start_years_max=whole_of(values[RuleKey.START_WINDOW_YEARS]),
        start_exempt_families=list_of(values[RuleKey.START_WINDOW_EXEMPT_FAMILIES]),
        poa_cap_tco2e=tonnes_of(values[RuleKey.POA_CAP_TCO2E]),
    )


async def _check_unclaimed(pen: Pen, activity: Activity, sites: Sequence[SiteContent]) -> None:
    named = [site.installation_id for site in sites if site.installation_id is not None]
    claimed = await store.find_installation_claim(pen.connection, named, activity_id=activity.id)
    if claimed is not None:
        raise InstallationTakenError(installation_id=claimed)


async def _check_programme_takes(pen: Pen, activity: Activity, command: UploadDocument) -> None:
    on = bangkok_date(pen.now)
    code = activity.programme_code
    size = await programmes.get_rule(
        pen.connection, programme_code=code, key=RuleKey.DOCUMENT_BYTES_MAX, on=on
    )
    if command.bytes > whole_of(size):
        raise DocumentTooLargeError(bytes_max=whole_of(size))
    kinds = await programmes.get_rule(
        pen.connection, programme_code=code, key=RuleKey.DOCUMENT_MEDIA_TYPES, on=on
    )
    if command.media_type not in list_of(kinds):
        raise DocumentKindError


async def _content(pen: Pen, activity: Activity) -> Content:
    sites = await store.list_sites(pen.connection, activity.id)
    kept = {
        field.name: getattr(activity, field.name)
        for field in fields(Content)
        if field.name != "sites"
    }
    return Content(sites=tuple(site.content() for site in sites), **kept)


def _tidied(content: Content) -> Content:
    """Write installation ids in one way, so that one meter cannot pass as two."""
    return replace(
        content,
        sites=tuple(
            replace(site, installation_id=site.installation_id and site.installation_id.upper())
            for site in content.sites
        ),
    )


def _columns(content: Content, methodology: Methodology) -> dict[str, Any]:
    """Return the activity's columns that follow from what the owner wrote."""
    written = {
        field.name: getattr(content, field.name)
        for field in fields(Content)
        if field.name != "sites"
    }
    return {
        **written,
        "project_type": methodology.project_type,
        "sectoral_scope": methodology.sectoral_scope,
        "buffer_applies": methodology.buffer_applies,
    }


def _sites(activity_id: str, contents: Sequence[SiteContent]) -> list[Site]:
    return [
        Site(
            id=new_id("sit"),
            activity_id=activity_id,
            position=position,
            **{field.name: getattr(content, field.name) for field in fields(SiteContent)},
        )
        for position, content in enumerate(contents, start=1)
    ]


def _submission_data(activity: Activity, content: Content) -> dict[str, object]:
    assert activity.scale is not None
    assert activity.submitted_on is not None
    return {
        "programme_code": activity.programme_code,
        "owner_party_id": activity.owner_party_id,
        "methodology_code": activity.methodology_code,
        "methodology_version": activity.methodology_version,
        "project_type": activity.project_type,
        "sectoral_scope": activity.sectoral_scope,
        "buffer_applies": activity.buffer_applies,
        "form": activity.form.value,
        "scale": activity.scale.value,
        "estimate_tco2e": format_tonnes(activity.estimate_tco2e),
        "starts_on": activity.starts_on.isoformat(),
        "proposed_crediting_start": activity.proposed_crediting_start.isoformat(),
        "credit_account_id": activity.credit_account_id,
        "submitted_on": activity.submitted_on.isoformat(),
        "sites": [rules.site_facts(site) for site in content.sites],
        "content_commitment": Sealed(rules.content_digest(content)),
    }
