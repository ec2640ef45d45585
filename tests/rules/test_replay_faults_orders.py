"""Each thing that can be wrong with freezes, releases and reversals is found, by its code."""

from typing import Final

import pytest

from app.kernel.encoding import sha256
from app.registry.ledger.serials import account_number
from app.registry.replay.shelf import Shelf
from tests.builders import replay as a
from tests.builders.replay import (
    APPROVER,
    AUTHORITY,
    BUYER,
    BUYERS_ACCOUNT,
    DOCUMENT,
    OFFICER,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    TRANSIT,
    Log,
    an_id,
)
from tests.builders.wrong import (
    Bad,
    after,
    found_by,
    moving,
    proposing,
    suspending,
    three_days_later,
    writing,
)

FREEZE, AGAIN, RELEASE, REVERSAL = (an_id("ord", number) for number in (1, 2, 3, 4))
BOTH: Final = an_id("usr", 21)  # proposes and approves
RUN: Final = (PREFIX, 1, 10)
LATE: Final = "2026-11-24T03:00:01.000000Z"
NEVER: Final = "9999-12-31T00:00:00.000000Z"


def world() -> Log:
    """Return a log with credits, and somebody who has both of the officers' roles."""
    return a.issued().write("user.added", BOTH, a.user(AUTHORITY, "officer", "approver"))


def of_account(order: str = FREEZE, by: str = OFFICER, **changes: object) -> Bad:
    facts = {"account": OWNERS_ACCOUNT, "batch": None, "first": None, "last": None, **changes}
    return proposing("freeze.proposed", order, facts, by)


def of_serials(order: str = FREEZE, **changes: object) -> Bad:
    facts = {"account": None, "batch": PREFIX, "first": 5, "last": 20, **changes}
    return proposing("freeze.proposed", order, facts, OFFICER)


def releasing(freeze: str = FREEZE, order: str = RELEASE, by: str = OFFICER) -> Bad:
    return proposing("release.proposed", order, {"freeze": freeze}, by)


def reversing(act: int | None = None, order: str = REVERSAL) -> Bad:
    """Propose to take the act before back, or another."""

    def write(log: Log) -> None:
        index = len(log.leaves) - 1 if act is None else act
        proposing("reversal.proposed", order, {"act": index}, OFFICER)(log)

    return write


def approving(
    kind: str, subject: str, order: str, about: a.Data | None = None, by: str = APPROVER
) -> Bad:
    """Approve what was proposed, as its leaf stands in the log."""

    def write(log: Log) -> None:
        named = f'"subject":"{order}"'.encode()
        leaf = next((leaf for leaf in log.leaves if named in leaf), b"")
        facts = {"order": order, "digest": sha256(leaf).hex(), **(about or {})}
        log.write(kind, subject, facts, by=by)

    return write


def freezing(by: str = APPROVER, subject: str = OWNERS_ACCOUNT, **changes: object) -> Bad:
    return approving("account.frozen", subject, FREEZE, changes, by)


def freezing_serials(subject: str = PREFIX, **changes: object) -> Bad:
    facts = {"first": 5, "last": 20, **changes}
    return approving("serials.frozen", subject, FREEZE, facts)


def freeing(subject: str = OWNERS_ACCOUNT, freeze: str = FREEZE, by: str = APPROVER) -> Bad:
    return approving("account.released", subject, RELEASE, {"freeze": freeze}, by)


def taking_back(
    *runs: tuple[str, int, int],
    sender: str = BUYERS_ACCOUNT,
    receiver: str = OWNERS_ACCOUNT,
    by: str = APPROVER,
    act: int | None = None,
) -> Bad:
    """Take back the act before the proposal, or another."""

    def write(log: Log) -> None:
        named = f'"subject":"{REVERSAL}"'.encode()
        found = next(index for index, leaf in enumerate(log.leaves) if named in leaf)
        facts = {
            **a.moved(sender, receiver, *(runs or (RUN,))),
            "reverses": found - 1 if act is None else act,
        }
        approving("credits.reversed", sender, REVERSAL, facts, by)(log)

    return write


SENDING: Final = moving(RUN)
FROZEN: Final = (of_account(), freezing())
FROZEN_SERIALS: Final = (of_serials(), freezing_serials())
WRONG_WAY: Final = (SENDING, reversing())

