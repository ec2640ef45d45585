"""Each thing that can be wrong with activities and reports is found, by its code."""

from typing import Final

import pytest

from tests.builders import replay as a
from tests.builders.replay import (
    ACTIVITY,
    APPROVER,
    AUTHORITY,
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
    REPORT,
    Log,
    an_id,
)
from tests.builders.wrong import (
    NEXT_REPORT,
    REASON,
    Bad,
    after,
    ending_scope,
    found_by,
    reporting,
    writing,
)


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


def validating(by: str = LEAD, version: int = 5, **changes: object) -> Bad:
    said = {"code": "CITY-0002", "document_ids": [], **changes}
    return review("validated", a.validation(version, **said), by)


def registering(version: int = 6, by: str = APPROVER, **changes: object) -> Bad:
    return review("registered", a.registration(version, **{"code": "CITY-0002", **changes}), by)


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
