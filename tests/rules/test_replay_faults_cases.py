"""Each thing that can be wrong with cases and their steps is found, by its code."""

from typing import Final

import pytest

from app.kernel.encoding import sha256
from app.registry.replay.shelf import Shelf
from tests.builders import replay as a
from tests.builders import wrong
from tests.builders.replay import (
    APPROVER,
    AUTHORITY,
    BUFFER,
    BUYER,
    BUYERS_ACCOUNT,
    CANCELLED,
    DIGEST,
    HOLDER,
    ISSUANCE,
    NEXT_PREFIX,
    OFFICER,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    RETIRED,
    Log,
    an_id,
)
from tests.builders.wrong import Bad, after, found_by, moving, writing

CASE, OTHER, GIFT = (an_id("ord", number) for number in (1, 2, 3))
BOTH: Final = an_id("usr", 21)  # proposes and approves
ELSEWHERE: Final = "XX-1-2024-1"  # a batch of another registry
ISSUED: Final = 1_500


def world() -> Log:
    """Return a log with credits of two issuances, and the rule by which cases are due."""
    log = a.issued().write("user.added", BOTH, a.user(AUTHORITY, "officer", "approver"))
    log.write(
        "rules.set",
        "registry",
        {"rules": [a.a_rule(31, "compensation_days", "90", unit="days", valid_from="2026-11-24")]},
    )
    source = {"name": "Another", "party": HOLDER, "account": BUYERS_ACCOUNT}
    log.write("history.source_opened", "XX", source)
    batch = {
        "batch": ELSEWHERE,
        "vintage": 2024,
        "credits": 50,
        "buffer_credits": 0,
        "account": BUYERS_ACCOUNT,
        "programme": "XX",
        "project": "XX-1",
    }
    taken = {"source": "XX", "issued_on": "2025-06-30", "issued_for_vintage": 50}
    return log.write("credits.taken_over", ELSEWHERE, {**taken, "batches": [batch]})


def proposing(
    order: str = CASE,
    count: int = 30,
    *,
    kind: str = "reversal",
    by: str = OFFICER,
    issuance: str = ISSUANCE,
) -> Bad:
    facts = {"issuance": issuance, "case_kind": kind, "credits": count}
    return wrong.proposing("case.proposed", order, facts, by)


def asking(order: str = GIFT, count: int = 10, *, case: str = CASE, by: str = OFFICER) -> Bad:
    """Propose that the buffer gives."""
    return wrong.proposing("buffer.proposed", order, {"case": case, "credits": count}, by)


def opening(
    order: str = CASE, count: int = 30, *, by: str = APPROVER, subject: str = "", **changes: object
) -> Bad:
    """Approve a case, as its proposal stands in the log."""

    def write(log: Log) -> None:
        facts = {
            "issuance": ISSUANCE,
            "case_kind": "reversal",
            "credits": count,
            "due_on": "2027-02-22",
            **_approved(log, order),
            **changes,
        }
        log.write("case.opened", subject or order, facts, by=by)

    return write


def deducting(*runs: tuple[str, int, int], owed: int, **asked: str) -> Bad:
    return _ending("credits.deducted", runs, owed, **{"sender": OWNERS_ACCOUNT, **asked})


def replacing(*runs: tuple[str, int, int], owed: int, **asked: str) -> Bad:
    asked = {"sender": BUYERS_ACCOUNT, "by": BUYER, **asked}
    return _ending("credits.replaced", runs, owed, **asked)


def giving(
    *runs: tuple[str, int, int],
    owed: int,
    by: str = APPROVER,
    sender: str = BUFFER,
    **changes: object,
) -> Bad:
    """Approve that the buffer gives, as it was proposed."""

    def write(log: Log) -> None:
        facts = {**_ended(sender, runs), "case": CASE, "owed": owed, **_approved(log, GIFT)}
        log.write("buffer.compensated", sender, {**facts, **changes}, by=by)

    return write