ORDERS: dict[str, tuple[Bad, str]] = {
    "an approver proposes": (of_account(by=APPROVER), "not_allowed"),
    "a holder proposes": (of_account(by=OWNER), "not_allowed"),
    "it waits longer than the rule says": (of_account(expires_at=NEVER), "value_differs"),
    "it expired before": (of_account(expires_at=LATE), "value_differs"),
    "an unknown document": (of_account(document_id=an_id("doc", 9)), "unknown"),
    "another file than the document's": (
        of_account(document_id=DOCUMENT, document_sha256="0" * 64),
        "value_differs",
    ),
    "an unknown account": (of_account(account=account_number(999_999)), "unknown"),
    "an account of the register": (of_account(account=TRANSIT), "account_not_allowed"),
    "two things": (of_account(batch=PREFIX, first=1, last=1), "value_differs"),
    "nothing": (of_account(account=None), "value_differs"),
    "an unknown batch": (of_serials(batch="TH-NO-1"), "unknown"),
    "beyond the batch": (of_serials(last=1_001), "serials_outside_batch"),
    "it is proposed twice": (after(of_account(), then=of_account()), "taken_twice"),
    "nobody proposed it": (freezing(), "unknown"),
    "the proposer approves": (
        after(of_account(by=BOTH), then=freezing(by=BOTH)),
        "second_person_needed",
    ),
    "an officer approves": (after(of_account(by=BOTH), then=freezing(by=OFFICER)), "not_allowed"),
    "another digest": (after(of_account(), then=freezing(digest="0" * 64)), "value_differs"),
    "another account": (
        after(of_account(), then=freezing(subject=BUYERS_ACCOUNT)),
        "subject_differs",
    ),
    "it is approved twice": (after(*FROZEN, then=freezing()), "not_possible_now"),
    "it is approved late": (
        after(
            of_account(),
            three_days_later,
            then=freezing(),
        ),
        "not_possible_now",
    ),
    "the proposer is suspended": (
        after(of_account(), suspending(OFFICER, AUTHORITY), then=freezing()),
        "order_proposer_not_allowed",
    ),
    "the proposer has another role": (
        after(
            of_account(),
            writing("user.roles_set", OFFICER, a.user(AUTHORITY, "auditor")),
            then=freezing(),
        ),
        "order_proposer_not_allowed",
    ),
    "the proposer's party is suspended": (
        after(of_account(), writing("party.suspended", AUTHORITY, {}), then=freezing()),
        "order_proposer_not_allowed",
    ),
    "the approver was one a moment ago": (
        after(of_account(), suspending(APPROVER, AUTHORITY), then=freezing()),
        "not_allowed",
    ),
    "other serials": (after(of_serials(), then=freezing_serials(last=21)), "value_differs"),
    "it leaves a frozen account": (after(*FROZEN, then=SENDING), "frozen"),
    "it enters a frozen account": (
        after(
            SENDING,
            *FROZEN,
            then=moving(RUN, sender=BUYERS_ACCOUNT, receiver=OWNERS_ACCOUNT, by=BUYER),
        ),
        "frozen",
    ),
    "frozen serials move": (after(*FROZEN_SERIALS, then=moving((PREFIX, 20, 21))), "frozen"),
    "what is not frozen is released": (releasing(), "unknown"),
    "another is released": (
        after(*FROZEN, of_account(AGAIN), then=releasing(AGAIN)),
        "not_possible_now",
    ),
    "the proposer releases": (
        after(*FROZEN, releasing(by=BOTH), then=freeing(by=BOTH)),
        "second_person_needed",
    ),
    "a frozen account is released as another": (
        after(*FROZEN, releasing(), then=freeing(BUYERS_ACCOUNT)),
        "subject_differs",
    ),
    "it is released twice": (
        after(*FROZEN, releasing(), freeing(), then=releasing(order=AGAIN)),
        "not_possible_now",
    ),
    "an act that is to come": (reversing(10_000), "unknown"),
    "other runs go back": (after(*WRONG_WAY, then=taking_back((PREFIX, 1, 9))), "serials_not_held"),
    "what another act brought goes back": (
        after(moving((PREFIX, 11, 20)), *WRONG_WAY, then=taking_back((PREFIX, 11, 20))),
        "serials_not_held",
    ),
    "what moved on goes back": (
        after(
            *WRONG_WAY,
            moving((PREFIX, 3, 3), sender=BUYERS_ACCOUNT, receiver=OWNERS_ACCOUNT, by=BUYER),
            then=taking_back(),
        ),
        "serials_not_held",
    ),
    "another act is said to go back": (
        after(*WRONG_WAY, then=taking_back(act=1)),
        "value_differs",
    ),
    "it goes back to transit": (
        after(*WRONG_WAY, then=taking_back(receiver=TRANSIT)),
        "account_not_allowed",
    ),
    "an officer takes it back": (after(*WRONG_WAY, then=taking_back(by=OFFICER)), "not_allowed"),
    "it is taken back twice": (
        after(*WRONG_WAY, taking_back(), then=reversing(len(world().leaves), AGAIN)),
        "taken_twice",
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_what_is_wrong_with_an_order_is_found(name: str) -> None:
    bad, code = ORDERS[name]
    found_by(world(), bad, code)


def test_what_is_frozen_is_free_again_and_kept_on_the_shelf() -> None:
    """Also where a replay is interrupted while something is frozen."""
    log = world()
    for act in (*FROZEN, of_serials(AGAIN, first=1, last=1)):
        act(log)
    approving("serials.frozen", PREFIX, AGAIN, {"first": 1, "last": 1})(log)
    shelf = Shelf()
    log.replay(shelf).save()
    for act in (releasing(), freeing()):
        act(log)
    log.replay(shelf).save()
    found_by(log, SENDING, "frozen")
    log.leaves.pop()
    log.move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 2, 2))
    assert log.replay(shelf).size == len(log.leaves)


def test_an_order_may_rest_on_a_document_that_is_here() -> None:
    log = world()
    for act in (of_account(document_id=DOCUMENT), freezing()):
        act(log)
    assert log.replay().size == len(log.leaves)


def test_what_goes_back_is_not_stopped_by_a_freeze() -> None:
    log = world()
    for act in (SENDING, reversing(), *FROZEN, *(of_serials(AGAIN),)):
        act(log)
    approving("serials.frozen", PREFIX, AGAIN, {"first": 5, "last": 20})(log)
    taking_back()(log)
    replay = log.replay()
    account = replay.ledger.find_account(OWNERS_ACCOUNT)
    assert account is not None
    assert account.freezes == 1
