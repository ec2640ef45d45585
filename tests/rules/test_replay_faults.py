"""Each thing that can be wrong with an act where it stands is found, and named by its code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from app.registry.ledger.serials import account_number
from app.registry.replay.faults import MEANINGS, ReplayFault
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from tests.builders import replay as a
from tests.builders.replay import (
    ACTIVITY,
    ADMINISTRATOR,
    APPROVER,
    AUTHORITY,
    BODY,
    BUFFER,
    BUYER,
    BUYERS_ACCOUNT,
    CANCELLED,
    DEVELOPER,
    DIGEST,
    DOCUMENT,
    HOLDER,
    ISSUANCE,
    LEAD,
    METHODOLOGY,
    NEXT_PREFIX,
    OFFICER,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    REPORT,
    RETIRED,
    REVIEWER,
    VERIFICATION,
    Log,
    an_id,
)

Bad = Callable[[Log], object]
NOBODY: Final = an_id("usr", 99)


def moving(
    *runs: tuple[str, int, int],
    sender: str = OWNERS_ACCOUNT,
    receiver: str = BUYERS_ACCOUNT,
    **asked: str | int,
) -> Bad:
    """Return an act that moves runs."""
    return lambda log: log.move(sender, receiver, *runs, **asked)  # type: ignore[arg-type]


def writing(kind: str, subject: str, data: a.Data, by: str = ADMINISTRATOR) -> Bad:
    """Return an act."""
    return lambda log: log.write(kind, subject, data, by=by)


def ending(**changes: str) -> Bad:
    """Return a retirement."""
    return moving((PREFIX, 1, 1), receiver=RETIRED, kind="credits.retired", **changes)


def stepping(what: str, facts: a.Data, by: str) -> Bad:
    """Return a step of the activity."""
    return writing(f"activity.{what}", ACTIVITY, facts, by)


def after(*first: Bad, then: Bad) -> Bad:
    """Return acts of which only the last is wrong."""

    def act(log: Log) -> None:
        for one in first:
            one(log)
        log.replay()
        then(log)

    return act


def suspending(user: str, party: str) -> Bad:
    return writing("user.suspended", user, {"party_id": party})


def a_minute_later(log: Log) -> None:
    log.now += timedelta(seconds=61)


def at(moment: str) -> Bad:
    return lambda log: log.write(
        "party.renamed", HOLDER, {"name_th": "ก", "name_en": "a"}, at=moment
    )


def opening(number: str, owner: str = HOLDER) -> Bad:
    return writing("account.opened", number, {"owner": owner})


CREDITS: dict[str, tuple[Bad, str]] = {
    "the second half of a run is elsewhere": (
        after(moving((PREFIX, 1, 10)), then=moving((PREFIX, 10, 11))),
        "serials_not_held",
    ),
    "the first half of a run is elsewhere": (
        after(moving((PREFIX, 11, 20)), then=moving((PREFIX, 10, 11))),
        "serials_not_held",
    ),
    "a run is moved that came back in two movements": (
        after(
            moving((PREFIX, 1, 20)),
            moving((PREFIX, 1, 10), sender=BUYERS_ACCOUNT, receiver=OWNERS_ACCOUNT, by=BUYER),
            moving((PREFIX, 11, 20), sender=BUYERS_ACCOUNT, receiver=OWNERS_ACCOUNT, by=BUYER),
            then=moving((PREFIX, 10, 11)),
        ),
        "serials_not_held",
    ),
    "a serial is moved twice by one act": (
        moving((PREFIX, 1, 10), (PREFIX, 10, 12)),
        "serials_not_held",
    ),
    "credits of the buffer are transferred": (moving((PREFIX, 901, 901)), "serials_not_held"),
    "a run ends behind the batch": (moving((PREFIX, 900, 1_001)), "serials_outside_batch"),
    "a run begins behind its end": (
        moving((PREFIX, 1, 10), (PREFIX, 30, 20), credits=10),
        "serials_outside_batch",
    ),
    "the batch is unknown": (moving(("TH-CITY-0001-2024-2", 1, 1)), "unknown"),
    "the sum is wrong": (moving((PREFIX, 1, 10), credits=11), "sum_differs"),
    "the receiver is unknown": (moving((PREFIX, 1, 1), receiver=account_number(1003)), "unknown"),
    "the sender is the receiver": (
        moving((PREFIX, 1, 1), receiver=OWNERS_ACCOUNT),
        "account_not_allowed",
    ),
    "credits are transferred into an account of the registry": (
        moving((PREFIX, 1, 1), receiver=BUFFER),
        "account_not_allowed",
    ),
    "retired credits leave": (
        after(
            ending(),
            then=moving((PREFIX, 1, 1), sender=RETIRED, receiver=BUYERS_ACCOUNT, by=APPROVER),
        ),
        "account_not_allowed",
    ),
    "retired credits are retired again": (after(ending(), then=ending()), "serials_not_held"),
    "credits are retired into the cancelled account": (
        moving((PREFIX, 1, 1), receiver=CANCELLED, kind="credits.retired"),
        "account_not_allowed",
    ),
    "credits are cancelled into the retired account": (
        moving((PREFIX, 1, 1), receiver=RETIRED, kind="credits.cancelled"),
        "account_not_allowed",
    ),
    "the buffer is cancelled from a holder": (
        moving((PREFIX, 1, 1), receiver=CANCELLED, kind="buffer.cancelled", by=APPROVER),
        "account_not_allowed",
    ),
    "the buffer releases what a holder has": (
        moving((PREFIX, 1, 1), sender=BUFFER, kind="buffer.released", by=APPROVER),
        "serials_not_held",
    ),
    "the subject is another account": (
        lambda log: log.write(
            "credits.transferred",
            BUYERS_ACCOUNT,
            a.moved(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 1, 1)),
            by=OWNER,
        ),
        "subject_differs",
    ),
    "credits end tomorrow": (ending(happened_on="2026-11-25"), "happened_ahead"),
    "credits end for an unknown purpose": (ending(purpose="fun"), "purpose_unknown"),
    "a stranger transfers": (moving((PREFIX, 1, 1), by=BUYER), "not_allowed"),
    "the authority transfers": (moving((PREFIX, 1, 1), by=APPROVER), "not_allowed"),
    "the owner releases the buffer": (
        moving((PREFIX, 901, 901), sender=BUFFER, kind="buffer.released", by=OWNER),
        "not_allowed",
    ),
    "the owner cancels the buffer": (
        moving(
            (PREFIX, 901, 901),
            sender=BUFFER,
            receiver=CANCELLED,
            kind="buffer.cancelled",
            by=OWNER,
        ),
        "not_allowed",
    ),
    "nobody known transfers": (moving((PREFIX, 1, 1), by=NOBODY), "actor_unknown"),
    "the registry itself transfers": (moving((PREFIX, 1, 1), by="registry"), "actor_unknown"),
    "a suspended user transfers": (
        after(suspending(OWNER, DEVELOPER), a_minute_later, then=moving((PREFIX, 1, 1))),
        "actor_suspended",
    ),
    "a user of a suspended party transfers": (
        after(
            writing("party.suspended", DEVELOPER, {}),
            a_minute_later,
            then=moving((PREFIX, 1, 1)),
        ),
        "actor_suspended",
    ),
    "a user transfers whose role was taken": (
        after(
            writing("user.roles_set", OWNER, a.user(DEVELOPER, "developer")),
            a_minute_later,
            then=moving((PREFIX, 1, 1)),
        ),
        "not_allowed",
    ),
    "an account is closed that holds credits": (
        writing("account.closed", OWNERS_ACCOUNT, {}),
        "account_not_empty",
    ),
    "a closed account receives": (
        after(writing("account.closed", BUYERS_ACCOUNT, {}), then=moving((PREFIX, 1, 1))),
        "account_not_allowed",
    ),
    "an account is closed twice": (
        after(
            writing("account.closed", BUYERS_ACCOUNT, {}),
            then=writing("account.closed", BUYERS_ACCOUNT, {}),
        ),
        "account_not_allowed",
    ),
    "the retired account is closed": (
        writing("account.closed", RETIRED, {}),
        "account_not_allowed",
    ),
    "an account is opened twice": (opening(OWNERS_ACCOUNT), "taken_twice"),
    "an account is opened among the registry's own": (opening(account_number(7)), "taken_twice"),
    "an account number has wrong check digits": (opening("TH-001003-00"), "account_check_digits"),
    "an account number has a superfluous zero": (
        opening("TH-0001003-" + account_number(1003)[-2:]),
        "account_check_digits",
    ),
    "an account is opened for nobody": (opening(account_number(1003), an_id("pty", 9)), "unknown"),
    "an account is opened for a verifier": (
        opening(account_number(1003), BODY),
        "party_cannot_hold",
    ),
    "an account is opened for a suspended party": (
        after(writing("party.suspended", HOLDER, {}), then=opening(account_number(1003))),
        "party_cannot_hold",
    ),
    "an account is opened by its owner": (
        writing("account.opened", account_number(1003), {"owner": HOLDER}, BUYER),
        "not_allowed",
    ),
    "the register is founded again": (
        writing("accounts.founded", "registry", {"accounts": a.OWN}, "registry"),
        "founding_misplaced",
    ),
    "time runs back": (at("2026-11-24T03:00:00.000000Z"), "time_runs_back"),
    "a day is in no calendar": (at("2027-02-30T03:00:00.000000Z"), "time_impossible"),
}


@pytest.mark.parametrize("name", CREDITS)
def test_a_wrong_act_on_credits_and_accounts_is_found(name: str) -> None:
    found_by(a.issued(), *CREDITS[name])


def found_by(log: Log, bad: Bad, code: str) -> None:
    log.replay()
    bad(log)
    with pytest.raises(ReplayFault) as fault:
        log.replay()
    assert (fault.value.code, fault.value.index) == (code, len(log.leaves) - 1), fault.value
    assert fault.value.sentence
    assert code in str(fault.value)


# ------------------------------------------------------------------------ parties and rules


def admitting(subject: str, kind: str, by: str = ADMINISTRATOR, **changes: object) -> Bad:
    return writing("party.admitted", subject, a.party(kind, **changes), by)


def of_user(what: str, by: str = ADMINISTRATOR, **facts: object) -> Bad:
    return writing(f"user.{what}", BUYER, {"party_id": HOLDER, **facts}, by)


def setting(by: str = ADMINISTRATOR, subject: str = "registry", **changes: object) -> Bad:
    said = {"valid_from": "2026-11-24", **changes}
    rule = {**a.a_rule(9, "remainder_carried", "no"), **said}
    return writing("rules.set", subject, {"rules": [rule]}, by)


def accrediting(*scopes: int, party: str = BODY) -> Bad:
    said = {"sectoral_scopes": list(scopes), "valid_from": "2021-01-01", "valid_to": None}
    return writing("party.accredited", party, said)


def ending_scope(**changes: object) -> Bad:
    said = {"sectoral_scope": 13, "valid_from": "2020-01-01", "valid_to": "2026-01-01"}
    return writing("party.accreditation_ended", BODY, {**said, **changes})


def superseding(**changes: object) -> Bad:
    said = {
        "superseded_on": "2026-12-01",
        "last_acceptable_on": "2027-05-30",
        "overlap_rule": an_id("cfg", 4),
    }
    return writing("methodology.superseded", f"{METHODOLOGY}/01", {**said, **changes})


def erasing(subject: str, *acts: int, user: bool = False) -> Bad:
    return writing("person.erased", subject, {"user": user, "acts": list(acts)})


KEY: Final = an_id("key", 1)
PEOPLE: dict[str, tuple[Bad, str]] = {
    "a party is admitted twice": (admitting(HOLDER, "holder"), "taken_twice"),
    "a party is admitted by an officer": (
        admitting(an_id("pty", 9), "holder", OFFICER),
        "not_allowed",
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


# --------------------------------------------------------------------- activities, reports


def drafting(**changes: object) -> Bad:
    said = {"owner_party_id": DEVELOPER, "content_commitment": DIGEST}
    return writing(
        "activity.drafted",
        an_id("act", 2),
        {**a.step(None, "draft", 1, code="CITY-0002", **said), **changes},
        OWNER,
    )


def drafted(log: Log) -> None:
    drafting()(log)


def submitting(by: str = OWNER, **changes: object) -> Bad:
    return writing(
        "activity.submitted",
        an_id("act", 2),
        a.submission(2, **{"code": "CITY-0002", "sites": [a.a_site("PEA-2")], **changes}),
        by,
    )


def reviewing(before: str, after_: str, version: int, **facts: object) -> a.Data:
    return a.step(before, after_, version, party=AUTHORITY, **{"code": "CITY-0002", **facts})


def review(what: str, data: a.Data, by: str = OFFICER) -> Bad:
    return writing(f"activity.{what}", an_id("act", 2), data, by)


STARTED = review("review_started", reviewing("submitted", "under_review", 3))
COMPLETED = review(
    "review_completed", reviewing("under_review", "under_validation", 4, vvb_party_id=BODY)
)
REASON = {"reason_commitment": DIGEST}


def validating(by: str = LEAD, version: int = 5, **changes: object) -> Bad:
    said = {"code": "CITY-0002", "document_ids": [], **changes}
    return review("validated", a.validation(version, **said), by)


def registering(version: int = 6, by: str = APPROVER, **changes: object) -> Bad:
    return review("registered", a.registration(version, **{"code": "CITY-0002", **changes}), by)


def reporting(what: str, report: str = REPORT, by: str = OWNER, **changes: object) -> Bad:
    return writing(f"report.{what}", report, a.report(**changes), by)  # type: ignore[arg-type]


NEXT_REPORT: Final = an_id("mrp", 2)
SUBMITTED: Final = (drafted, submitting())
LIFE: dict[str, tuple[Bad, str]] = {
    "an activity's number leaves a gap": (drafting(code="CITY-0003"), "value_differs"),
    "an activity is drafted in no programme": (drafting(code="NEW-0001"), "unknown"),
    "an activity is drafted for another party": (
        drafting(owner_party_id=HOLDER),
        "value_differs",
    ),
    "an activity is drafted twice": (
        writing(
            "activity.drafted",
            ACTIVITY,
            a.step(
                None,
                "draft",
                1,
                code="CITY-0002",
                owner_party_id=DEVELOPER,
                content_commitment=DIGEST,
            ),
            OWNER,
        ),
        "taken_twice",
    ),
    "a version is left out": (after(drafted, then=submitting(version=3)), "version_not_next"),
    "a step begins elsewhere": (
        after(drafted, then=submitting(**{"from": "submitted"})),
        "value_differs",
    ),
    "a step leads elsewhere": (after(drafted, then=submitting(to="under_review")), "value_differs"),
    "a step is not in the table": (
        after(*SUBMITTED, then=submitting(version=3)),
        "activity_state",
    ),
    "a stranger submits": (
        after(drafted, then=submitting(BUYER, by_party_id=HOLDER)),
        "not_allowed",
    ),
    "the party that acts is another": (
        after(drafted, then=submitting(by_party_id=HOLDER)),
        "value_differs",
    ),
    "a methodology is not in the catalogue": (
        after(drafted, then=submitting(methodology_version="02")),
        "unknown",
    ),
    "a methodology is accepted no more": (
        after(
            drafted,
            writing(
                "methodology.superseded",
                f"{METHODOLOGY}/01",
                {
                    "superseded_on": "2026-01-01",
                    "last_acceptable_on": "2026-06-30",
                    "overlap_rule": an_id("cfg", 4),
                },
            ),
            then=submitting(),
        ),
        "methodology_superseded",
    ),
    "an activity feeds no buffer though its methodology does": (
        after(drafted, then=submitting(buffer_applies=False)),
        "value_differs",
    ),
    "an activity has no account for its credits": (
        after(drafted, then=submitting(credit_account_id=None)),
        "credit_account_needed",
    ),
    "an activity's account is somebody else's": (
        after(drafted, then=submitting(credit_account_id=1002)),
        "credit_account_foreign",
    ),
    "an installation is counted by another": (
        after(drafted, then=submitting(sites=[a.a_site("PEA-1")])),
        "installation_taken",
    ),
    "a review is completed twice": (
        after(*SUBMITTED, STARTED, then=STARTED),
        "activity_state",
    ),
    "no body is named": (
        after(
            *SUBMITTED,
            STARTED,
            then=review(
                "review_completed",
                reviewing("under_review", "under_validation", 4, vvb_party_id=None),
            ),
        ),
        "validator_missing",
    ),
    "the owner is to validate": (
        after(
            *SUBMITTED,
            then=review(
                "validator_assigned",
                reviewing("submitted", "submitted", 3, vvb_party_id=DEVELOPER),
            ),
        ),
        "validator_not_fit",
    ),
    "a body is to validate whose accreditation has ended": (
        after(
            *SUBMITTED,
            STARTED,
            ending_scope(sectoral_scope=14),
            then=COMPLETED,
        ),
        "validator_not_fit",
    ),
    "another body validates": (
        after(*SUBMITTED, STARTED, COMPLETED, then=validating(vvb_party_id=AUTHORITY)),
        "value_differs",
    ),
    "the authority validates": (
        after(*SUBMITTED, STARTED, COMPLETED, then=validating(OFFICER, by_party_id=AUTHORITY)),
        "not_allowed",
    ),
    "an opinion rests on another activity's document": (
        after(*SUBMITTED, STARTED, COMPLETED, then=validating(document_ids=[DOCUMENT])),
        "evidence_foreign",
    ),
    "an opinion follows a positive one": (
        after(*SUBMITTED, STARTED, COMPLETED, validating(), then=validating(version=6)),
        "opinion_given",
    ),
    "an activity is registered without an opinion": (
        after(*SUBMITTED, STARTED, COMPLETED, then=registering(version=5)),
        "opinion_missing",
    ),
    "an activity is registered on a negative opinion": (
        after(
            *SUBMITTED, STARTED, COMPLETED, validating(conclusion="negative"), then=registering()
        ),
        "opinion_missing",
    ),
    "an activity is registered before its review is complete": (
        after(*SUBMITTED, STARTED, then=registering(version=4, **{"from": "under_review"})),
        "review_not_complete",
    ),
    "a crediting period is too long": (
        after(
            *SUBMITTED,
            STARTED,
            COMPLETED,
            validating(),
            then=registering(crediting_end="2033-12-31"),
        ),
        "value_differs",
    ),
    "a decision was taken tomorrow": (
        after(
            *SUBMITTED, STARTED, COMPLETED, validating(), then=registering(decided_on="2026-11-25")
        ),
        "decision_ahead",
    ),
    "a decision was taken nowhere": (
        after(*SUBMITTED, STARTED, COMPLETED, validating(), then=registering(meeting=None)),
        "decision_ungrounded",
    ),
    "a decision rests on another activity's document": (
        after(
            *SUBMITTED,
            STARTED,
            COMPLETED,
            validating(),
            then=registering(decision_document_id=DOCUMENT),
        ),
        "evidence_foreign",
    ),
    "an officer registers": (
        after(*SUBMITTED, STARTED, COMPLETED, validating(), then=registering(by=OFFICER)),
        "not_allowed",
    ),
    "a refused activity is registered": (
        after(
            *SUBMITTED,
            STARTED,
            COMPLETED,
            validating(),
            review(
                "refused",
                reviewing("under_validation", "refused", 6, **a.grounds(), **REASON),
                APPROVER,
            ),
            then=registering(version=7, **{"from": "refused"}),
        ),
        "activity_state",
    ),
    "a report is on an unregistered activity": (
        after(*SUBMITTED, then=reporting("drafted", NEXT_REPORT, activity_id=an_id("act", 2))),
        "report_activity_not_registered",
    ),
    "a period is reported on twice": (
        reporting("drafted", NEXT_REPORT, first="2025-07-01", last="2026-06-30"),
        "report_period_overlap",
    ),
    "a period is not over": (
        reporting("drafted", NEXT_REPORT, first="2026-01-01", last="2026-12-31"),
        "report_period_in_future",
    ),
    "a period is outside the crediting period": (
        reporting("drafted", NEXT_REPORT, first="2022-01-01", last="2023-12-31"),
        "report_period_outside_crediting",
    ),
    "a report is drafted twice": (
        reporting("drafted", REPORT, first="2023-01-01", last="2023-12-31"),
        "taken_twice",
    ),
    "a verified report is withdrawn": (
        writing("report.withdrawn", REPORT, {"activity_id": ACTIVITY, **REASON}, OWNER),
        "report_state",
    ),
    "a verified report is edited": (reporting("edited"), "report_state"),
    "a report is of another activity": (
        after(drafted, then=reporting("submitted", activity_id=an_id("act", 2))),
        "value_differs",
    ),
    "a report is recognised in a programme that mints": (
        writing(
            "report.recognised",
            REPORT,
            {
                **a.report(),
                "letter_number": "1",
                "letter_date": "2026-11-24",
                "vintages": [{"vintage": 2024, "monitored_tco2e": "1"}],
            },
            APPROVER,
        ),
        "recognition_not_for_credits",
    ),
}


@pytest.mark.parametrize("name", LIFE)
def test_a_wrong_step_of_activities_and_reports_is_found(name: str) -> None:
    found_by(a.verified(), *LIFE[name])


# --------------------------------------------------------------- verification and issuance

ABOUT: Final = {"report_id": REPORT, "activity_id": ACTIVITY}


def assigning(subject: str = VERIFICATION, party: str = BODY, by: str = OFFICER) -> Bad:
    return writing("verification.assigned", subject, {**ABOUT, "vvb_party_id": party}, by)


def judging(number: int = 1, by: str = LEAD, **changes: object) -> Bad:
    said = {**ABOUT, "opinion_number": number, "content_commitment": DIGEST, **changes}
    return writing("verification.opinion_given", VERIFICATION, said, by)


def concluding(by: str = REVIEWER, **changes: object) -> Bad:
    return writing("verification.concluded", VERIFICATION, a.conclusion(**changes), by)


def a_verified_line(vintage: int, monitored: str, verified: str, buffer: int) -> a.Data:
    return {
        "vintage": vintage,
        "monitored_tco2e": monitored,
        "verified_tco2e": verified,
        "buffer_credits": buffer,
    }


def confirming(*lines: a.Data) -> Bad:
    return concluding(vintages=list(lines))


SECOND: Final = a_verified_line(2025, "510", "500.5", 50)
VERIFYING: dict[str, tuple[Bad, str]] = {
    "a body without accreditation is assigned": (assigning(party=HOLDER), "validator_not_fit"),
    "a stranger assigns": (assigning(by=BUYER), "not_allowed"),
    "two bodies are assigned": (
        after(assigning(), then=assigning(an_id("vrf", 2))),
        "report_state",
    ),
    "an opinion is given before the assignment": (judging(), "unknown"),
    "an opinion has another number": (after(assigning(), then=judging(2)), "value_differs"),
    "an opinion is given twice": (
        after(assigning(), judging(), then=judging(2)),
        "verification_state",
    ),
    "the reviewer gives the opinion": (
        after(assigning(), then=judging(by=REVIEWER)),
        "not_allowed",
    ),
    "the lead reviews": (after(assigning(), judging(), then=concluding(LEAD)), "not_allowed"),
    "a body judges whose accreditation has ended": (
        after(assigning(), ending_scope(sectoral_scope=14), then=judging()),
        "validator_not_fit",
    ),
    "an opinion is reviewed before it is given": (
        after(assigning(), then=concluding()),
        "verification_state",
    ),
    "another opinion is reviewed": (
        after(assigning(), judging(), then=concluding(opinion_number=2)),
        "value_differs",
    ),
    "another body reviews": (
        after(assigning(), judging(), then=concluding(vvb_party_id=HOLDER)),
        "party_differs",
    ),
    "one person gives and reviews the opinion": (
        after(
            writing("user.roles_set", LEAD, a.user(BODY, "verifier_lead", "verifier_reviewer")),
            assigning(),
            judging(),
            then=concluding(LEAD),
        ),
        "reviewer_is_lead",
    ),
    "more is verified than was monitored": (
        after(
            assigning(),
            judging(),
            then=confirming(a_verified_line(2024, "1000", "1000.000001", 0), SECOND),
        ),
        "verified_above_monitored",
    ),
    "the buffer gets more than there is": (
        after(
            assigning(), judging(), then=confirming(a_verified_line(2024, "10", "10", 11), SECOND)
        ),
        "buffer_too_large",
    ),
    "a vintage is missing": (
        after(assigning(), judging(), then=confirming(SECOND)),
        "value_differs",
    ),
    "a disclaimer confirms tonnes": (
        after(assigning(), judging(), then=concluding(conclusion="disclaimer")),
        "lines_without_confirmation",
    ),
    "credits are issued for an unverified report": (
        after(
            assigning(), judging(), then=writing("credits.issued", ISSUANCE, a.issuance(), APPROVER)
        ),
        "not_possible_now",
    ),
    "credits are issued for a report that nobody verifies": (
        writing("credits.issued", ISSUANCE, a.issuance(), APPROVER),
        "value_differs",
    ),
}


def submitted_report() -> Log:
    log = a.registered()
    reporting("drafted")(log)
    reporting("submitted")(log)
    return log


@pytest.mark.parametrize("name", VERIFYING)
def test_a_wrong_act_of_verification_is_found(name: str) -> None:
    found_by(submitted_report(), *VERIFYING[name])


def issuing(
    lines: tuple[a.Data, ...] = (),
    batches: tuple[a.Data, ...] = (),
    by: str = APPROVER,
    **changes: object,
) -> Bad:
    return writing("credits.issued", ISSUANCE, a.issuance(lines, batches, **changes), by)


def two_lines(**changes: object) -> tuple[a.Data, ...]:
    first = {**a.a_line(2024, "1000.75", 1000, 100, "0.75"), **changes}
    return first, a.a_line(2025, "500.5", 500, 50, "0.5")


def two_batches(prefix: str = PREFIX, **changes: object) -> tuple[a.Data, ...]:
    first = {**a.a_batch(prefix, 2024, 1000, 100), **changes}
    return first, a.a_batch(NEXT_PREFIX, 2025, 500, 50)


ISSUING: dict[str, tuple[Bad, str]] = {
    "an officer issues": (issuing(by=OFFICER), "not_allowed"),
    "a tonne is rounded up": (
        issuing(two_lines(credits=1001, remainder_tco2e="0"), two_batches(credits=1001)),
        "value_differs",
    ),
    "more is issued than was verified": (
        issuing(two_lines(verified_tco2e="1001.75", credits=1001), two_batches(credits=1001)),
        "value_differs",
    ),
    "a remainder is lost": (issuing(two_lines(remainder_tco2e="0")), "value_differs"),
    "a remainder is carried from nowhere": (
        issuing(two_lines(carried_from=an_id("iss", 9), carried_in_tco2e="0.5")),
        "value_differs",
    ),
    "the buffer is kept from its share": (
        issuing(two_lines(buffer_credits=0), two_batches(buffer_credits=0)),
        "value_differs",
    ),
    "a batch is larger than its line": (issuing((), two_batches(credits=1001)), "batch_differs"),
    "a batch has another vintage": (issuing((), two_batches(vintage=2023)), "batch_differs"),
    "a batch is missing": (issuing((), two_batches()[1:]), "batch_differs"),
    "a batch has another prefix": (
        issuing((), two_batches("TH-CITY-0001-2024-2")),
        "batch_differs",
    ),
    "a batch goes to another account": (
        issuing((), two_batches(account=BUYERS_ACCOUNT)),
        "batch_differs",
    ),
    "a batch is another activity's": (
        issuing((), two_batches(project="CITY-0002")),
        "batch_differs",
    ),
    "credits are issued for no report": (issuing(report_id=NEXT_REPORT), "unknown"),
    "credits are issued for another verification": (
        issuing(verification_id=an_id("vrf", 2)),
        "value_differs",
    ),
    "credits are issued for another activity": (
        issuing(activity_id=an_id("act", 2)),
        "value_differs",
    ),
    "a report is issued twice": (after(issuing(), then=issuing()), "issuance_already_decided"),
    "a refused report is issued": (
        after(
            writing("issuance.refused", an_id("iss", 2), a.decision(**REASON), APPROVER),
            then=issuing(),
        ),
        "issuance_already_decided",
    ),
    "a report is refused without a reason": (
        writing("issuance.refused", ISSUANCE, a.decision(), APPROVER),
        "reason_missing",
    ),
    "the account of the credits was closed": (
        after(writing("account.closed", OWNERS_ACCOUNT, {}), then=issuing()),
        "credit_account_foreign",
    ),
    "the issuance was decided tomorrow": (issuing(decided_on="2026-11-25"), "decision_ahead"),
}


@pytest.mark.parametrize("name", ISSUING)
def test_a_wrong_issuance_is_found(name: str) -> None:
    found_by(a.verified(), *ISSUING[name])


# --------------------------------------------------------------- history, and the beginning

ABROAD: Final = an_id("pty", 8)
ABROAD_ACCOUNT: Final = account_number(1003)


def with_source() -> Log:
    """Return a log in which another registry may be taken over from."""
    log = a.peopled()
    admitting(ABROAD, "holder")(log)
    log.open(1003, ABROAD)
    said = {"name": "Another registry", "party": ABROAD, "account": ABROAD_ACCOUNT}
    return log.write("history.source_opened", "ABR", said)


def taking_over(
    prefix: str = "ABR-1",
    made: int = 600,
    subject: str = "",
    by: str = ADMINISTRATOR,
    **changes: object,
) -> Bad:
    batch = {
        **a.a_batch(prefix, 2020, made, 0),
        "programme": "ABR",
        "project": "P1",
        "account": ABROAD_ACCOUNT,
        **changes,
    }
    said = {"source": "ABR", "issued_on": "2021-01-01", "issued_for_vintage": 1000}
    return writing("credits.taken_over", subject or prefix, {**said, "batches": [batch]}, by)


HISTORY: dict[str, tuple[Bad, str]] = {
    "a source is opened twice": (
        writing(
            "history.source_opened",
            "ABR",
            {"name": "Another", "party": ABROAD, "account": ABROAD_ACCOUNT},
        ),
        "taken_twice",
    ),
    "a source has the code of a programme": (
        writing(
            "history.source_opened",
            "CITY",
            {"name": "Another", "party": ABROAD, "account": ABROAD_ACCOUNT},
        ),
        "taken_twice",
    ),
    "a source has somebody else's account": (
        writing(
            "history.source_opened",
            "NEW",
            {"name": "Another", "party": ABROAD, "account": BUYERS_ACCOUNT},
        ),
        "party_differs",
    ),
    "a source was not opened": (
        writing(
            "credits.taken_over",
            "NEW-1",
            {
                "source": "NEW",
                "issued_on": "2021-01-01",
                "issued_for_vintage": 1000,
                "batches": [a.a_batch("NEW-1", 2020, 1, 0)],
            },
        ),
        "unknown",
    ),
    "more is taken over than was issued": (
        after(taking_over(), then=taking_over("ABR-2", 401)),
        "more_than_issued",
    ),
    "a batch is taken over twice": (
        after(taking_over(made=1), then=taking_over(made=1)),
        "taken_twice",
    ),
    "a batch feeds the buffer": (taking_over(buffer_credits=1), "batch_differs"),
    "a batch goes to somebody else": (taking_over(account=BUYERS_ACCOUNT), "batch_differs"),
    "a batch is of a programme": (taking_over(programme="CITY"), "batch_differs"),
    "the subject is another batch": (taking_over(subject="ABR-2"), "batch_differs"),
    "a holder takes over": (taking_over(by=BUYER), "not_allowed"),
    "the source's account is closed": (
        after(
            writing("account.closed", ABROAD_ACCOUNT, {}),
            then=taking_over(),
        ),
        "account_not_allowed",
    ),
    "an officer retires what was taken over": (
        after(
            taking_over(),
            then=moving(
                ("ABR-1", 1, 1),
                sender=ABROAD_ACCOUNT,
                receiver=RETIRED,
                kind="credits.retired",
                by=OFFICER,
            ),
        ),
        "not_allowed",
    ),
}


@pytest.mark.parametrize("name", HISTORY)
def test_a_wrong_act_of_taking_over_is_found(name: str) -> None:
    found_by(with_source(), *HISTORY[name])


def test_whoever_imports_retires_for_the_source() -> None:
    log = with_source()
    taking_over()(log)
    log.move(ABROAD_ACCOUNT, RETIRED, ("ABR-1", 1, 10), kind="credits.retired", by=ADMINISTRATOR)
    assert log.replay().totals().credits[RETIRED] == 10


def test_a_user_without_a_role_may_act_on_for_a_moment() -> None:
    """The service notices within a second, and an act let in before may wait for its commit."""
    log = a.issued()
    suspending(OWNER, DEVELOPER)(log)
    moving((PREFIX, 1, 1))(log)
    log.replay()


BEGINNING: dict[str, tuple[list[bytes], str]] = {
    "it does not begin with its accounts": (a.founded().leaves[1:2], "founding_misplaced"),
    "an account is missing": (
        [
            Log()
            .write(
                "accounts.founded",
                "registry",
                {"accounts": {**dict(list(a.OWN.items())[:5]), BUYERS_ACCOUNT: "exported"}},
                by="registry",
            )
            .leaves[0]
        ],
        "founding_incomplete",
    ),
    "somebody founds it": (
        [Log().write("accounts.founded", "registry", {"accounts": a.OWN}).leaves[0]],
        "founding_misplaced",
    ),
    "a leaf is no act": ([b"{}"], "leaf_unreadable"),
}


@pytest.mark.parametrize("name", BEGINNING)
def test_a_wrong_beginning_is_found(name: str) -> None:
    (leaf,), code = BEGINNING[name]
    with pytest.raises(ReplayFault) as fault:
        Replay(Shelf()).play(0, leaf)
    assert (fault.value.index, fault.value.code) == (0, code)


@pytest.mark.parametrize("index", [0, 2])
def test_a_leaf_out_of_its_place_is_found(index: int) -> None:
    replay = Replay(Shelf())
    leaves = a.founded().leaves
    replay.play(0, leaves[0])
    with pytest.raises(ReplayFault) as fault:
        replay.play(index, leaves[1])
    assert fault.value.code == "index_not_next"


def test_after_a_fault_nothing_is_played_or_saved() -> None:
    """The act at fault may be half taken into account."""
    replay = Replay(Shelf())
    with pytest.raises(ReplayFault):
        replay.play(0, b"{}")
    with pytest.raises(AssertionError):
        replay.play(0, a.founded().leaves[0])
    with pytest.raises(AssertionError):
        replay.save()


def test_a_rule_without_a_value_stops_what_needs_it() -> None:
    log = Log()
    founding = a.verified()
    for leaf in founding.leaves:
        without = leaf.replace(b"serial_prefix_format", b"implementation_years")
        log.leaves.append(
            leaf
            if without == leaf
            else without.replace(b"TH-{programme}-{activity}-{vintage}-{batch}", b"3").replace(
                b'"key":"implementation_years","programme":null,"source":"invented","unit":null',
                b'"key":"implementation_years","programme":null,"source":"invented","unit":"years"',
            )
        )
    log.now = founding.now
    found_by(log, issuing(), "rule_missing")


def test_each_fault_that_is_documented_has_its_wrong_act() -> None:
    tables = (CREDITS, PEOPLE, LIFE, VERIFYING, ISSUING, HISTORY)
    shown = {code for table in tables for _, code in table.values()}
    shown |= {code for _, code in BEGINNING.values()}
    shown |= {"index_not_next", "rule_missing"}  # above
    shown |= {"leaf_too_large", "leaf_not_canonical"}  # test_replay_leaves
    shown |= {"more_than_verified"}  # test_replay_play
    assert set(MEANINGS) - shown == set()
