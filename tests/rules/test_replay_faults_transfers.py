"""Each thing that can be wrong with trusted lists and transfers that wait is found, by its code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from app.registry.replay.shelf import Shelf
from tests.builders import replay as a
from tests.builders.replay import (
    ADMINISTRATOR,
    BUYER,
    BUYERS_ACCOUNT,
    DEVELOPER,
    DIGEST,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    TRANSIT,
    Log,
    an_id,
)
from tests.builders.wrong import Bad, after, found_by, writing

SECOND, BOTH, VIEWER, TAKER = (an_id("usr", number) for number in (11, 12, 13, 14))
PROPOSAL, ENTRY = an_id("prp", 1), an_id("tru", 1)
TUESDAY: Final = datetime(2026, 11, 24, 4, tzinfo=UTC)  # 11:00 in Bangkok, in working hours
THURSDAY_NOON: Final = "2026-11-26T05:00:00.000000Z"
NEXT_MONDAY_NOON: Final = "2026-11-30T05:00:00.000000Z"
RUN: Final = (PREFIX, 1, 10)


def world(*, governed: bool = False) -> Log:
    """Return a log with credits, an approver, and the rules of transfers."""
    log = a.issued()
    for user, roles in (
        (SECOND, ["holder_approver"]),
        (BOTH, ["holder_approver", "holder_initiator"]),
        (VIEWER, ["holder_viewer"]),
    ):
        log.write("user.added", user, a.user(DEVELOPER, *roles))
    log.write("user.added", TAKER, a.user(a.HOLDER, "holder_approver"))
    values = [
        ("transfer_hours", "10:00-16:00", None),
        ("transfer_delay_hours", "24", "hours"),
        ("transfer_acceptance_hours", "72", "hours"),
    ]
    if governed:
        values.append(("transfers_governed", "yes", None))
    rules = [
        a.a_rule(number, key, value, unit=unit, valid_from="2026-11-24")
        for number, (key, value, unit) in enumerate(values, start=11)
    ]
    log.write("rules.set", "registry", {"rules": rules})
    log.now = TUESDAY
    return log


def proposing(by: str = OWNER, **changes: object) -> Bad:
    facts = {
        "from": OWNERS_ACCOUNT,
        "to": BUYERS_ACCOUNT,
        "credits": 10,
        "digest": DIGEST,
        "expires_at": "2026-11-26T04:00:00.000000Z",
        **changes,
    }
    return writing("transfer.proposed", PROPOSAL, facts, by=by)


def sending(by: str = SECOND, *, run: tuple[str, int, int] = RUN, **changes: object) -> Bad:
    facts = {
        **a.moved(OWNERS_ACCOUNT, TRANSIT, run),
        "proposal": PROPOSAL,
        "receiver": BUYERS_ACCOUNT,
        "digest": DIGEST,
        "trusted": False,
        "executes_at": THURSDAY_NOON,
        **changes,
    }
    return writing("credits.sent", str(facts["from"]), facts, by=by)


def delivering(
    to: str = BUYERS_ACCOUNT,
    by: str = "registry",
    *,
    run: tuple[str, int, int] = RUN,
    sender: str = TRANSIT,
) -> Bad:
    facts = {**a.moved(sender, to, run), "proposal": PROPOSAL}
    return writing("credits.delivered", str(facts["from"]), facts, by=by)


def returning(reason: str, by: str, to: str = OWNERS_ACCOUNT) -> Bad:
    facts = {**a.moved(TRANSIT, to, RUN), "proposal": PROPOSAL, "reason": reason}
    return writing("credits.returned", TRANSIT, facts, by=by)


def ending(what: str, by: str) -> Bad:
    return writing(f"transfer.{what}", PROPOSAL, {}, by=by)


def trusting(by: str = OWNER, trusted: str = BUYERS_ACCOUNT, **changes: object) -> Bad:
    facts = {
        "entry": ENTRY,
        "trusted": trusted,
        "expires_at": "2026-11-26T04:00:00.000000Z",
        **changes,
    }
    return writing("account.trust_proposed", OWNERS_ACCOUNT, facts, by=by)


def approving_trust(by: str = SECOND, **changes: object) -> Bad:
    facts = {
        "entry": ENTRY,
        "trusted": BUYERS_ACCOUNT,
        "active_from": NEXT_MONDAY_NOON,
        **changes,
    }
    return writing("account.trust_approved", OWNERS_ACCOUNT, facts, by=by)


def removing_trust(by: str = OWNER) -> Bad:
    facts = {"entry": ENTRY, "trusted": BUYERS_ACCOUNT}
    return writing("account.trust_removed", OWNERS_ACCOUNT, facts, by=by)


def until(moment: str) -> Bad:
    """Let time pass; the act after it is at that very moment."""

    def wait(log: Log) -> None:
        log.now = datetime.fromisoformat(moment) - timedelta(seconds=1)

    return wait


def both(*acts: Bad) -> Bad:
    def act(log: Log) -> None:
        for one in acts:
            one(log)

    return act


def transferring(to: str = BUYERS_ACCOUNT) -> Bad:
    return lambda log: log.move(OWNERS_ACCOUNT, to, RUN)


SENT: Final = (proposing(), sending())
TRUSTED: Final = (trusting(), approving_trust())
EARLY: Final = "2026-11-26T04:59:59.000000Z"

TRANSFERS: dict[str, tuple[Bad, str]] = {
    "a buyer proposes": (proposing(by=BUYER), "not_allowed"),
    "an approver proposes": (proposing(by=SECOND), "not_allowed"),
    "it goes to where it is": (proposing(to=OWNERS_ACCOUNT), "account_not_allowed"),
    "it goes to transit": (proposing(to=TRANSIT), "account_not_allowed"),
    "it expired before": (proposing(expires_at="2026-11-24T04:00:00.000000Z"), "too_early"),
    "it is proposed twice": (after(proposing(), then=proposing()), "taken_twice"),
    "nobody proposed it": (sending(), "unknown"),
    "the proposer approves": (after(proposing(BOTH), then=sending(BOTH)), "second_person_needed"),
    "an initiator approves": (after(proposing(BOTH), then=sending(OWNER)), "not_allowed"),
    "a viewer approves": (after(proposing(), then=sending(VIEWER)), "not_allowed"),
    "the authority approves": (after(proposing(), then=sending(ADMINISTRATOR)), "not_allowed"),
    "another digest": (after(proposing(), then=sending(digest="0" * 64)), "value_differs"),
    "another receiver": (
        after(proposing(), then=sending(receiver=OWNERS_ACCOUNT)),
        "value_differs",
    ),
    "another number": (after(proposing(credits=9), then=sending()), "value_differs"),
    "the runs are another number": (
        after(proposing(), then=sending(run=(PREFIX, 1, 11), credits=10)),
        "sum_differs",
    ),
    "another's credits": (
        after(proposing(), transferring(), then=sending()),
        "serials_not_held",
    ),
    "it is approved late": (
        after(proposing(), until("2026-11-26T04:00:00.000000Z"), then=sending()),
        "not_possible_now",
    ),
    "it is approved twice": (
        after(*SENT, then=sending(run=(PREFIX, 11, 20))),
        "not_possible_now",
    ),
    "it is made before a day is over": (
        after(
            proposing(),
            until("2026-11-24T05:00:01.000000Z"),
            then=sending(executes_at="2026-11-25T05:00:00.000000Z"),
        ),
        "too_early",
    ),
    "it is made on a Saturday": (
        after(proposing(), then=sending(executes_at="2026-11-28T05:00:00.000000Z")),
        "outside_hours",
    ),
    "it is made at night": (
        after(proposing(), then=sending(executes_at="2026-11-26T17:00:00.000000Z")),
        "outside_hours",
    ),
    "it is made on no day": (
        after(proposing(), then=sending(executes_at="2027-02-30T05:00:00.000000Z")),
        "time_impossible",
    ),
    "a stranger is said to be trusted": (
        after(proposing(), then=sending(trusted=True)),
        "value_differs",
    ),
    "it is delivered early": (after(*SENT, until(EARLY), then=delivering()), "too_early"),
    "a person delivers": (
        after(*SENT, until(THURSDAY_NOON), then=delivering(by=OWNER)),
        "actor_unknown",
    ),
    "somebody else gets it": (
        after(*SENT, until(THURSDAY_NOON), then=delivering(to=OWNERS_ACCOUNT)),
        "account_not_allowed",
    ),
    "less is delivered": (
        after(*SENT, until(THURSDAY_NOON), then=delivering(run=(PREFIX, 1, 9))),
        "value_differs",
    ),
    "it is delivered from elsewhere": (
        after(*SENT, until(THURSDAY_NOON), then=delivering(sender=OWNERS_ACCOUNT)),
        "account_not_allowed",
    ),
    "it is delivered twice": (
        after(*SENT, until(THURSDAY_NOON), delivering(), then=delivering()),
        "not_possible_now",
    ),
    "what was not approved is delivered": (
        after(proposing(), then=delivering()),
        "not_possible_now",
    ),
    "a closed account receives": (
        after(
            *SENT,
            until(THURSDAY_NOON),
            writing("account.closed", BUYERS_ACCOUNT, {}),
            then=delivering(),
        ),
        "account_not_allowed",
    ),
    "it is aborted when it is due": (
        after(*SENT, until(THURSDAY_NOON), then=returning("aborted", OWNER)),
        "not_possible_now",
    ),
    "a viewer aborts": (after(*SENT, then=returning("aborted", VIEWER)), "not_allowed"),
    "the receiver aborts": (after(*SENT, then=returning("aborted", BUYER)), "not_allowed"),
    "it comes back to somebody else": (
        after(*SENT, then=returning("aborted", OWNER, BUYERS_ACCOUNT)),
        "account_not_allowed",
    ),
    "the register returns it early": (
        after(*SENT, then=returning("receiver_closed", "registry")),
        "too_early",
    ),
    "a person returns it for another reason": (
        after(*SENT, until(THURSDAY_NOON), then=returning("receiver_closed", OWNER)),
        "actor_unknown",
    ),
    "it lapses before its time": (
        after(proposing(), then=ending("lapsed", "registry")),
        "not_possible_now",
    ),
    "a person says that it lapsed": (
        after(proposing(), until(THURSDAY_NOON), then=ending("lapsed", OWNER)),
        "actor_unknown",
    ),
    "what was approved lapses": (
        after(*SENT, until(THURSDAY_NOON), then=ending("lapsed", "registry")),
        "not_possible_now",
    ),
    "what was approved is withdrawn": (
        after(*SENT, then=ending("withdrawn", OWNER)),
        "not_possible_now",
    ),
    "a viewer withdraws": (after(proposing(), then=ending("withdrawn", VIEWER)), "not_allowed"),
    "an account is closed while credits are under way": (
        after(
            proposing(credits=900),
            both(
                lambda log: log.move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (a.NEXT_PREFIX, 1, 450)),
                sending(run=(PREFIX, 1, 900)),
            ),
            then=writing("account.closed", OWNERS_ACCOUNT, {}),
        ),
        "account_not_empty",
    ),
    "somebody puts credits into transit": (
        lambda log: log.move(OWNERS_ACCOUNT, TRANSIT, RUN),
        "account_not_allowed",
    ),
    "a viewer proposes trust": (trusting(by=VIEWER), "not_allowed"),
    "an account trusts itself": (trusting(trusted=OWNERS_ACCOUNT), "account_not_allowed"),
    "the proposer approves trust": (
        after(trusting(BOTH), then=approving_trust(BOTH)),
        "second_person_needed",
    ),
    "an initiator approves trust": (after(trusting(), then=approving_trust(BUYER)), "not_allowed"),
    "trust counts at once": (
        after(trusting(), then=approving_trust(active_from="2026-11-24T04:00:00.000000Z")),
        "too_early",
    ),
    "trust counts from a Sunday": (
        after(trusting(), then=approving_trust(active_from="2026-11-29T05:00:00.000000Z")),
        "outside_hours",
    ),
    "trust is approved twice": (after(*TRUSTED, then=approving_trust()), "not_possible_now"),
    "trust is approved late": (
        after(trusting(), until(THURSDAY_NOON), then=approving_trust()),
        "not_possible_now",
    ),
    "another account is approved": (
        after(trusting(), then=approving_trust(trusted=OWNERS_ACCOUNT)),
        "value_differs",
    ),
    "a viewer removes": (after(*TRUSTED, then=removing_trust(VIEWER)), "not_allowed"),
    "trust is removed twice": (
        after(*TRUSTED, removing_trust(), then=removing_trust()),
        "not_possible_now",
    ),
    "trust does not count yet": (
        after(*TRUSTED, proposing(), then=sending(trusted=True)),
        "value_differs",
    ),
    "a trusted transfer is made at night": (
        after(
            *TRUSTED,
            until("2026-11-30T05:00:00.000000Z"),
            proposing(expires_at="2026-12-01T05:00:00.000000Z"),
            then=sending(trusted=True, executes_at="2026-11-30T20:00:00.000000Z"),
        ),
        "outside_hours",
    ),
}


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_wrong_act_of_a_transfer_that_waits_is_found(name: str) -> None:
    found_by(world(), *TRANSFERS[name])


GOVERNED: dict[str, tuple[Bad, str]] = {
    "one person sends to a stranger": (transferring(), "second_person_needed"),
    "trust does not count yet": (after(*TRUSTED, then=transferring()), "second_person_needed"),
    "trust was removed": (
        after(*TRUSTED, until(NEXT_MONDAY_NOON), removing_trust(), then=transferring()),
        "second_person_needed",
    ),
    "after hours": (
        after(*TRUSTED, until("2026-11-30T09:00:00.000000Z"), then=transferring()),
        "outside_hours",
    ),
    "on a Saturday": (
        after(*TRUSTED, until("2026-12-05T05:00:00.000000Z"), then=transferring()),
        "outside_hours",
    ),
}


@pytest.mark.parametrize("name", GOVERNED)
def test_a_transfer_that_terms_forbid_is_found(name: str) -> None:
    found_by(world(governed=True), *GOVERNED[name])


RIGHT: dict[str, Callable[[Log], object]] = {
    "delivered": both(*SENT, until(THURSDAY_NOON), delivering()),
    "aborted": both(*SENT, until(EARLY), returning("aborted", SECOND)),
    "returned": both(*SENT, until(THURSDAY_NOON), returning("receiver_closed", "registry")),
    "withdrawn": both(proposing(), ending("withdrawn", SECOND)),
    "lapsed": both(proposing(), until(THURSDAY_NOON), ending("lapsed", "registry")),
    "trusted": both(*TRUSTED, until(NEXT_MONDAY_NOON), transferring()),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_register_does_is_played_and_kept(name: str) -> None:
    """Also by a replay that goes on where another has saved."""
    log = world(governed=True)
    shelf = Shelf()
    log.replay(shelf).save()
    RIGHT[name](log)
    replay = log.replay(shelf)
    replay.save()
    assert replay.totals().credits[TRANSIT] == 0


def test_just_after_a_change_a_transfer_is_held_to_either_terms() -> None:
    """The service reads terms up to a second before, and an act may wait for its commit."""
    log = world()
    rules = [a.a_rule(21, "transfers_governed", "yes", valid_from="2026-11-24")]
    log.write("rules.set", "registry", {"rules": rules})
    log.now += timedelta(seconds=30)
    log.move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, RUN).replay()
    log.now += timedelta(seconds=60)
    found_by(
        log,
        lambda one: one.move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 11, 20)),
        "second_person_needed",
    )


# ------------------------------------------------------------- what an account sets for itself

UNTIL: Final = "2026-11-27T04:00:02.000000Z"  # three days after it was proposed
ASKED_LATER: Final = "2026-11-27T05:00:00.000000Z"


def asking(by: str = TAKER, *, asks: bool = True) -> Bad:
    return writing("account.acceptance_set", BUYERS_ACCOUNT, {"asks": asks}, by=by)


def limiting(
    one: int | None, day: int | None, raised_from: str | None = None, by: str = SECOND
) -> Bad:
    facts = {"credits_max": one, "credits_per_day_max": day, "raised_from": raised_from}
    return writing("account.limits_set", OWNERS_ACCOUNT, facts, by=by)


def accepting(by: str = TAKER) -> Bad:
    return ending("accepted", by)


ASKED: Final = (asking(), proposing(), sending(accept_until=UNTIL))

OWN_TERMS: dict[str, tuple[Bad, str]] = {
    "an initiator asks": (asking(by=BUYER), "not_allowed"),
    "the sender asks for the receiver": (asking(by=SECOND), "not_allowed"),
    "a closed account asks": (
        after(writing("account.closed", BUYERS_ACCOUNT, {}), then=asking()),
        "account_not_allowed",
    ),
    "one person sends to who asks": (after(asking(), then=transferring()), "acceptance_missing"),
    "who asks is not asked": (after(asking(), proposing(), then=sending()), "value_differs"),
    "who does not ask is asked": (
        after(asking(), asking(asks=False), proposing(), then=sending(accept_until=UNTIL)),
        "value_differs",
    ),
    "who asks is asked for longer": (
        after(asking(), proposing(), then=sending(accept_until=ASKED_LATER)),
        "value_differs",
    ),
    "it is delivered unaccepted": (
        after(*ASKED, until(THURSDAY_NOON), then=delivering()),
        "acceptance_missing",
    ),
    "the sender accepts": (after(*ASKED, then=accepting(SECOND)), "not_allowed"),
    "an initiator accepts": (after(*ASKED, then=accepting(BUYER)), "not_allowed"),
    "it is accepted late": (after(*ASKED, until(UNTIL), then=accepting()), "not_possible_now"),
    "it is accepted twice": (after(*ASKED, accepting(), then=accepting()), "not_possible_now"),
    "nobody was to accept it": (after(*SENT, then=accepting()), "not_possible_now"),
    "it is accepted and aborted when it is due": (
        after(*ASKED, accepting(), until(THURSDAY_NOON), then=returning("aborted", OWNER)),
        "not_possible_now",
    ),
    "it is accepted and declined": (
        after(*ASKED, accepting(), then=returning("declined", TAKER)),
        "not_possible_now",
    ),
    "the sender declines": (after(*ASKED, then=returning("declined", SECOND)), "not_allowed"),
    "it goes back unaccepted too early": (
        after(*ASKED, until(THURSDAY_NOON), then=returning("not_accepted", "registry")),
        "too_early",
    ),
    "a person says that it was not accepted": (
        after(*ASKED, until(UNTIL), then=returning("not_accepted", OWNER)),
        "actor_unknown",
    ),
    "it was accepted and goes back unaccepted": (
        after(*ASKED, accepting(), until(UNTIL), then=returning("not_accepted", "registry")),
        "too_early",
    ),
    "an initiator limits": (limiting(9, None, by=OWNER), "not_allowed"),
    "a first limit rises": (limiting(9, None, NEXT_MONDAY_NOON), "value_differs"),
    "a limit rises at once": (after(limiting(9, None), then=limiting(10, None)), "value_differs"),
    "a limit rises at night": (
        after(limiting(9, None), then=limiting(10, 5, "2026-11-30T17:00:00.000000Z")),
        "outside_hours",
    ),
    "more is sent at once": (after(limiting(9, None), then=transferring()), "over_own_limit"),
    "a day is not counted": (after(limiting(None, 900), then=transferring()), "over_own_limit"),
    "more is approved": (
        after(limiting(9, None), proposing(), then=sending()),
        "over_own_limit",
    ),
    "it has not risen yet": (
        after(limiting(9, None), limiting(10, None, NEXT_MONDAY_NOON), then=transferring()),
        "over_own_limit",
    ),
}


@pytest.mark.parametrize("name", OWN_TERMS)
def test_what_an_account_has_set_for_itself_is_held_to(name: str) -> None:
    found_by(world(), *OWN_TERMS[name])


RIGHT_BY_OWN_TERMS: dict[str, Bad] = {
    "accepted": both(*ASKED, accepting(), until(THURSDAY_NOON), delivering()),
    "declined": both(*ASKED, returning("declined", TAKER)),
    "not accepted": both(*ASKED, until(UNTIL), returning("not_accepted", "registry")),
    "aborted late": both(*ASKED, until(THURSDAY_NOON), returning("aborted", SECOND)),
    "within limits": both(limiting(10, 10), proposing(), sending()),
    "risen": both(
        limiting(9, None),
        limiting(10, None, NEXT_MONDAY_NOON),
        until(NEXT_MONDAY_NOON),
        transferring(),
    ),
}


@pytest.mark.parametrize("name", RIGHT_BY_OWN_TERMS)
def test_what_own_terms_allow_is_played_and_kept(name: str) -> None:
    log = world()
    shelf = Shelf()
    RIGHT_BY_OWN_TERMS[name](log)
    log.replay(shelf).save()
    assert log.replay(shelf).totals().kinds