def _ending(  # noqa: PLR0913  each is something that can be wrong
    kind: str,
    runs: tuple[tuple[str, int, int], ...],
    owed: int,
    *,
    sender: str,
    by: str = OWNER,
    purpose: str = "reversal",
    to: str = CANCELLED,
    case: str = CASE,
) -> Bad:
    facts = {**_ended(sender, runs), "purpose": purpose, "to": to, "case": case, "owed": owed}
    return writing(kind, sender, facts, by)


def _ended(sender: str, runs: tuple[tuple[str, int, int], ...]) -> dict[str, object]:
    return {
        **a.moved(sender, CANCELLED, *runs),
        "purpose": "reversal",
        "visibility": "public",
        "happened_on": "2026-11-24",
        "statement": DIGEST,
    }


def _approved(log: Log, order: str) -> dict[str, object]:
    named = f'"subject":"{order}"'.encode()
    leaf = next((leaf for leaf in log.leaves if named in leaf), b"")
    return {"order": order, "digest": sha256(leaf).hex()}


OWES: Final = (proposing(), opening())
EXCESS: Final = (
    proposing(kind="over_issuance"),
    opening(case_kind="over_issuance"),
)
OF_OWNER: Final = {"sender": OWNERS_ACCOUNT, "by": OWNER}
TEN: Final = (PREFIX, 1, 10)
BUFFERED: Final = (PREFIX, 901, 910)

