"""The catalogue of methodologies against a real database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.registry.log.pen import Pen
from app.registry.methodologies import operations, store
from app.registry.methodologies.catalogue import METHODOLOGIES
from app.registry.methodologies.rules import (
    AlreadySupersededError,
    CodeMismatchError,
    Family,
    Methodology,
    MethodologyNotFoundError,
    MethodologyTakenError,
    NoteMissingError,
    SupersessionDateError,
    Variant,
)
from app.registry.parties.policy import NotAllowedError
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from tests.builders.parties import Register
from tests.builders.reference import (
    RULE_SETTER,
    a_methodology,
    a_rule,
    a_superseded_methodology,
    an_entry,
    today,
)


async def the_version(registry: Register, code: str, version: str = "01") -> Methodology:
    async with registry.read() as connection:
        return await store.get_methodology(connection, code=code, version=version)


async def listed(registry: Register, which: store.Filter) -> set[tuple[str, str]]:
    async with registry.read() as connection:
        rows = await store.list_methodologies(connection, which, limit=200)
    return {(one.code, one.version) for one in rows}


async def test_the_register_starts_with_its_catalogue(registry: Register) -> None:
    """Every founding entry is there, none superseded; only Premium removals have a buffer."""
    for entry in METHODOLOGIES:
        kept = await the_version(registry, entry.code, entry.version)
        assert kept.superseded_on is None
        assert kept.last_acceptable_on is None
        assert kept.buffer_applies is (entry.variant is Variant.PREMIUM)
        assert (kept.crediting_years, kept.source, kept.note) == (
            entry.crediting_years,
            entry.source,
            entry.note,
        )


async def test_an_entered_version_is_kept_as_entered(registry: Register) -> None:
    """What came in is what decisions will read; the buffer follows from it."""
    entry = replace(
        an_entry("T-VER-P-METH-14-99", variant=Variant.PREMIUM),
        project_type=14,
        family=Family.OTHER,
        renewals_max=None,
    )
    entered = await a_methodology(registry, entry)
    assert entered.buffer_applies
    assert await the_version(registry, entry.code) == entered


async def test_a_version_is_entered_once_and_its_sister_beside_it(registry: Register) -> None:
    """An edited version would change what an activity was registered under."""
    await a_methodology(registry)
    with pytest.raises(MethodologyTakenError):
        await a_methodology(registry)
    await a_methodology(registry, an_entry(version="02"))


async def test_an_entry_that_contradicts_itself_is_refused(registry: Register) -> None:
    """By its code, or by being unverified without a word."""
    with pytest.raises(CodeMismatchError):
        await a_methodology(registry, an_entry("T-VER-P-METH-01-99"))
    with pytest.raises(NoteMissingError):
        await a_methodology(registry, replace(an_entry(), note=None))
    with pytest.raises(MethodologyNotFoundError):
        await the_version(registry, an_entry().code)


async def test_a_superseded_version_stays_acceptable_for_the_overlap(registry: Register) -> None:
    """180 days by TGO's procedure."""
    superseded = await a_superseded_methodology(registry, superseded_on=date(2025, 8, 8))
    assert superseded.last_acceptable_on == date(2026, 2, 4)
    assert await the_version(registry, superseded.code) == superseded


async def test_the_overlap_is_the_rule_of_the_day_it_is_said(registry: Register) -> None:
    """A longer overlap, once set, counts for what is superseded afterwards."""
    await a_rule(registry, RuleKey.VERSION_OVERLAP_DAYS, "10", programme_code=None)
    superseded = await a_superseded_methodology(registry, superseded_on=today())
    assert superseded.last_acceptable_on == today() + timedelta(days=10)


async def test_a_version_is_superseded_once_and_after_it_came_into_force(
    registry: Register,
) -> None:
    """And only one that exists."""

    async def superseding(code: str, on: date) -> None:
        command = operations.SupersedeMethodology(code=code, version="01", superseded_on=on)
        await registry.do(
            RULE_SETTER, lambda pen: operations.supersede_methodology(pen, RULE_SETTER, command)
        )

    entered = await a_methodology(registry)
    with pytest.raises(SupersessionDateError):
        await superseding(entered.code, entered.valid_from)
    await superseding(entered.code, entered.valid_from + timedelta(days=1))
    with pytest.raises(AlreadySupersededError):
        await superseding(entered.code, today())
    with pytest.raises(MethodologyNotFoundError):
        await superseding("DEMO-NONE-01", today())


