"""What happens in the demo: city activities in every state, and what became of their credits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from app.entry.cli.database import do
from app.entry.cli.demo.people import Cast
from app.entry.cli.demo.plans import (
    BIOGAS,
    CANAL,
    COMPOST,
    LANDFILL,
    LED,
    MANGROVE,
    SEPARATION,
    SOLAR,
    TREES,
    Plan,
)
from app.entry.committer import Committer
from app.entry.storage import Storage
from app.kernel import clock
from app.kernel.encoding import sha256
from app.registry.activities import operations as activities
from app.registry.activities.rules import (
    Activity,
    ActivityForm,
    Content,
    Grounds,
    SiteContent,
    ValidationConclusion,
)
from app.registry.documents.operations import UploadDocument
from app.registry.documents.rules import PLAIN_TEXT, Document, Purpose
from app.registry.issuance import operations as issuance
from app.registry.issuance.rules import Issuance
from app.registry.ledger import operations as ledger
from app.registry.ledger.rules import (
    Beneficiary,
    Choice,
    Ending,
    EntryKind,
    Statement,
    Visibility,
)
from app.registry.monitoring import operations as monitoring
from app.registry.monitoring.rules import Line, Report
from app.registry.parties.policy import Actor
from app.registry.verification import operations as verification
from app.registry.verification.rules import Assurance, Claim, Conclusion

Result = TypeVar("Result")
Command = TypeVar("Command")

OFFICER: Final = "tgo/officer"
APPROVER: Final = "tgo/approver"
_SYNTHETIC: Final = "Synthetic: invented for the demo. ข้อมูลสมมติสำหรับการสาธิต"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the stories play."""

    committer: Committer
    storage: Storage
    cast: Cast

    async def act(
        self,
        who: str,
        operation: Callable[[Any, Actor, Command], Awaitable[Result]],
        command: Command,
    ) -> Result:
        """Let somebody do one act."""
        actor = self.cast.actor(who)
        return await do(self.committer, actor, lambda pen: operation(pen, actor, command))


async def play(stage: Stage) -> None:
    """Play all stories; they share commits, because they play at once."""
    await asyncio.gather(
        _solar(stage),
        _led(stage),
        _compost(stage),
        _landfill(stage),
        _mangrove(stage),
        _separation(stage),
        _biogas(stage),
        _canal(stage),
        _draft(stage, TREES),
    )


async def _solar(stage: Stage) -> None:
    """Two vintages are issued; some credits are sold, some retired for the city's own footprint."""
    activity = await _register(stage, SOLAR)
    first = _year() - 2
    report = await _verify(stage, SOLAR, activity, {first: "471.38", first + 1: "498.02"})
    await _issue(stage, report)
    city, buyer = stage.cast.accounts["khonkaen"], stage.cast.accounts["buyer"]
    sold = ledger.Transfer(city.id, buyer.id, Choice(credits=300))
    await stage.act(SOLAR.developer, ledger.transfer, sold)
    await _retire(
        stage, SOLAR.developer, city.id, 120, "Khon Kaen City Municipality", "Carbon footprint"
    )
    await _retire(stage, "buyer/buyer", buyer.id, 50, "Demo Buyer Company (synthetic)", "Event")


async def _led(stage: Stage) -> None:
    activity = await _register(stage, LED)
    await _issue(stage, await _verify(stage, LED, activity, {_year() - 1: "352.6"}))


async def _compost(stage: Stage) -> None:
    """The report is verified; TGO has not decided on issuance yet."""
    await _verify(stage, COMPOST, await _register(stage, COMPOST), {_year() - 1: "588.914"})


async def _landfill(stage: Stage) -> None:
    await _validate_later(stage, LANDFILL)


async def _mangrove(stage: Stage) -> None:
    """A part of what a forest earns goes to the pooled buffer."""
    activity = await _register(stage, MANGROVE)
    year = _year() - 1
    report = await _verify(stage, MANGROVE, activity, {year: "871.5"}, buffer={year: 105})
    await _issue(stage, report)


