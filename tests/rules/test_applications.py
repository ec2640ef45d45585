"""What an application must have, and how it goes on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.applications import rules
from app.registry.applications.content import content_text, read_content
from app.registry.applications.refusals import (
    ApplicationDocumentExpiredError,
    ApplicationDocumentMissingError,
    CertificateTooOldError,
    KindOfHolderError,
    RepresentativesTooFewError,
    RepresentativeTwiceError,
    TooManyApplicationsError,
)
from app.registry.applications.rules import (
    BEGUN_WITHIN,
    ENDED,
    RUNNING,
    STEPS,
    ApplicationStatus,
    Event,
    HolderKind,
    Step,
)
from app.registry.calendar.rules import Stop
from app.registry.parties.refusals import RoleNotOfKindError
from app.registry.parties.rules import PartyKind, Role, are_represented
from app.registry.programmes.catalogue import RULE_VALUES
from app.registry.programmes.rules import RULE_SPECS, RuleKey, check_value
from tests.builders.applications import DOCUMENTS, a_content, a_document, a_person

INITIATOR, APPROVER, VIEWER = Role.HOLDER_INITIATOR, Role.HOLDER_APPROVER, Role.HOLDER_VIEWER
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
people = st.sets(st.sampled_from("abcdef"))


@given(initiators=people, approvers=people, least=st.integers(1, 5))
def test_represented_is_who_has_two_different_people_for_both(
    initiators: set[str], approvers: set[str], least: int
) -> None:
    pairs = {(i, a) for i in initiators for a in approvers if i != a}
    enough = len(initiators | approvers) >= least
    assert are_represented(initiators, approvers, least=least) == (bool(pairs) and enough)


@pytest.mark.parametrize(
    ("roles", "enough"),
    [
        ([{INITIATOR}, {APPROVER}], True),
        ([{INITIATOR, APPROVER}, {VIEWER}], False),
        ([{INITIATOR, APPROVER}, {APPROVER}], True),
        ([{INITIATOR}, {INITIATOR}], False),
        ([{INITIATOR, APPROVER}], False),
        ([], False),
    ],
)
def test_an_organisation_needs_two_people(roles: list[set[Role]], enough: bool) -> None:  # noqa: FBT001
    named = [a_person(*some) for some in roles]
    kind = HolderKind.JURISTIC_PERSON
    if enough:
        rules.check_representatives(named, holder_kind=kind, least=2)
    else:
        with pytest.raises(RepresentativesTooFewError):
            rules.check_representatives(named, holder_kind=kind, least=2)


def test_a_natural_person_acts_alone() -> None:
    kind = HolderKind.NATURAL_PERSON
    rules.check_representatives([a_person(INITIATOR)], holder_kind=kind, least=2)
    with pytest.raises(RepresentativesTooFewError):
        rules.check_representatives([a_person(VIEWER)], holder_kind=kind, least=2)


def test_people_are_different_and_of_the_partys_kind() -> None:
    twice = a_content(people=(a_person(INITIATOR, email="a@b.c"), a_person(email="a@b.c")))
    with pytest.raises(RepresentativeTwiceError):
        rules.check_content(twice, party_kind=PartyKind.HOLDER)
    verifier = a_content(people=(a_person(Role.VERIFIER_LEAD),))
    with pytest.raises(RoleNotOfKindError):
        rules.check_content(verifier, party_kind=PartyKind.HOLDER)


def test_nobody_applies_to_be_the_authority_or_a_body() -> None:
    for holder_kind in HolderKind:
        for party_kind in (PartyKind.AUTHORITY, PartyKind.VVB):
            with pytest.raises(KindOfHolderError):
                rules.check_kinds(holder_kind, party_kind)
    with pytest.raises(KindOfHolderError):
        rules.check_kinds(HolderKind.NATURAL_PERSON, PartyKind.PROVINCE)
    rules.check_kinds(HolderKind.STATE_BODY, PartyKind.PROVINCE)


@pytest.mark.parametrize("kind", HolderKind)
def test_each_required_document_has_to_be_there(kind: HolderKind) -> None:
    (value,) = (v.value for v in RULE_VALUES if v.key is rules.REQUIRED[kind])
    check_value(rules.REQUIRED[kind], value)
    required = value.split(",")
    assert tuple(required) == DOCUMENTS[kind]
    whole = tuple(a_document(code, issued_on=TODAY) for code in required)
    rules.check_complete(
        a_content(kind, documents=whole), required=required, months_max=3, today=TODAY
    )
    for left_out in required:
        some = tuple(one for one in whole if one.requirement != left_out)
        with pytest.raises(ApplicationDocumentMissingError) as refused:
            rules.check_complete(
                a_content(kind, documents=some), required=required, months_max=3, today=TODAY
            )
        assert refused.value.facts == {"missing": left_out}


@pytest.mark.parametrize(
    ("issued_on", "is_good"),
    [(date(2026, 8, 24), True), (date(2026, 8, 23), False), (TODAY, True)],
)
def test_a_certificate_is_no_older_than_three_months(issued_on: date, is_good: bool) -> None:  # noqa: FBT001
    content = a_content(documents=(a_document(rules.CERTIFICATE, issued_on=issued_on),))
    if is_good:
        rules.check_complete(content, required=(), months_max=3, today=TODAY)
    else:
        with pytest.raises(CertificateTooOldError):
            rules.check_complete(content, required=(), months_max=3, today=TODAY)


def test_a_certificate_says_when_it_was_issued() -> None:
    silent = replace(a_document(rules.CERTIFICATE), issued_on=None)
    with pytest.raises(CertificateTooOldError):
        rules.check_complete(a_content(documents=(silent,)), required=(), months_max=3, today=TODAY)


def test_a_document_is_valid_on_its_last_day() -> None:
    content = a_content(documents=(a_document("identity_document", expires_on=TODAY),))
    rules.check_complete(content, required=(), months_max=3, today=TODAY)
    with pytest.raises(ApplicationDocumentExpiredError):
        rules.check_complete(content, required=(), months_max=3, today=TODAY + timedelta(days=1))
    assert rules.first_expiry(content) == TODAY
    assert rules.first_expiry(a_content(documents=())) is None


@given(day=st.dates(date(2000, 1, 1), date(2199, 12, 31)), months=st.integers(0, 120))
def test_months_before_are_months(day: date, months: int) -> None:
    """The same day of an earlier month, or that month's last where it has no such day."""
    found = rules.months_before(day, months)
    assert (day.year - found.year) * 12 + day.month - found.month == months
    assert found.day == day.day or (found + timedelta(days=1)).day == 1
    assert found.day <= day.day


