"""Programmes against a real database: founding entries, rules by date, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.registry.log.pen import Pen
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.rules import Role
from app.registry.programmes import operations, store
from app.registry.programmes.catalogue import MEMBERS, PROGRAMMES, RULES_FROM
from app.registry.programmes.refusals import (
    MemberTakenError,
    MintingUnverifiedError,
    ProgrammeNotFoundError,
    ProgrammeTakenError,
    RuleMissingError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)
from app.registry.programmes.rules import (
    FOUNDER,
    RULE_SPECS,
    Member,
    Programme,
    RuleKey,
    RuleValue,
)
from app.registry.provinces.rules import ProvinceNotFoundError
from app.registry.provinces.store import get_province, list_provinces, list_provinces_in_thai_order
from tests.builders.parties import Register
from tests.builders.reference import RULE_SETTER, a_rule, today

YEARS = RuleKey.START_WINDOW_YEARS


async def the_rule(
    registry: Register, programme_code: str | None, key: RuleKey, on: date
) -> RuleValue:
    async with registry.read() as connection:
        return await store.get_rule(connection, programme_code=programme_code, key=key, on=on)


async def entering(registry: Register, programme: Programme) -> Programme:
    return await registry.do(
        RULE_SETTER, lambda pen: operations.enter_programme(pen, RULE_SETTER, programme)
    )


async def joining(registry: Register, member: Member) -> Member:
    return await registry.do(
        RULE_SETTER, lambda pen: operations.enter_member(pen, RULE_SETTER, member)
    )


async def test_the_register_starts_with_its_provinces(registry: Register) -> None:
    """The migration enters them; both orders page through all 77 without gap or repetition."""
    async with registry.read() as connection:
        by_code = await list_provinces(connection)
        in_thai = await list_provinces_in_thai_order(connection)
        first = await list_provinces_in_thai_order(connection, limit=40)
        rest = await list_provinces_in_thai_order(
            connection, limit=40, after=(first[-1].sort_key, first[-1].code)
        )
        assert (await get_province(connection, "40")).name_en == "Khon Kaen"
        with pytest.raises(ProvinceNotFoundError):
            await get_province(connection, "28")
    assert len(by_code) == 77
    assert [one.code for one in by_code] == sorted(one.code for one in by_code)
    assert in_thai[0].name_th == "กระบี่"
    assert first + rest == in_thai
    assert set(in_thai) == set(by_code)


async def test_the_register_starts_with_its_programmes_and_members(registry: Register) -> None:
    """What is read back is what the catalogue says, to the last field."""
    async with registry.read() as connection:
        kept = await store.list_programmes(connection)
        members = [await store.list_members(connection, one.code) for one in kept]
    assert set(kept) == set(PROGRAMMES)
    assert {member for some in members for member in some} == set(MEMBERS)


async def test_a_programme_has_its_own_value_or_that_of_all(registry: Register) -> None:
    """The start window is a rule of Standard T-VER, and our default for the pilots."""
    own = await the_rule(registry, "TVER", YEARS, today())
    default = await the_rule(registry, "CITY", YEARS, today())
    assert (own.programme_code, own.value, own.is_default) == ("TVER", "3", False)
    assert (default.programme_code, default.value, default.is_default) == (None, "3", True)
    assert (own.unit, own.set_by, own.valid_from) == ("years", FOUNDER, RULES_FROM)
    variants = await the_rule(registry, "LESS", RuleKey.METHODOLOGY_VARIANTS, today())
    assert variants.value == "less"


async def test_a_new_value_counts_from_its_day_on(registry: Register) -> None:
    """Yesterday's decision keeps its rule, and tomorrow's is known today."""
    tomorrow = today() + timedelta(days=1)
    await a_rule(registry, YEARS, "5", valid_from=tomorrow)
    assert (await the_rule(registry, "CITY", YEARS, today())).value == "3"
    assert (await the_rule(registry, "CITY", YEARS, tomorrow)).value == "5"
    assert (await the_rule(registry, "PROV", YEARS, tomorrow)).value == "3"


async def test_of_two_values_the_later_beginning_and_then_the_later_record_counts(
    registry: Register,
) -> None:
    """A slip is set right on the same day by setting it again; history keeps both."""
    tomorrow = today() + timedelta(days=1)
    await a_rule(registry, YEARS, "5", valid_from=tomorrow)
    await a_rule(registry, YEARS, "4", valid_from=today())
    corrected = await a_rule(registry, YEARS, "6", valid_from=tomorrow)
    assert (await the_rule(registry, "CITY", YEARS, today())).value == "4"
    assert await the_rule(registry, "CITY", YEARS, tomorrow) == corrected
    async with registry.read() as connection:
        history = await store.list_rule_history(connection, programme_code="CITY", limit=3)
        older = await store.list_rule_history(
            connection, programme_code="CITY", limit=200, after=history[-1].id
        )
    assert [one.value for one in history] == ["6", "4", "5"]
    assert {one.set_by for one in older} == {FOUNDER}


async def test_a_value_that_has_ended_gives_way_to_the_one_before(registry: Register) -> None:
    """A rule for one month needs no second act to end it."""
    last = today() + timedelta(days=30)
    await a_rule(registry, YEARS, "9", valid_to=last)
    assert (await the_rule(registry, "CITY", YEARS, last)).value == "9"
    assert (await the_rule(registry, "CITY", YEARS, last + timedelta(days=1))).value == "3"


async def test_a_value_for_all_counts_where_a_programme_has_none_of_its_own(
    registry: Register,
) -> None:
    """Standard T-VER keeps the rule that TGO published for it."""
    await a_rule(registry, YEARS, "7", programme_code=None)
    assert (await the_rule(registry, "CITY", YEARS, today())).value == "7"
    assert (await the_rule(registry, None, YEARS, today())).value == "7"
    assert (await the_rule(registry, "TVER", YEARS, today())).value == "3"


async def test_the_rules_in_force_are_one_per_key(registry: Register) -> None:
    """Each is the one that a decision of that day would read."""
    await a_rule(registry, YEARS, "5")
    async with registry.read() as connection:
        in_force = await store.list_rules_in_force(connection, programme_code="CITY", on=today())
        before = await store.list_rules_in_force(
            connection, programme_code="CITY", on=RULES_FROM - timedelta(days=1)
        )
    limits = {key for key, spec in RULE_SPECS.items() if spec.is_limit}
    assert [one.key for one in in_force] == sorted(set(RuleKey) - limits)
    for one in in_force:
        assert one == await the_rule(registry, "CITY", one.key, today())
    assert before == ()


async def test_a_day_before_any_rule_has_none(registry: Register) -> None:
    """Guessing one would make a rule that nobody set."""
    with pytest.raises(RuleMissingError):
        await the_rule(registry, "CITY", YEARS, RULES_FROM - timedelta(days=1))


async def test_a_rule_is_not_set_for_the_past_nor_to_nonsense_nor_for_nobody(
    registry: Register,
) -> None:
    """Each is refused, and the value in force stays."""
    with pytest.raises(RuleRetroactiveError):
        await a_rule(registry, YEARS, "5", valid_from=today() - timedelta(days=1))
    with pytest.raises(RuleValueUnreadableError):
        await a_rule(registry, YEARS, "three")
    with pytest.raises(ProgrammeNotFoundError):
        await a_rule(registry, YEARS, "5", programme_code="NONE")
    assert (await the_rule(registry, "CITY", YEARS, today())).value == "3"


async def test_only_an_administrator_of_tgo_sets_rules_and_enters_programmes(
    registry: Register,
) -> None:
    """Officers, approvers and auditors read them; a developer who could set one would register."""
    programme = replace(PROGRAMMES[0], code="NEW")
    command = operations.SetRule(
        programme_code="CITY",
        key=YEARS,
        value="5",
        valid_from=today(),
        valid_to=None,
        source="a test",
        is_default=True,
    )
    member = replace(MEMBERS[0], province_code="10")
    for role in set(Role) - {Role.ADMINISTRATOR}:
        other = replace(RULE_SETTER, roles=frozenset({role}))
        for operation in (
            partial(operations.enter_programme, actor=other, programme=programme),
            partial(operations.enter_member, actor=other, member=member),
            partial(operations.set_rule, actor=other, command=command),
        ):
            with pytest.raises(NotAllowedError):
                await registry.do(other, operation)


async def test_a_programme_is_entered_once(registry: Register) -> None:
    """Its code is in serial numbers; a second one with it would mix them."""
    programme = replace(PROGRAMMES[0], code="NEW")
    assert await entering(registry, programme) == programme
    with pytest.raises(ProgrammeTakenError):
        await entering(registry, programme)
    with pytest.raises(MintingUnverifiedError):
        await entering(registry, replace(programme, code="NEWER", needs_verification=False))


async def test_a_province_joins_a_programme_once(registry: Register) -> None:
    """And only one that exists, in a programme that exists."""
    member = replace(MEMBERS[0], province_code="10")
    assert await joining(registry, member) == member
    with pytest.raises(MemberTakenError):
        await joining(registry, member)
    with pytest.raises(ProvinceNotFoundError):
        await joining(registry, replace(member, province_code="28"))
    with pytest.raises(ProgrammeNotFoundError):
        await joining(registry, replace(member, programme_code="NONE"))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"code": "LESS2", "kind": "less"}, "ck_programmes_minting_verified"),
        ({"code": "X1", "needs_verification": False}, "ck_programmes_minting_verified"),
        ({"code": "lower"}, "ck_programmes_code_form"),
        ({"code": "A-B"}, "ck_programmes_code_form"),
        ({"code": "X2", "kind": "gold"}, "ck_programmes_kind"),
        ({"code": "X3", "status": "paused"}, "ck_programmes_status"),
        ({"code": "CITY"}, "pk_programmes"),
    ],
)
async def test_the_table_refuses_what_the_rules_refuse(
    registry: Register, changes: Mapping[str, object], constraint: str
) -> None:
    """Whatever writes to it: no programme mints what nobody verified."""

    async def write(pen: Pen) -> None:
        row = {
            "code": "X",
            "name_th": "x",
            "name_en": "x",
            "names_as_published": [],
            "kind": "city_pilot",
            "needs_verification": True,
            "mints": True,
            "market_based": True,
            "status": "open",
            "source": "x",
            "log_index": 0,
        }
        statement = insert(store.programmes).values(row | dict(changes))
        with pytest.raises(IntegrityError, match=constraint):
            async with pen.connection.begin_nested():
                await pen.connection.execute(statement)

    await registry.do(RULE_SETTER, write)
