"""Each thing that can be wrong with parties, users and rules is found, by its code."""

from typing import Final

import pytest

from tests.builders import replay as a
from tests.builders.replay import (
    ADMINISTRATOR,
    APPROVER,
    BODY,
    BUYER,
    DEVELOPER,
    DIGEST,
    DOCUMENT,
    HOLDER,
    LEAD,
    METHODOLOGY,
    OFFICER,
    OWNER,
    an_id,
)
from tests.builders.wrong import (
    NOBODY,
    Bad,
    a_minute_later,
    admitting,
    after,
    ending_scope,
    found_by,
    writing,
)


def of_user(what: str, by: str = ADMINISTRATOR, **facts: object) -> Bad:
    return writing(f"user.{what}", BUYER, {"party_id": HOLDER, **facts}, by)


def setting(by: str = ADMINISTRATOR, subject: str = "registry", **changes: object) -> Bad:
    said = {"valid_from": "2026-11-24", **changes}
    rule = {**a.a_rule(9, "remainder_carried", "no"), **said}
    return writing("rules.set", subject, {"rules": [rule]}, by)


def accrediting(*scopes: int, party: str = BODY) -> Bad:
    said = {"sectoral_scopes": list(scopes), "valid_from": "2021-01-01", "valid_to": None}
    return writing("party.accredited", party, said)


def superseding(**changes: object) -> Bad:
    said = {
        "superseded_on": "2026-12-01",
        "last_acceptable_on": "2027-05-30",
        "overlap_rule": an_id("cfg", 4),
    }
    return writing("methodology.superseded", f"{METHODOLOGY}/01", {**said, **changes})


def entering_year(*days: str, by: str = ADMINISTRATOR, year: str = "2028", version: int = 1) -> Bad:
    holidays = [{"day": day, "name_th": "ก", "name_en": "a", "source": "invented"} for day in days]
    said = {"version": version, "holidays": holidays, "note": None}
    return writing("calendar.year_set", year, said, by)


APPLICATION: Final = an_id("apl", 1)


def applying(what: str, by: str = "applicant", **facts: object) -> Bad:
    return writing(f"application.{what}", APPLICATION, facts, by)


def beginning(by: str = "applicant", **changes: object) -> Bad:
    said = {"holder_kind": "juristic_person", "party_kind": "holder", "province_code": None}
    return applying("begun", by, **{**said, "content_commitment": DIGEST, **changes})


SUBMITTING: Final = applying("submitted", version=2)
RECOMMENDING: Final = applying(
    "recommended", OFFICER, version=3, is_favourable=True, reason_commitment=DIGEST
)
NEW_PARTY, NEW_USERS = an_id("pty", 9), [an_id("usr", 21), an_id("usr", 22)]


def letting_in(by: str = APPROVER, **changes: object) -> Bad:
    said = {"party_id": NEW_PARTY, "user_ids": NEW_USERS, "representatives_min": 2}
    return applying(
        "admitted", by, **{**said, "version": 4, "reason_commitment": DIGEST, **changes}
    )


def coming_in(number: int, *roles: str, by: str = APPROVER) -> Bad:
    return writing("user.added", NEW_USERS[number], a.user(NEW_PARTY, *roles), by)


RECOMMENDED: Final = (beginning(), SUBMITTING, RECOMMENDING)
LET_IN: Final = (*RECOMMENDED, letting_in())
CAME_IN: Final = (
    *LET_IN,
    admitting(NEW_PARTY, "holder", APPROVER),
    coming_in(0, "holder_initiator"),
    coming_in(1, "holder_approver"),
)


def erasing(subject: str, *acts: int, user: bool = False) -> Bad:
    return writing("person.erased", subject, {"user": user, "acts": list(acts)})