async def test_only_an_administrator_of_tgo_changes_the_catalogue(registry: Register) -> None:
    """A developer who could enter a methodology could write the rules of their own credits."""
    entered = await a_methodology(registry)
    command = operations.SupersedeMethodology(
        code=entered.code, version=entered.version, superseded_on=today()
    )
    for role in set(Role) - {Role.ADMINISTRATOR}:
        other = replace(RULE_SETTER, roles=frozenset({role}))
        for operation in (
            partial(operations.enter_methodology, actor=other, entry=an_entry(version="02")),
            partial(operations.supersede_methodology, actor=other, command=command),
        ):
            with pytest.raises(NotAllowedError):
                await registry.do(other, operation)


async def test_the_list_is_narrowed_by_code_type_variant_and_day(registry: Register) -> None:
    """Each filter alone, and the day on both edges."""
    superseded = await a_superseded_methodology(registry, superseded_on=date(2025, 8, 8))
    key = (superseded.code, superseded.version)
    last = date(2026, 2, 4)
    assert await listed(registry, store.Filter(code=superseded.code)) == {key}
    assert key in await listed(registry, store.Filter(acceptable_on=last))
    assert key not in await listed(registry, store.Filter(acceptable_on=last + timedelta(days=1)))
    assert key in await listed(registry, store.Filter(acceptable_on=superseded.valid_from))
    before = superseded.valid_from - timedelta(days=1)
    assert key not in await listed(registry, store.Filter(acceptable_on=before))
    assert await listed(registry, store.Filter(variant=Variant.PREMIUM)) == {
        ("T-VER-P-METH-13-01", "01"),
        ("T-VER-P-METH-13-02", "01"),
    }
    of_type = await listed(registry, store.Filter(project_type=13, variant=Variant.STANDARD))
    assert of_type == {
        ("DEMO-TREES-01", "01"),
        ("T-VER-S-METH-13-01", "02"),
        ("T-VER-S-METH-13-03", "01"),
    }


async def test_pages_of_the_list_meet_without_gap_or_repetition(registry: Register) -> None:
    """Two versions of one code on both sides of a page's end are told apart."""
    await a_methodology(registry, an_entry("AAA-01", "01"))
    await a_methodology(registry, an_entry("AAA-01", "02"))
    async with registry.read() as connection:
        every = await store.list_methodologies(connection, store.Filter(), limit=200)
        first = await store.list_methodologies(connection, store.Filter(), limit=1)
        rest = await store.list_methodologies(
            connection, store.Filter(), limit=200, after=(first[0].code, first[0].version)
        )
    assert first + rest == every


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"version": "3"}, "version_form"),
        ({"project_type": 16}, "project_type"),
        ({"sectoral_scope": 17}, "sectoral_scope"),
        ({"variant": "gold", "buffer_applies": False}, "variant"),
        ({"family": "space"}, "family"),
        ({"crediting_years": 0}, "crediting_years"),
        ({"renewals_max": -1}, "renewals_max"),
        ({"variant": "standard"}, "buffer_premium"),
        ({"verified": False, "note": None}, "unverified_noted"),
        ({"superseded_on": date(2025, 1, 1)}, "supersession"),
        (
            {"superseded_on": date(2023, 3, 1), "last_acceptable_on": date(2023, 3, 1)},
            "supersession",
        ),
    ],
)
async def test_the_table_refuses_what_the_rules_refuse(
    registry: Register, changes: Mapping[str, object], constraint: str
) -> None:
    """Whatever writes to it."""

    async def write(pen: Pen) -> None:
        statement = (
            update(store.methodologies)
            .where(store.methodologies.c.code == "T-VER-P-METH-13-01")
            .values(**changes)
        )
        with pytest.raises(IntegrityError, match=f"ck_methodologies_{constraint}"):
            async with pen.connection.begin_nested():
                await pen.connection.execute(statement)

    await registry.do(RULE_SETTER, write)