def test_months_before_at_the_end_of_february() -> None:
    assert rules.months_before(date(2026, 5, 31), 3) == date(2026, 2, 28)
    assert rules.months_before(date(2026, 1, 31), 1) == date(2025, 12, 31)


def test_what_is_kept_is_read_back() -> None:
    for kind in HolderKind:
        content = a_content(kind)
        assert read_content(content_text(content)) == content


def test_every_status_can_be_reached_and_only_a_decision_is_an_end() -> None:
    reached = {ApplicationStatus.DRAFT}
    for _ in ApplicationStatus:
        reached |= {to for steps in STEPS.values() for at, to in steps.items() if at in reached}
    assert reached == set(ApplicationStatus)
    ends = set(ApplicationStatus) - {at for steps in STEPS.values() for at in steps}
    assert ends == ENDED
    # The clock runs exactly where the next step is TGO's.
    waits = {at for step in (Step.ANSWER, Step.SUBMIT) for at in STEPS[step]}
    assert set(ApplicationStatus) - ends - waits == RUNNING


def test_the_clock_stands_still_from_each_question_to_its_answer() -> None:
    def event(step: Step | None, hours: int) -> Event:
        at = NOW + timedelta(hours=hours)
        return Event(hours, "apl", step, ApplicationStatus.ASKED, "x", None, at)

    asked = [event(None, 0), event(Step.SUBMIT, 1), event(Step.ASK, 2), event(Step.AMEND, 3)]
    assert rules.stops_of(asked) == (Stop(NOW + timedelta(hours=2), None),)
    on = [*asked, event(Step.ANSWER, 4), event(Step.ASK, 5), event(Step.ANSWER, 6)]
    assert rules.stops_of(on) == (
        Stop(NOW + timedelta(hours=2), NOW + timedelta(hours=4)),
        Stop(NOW + timedelta(hours=5), NOW + timedelta(hours=6)),
    )


def test_rule_16_the_counts_are_dated_rules() -> None:
    """What TGO publishes of its clocks: 15, 60 and 3 working days."""
    founded = {value.key: value for value in RULE_VALUES}
    for key, days in {
        RuleKey.COMPLETENESS_DAYS: 15,
        RuleKey.CONSIDERATION_DAYS: 60,
        RuleKey.ACCOUNT_OPENING_DAYS: 15,
        RuleKey.REQUESTED_TRANSFER_DAYS: 3,
    }.items():
        assert (founded[key].value, founded[key].is_default) == (str(days), False)
        assert RULE_SPECS[key].unit == "working days"


def test_drafts_are_begun_at_a_bounded_rate() -> None:
    rules.check_rate(None, now=NOW)
    rules.check_rate(NOW - BEGUN_WITHIN, now=NOW)
    with pytest.raises(TooManyApplicationsError) as refused:
        rules.check_rate(NOW - BEGUN_WITHIN + timedelta(seconds=90), now=NOW)
    assert refused.value.facts == {"retry_after_s": 91}
