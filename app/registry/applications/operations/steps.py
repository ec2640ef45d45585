"""What every act on an application does: look, record, and keep where it stands."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from app.kernel.clock import bangkok_date
from app.registry.applications import rules, store
from app.registry.applications.content import Content
from app.registry.applications.operations.files import require_files
from app.registry.applications.refusals import ApplicationErasedError
from app.registry.applications.rules import RUNNING, Application, Event, Step
from app.registry.calendar.rules import due_on
from app.registry.calendar.store import find_day
from app.registry.log.pen import Pen, Sealed
from app.registry.programmes.rules import RuleKey, RuleValue, is_yes, list_of, whole_of
from app.registry.programmes.store import find_rule, get_rule

_KINDS: Final = {
    Step.AMEND: "application.amended",
    Step.SUBMIT: "application.submitted",
    Step.ASK: "application.asked",
    Step.ANSWER: "application.answered",
    Step.RECOMMEND: "application.recommended",
    Step.ADMIT: "application.admitted",
    Step.REFUSE: "application.refused",
    Step.WITHDRAW: "application.withdrawn",
}


def said(application: Application) -> Content:
    """
    Return what is said in an application.

    Raises:
        ApplicationErasedError: nobody knows any more.
    """
    if application.content is None:
        raise ApplicationErasedError
    return application.content


async def require_complete(pen: Pen, application: Application) -> int:
    """Refuse an application that is not complete today; returns how many people it takes."""
    content = said(application)
    today = bangkok_date(pen.now)
    required = list_of(await _rule(pen, rules.REQUIRED[application.holder_kind], today))
    months_max = whole_of(await _rule(pen, RuleKey.CERTIFICATE_MONTHS, today))
    rules.check_complete(content, required=required, months_max=months_max, today=today)
    least = whole_of(await _rule(pen, RuleKey.REPRESENTATIVES_MIN, today))
    if not application.is_renewal:
        rules.check_representatives(
            content.representatives, holder_kind=application.holder_kind, least=least
        )
    # A register that was founded before this rule goes on without files.
    wanted = await find_rule(
        pen.connection, programme_code=None, key=RuleKey.APPLICATION_FILES_REQUIRED, on=today
    )
    if wanted is not None and is_yes(wanted):
        await require_files(pen.connection, application)
    return least


async def _rule(pen: Pen, key: RuleKey, on: date) -> RuleValue:
    return await get_rule(pen.connection, programme_code=None, key=key, on=on)


async def step(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    words: str,
    told: Mapping[str, object] | None = None,
) -> Application:
    """Record and keep a step that is taken with words."""
    data = {**(told or {}), "reason_commitment": Sealed(words)}
    log_index = record(pen, application, step, by=by, data=data)
    return await keep(pen, application, step, by=by, log_index=log_index, words=words)


def record(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    data: Mapping[str, object] | None = None,
) -> int:
    """
    Record a step that is to be kept; returns where it is in the log.

    Raises:
        ApplicationStateError: the application is not where the step begins.
    """
    rules.status_after(application, step)
    told = {"version": application.version + 1, **(data or {})}
    is_renewed = step is Step.ADMIT and application.is_renewal
    kind = "application.renewed" if is_renewed else _KINDS[step]
    return pen.record(by=by, kind=kind, subject=application.id, data=told)


async def keep(
    pen: Pen,
    application: Application,
    step: Step,
    *,
    by: str,
    log_index: int,
    words: str | None = None,
) -> Application:
    """Write where the application stands after a step, with the day on which a decision is due."""
    stands = replace(
        application,
        status=rules.status_after(application, step),
        version=application.version + 1,
    )
    await keep_event(pen, stands, step, by=by, log_index=log_index, words=words)
    stands = replace(stands, due_on=await _due_on(pen, stands))
    await store.update_application(pen.connection, stands)
    return stands


async def _due_on(pen: Pen, application: Application) -> date | None:
    if application.status not in RUNNING:
        return None
    assert application.submitted_at is not None
    began_at = application.submitted_at
    first = bangkok_date(began_at)
    count = whole_of(await _rule(pen, RuleKey.ACCOUNT_OPENING_DAYS, first))
    stops = rules.stops_of(await store.list_events(pen.connection, application.id))
    return await find_day(pen.connection, first, lambda free: due_on(began_at, stops, count, free))


async def keep_content(pen: Pen, application: Application) -> None:
    """Keep what is said from now on."""
    await store.insert_content(
        pen.connection,
        said(application),
        application_id=application.id,
        log_index=application.content_log_index,
    )


async def keep_event(
    pen: Pen,
    application: Application,
    step: Step | None,
    *,
    by: str,
    log_index: int,
    words: str | None = None,
) -> None:
    """Keep what happened."""
    event = Event(
        log_index=log_index,
        application_id=application.id,
        step=step,
        to_status=application.status,
        by=by,
        reason=words,
        recorded_at=pen.now,
    )
    await store.insert_event(pen.connection, event)