KEY: Final = an_id("key", 1)
PEOPLE: dict[str, tuple[Bad, str]] = {
    "a party is admitted twice": (admitting(HOLDER, "holder"), "taken_twice"),
    "a party is admitted by an officer": (
        admitting(an_id("pty", 9), "holder", OFFICER),
        "not_allowed",
    ),
    "a party is admitted by an applicant": (
        admitting(an_id("pty", 9), "holder", "applicant"),
        "actor_unknown",
    ),
    "a party is admitted by the registry": (
        admitting(an_id("pty", 9), "holder", "registry"),
        "actor_unknown",
    ),
    "a province is admitted without its code": (
        admitting(an_id("pty", 9), "province"),
        "province_needed",
    ),
    "an unknown party is suspended": (writing("party.suspended", an_id("pty", 9), {}), "unknown"),
    "a party is suspended twice": (
        after(writing("party.suspended", HOLDER, {}), then=writing("party.suspended", HOLDER, {})),
        "status_unchanged",
    ),
    "an active party is reinstated": (
        writing("party.reinstated", HOLDER, {}),
        "status_unchanged",
    ),
    "a holder is accredited": (accrediting(1, party=HOLDER), "not_a_vvb"),
    "a body is accredited twice": (accrediting(13), "accreditation_overlap"),
    "scopes are out of order": (accrediting(2, 1), "value_differs"),
    "an accreditation ends that is not held": (ending_scope(sectoral_scope=1), "unknown"),
    "an accreditation ends before it begins": (
        ending_scope(valid_to="2019-12-31"),
        "value_differs",
    ),
    "an accreditation ends later than it did": (
        after(ending_scope(), then=ending_scope(valid_to="2026-01-02")),
        "value_differs",
    ),
    "a user is added twice": (
        writing("user.added", BUYER, a.user(HOLDER, "holder_viewer")),
        "taken_twice",
    ),
    "a user is added to no party": (
        writing("user.added", NOBODY, a.user(an_id("pty", 9), "holder_viewer")),
        "unknown",
    ),
    "a verifier's user gets a holder's role": (
        writing("user.added", NOBODY, a.user(BODY, "holder_initiator")),
        "role_not_of_kind",
    ),
    "a user adds a user": (
        writing("user.added", NOBODY, a.user(HOLDER, "holder_viewer"), BUYER),
        "not_allowed",
    ),
    "roles are out of order": (
        of_user("roles_set", roles=["holder_viewer", "holder_approver"]),
        "value_differs",
    ),
    "a user is named of another party": (
        writing("user.suspended", BUYER, {"party_id": DEVELOPER}),
        "party_differs",
    ),
    "a user is suspended twice": (
        after(of_user("suspended"), then=of_user("suspended")),
        "status_unchanged",
    ),
    "an active user is reinstated": (of_user("reinstated"), "status_unchanged"),
    "a stranger sets a password": (of_user("password_set", OWNER), "not_allowed"),
    "a suspended user sets their password": (
        after(of_user("suspended"), a_minute_later, then=of_user("password_set", BUYER)),
        "actor_suspended",
    ),
    "a key is issued twice": (
        after(of_user("key_issued", key_id=KEY), then=of_user("key_issued", key_id=KEY)),
        "taken_twice",
    ),
    "a key is revoked that was not issued": (of_user("key_revoked", key_id=KEY), "unknown"),
    "an erased user gets a role": (
        after(erasing(BUYER, user=True), then=of_user("roles_set", roles=["holder_viewer"])),
        "not_possible_now",
    ),
    "an erased user transfers": (
        after(erasing(OWNER, user=True), a_minute_later, then=of_user("password_set", OWNER)),
        "actor_suspended",
    ),
    "a user is erased twice": (
        after(erasing(BUYER, user=True), then=erasing(BUYER, user=True)),
        "status_unchanged",
    ),
    "a later act is erased": (erasing("register", 1_000), "unknown"),
    "erased acts are out of order": (erasing("register", 5, 4), "value_differs"),
    "an erasure is of no user": (erasing("register", user=True), "subject_differs"),
    "a programme is entered twice": (
        writing("programme.entered", "CITY", a.programme()),
        "taken_twice",
    ),
    "a programme mints unverified tonnes": (
        writing("programme.entered", "NEW", a.programme(verifies=False)),
        "minting_unverified",
    ),
    "a province is a member twice": (
        writing("programme.member_entered", "CITY", a.member()),
        "taken_twice",
    ),
    "a province is a member of nothing": (
        writing("programme.member_entered", "NEW", a.member()),
        "unknown",
    ),
    "a rule is set by an officer": (setting(OFFICER), "not_allowed"),
    "a rule is set for the past": (setting(valid_from="2026-11-23"), "rule_retroactive"),
    "a rule has another unit": (setting(unit="days"), "value_differs"),
    "a rule has a value that nobody can read": (setting(value="maybe"), "rule_value_unreadable"),
    "a rule is of another programme than the act": (setting(programme="CITY"), "subject_differs"),
    "a rule is of no programme": (setting(subject="NEW", programme="NEW"), "unknown"),
    "a rule's identifier is used twice": (setting(id=an_id("cfg", 1)), "taken_twice"),
    "a year's holidays are entered by an officer": (entering_year(by=OFFICER), "not_allowed"),
    "a year's holidays are of another year": (entering_year("2029-01-01"), "holiday_outside_year"),
    "a year's holidays are not in order": (
        entering_year("2028-04-14", "2028-04-13"),
        "value_differs",
    ),
    "a holiday is entered twice": (entering_year("2028-04-13", "2028-04-13"), "holiday_twice"),
    "a year is entered as if it were known": (entering_year(version=2), "version_not_next"),
    "a year is entered as if it were new": (
        after(entering_year(), then=entering_year()),
        "version_not_next",
    ),
    "a year is beyond the calendar": (entering_year(year="2999"), "value_differs"),
    "an application is begun by an officer": (beginning(OFFICER), "actor_unknown"),
    "a person applies to be a developer": (
        beginning(holder_kind="natural_person", party_kind="developer"),
        "kind_of_holder",
    ),
    "an application is begun twice": (after(beginning(), then=beginning()), "taken_twice"),
    "an application is handed in that nobody began": (SUBMITTING, "unknown"),
    "an application is handed in twice": (
        after(beginning(), SUBMITTING, then=applying("submitted", version=3)),
        "not_possible_now",
    ),
    "an application leaves a version out": (
        after(beginning(), then=applying("submitted", version=3)),
        "version_not_next",
    ),
    "an applicant answers what was not asked": (
        after(beginning(), then=applying("answered", version=2, reason_commitment=DIGEST)),
        "not_possible_now",
    ),
    "an approver recommends": (
        after(
            beginning(),
            SUBMITTING,
            then=applying(
                "recommended", APPROVER, version=3, is_favourable=True, reason_commitment=DIGEST
            ),
        ),
        "not_allowed",
    ),
    "an officer decides": (after(*RECOMMENDED, then=letting_in(OFFICER)), "not_allowed"),
    "one officer recommends and decides": (
        after(
            writing("user.roles_set", OFFICER, a.user(a.AUTHORITY, "approver", "officer")),
            *RECOMMENDED,
            then=letting_in(OFFICER),
        ),
        "same_officer",
    ),
    "an applicant is admitted against the recommendation": (
        after(
            beginning(),
            SUBMITTING,
            applying(
                "recommended", OFFICER, version=3, is_favourable=False, reason_commitment=DIGEST
            ),
            then=letting_in(),
        ),
        "not_possible_now",
    ),
    "an organisation is admitted as a person": (
        after(*RECOMMENDED, then=letting_in(representatives_min=None)),
        "value_differs",
    ),
    "another party is admitted than was decided": (
        after(*LET_IN, then=admitting(an_id("pty", 10), "holder", APPROVER)),
        "not_allowed",
    ),
    "a party is admitted as another than was decided": (
        after(*LET_IN, then=admitting(NEW_PARTY, "developer", APPROVER)),
        "value_differs",
    ),
    "a party is admitted by another than who decided": (
        after(*LET_IN, then=admitting(NEW_PARTY, "holder", OFFICER)),
        "not_allowed",
    ),
    "another user is added than was decided": (
        after(
            *LET_IN,
            admitting(NEW_PARTY, "holder", APPROVER),
            then=writing("user.added", NOBODY, a.user(NEW_PARTY, "holder_viewer"), APPROVER),
        ),
        "not_allowed",
    ),
    "a party with an open account is closed": (
        writing("party.closed", HOLDER, {}),
        "not_possible_now",
    ),
    "a party is closed twice": (
        after(writing("party.closed", BODY, {}), then=writing("party.closed", BODY, {})),
        "status_unchanged",
    ),
    "a closed party is reinstated": (
        after(writing("party.closed", BODY, {}), then=writing("party.reinstated", BODY, {})),
        "not_possible_now",
    ),
    "an organisation loses its only approver": (
        after(
            *CAME_IN,
            then=writing("user.suspended", NEW_USERS[1], {"party_id": NEW_PARTY}),
        ),
        "representatives_missing",
    ),
    "an organisation's only initiator becomes a viewer": (
        after(
            *CAME_IN,
            then=writing("user.roles_set", NEW_USERS[0], a.user(NEW_PARTY, "holder_viewer")),
        ),
        "representatives_missing",
    ),
    "an organisation's only initiator is erased": (
        after(*CAME_IN, then=erasing(NEW_USERS[0], user=True)),
        "representatives_missing",
    ),
    "a methodology is entered twice": (
        writing("methodology.entered", f"{METHODOLOGY}/01", a.methodology()),
        "taken_twice",
    ),
    "a methodology is entered as another": (
        writing("methodology.entered", f"{METHODOLOGY}/02", a.methodology()),
        "subject_differs",
    ),
    "a methodology feeds no buffer though it must": (
        writing(
            "methodology.entered",
            f"{METHODOLOGY}/02",
            a.methodology(version="02", buffer_applies=False),
        ),
        "value_differs",
    ),
    "a methodology is accepted for too long": (
        superseding(last_acceptable_on="2027-05-31"),
        "value_differs",
    ),
    "a methodology is superseded by another rule": (
        superseding(overlap_rule=an_id("cfg", 1)),
        "value_differs",
    ),
    "a methodology is superseded twice": (
        after(superseding(), then=superseding()),
        "methodology_already_superseded",
    ),
    "a document is uploaded for another party": (
        writing("document.uploaded", an_id("doc", 2), a.document(), LEAD),
        "party_differs",
    ),
    "a document is uploaded twice": (
        writing("document.uploaded", DOCUMENT, a.document(), OWNER),
        "taken_twice",
    ),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_wrong_act_on_parties_and_rules_is_found(name: str) -> None:
    found_by(a.issued(), *PEOPLE[name])


def test_an_applicant_who_was_let_in_can_change_who_acts() -> None:
    """The log of an admission is played, and a third person lets one of the first two go."""
    log = a.issued()
    for act in CAME_IN:
        act(log)
    third = an_id("usr", 23)
    log.write("user.added", third, a.user(NEW_PARTY, "holder_approver", "holder_initiator"))
    log.write("user.suspended", NEW_USERS[1], {"party_id": NEW_PARTY})
    log.write("user.reinstated", NEW_USERS[1], {"party_id": NEW_PARTY})
    log.write("user.roles_set", NEW_USERS[0], a.user(NEW_PARTY, "holder_viewer"))
    assert log.replay().size == len(log.leaves)
