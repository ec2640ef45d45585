"""Programmes and their dated rules over HTTP."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from app.entry.acts import Reply
from app.entry.api.context import Reader, StrictRoute, Write
from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    CursorError,
    LogIndex,
    Moment,
    Page,
    PageQuery,
    Shown,
    Text,
    created,
    decode_cursor,
    encode_cursor,
    show,
)
from app.entry.problems import refused
from app.kernel.clock import bangkok_date, now
from app.registry.pairs import operations as acts
from app.registry.pairs.refusals import NamedShorterError, TooFewPeopleError, TwoPeopleNeededError
from app.registry.parties.policy import NotAllowedError
from app.registry.programmes import operations, store
from app.registry.programmes.refusals import (
    ProgrammeNotFoundError,
    RuleDateAheadError,
    RuleMissingError,
    RulePeriodReversedError,
    RuleRetroactiveError,
    RuleValueUnreadableError,
)
from app.registry.programmes.rules import (
    RULE_SPECS,
    ProgrammeKind,
    ProgrammeStatus,
    RuleKey,
    RuleValue,
    SigningCapacity,
)

router: Final = APIRouter(prefix="/programmes", tags=["programmes"], route_class=StrictRoute)

_ProgrammeCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,11}$"),
    Path(description="Code of the programme.", examples=["CITY"]),
]


class ProgrammeShown(Shown):
    """A scheme under which activities are registered."""

    code: str = Field(description="Code; part of serial numbers.", examples=["CITY"])
    name_th: str = Field(
        description="Name in Thai.", examples=["โครงการพัฒนาแนวทางลดก๊าซเรือนกระจกระดับจังหวัด"]
    )
    name_en: str = Field(description="Name in English.", examples=["Low Emission Support Scheme"])
    names_as_published: tuple[str, ...] = Field(
        description="Other spellings found in print, to be found by; not to be shown as the name.",
        examples=[["โครงการพัฒนาแนวทางลดก๊าซเรือนกกระจกระดับจังหวัด"]],
    )
    kind: ProgrammeKind = Field(description="What sort of scheme it is.", examples=["city_pilot"])
    needs_verification: bool = Field(
        description="Whether an independent body must verify what is reported.", examples=[True]
    )
    mints: bool = Field(
        description="Whether credits may come of it. LESS gives letters of recognition instead.",
        examples=[True],
    )
    market_based: bool = Field(
        description="Whether the market is its incentive by its own name.", examples=[True]
    )
    status: ProgrammeStatus = Field(
        description="Whether it takes new activities.", examples=["open"]
    )
    source: str = Field(
        description="Where this is stated.", examples=["TGO news of 12 January 2565 BE"]
    )
    note: str | None = Field(
        description="What of this is an assumption of ours; null: nothing.",
        examples=["The English name is our translation."],
    )


class MemberShown(Shown):
    """A province's membership of a programme."""

    province_code: str = Field(description="Code of the province.", examples=["40"])
    since_fiscal_year_be: int = Field(
        description="Fiscal year of joining, in the Buddhist era; it begins on 1 October of the "
        "year before.",
        examples=[2565],
    )
    memorandum_date: date = Field(
        description="Date of the memorandum, Common Era.", examples=["2022-01-12"]
    )
    signing_capacity: SigningCapacity = Field(
        description="As what the province's signatory signed.", examples=["governor"]
    )
    source: str = Field(
        description="Where this is stated.", examples=["TGO news of 12 January 2565 BE"]
    )