async def _separation(stage: Stage) -> None:
    """LESS ends in a letter of recognition, never in credits."""
    activity = await _review(stage, SEPARATION, await _submit(stage, SEPARATION))
    activity = await stage.act(
        APPROVER,
        activities.decide_registration,
        activities.DecideRegistration(
            activity.id, activity.version, approve=True, grounds=_today()
        ),
    )
    report = await _report(stage, SEPARATION, activity, {_year() - 1: "44.2"})
    letter = monitoring.RecogniseReport(
        report.id, report.version, "LoR DEMO-1", clock.bangkok_date(clock.now())
    )
    await stage.act(APPROVER, monitoring.recognise_report, letter)


async def _biogas(stage: Stage) -> None:
    """The verifier's opinion is negative, and TGO refuses."""
    activity = await _validate(
        stage, BIOGAS, await _validate_later(stage, BIOGAS), ValidationConclusion.NEGATIVE
    )
    refusal = activities.DecideRegistration(
        activity.id,
        activity.version,
        approve=False,
        grounds=_today(),
        reason="The gas cannot be measured at this site (synthetic).",
    )
    await stage.act(APPROVER, activities.decide_registration, refusal)


async def _canal(stage: Stage) -> None:
    activity = await _submit(stage, CANAL)
    withdrawal = activities.Advance(
        activity.id, activity.version, "The site floods every year (synthetic)."
    )
    await stage.act(CANAL.developer, activities.withdraw_activity, withdrawal)


# One step each.


async def _draft(stage: Stage, plan: Plan) -> Activity:
    start = date(_year() - 2, 1, 1)
    content = Content(
        programme_code=plan.programme,
        name_th=f"{plan.name_th} (สมมติ)",
        name_en=f"{plan.name_en} (synthetic)",
        description=f"{plan.name_en}. {_SYNTHETIC}",
        methodology_code=plan.methodology[0],
        methodology_version=plan.methodology[1],
        form=ActivityForm.SINGLE if len(plan.sites) == 1 else ActivityForm.BUNDLE,
        sites=tuple(
            SiteContent(
                f"{name} (สมมติ)", province, Decimal(latitude), Decimal(longitude), Decimal(size)
            )
            for name, province, latitude, longitude, size in plan.sites
        ),
        estimate_tco2e=Decimal(plan.estimate_tco2e),
        starts_on=start,
        proposed_crediting_start=start,
        in_other_mechanism=False,
        other_mechanism_note=None,
        credit_account_id=stage.cast.accounts[plan.owner].id if plan.programme != "LESS" else None,
    )
    return await stage.act(
        plan.developer, activities.draft_activity, activities.DraftActivity(content)
    )


async def _submit(stage: Stage, plan: Plan) -> Activity:
    draft = await _draft(stage, plan)
    await _upload(stage, plan.developer, draft, Purpose.DESIGN, "design.txt")
    step = activities.Advance(draft.id, draft.version)
    return await stage.act(plan.developer, activities.submit_activity, step)


async def _review(stage: Stage, plan: Plan, activity: Activity) -> Activity:
    step = activities.Advance(activity.id, activity.version)
    activity = await stage.act(OFFICER, activities.start_review, step)
    vvb = None if plan.vvb is None else stage.cast.actor(f"{plan.vvb}/lead").party_id
    done = activities.EndReview(activity.id, activity.version, is_complete=True, vvb_party_id=vvb)
    return await stage.act(OFFICER, activities.end_review, done)


async def _validate_later(stage: Stage, plan: Plan) -> Activity:
    return await _review(stage, plan, await _submit(stage, plan))


async def _validate(
    stage: Stage, plan: Plan, activity: Activity, conclusion: ValidationConclusion
) -> Activity:
    opinion = activities.GiveOpinion(
        activity.id, activity.version, conclusion, f"Looked at on site. {_SYNTHETIC}", ()
    )
    await stage.act(f"{plan.vvb}/lead", activities.give_opinion, opinion)
    return replace(activity, version=activity.version + 1)  # an opinion is a step too


