"""Acts on programmes: enter one, enter a member, set a rule; and the founding entries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from app.kernel.clock import bangkok_date
from app.kernel.ids import new_id
from app.registry.log.pen import Pen
from app.registry.parties.policy import Actor, Permission, require
from app.registry.programmes import catalogue, rules, store
from app.registry.programmes.refusals import MemberTakenError, ProgrammeTakenError
from app.registry.programmes.rules import (
    FOUNDER,
    ConfirmedAct,
    Member,
    Programme,
    RuleKey,
    RuleValue,
)
from app.registry.provinces.store import get_province
from app.registry.signin.operations import use_confirmation
from app.registry.signin.refusals import ConfirmationNeededError
from app.registry.signin.rules import require_person


@dataclass(frozen=True, slots=True)
class SetRule:
    """Give a rule of a programme a value from a day on."""

    programme_code: str | None  # None: of every programme that has no value of its own
    key: RuleKey
    value: str
    valid_from: date
    valid_to: date | None  # last day, included; None: until a later value takes its place
    source: str
    is_default: bool  # our own default, not a rule of TGO


async def enter_programme(pen: Pen, actor: Actor, programme: Programme) -> Programme:
    """
    Enter a new programme.

    Raises:
        ProgrammeTakenError: its code is in use.
        MintingUnverifiedError: it would make credits of unverified tonnes.
    """
    require(actor, Permission.SET_RULES)
    if await store.find_programme(pen.connection, programme.code) is not None:
        raise ProgrammeTakenError(programme=programme.code)
    return await _enter_programme(pen, programme, by=actor.user_id)


async def enter_member(pen: Pen, actor: Actor, member: Member) -> Member:
    """
    Enter a province as a member of a programme.

    Raises:
        ProgrammeNotFoundError, ProvinceNotFoundError: there is no such thing.
        MemberTakenError: it is a member.
    """
    require(actor, Permission.SET_RULES)
    await store.get_programme(pen.connection, member.programme_code)
    await get_province(pen.connection, member.province_code)
    members = await store.list_members(pen.connection, member.programme_code)
    if member.province_code in {one.province_code for one in members}:
        raise MemberTakenError(programme=member.programme_code, province=member.province_code)
    return await _enter_member(pen, member, by=actor.user_id)


async def set_rule(
    pen: Pen, actor: Actor, command: SetRule, *, said: Mapping[str, object] = MappingProxyType({})
) -> RuleValue:
    """
    Give a rule a value from today or a later day on.

    Args:
        pen: what to write with.
        actor: who does it.
        command: which value.
        said: what the leaf says besides, of the order that has it done.

    Raises:
        ProgrammeNotFoundError: there is no such programme.
        RuleRetroactiveError, RulePeriodReversedError: the days do not do.
        RuleValueUnreadableError: the value does not fit the rule.
    """
    await describe_rule(pen, actor, command)
    values = await _set_rules(
        pen, [command], by=actor.user_id, subject=command.programme_code or FOUNDER, said=said
    )
    return values[0]


async def describe_rule(pen: Pen, actor: Actor, command: SetRule) -> dict[str, object]:
    """
    Return what `set_rule` would say in the log, all but the value's identifier.

    Raises:
        As `set_rule`.
    """
    require(actor, Permission.SET_RULES)
    if command.programme_code is not None:
        await store.get_programme(pen.connection, command.programme_code)
    rules.check_period(
        valid_from=command.valid_from, valid_to=command.valid_to, today=bangkok_date(pen.now)
    )
    rules.check_value(command.key, command.value)
    return _told(command)


async def require_confirmation(
    pen: Pen,
    actor: Actor,
    act: ConfirmedAct,
    content: Mapping[str, object],
    *,
    also_named: Collection[ConfirmedAct] = (),
) -> None:
    """
    Take the actor's fresh second factor for exactly one content, where the rules of the day ask
    for one.

    A part of the act that needs it: where that is refused after all, the confirmation is given
    back with everything else.

    Args:
        pen: of the act.
        actor: who does it.
        act: what they do.
        content: what the confirmation is bound to, with the act.
        also_named: other acts whose naming by the rules asks for this confirmation.

    Raises:
        PersonNeededError: an API key acts, behind which nobody can be asked.
        ConfirmationNeededError: there is no confirmation of this content that is still good.
    """
    rule = await store.find_rule(
        pen.connection, programme_code=None, key=RuleKey.CONFIRMED_ACTS, on=bangkok_date(pen.now)
    )
    if rule is None or not {act, *also_named} & set(rules.list_of(rule)):
        return
    require_person(actor)
    digest = rules.digest_to_confirm(act, content)
    if not await use_confirmation(
        pen.connection, user_id=actor.user_id, digest=digest, now=pen.now
    ):
        raise ConfirmationNeededError(act=act.value, digest=digest)


async def found_catalogue(pen: Pen) -> None:
    """Enter what the register starts with: programmes, members, rule values."""
    for programme in catalogue.PROGRAMMES:
        await _enter_programme(pen, programme, by=FOUNDER)
    for member in catalogue.MEMBERS:
        await _enter_member(pen, member, by=FOUNDER)
    commands = [
        SetRule(
            programme_code=value.programme_code,
            key=value.key,
            value=value.value,
            valid_from=catalogue.RULES_FROM,
            valid_to=None,
            source=value.source,
            is_default=value.is_default,
        )
        for value in catalogue.RULE_VALUES
    ]
    await _set_rules(pen, commands, by=FOUNDER, subject=FOUNDER)


async def _enter_programme(pen: Pen, programme: Programme, *, by: str) -> Programme:
    rules.check_minting(
        programme_code=programme.code,
        kind=programme.kind,
        needs_verification=programme.needs_verification,
        mints=programme.mints,
    )
    log_index = pen.record(
        by=by,
        kind="programme.entered",
        subject=programme.code,
        data={
            "name_th": programme.name_th,
            "name_en": programme.name_en,
            "names_as_published": programme.names_as_published,
            "kind": programme.kind.value,
            "needs_verification": programme.needs_verification,
            "mints": programme.mints,
            "market_based": programme.market_based,
            "status": programme.status.value,
            "source": programme.source,
            "note": programme.note,
        },
    )
    await store.insert_programme(pen.connection, programme, log_index=log_index)
    return programme


async def _enter_member(pen: Pen, member: Member, *, by: str) -> Member:
    log_index = pen.record(
        by=by,
        kind="programme.member_entered",
        subject=member.programme_code,
        data={
            "province": member.province_code,
            "since_fiscal_year_be": member.since_fiscal_year_be,
            "memorandum_date": member.memorandum_date.isoformat(),
            "signing_capacity": member.signing_capacity.value,
            "source": member.source,
        },
    )
    await store.insert_member(pen.connection, member, log_index=log_index)
    return member


async def _set_rules(
    pen: Pen,
    commands: Sequence[SetRule],
    *,
    by: str,
    subject: str,
    said: Mapping[str, object] = MappingProxyType({}),
) -> list[RuleValue]:
    ids = [new_id("cfg") for _ in commands]
    told = [{"id": id_, **_told(command)} for command, id_ in zip(commands, ids, strict=True)]
    data = {"rules": told, **said}
    log_index = pen.record(by=by, kind="rules.set", subject=subject, data=data)
    values = [
        RuleValue(
            id=id_,
            programme_code=command.programme_code,
            key=command.key,
            value=command.value,
            unit=rules.RULE_SPECS[command.key].unit,
            valid_from=command.valid_from,
            valid_to=command.valid_to,
            source=command.source,
            is_default=command.is_default,
            set_by=by,
            recorded_at=pen.now,
            log_index=log_index,
        )
        for command, id_ in zip(commands, ids, strict=True)
    ]
    await store.insert_rule_values(pen.connection, values)
    return values


def _told(command: SetRule) -> dict[str, object]:
    return {
        "programme": command.programme_code,
        "key": command.key.value,
        "value": command.value,
        "unit": rules.RULE_SPECS[command.key].unit,
        "valid_from": command.valid_from.isoformat(),
        "valid_to": None if command.valid_to is None else command.valid_to.isoformat(),
        "source": command.source,
        "is_default": command.is_default,
    }