class RuleShown(Shown):
    """One dated value of a rule."""

    id: str = Field(
        description="Identifier of this record.", examples=["cfg_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    programme_code: str | None = Field(
        description="Whose value it is; null: of every programme that has none of its own.",
        examples=["TVER", None],
    )
    key: RuleKey = Field(description="Which rule.", examples=["start_window_years"])
    meaning: str = Field(
        description="What the rule says, in English.",
        examples=[RULE_SPECS[RuleKey.POA_CAP_TCO2E].meaning],
    )
    value: str = Field(description="The value as text; lists are joined by commas.", examples=["3"])
    unit: str | None = Field(
        description="Unit of the value; null: it has none.", examples=["years", None]
    )
    valid_from: date = Field(
        description="First day of the value (Bangkok).", examples=["2014-01-01"]
    )
    valid_to: date | None = Field(
        description="Last day, included; null: until a later value takes its place.",
        examples=[None],
    )
    source: str = Field(
        description="Where the value is stated.",
        examples=["TGO, Standard T-VER: ghgreduction.tgo.or.th/t-ver, article 41"],
    )
    is_default: bool = Field(
        description="Whether it is this registry's own default and not a rule of TGO.",
        examples=[False],
    )
    set_by: str = Field(
        description="User who set it, or `registry` for what the register started with.",
        examples=["registry"],
    )
    recorded_at: Moment = Field(
        description="When it was recorded.", examples=["2026-11-24T03:00:00Z"]
    )
    log_index: LogIndex = Field(description="Place of the act in the log.", examples=[9])


class ProgrammeInFull(ProgrammeShown):
    """A programme with its members and the rule values in force on a day."""

    members: tuple[MemberShown, ...] = Field(
        description="Member provinces by code; empty: it is not limited to provinces."
    )
    rules_on: date = Field(
        description="The day (Bangkok) that the rule values are those of.", examples=["2026-11-24"]
    )
    rules: tuple[RuleShown, ...] = Field(description="The value of each rule in force that day.")


class ProgrammeQuery(PageQuery):
    """Which programmes to list."""


class RuleQuery(PageQuery):
    """Which rule values to list."""


class RuleBody(Body):
    """A new value of a rule, from a day on."""

    key: RuleKey = Field(description="Which rule.", examples=["start_window_years"])
    value: Text = Field(
        description="The value as text, in the form of the rule: a whole number, tonnes, yes or "
        "no, or a list joined by commas.",
        examples=["3"],
    )
    valid_from: Day = Field(
        description="First day of the value (Bangkok); today or later.", examples=["2200-01-01"]
    )
    valid_to: Day | None = Field(
        None,
        description="Last day, included. Leave out: until a later value takes its place.",
        examples=["2200-12-31"],
    )
    source: Text = Field(
        description="Where the value is stated: announcement, number, date.",
        examples=["TGO announcement on Standard T-VER, 1 December 2026"],
    )
    is_default: bool = Field(
        default=False,
        strict=True,
        description="Whether it is the registry's own default and not a rule of TGO.",
        examples=[False],
    )


@router.get(
    "",
    response_model=Page[ProgrammeShown],
    responses=refused(CursorError),
    summary="List the programmes",
    operation_id="list_programmes",
)
async def list_programmes(query: Annotated[ProgrammeQuery, Query()], reader: Reader) -> Response:
    """List the programmes by code."""
    after = decode_cursor(query.cursor, str)
    rows = await store.list_programmes(
        reader, limit=query.limit + 1, after=None if after is None else after[0]
    )
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return show(
        Page(
            data=[ProgrammeShown(**asdict(row)) for row in shown],
            next_cursor=encode_cursor((shown[-1].code,)) if more else None,
            has_more=more,
        )
    )


@router.get(
    "/{code}",
    response_model=ProgrammeInFull,
    responses=refused(ProgrammeNotFoundError),
    summary="Read a programme",
    operation_id="get_programme",
)
async def get_programme(
    code: _ProgrammeCode,
    reader: Reader,
    on: Annotated[
        Day | None,
        Query(
            description="Show the rule values in force on this day; left out: today in Bangkok.",
            examples=["2026-11-24"],
        ),
    ] = None,
) -> Response:
    """Read a programme with its members and the rule values in force on a day."""
    programme = await store.get_programme(reader, code)
    day = bangkok_date(now()) if on is None else on
    members = await store.list_members(reader, code)
    values = await store.list_rules_in_force(reader, programme_code=code, on=day)
    return show(
        ProgrammeInFull(
            **asdict(programme),
            members=tuple(MemberShown(**asdict(member)) for member in members),
            rules_on=day,
            rules=tuple(rule_shown(value) for value in values),
        )
    )


@router.get(
    "/{code}/rules",
    response_model=Page[RuleShown],
    responses=refused(ProgrammeNotFoundError, CursorError),
    summary="List every value that rules of a programme ever had",
    operation_id="list_programme_rules",
)
async def list_programme_rules(
    code: _ProgrammeCode, query: Annotated[RuleQuery, Query()], reader: Reader
) -> Response:
    """List the rule values of a programme and those of every programme, latest recorded first."""
    after = decode_cursor(query.cursor, str)
    await store.get_programme(reader, code)
    rows = await store.list_rule_history(
        reader,
        programme_code=code,
        limit=query.limit + 1,
        after=None if after is None else after[0],
    )
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return show(
        Page(
            data=[rule_shown(row) for row in shown],
            next_cursor=encode_cursor((shown[-1].id,)) if more else None,
            has_more=more,
        )
    )


@router.post(
    "/{code}/rules",
    response_model=RuleShown,
    status_code=201,
    responses=refused(
        NotAllowedError,
        ProgrammeNotFoundError,
        RuleRetroactiveError,
        RuleDateAheadError,
        RulePeriodReversedError,
        RuleValueUnreadableError,
        NamedShorterError,
        TooFewPeopleError,
        TwoPeopleNeededError,
        RuleMissingError,
    ),
    summary="Set a rule of a programme",
    operation_id="set_programme_rule",
)
async def set_programme_rule(code: _ProgrammeCode, body: RuleBody, write: Write) -> Response:
    """Give a rule of a programme a value from today or a later day on; the past stays as it was."""
    command = operations.SetRule(
        programme_code=code,
        key=body.key,
        value=body.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        source=body.source,
        is_default=body.is_default,
    )

    def present(value: RuleValue) -> Reply:
        return created(rule_shown(value), location=f"/v1/programmes/{code}/rules")

    return await write(lambda pen: acts.set_rule(pen, write.actor, command), present)


def rule_shown(value: RuleValue) -> RuleShown:
    """Show a rule value."""
    return RuleShown(**asdict(value), meaning=RULE_SPECS[value.key].meaning)
