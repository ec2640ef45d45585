"""Each thing that can be wrong with the renewal of a party's documents is found, by its code."""

from typing import Final

import pytest

from tests.builders import replay as a
from tests.builders.replay import (
    APPROVER,
    BODY,
    BUYER,
    BUYERS_ACCOUNT,
    DEVELOPER,
    DIGEST,
    HOLDER,
    OFFICER,
    OWNER,
    Log,
    an_id,
)
from tests.builders.wrong import Bad, after, found_by, writing

FIRST, SECOND = an_id("apl", 1), an_id("apl", 2)
VIEWER: Final = an_id("usr", 21)


def world() -> Log:
    """Return a log with somebody of the holder who only looks."""
    log = a.issued()
    return log.write("user.added", VIEWER, a.user(HOLDER, "holder_viewer"))


def beginning(by: str = BUYER, renewal: str = FIRST, **changes: object) -> Bad:
    said = {"party_id": HOLDER, "holder_kind": "juristic_person", "content_commitment": DIGEST}
    return writing("application.renewal_begun", renewal, {**said, **changes}, by)


def taking(what: str, version: int, by: str, renewal: str = FIRST, **facts: object) -> Bad:
    return writing(f"application.{what}", renewal, {"version": version, **facts}, by)


def words(what: str, version: int, by: str, **facts: object) -> Bad:
    return taking(what, version, by, FIRST, reason_commitment=DIGEST, **facts)


def renewing(by: str = APPROVER, **changes: object) -> Bad:
    return words("renewed", 4, by, **{"party_id": HOLDER, **changes})


RECOMMENDED: Final = (
    beginning(),
    taking("submitted", 2, BUYER),
    words("recommended", 3, OFFICER, is_favourable=True),
)
PARTIES: Final = {
    "a renewal is begun by nobody": (beginning("applicant"), "actor_unknown"),
    "a renewal is begun by somebody of another party": (beginning(OWNER), "not_allowed"),
    "a renewal is begun by an officer": (beginning(OFFICER), "not_allowed"),
    "a renewal is begun by who only looks": (beginning(VIEWER), "not_allowed"),
    "a renewal is begun twice": (
        after(beginning(), then=beginning(renewal=FIRST)),
        "not_possible_now",
    ),
    "two renewals are open": (
        after(beginning(), then=beginning(renewal=SECOND)),
        "not_possible_now",
    ),
    "a party renews as what it cannot be": (
        beginning(OWNER, party_id=DEVELOPER, holder_kind="natural_person"),
        "kind_of_holder",
    ),
    "a body renews": (beginning(BUYER, party_id=BODY), "not_allowed"),
    "a party renews as another kind than before": (
        after(*RECOMMENDED, renewing(), then=beginning(renewal=SECOND, holder_kind="state_body")),
        "kind_of_holder",
    ),
    "an applicant goes on with a renewal": (
        after(beginning(), then=taking("submitted", 2, "applicant")),
        "actor_unknown",
    ),
    "another party goes on with a renewal": (
        after(beginning(), then=taking("withdrawn", 2, OWNER)),
        "not_allowed",
    ),
    "a renewal leaves a version out": (
        after(beginning(), then=taking("submitted", 3, BUYER)),
        "version_not_next",
    ),
    "an officer approves a renewal": (after(*RECOMMENDED, then=renewing(OFFICER)), "not_allowed"),
    "a renewal is approved that nobody recommended": (
        after(*RECOMMENDED[:2], then=words("renewed", 3, APPROVER, party_id=HOLDER)),
        "not_possible_now",
    ),
    "a renewal is approved against the recommendation": (
        after(
            *RECOMMENDED[:2],
            words("recommended", 3, OFFICER, is_favourable=False),
            then=renewing(),
        ),
        "not_possible_now",
    ),
    "one officer recommends and approves": (
        after(
            writing("user.roles_set", OFFICER, a.user(a.AUTHORITY, "approver", "officer")),
            *RECOMMENDED,
            then=renewing(OFFICER),
        ),
        "same_officer",
    ),
    "the documents become another party's": (
        after(*RECOMMENDED, then=renewing(party_id=DEVELOPER)),
        "value_differs",
    ),
    "a renewal brings users in": (
        after(
            *RECOMMENDED,
            then=words(
                "admitted",
                4,
                APPROVER,
                party_id=an_id("pty", 9),
                user_ids=[an_id("usr", 30)],
                representatives_min=2,
            ),
        ),
        "not_possible_now",
    ),
    "an application for an account renews": (
        after(
            writing(
                "application.begun",
                FIRST,
                {
                    "holder_kind": "juristic_person",
                    "party_kind": "holder",
                    "province_code": None,
                    "content_commitment": DIGEST,
                },
                "applicant",
            ),
            taking("submitted", 2, "applicant"),
            RECOMMENDED[2],
            then=renewing(),
        ),
        "value_differs",
    ),
    "a closed party renews": (
        after(
            writing("account.closed", BUYERS_ACCOUNT, {}),
            writing("party.closed", HOLDER, {}),
            then=beginning(),
        ),
        "not_possible_now",
    ),
}


@pytest.mark.parametrize("name", PARTIES)
def test_a_wrong_renewal_is_found(name: str) -> None:
    found_by(world(), *PARTIES[name])


def test_a_party_renews_again_after_a_refusal_a_withdrawal_and_an_approval() -> None:
    log = world()
    for act in (*RECOMMENDED, words("refused", 4, APPROVER)):
        act(log)
    for number, what in ((2, "withdrawn"), (3, "submitted")):
        beginning(renewal=an_id("apl", number))(log)
        taking(what, 2, BUYER, an_id("apl", number))(log)
    assert log.replay().size == len(log.leaves)
