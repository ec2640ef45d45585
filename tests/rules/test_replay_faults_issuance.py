"""Each thing that can be wrong with verification and issuance is found, by its code."""

from typing import Final

import pytest

from tests.builders import replay as a
from tests.builders.replay import (
    ACTIVITY,
    APPROVER,
    BODY,
    BUYER,
    BUYERS_ACCOUNT,
    DIGEST,
    HOLDER,
    ISSUANCE,
    LEAD,
    NEXT_PREFIX,
    OFFICER,
    OWNERS_ACCOUNT,
    PREFIX,
    REPORT,
    REVIEWER,
    VERIFICATION,
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
    issuing,
    reporting,
    writing,
)

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
