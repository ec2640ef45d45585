"""Reference data for tests: rules that change, methodology versions that come and go."""

from datetime import date, timedelta
from typing import Final

from app.kernel.clock import bangkok_date, now
from app.registry.methodologies import operations as methodologies
from app.registry.methodologies.rules import Family, Methodology, MethodologyEntry, Variant
from app.registry.parties.policy import Actor
from app.registry.parties.rules import PartyKind, Role
from app.registry.programmes import operations as programmes
from app.registry.programmes.rules import RuleKey, RuleValue
from tests.builders.parties import Register, the_administrator

# Rules are set by whoever has the role; who it is does not matter to this subject.
RULE_SETTER: Final = Actor(
    user_id="usr_01kb5w6yk2e0hr9h5y0s8v2a3b",
    party_id="pty_01kb5w6yk2e0hr9h5y0s8v2a3c",
    party_kind=PartyKind.AUTHORITY,
    roles=frozenset({Role.ADMINISTRATOR}),
)


def today() -> date:
    """Return the date in Bangkok."""
    return bangkok_date(now())


def an_entry(
    code: str = "DEMO-WIND-01",
    version: str = "01",
    *,
    valid_from: date = date(2020, 1, 1),
    variant: Variant = Variant.STANDARD,
) -> MethodologyEntry:
    """Return a methodology version to enter."""
    return MethodologyEntry(
        code=code,
        version=version,
        title_th="ระเบียบวิธีสมมติ",
        title_en="A synthetic methodology",
        project_type=1,
        sectoral_scope=1,
        variant=variant,
        family=Family.RENEWABLE_ELECTRICITY,
        crediting_years=7,
        renewals_max=1,
        valid_from=valid_from,
        source="a test",
        verified=False,
        note="Synthetic.",
    )


async def a_methodology(registry: Register, entry: MethodologyEntry | None = None) -> Methodology:
    """Enter a methodology version."""
    return await registry.do(
        RULE_SETTER,
        lambda pen: methodologies.enter_methodology(pen, RULE_SETTER, entry or an_entry()),
    )


async def a_superseded_methodology(
    registry: Register, *, superseded_on: date | None = None
) -> Methodology:
    """Enter a methodology version, and supersede it: yesterday, if not said otherwise."""
    entered = await a_methodology(registry)
    command = methodologies.SupersedeMethodology(
        code=entered.code,
        version=entered.version,
        superseded_on=superseded_on or today() - timedelta(days=1),
    )
    return await registry.do(
        RULE_SETTER,
        lambda pen: methodologies.supersede_methodology(pen, RULE_SETTER, command),
    )


async def a_rule(
    registry: Register,
    key: RuleKey,
    value: str,
    *,
    programme_code: str | None = "CITY",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> RuleValue:
    """Set a rule, from today on if not said otherwise."""
    command = programmes.SetRule(
        programme_code=programme_code,
        key=key,
        value=value,
        valid_from=valid_from or today(),
        valid_to=valid_to,
        source="a test",
        is_default=True,
    )
    administrator = await the_administrator(registry)
    return await registry.do(
        administrator, lambda pen: programmes.set_rule(pen, administrator, command)
    )
