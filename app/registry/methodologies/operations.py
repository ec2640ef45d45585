"""Acts on the catalogue of methodologies: enter a version, supersede one; the founding entries."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from app.kernel.clock import bangkok_date
from app.registry.log.pen import Pen
from app.registry.methodologies import catalogue, rules, store
from app.registry.methodologies.rules import Methodology, MethodologyEntry, MethodologyTakenError
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes.rules import FOUNDER, RuleKey, whole_of
from app.registry.programmes.store import get_rule


@dataclass(frozen=True, slots=True)
class SupersedeMethodology:
    """Say that a newer version came into force."""

    code: str
    version: str  # the version that is superseded
    superseded_on: date  # day on which the newer one comes into force


async def enter_methodology(pen: Pen, actor: Actor, entry: MethodologyEntry) -> Methodology:
    """
    Enter a version of a methodology.

    Raises:
        MethodologyTakenError: it is in the catalogue.
        CodeMismatchError: its code says something else.
        NoteMissingError: it does not say what was not verified.
    """
    require(actor, Permission.SET_RULES)
    if await store.find_methodology(pen.connection, code=entry.code, version=entry.version):
        raise MethodologyTakenError(methodology=entry.code, version=entry.version)
    return await _enter(pen, entry, by=actor.user_id)


async def supersede_methodology(
    pen: Pen, actor: Actor, command: SupersedeMethodology
) -> Methodology:
    """
    Say since when a newer version is in force; the old one is accepted for a while longer.

    Raises:
        MethodologyNotFoundError: there is no such version.
        AlreadySupersededError: it was superseded before.
        SupersessionDateError: the day is not after its coming into force.
    """
    require(actor, Permission.SET_RULES)
    methodology = await store.get_methodology(
        pen.connection, code=command.code, version=command.version
    )
    rules.check_supersession(methodology, superseded_on=command.superseded_on)
    # The overlap is a rule of methodologies, not of a programme that uses them.
    overlap = await get_rule(
        pen.connection,
        programme_code=None,
        key=RuleKey.VERSION_OVERLAP_DAYS,
        on=bangkok_date(pen.now),
    )
    superseded = replace(
        methodology,
        superseded_on=command.superseded_on,
        last_acceptable_on=rules.last_acceptable(
            command.superseded_on, overlap_days=whole_of(overlap)
        ),
    )
    pen.record(
        by=actor.user_id,
        kind="methodology.superseded",
        subject=_subject(superseded),
        data={
            "superseded_on": command.superseded_on.isoformat(),
            "last_acceptable_on": str(superseded.last_acceptable_on),
            "overlap_rule": overlap.id,
        },
    )
    await store.update_supersession(pen.connection, superseded)
    return superseded


async def found_catalogue(pen: Pen) -> None:
    """Enter the methodologies that the register starts with; the programmes' entries go before."""
    for entry in catalogue.METHODOLOGIES:
        await _enter(pen, entry, by=FOUNDER)


async def _enter(pen: Pen, entry: MethodologyEntry, *, by: str) -> Methodology:
    rules.check_entry(entry)
    buffer_applies = rules.has_buffer(
        variant=entry.variant, project_type=entry.project_type, family=entry.family
    )
    log_index = pen.record(
        by=by,
        kind="methodology.entered",
        subject=_subject(entry),
        data={
            "code": entry.code,
            "version": entry.version,
            "title_th": entry.title_th,
            "title_en": entry.title_en,
            "project_type": entry.project_type,
            "sectoral_scope": entry.sectoral_scope,
            "variant": entry.variant.value,
            "family": entry.family.value,
            "crediting_years": entry.crediting_years,
            "renewals_max": entry.renewals_max,
            "buffer_applies": buffer_applies,
            "valid_from": entry.valid_from.isoformat(),
            "source": entry.source,
            "verified": entry.verified,
            "note": entry.note,
        },
    )
    methodology = Methodology(
        **asdict(entry),
        buffer_applies=buffer_applies,
        superseded_on=None,
        last_acceptable_on=None,
        log_index=log_index,
    )
    await store.insert_methodology(pen.connection, methodology)
    return methodology


def _subject(entry: MethodologyEntry) -> str:
    return f"{entry.code}/{entry.version}"
