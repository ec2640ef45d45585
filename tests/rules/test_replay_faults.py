"""Each thing that can be wrong with credits, accounts and the beginning is found, by its code."""

from pathlib import Path
from typing import Final

import pytest

from app.registry.ledger.serials import account_number
from app.registry.replay.faults import MEANINGS, ReplayFault
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf
from tests.builders import replay as a
from tests.builders.replay import (
    ADMINISTRATOR,
    APPROVER,
    BODY,
    BUFFER,
    BUYER,
    BUYERS_ACCOUNT,
    CANCELLED,
    DEVELOPER,
    HOLDER,
    OFFICER,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    RETIRED,
    Log,
    an_id,
)
from tests.builders.wrong import (
    NOBODY,
    Bad,
    a_minute_later,
    admitting,
    after,
    at,
    ending,
    found_by,
    issuing,
    moving,
    opening,
    suspending,
    writing,
)

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
    files = Path(__file__).parent.glob("test_replay_*.py")
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [code for code in MEANINGS if f'"{code}"' not in written] == []