async def _register(stage: Stage, plan: Plan) -> Activity:
    activity = await _validate(
        stage, plan, await _validate_later(stage, plan), ValidationConclusion.POSITIVE
    )
    decision = activities.DecideRegistration(
        activity.id, activity.version, approve=True, grounds=_today()
    )
    return await stage.act(APPROVER, activities.decide_registration, decision)


async def _report(
    stage: Stage, plan: Plan, activity: Activity, net_tco2e: Mapping[int, str]
) -> Report:
    evidence = await _upload(stage, plan.developer, activity, Purpose.MONITORING, "meters.txt")
    project_tco2e = Decimal("12.5")
    draft = monitoring.DraftReport(
        activity.id,
        date(min(net_tco2e), 1, 1),
        date(max(net_tco2e), 12, 31),
        tuple(
            Line(vintage, Decimal(net) + project_tco2e, project_tco2e, Decimal(0))
            for vintage, net in net_tco2e.items()
        ),
        (evidence.id,),
    )
    report = await stage.act(plan.developer, monitoring.draft_report, draft)
    submission = monitoring.SubmitReport(report.id, report.version)
    return await stage.act(plan.developer, monitoring.submit_report, submission)


async def _verify(
    stage: Stage,
    plan: Plan,
    activity: Activity,
    net_tco2e: Mapping[int, str],
    *,
    buffer: Mapping[int, int] | None = None,
) -> Report:
    report = await _report(stage, plan, activity, net_tco2e)
    lead = f"{plan.vvb}/lead"
    body = verification.AssignVerifier(report.id, stage.cast.actor(lead).party_id)
    assigned = await stage.act(plan.developer, verification.assign_verifier, body)
    opinion = verification.GiveOpinion(
        verification_id=assigned.id,
        expected_version=assigned.version,
        conclusion=Conclusion.UNMODIFIED,
        assurance=Assurance.REASONABLE,
        materiality_percent=Decimal(5),
        statement=f"The reductions are fairly stated. {_SYNTHETIC}",
        no_conflict_of_interest=True,
        findings=(),
        claims=tuple(
            Claim(vintage, Decimal(net), None if buffer is None else buffer[vintage])
            for vintage, net in net_tco2e.items()
        ),
        document_ids=(),
    )
    given = await stage.act(lead, verification.give_opinion, opinion)
    review = verification.ReviewOpinion(given.id, given.version, approve=True, reason="Agreed.")
    await stage.act(f"{plan.vvb}/reviewer", verification.review_opinion, review)
    return report


async def _issue(stage: Stage, report: Report) -> Issuance:
    decision = issuance.DecideIssuance(report.id, approve=True, grounds=_today())
    return await stage.act(APPROVER, issuance.decide_issuance, decision)


async def _retire(
    stage: Stage, who: str, account_id: int, count: int, beneficiary: str, reason: str
) -> None:
    ending = Ending(
        EntryKind.RETIRED,
        "organisation",
        Visibility.PUBLIC,
        None,
        Statement(beneficiary, Beneficiary.ORGANISATION, None, f"{reason} (synthetic)"),
    )
    command = ledger.End(account_id, Choice(credits=count), ending, (ending.purpose_code,))
    await stage.act(who, ledger.end, command)


async def _upload(
    stage: Stage, who: str, activity: Activity, purpose: Purpose, file_name: str
) -> Document:
    content = f"{activity.code} {activity.name_en}: {purpose.value}. {_SYNTHETIC}\n".encode()
    digest = sha256(content).hex()

    async def read() -> bytes:
        return content

    await stage.storage.put(digest, read)
    command = UploadDocument(
        purpose=purpose,
        is_confidential=False,
        sha256=digest,
        bytes=len(content),
        media_type=PLAIN_TEXT,
        file_name=file_name,
        activity_id=activity.id,
    )
    return await stage.act(who, activities.upload_evidence, command)


def _year() -> int:
    return clock.bangkok_date(clock.now()).year


def _today() -> Grounds:
    return Grounds(decided_on=clock.bangkok_date(clock.now()), meeting="Demo meeting 1 (synthetic)")
