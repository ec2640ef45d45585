"""How verified tonnes become whole credits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.issuance import rules
from app.registry.issuance.refusals import NothingToIssueError
from app.registry.issuance.rules import Planned, Remainder
from app.registry.parties.policy import POLICY, Permission
from app.registry.parties.rules import ROLES_OF_KIND
from app.registry.verification.rules import VerifiedVintage

tonnes = st.decimals(min_value=0, max_value=10**9, places=6)


def verified(vintage: int, tco2e: str | Decimal, buffer_credits: int = 0) -> VerifiedVintage:
    return VerifiedVintage(vintage, Decimal(tco2e), Decimal(tco2e), buffer_credits)


def test_tonnes_are_rounded_down_once_per_vintage_and_the_rest_is_kept() -> None:
    """Half a credit twice is not one credit: vintages are different things."""
    first, second = rules.plan([verified(2023, "10.5"), verified(2024, "20.75")], {})
    assert (first.credits, first.remainder_tco2e) == (10, Decimal("0.5"))
    assert (second.credits, second.remainder_tco2e) == (20, Decimal("0.75"))


def test_the_buffer_comes_out_of_the_gross() -> None:
    """The owner receives what the buffer does not take; nothing is lost between them."""
    (line,) = rules.plan([verified(2024, "100.9", 12)], {})
    assert (line.credits, line.buffer_credits, line.net_credits) == (100, 12, 88)


def test_a_carried_remainder_can_complete_a_credit() -> None:
    """Two halves of a tonne of the same vintage were both verified."""
    (line,) = rules.plan([verified(2024, "10.5")], {2024: Remainder("iss_1", Decimal("0.5"))})
    assert (line.credits, line.remainder_tco2e) == (11, Decimal(0))
    assert line.carried_from_issuance_id == "iss_1"


def test_a_remainder_of_another_vintage_is_not_carried() -> None:
    """A vintage is the year of the reduction; tonnes do not change their year."""
    (line,) = rules.plan([verified(2024, "10.5")], {2023: Remainder("iss_1", Decimal("0.5"))})
    assert (line.credits, line.carried_from_issuance_id) == (10, None)
    assert line.carried_in_tco2e == 0


def test_a_vintage_below_one_credit_mints_nothing_but_keeps_its_tonnes() -> None:
    """Its part of a tonne may complete a credit of a later report."""
    small, large = rules.plan([verified(2023, "0.999999"), verified(2024, "1")], {})
    assert (small.credits, small.remainder_tco2e) == (0, Decimal("0.999999"))
    assert (large.credits, large.remainder_tco2e) == (1, Decimal(0))


@pytest.mark.parametrize("tco2e", ["0", "0.999999"])
def test_a_report_without_one_whole_credit_is_not_issued(tco2e: str) -> None:
    """An issuance of nothing would only use the report up."""
    with pytest.raises(NothingToIssueError):
        rules.plan([verified(2023, tco2e), verified(2024, tco2e)], {})


@given(reports=st.lists(tonnes, min_size=1, max_size=12))
def test_all_issuances_together_never_exceed_what_was_verified(reports: list[Decimal]) -> None:
    """However a year is cut into reports, carrying makes up for rounding and never for more."""
    carried: dict[int, Remainder] = {}
    issued: list[Planned] = []
    total_tco2e = Decimal(0)
    for number, tco2e in enumerate(reports):
        try:
            (line,) = rules.plan([verified(2024, tco2e)], carried)
        except NothingToIssueError:
            continue  # nothing is recorded, so nothing can be carried on
        assert line.verified_tco2e + line.carried_in_tco2e == line.credits + line.remainder_tco2e
        assert 0 <= line.remainder_tco2e < 1
        total_tco2e += tco2e
        issued.append(line)
        carried = {2024: Remainder(f"iss_{number}", line.remainder_tco2e)}
    assert sum(line.credits for line in issued) == int(total_tco2e)


def test_nobody_who_decides_issuances_can_develop_or_verify() -> None:
    """Four eyes between parties: no kind of party gives both."""
    interested = {
        Permission.WRITE_ACTIVITY,
        Permission.WRITE_REPORT,
        Permission.VERIFY_REPORT,
        Permission.REVIEW_VERIFICATION,
        Permission.MOVE_CREDITS,
    }
    for roles in ROLES_OF_KIND.values():
        given_by_kind = {permission for role in roles for permission in POLICY[role]}
        if Permission.DECIDE_ISSUANCE in given_by_kind:
            assert not given_by_kind & interested


def test_the_log_keeps_all_that_the_arithmetic_needs() -> None:
    """An outsider redoes the rounding from the leaf alone."""
    planned = rules.plan([verified(2024, "10.5", 1)], {2024: Remainder("iss_1", Decimal("0.25"))})
    assert rules.facts_of(planned) == [
        {
            "vintage": 2024,
            "verified_tco2e": "10.5",
            "carried_from": "iss_1",
            "carried_in_tco2e": "0.25",
            "credits": 10,
            "buffer_credits": 1,
            "remainder_tco2e": "0.75",
        }
    ]