CASES: dict[str, tuple[Bad, str]] = {
    "an approver proposes": (proposing(by=APPROVER), "not_allowed"),
    "a holder proposes": (proposing(by=OWNER), "not_allowed"),
    "an unknown issuance": (proposing(issuance=an_id("iss", 9)), "unknown"),
    "more than was issued": (proposing(count=ISSUED + 1), "case_over_issued"),
    "two cases claim more than was issued": (
        after(
            proposing(),
            proposing(OTHER, ISSUED - 29),
            opening(),
            then=opening(OTHER, ISSUED - 29),
        ),
        "case_over_issued",
    ),
    "nobody proposed it": (opening(), "unknown"),
    "the proposer approves": (
        after(proposing(by=BOTH), then=opening(by=BOTH)),
        "second_person_needed",
    ),
    "an officer approves": (after(proposing(by=BOTH), then=opening(by=OFFICER)), "not_allowed"),
    "another digest": (after(proposing(), then=opening(digest="0" * 64)), "value_differs"),
    "it is approved twice": (after(*OWES, then=opening()), "not_possible_now"),
    "it is opened as another": (after(proposing(), then=opening(subject=OTHER)), "subject_differs"),
    "more is owed than was proposed": (
        after(proposing(), then=opening(credits=31)),
        "value_differs",
    ),
    "another kind is opened": (
        after(proposing(), then=opening(case_kind="over_issuance")),
        "value_differs",
    ),
    "it is due another day": (
        after(proposing(), then=opening(due_on="2027-02-23")),
        "value_differs",
    ),
    "a case that nobody opened": (after(proposing(), then=deducting(TEN, owed=20)), "unknown"),
    "more is given than is owed": (
        after(*OWES, then=deducting((PREFIX, 1, 31), owed=0)),
        "case_over_owed",
    ),
    "a closed case is given more": (
        after(*OWES, deducting((PREFIX, 1, 30), owed=0), then=deducting((PREFIX, 31, 31), owed=0)),
        "case_closed",
    ),
    "less is owed than follows": (after(*OWES, then=deducting(TEN, owed=19)), "value_differs"),
    "more is owed than follows": (after(*OWES, then=deducting(TEN, owed=21)), "value_differs"),
    "it has another purpose": (
        after(*OWES, then=deducting(TEN, owed=20, purpose="over_issuance")),
        "value_differs",
    ),
    "it is retired": (
        after(*OWES, then=deducting(TEN, owed=20, to=RETIRED)),
        "account_not_allowed",
    ),
    "other credits are deducted": (
        after(
            *OWES,
            then=deducting((ELSEWHERE, 1, 10), owed=20, sender=BUYERS_ACCOUNT, by=BUYER),
        ),
        "not_deductible",
    ),
    "a buyer's credits are deducted": (
        after(*OWES, moving(TEN), then=deducting(TEN, owed=20, sender=BUYERS_ACCOUNT, by=BUYER)),
        "not_deductible",
    ),
    "the issuance replaces itself": (
        after(
            *OWES, then=replacing((NEXT_PREFIX, 1, 10), owed=20, sender=OWNERS_ACCOUNT, by=OWNER)
        ),
        "not_replacing",
    ),
    "in part": (
        after(*OWES, moving(TEN), then=replacing((ELSEWHERE, 1, 5), (PREFIX, 1, 5), owed=20)),
        "not_replacing",
    ),
    "somebody else gives them": (
        after(*OWES, then=replacing((ELSEWHERE, 1, 10), owed=20, by=OWNER)),
        "not_allowed",
    ),
    "serials that are not there": (
        after(*OWES, then=replacing((ELSEWHERE, 1, 51), owed=0)),
        "case_over_owed",
    ),
    "serials that somebody else holds": (
        after(*OWES, then=replacing((ELSEWHERE, 1, 10), owed=20, **OF_OWNER)),
        "serials_not_held",
    ),
    "the buffer is asked for what was issued in excess": (
        after(*EXCESS, then=asking()),
        "buffer_not_for_case",
    ),
    "the buffer is asked for too much": (after(*OWES, then=asking(count=31)), "case_over_owed"),
    "a holder asks the buffer": (after(*OWES, then=asking(by=OWNER)), "not_allowed"),
    "the buffer gives unasked": (after(*OWES, then=giving(BUFFERED, owed=20)), "unknown"),
    "the buffer gives by one person": (
        after(*OWES, asking(by=BOTH), then=giving(BUFFERED, owed=20, by=BOTH)),
        "second_person_needed",
    ),
    "the buffer gives by an officer": (
        after(*OWES, asking(by=BOTH), then=giving(BUFFERED, owed=20, by=OFFICER)),
        "not_allowed",
    ),
    "the buffer gives another number": (
        after(*OWES, asking(), then=giving((PREFIX, 901, 911), owed=19)),
        "value_differs",
    ),
    "the buffer gives to another case": (
        after(
            *OWES,
            proposing(OTHER),
            opening(OTHER),
            asking(),
            then=giving(BUFFERED, owed=20, case=OTHER),
        ),
        "value_differs",
    ),
    "the buffer gives a holder's credits": (
        after(*OWES, asking(), then=giving(TEN, owed=20, sender=OWNERS_ACCOUNT)),
        "account_not_allowed",
    ),
    "the buffer gives what is made good": (
        after(*OWES, asking(), deducting((PREFIX, 1, 30), owed=0), then=giving(BUFFERED, owed=0)),
        "case_closed",
    ),
    "a freeze is approved as a case": (
        after(
            wrong.proposing(
                "freeze.proposed",
                CASE,
                {"account": None, "batch": PREFIX, "first": 1, "last": 2},
                OFFICER,
            ),
            then=opening(),
        ),
        "value_differs",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_a_case_is_found(name: str) -> None:
    bad, code = CASES[name]
    found_by(world(), bad, code)


def test_a_case_is_made_good_and_kept_on_the_shelf() -> None:
    """Also where a replay is interrupted while something is owed."""
    log = world()
    for act in (*OWES, deducting(TEN, owed=20), asking()):
        act(log)
    shelf = Shelf()
    log.replay(shelf).save()
    for act in (replacing((ELSEWHERE, 1, 10), owed=10), giving(BUFFERED, owed=0)):
        act(log)
    replay = log.replay(shelf)
    assert replay.totals().credits[CANCELLED] == 30
    assert len(list(replay.endings())) == 3
    found_by(log, deducting((PREFIX, 11, 11), owed=0), "case_closed")


def test_a_case_of_over_issuance_is_made_good_too() -> None:
    log = world()
    for act in (*EXCESS, deducting((PREFIX, 1, 30), owed=0, purpose="over_issuance")):
        act(log)
    assert log.replay().totals().credits[CANCELLED] == 30
