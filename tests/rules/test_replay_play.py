"""Right histories replay clean, whatever they are, and to what an independent model says."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.issuance import rules
from app.registry.replay import blocks, ledger, things
from app.registry.replay.faults import ReplayFault
from app.registry.replay.leaves import decode
from app.registry.replay.replay import Replay
from app.registry.replay.shelf import Shelf, ShelfError
from app.registry.replay.state import DIFFERENCES_MAX, compare, lines
from tests.builders import replay as a
from tests.builders.replay import (
    APPROVER,
    BUFFER,
    BUYER,
    BUYERS_ACCOUNT,
    CANCELLED,
    NEXT_PREFIX,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    RETIRED,
    Log,
)

SIZES = {PREFIX: 1000, NEXT_PREFIX: 500}
SENDERS = {OWNERS_ACCOUNT: OWNER, BUYERS_ACCOUNT: BUYER, BUFFER: APPROVER}
KINDS = {
    OWNERS_ACCOUNT: {
        BUYERS_ACCOUNT: "credits.transferred",
        RETIRED: "credits.retired",
        CANCELLED: "credits.cancelled",
    },
    BUYERS_ACCOUNT: {
        OWNERS_ACCOUNT: "credits.transferred",
        RETIRED: "credits.retired",
        CANCELLED: "credits.cancelled",
    },
    BUFFER: {
        OWNERS_ACCOUNT: "buffer.released",
        BUYERS_ACCOUNT: "buffer.released",
        CANCELLED: "buffer.cancelled",
    },
}
FINAL = (RETIRED, CANCELLED)


class History:
    """A log of movements that could have been, beside a cell for every serial and its origin."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  histories, not secrets
        self.log = a.issued()
        made = len(self.log.leaves) - 1
        self.owners = {
            PREFIX: [OWNERS_ACCOUNT] * 900 + [BUFFER] * 100,
            NEXT_PREFIX: [OWNERS_ACCOUNT] * 450 + [BUFFER] * 50,
        }
        self.cuts = {PREFIX: {1: made, 901: made}, NEXT_PREFIX: {1: made, 451: made}}

    def block_of(self, prefix: str, serial: int) -> tuple[int, int]:
        """Return the first and last serial of the block that a serial is in."""
        cuts = sorted(self.cuts[prefix])
        first = max(cut for cut in cuts if cut <= serial)
        return first, min((cut for cut in cuts if cut > serial), default=SIZES[prefix] + 1) - 1

    def move(self) -> None:
        """Move up to three runs of one account, where it has any."""
        sender = self.random.choice(list(SENDERS))
        receiver = self.random.choice(list(KINDS[sender]))
        if receiver in FINAL and self.random.random() < 0.7:
            return  # credits that ended move no more, and the history is to go on
        runs: list[tuple[str, int, int]] = []
        index = len(self.log.leaves)
        for _ in range(self.random.randint(1, 3)):
            prefix = self.random.choice(list(SIZES))
            serial = self.random.randint(1, SIZES[prefix])
            if self.owners[prefix][serial - 1] != sender:
                continue
            first, last = self.block_of(prefix, serial)
            ways = [(first, last), (first, serial), (serial, last), (serial, serial)]
            low, high = (serial, serial) if receiver in FINAL else self.random.choice(ways)
            origin = self.cuts[prefix][first]
            if high < last:
                self.cuts[prefix][high + 1] = origin
            self.cuts[prefix][low] = index
            self.owners[prefix][low - 1 : high] = [receiver] * (high - low + 1)
            runs.append((prefix, low, high))
        if runs:
            kind = KINDS[sender][receiver]
            self.log.move(sender, receiver, *runs, kind=kind, by=SENDERS[sender])

    def blocks(self) -> Iterator[str]:
        """Tell the blocks as the published state does."""
        for prefix, cuts in self.cuts.items():
            for first in sorted(cuts):
                _, last = self.block_of(prefix, first)
                owner = self.owners[prefix][first - 1]
                yield f"block,{prefix},{first},{last},{owner},{cuts[first]}\n"

    def balances(self) -> set[str]:
        """Tell the balances."""
        told = {f"balance,{prefix},{a.SOURCE},{-size}\n" for prefix, size in SIZES.items()}
        for prefix, owners in self.owners.items():
            told |= {f"balance,{prefix},{o},{owners.count(o)}\n" for o in set(owners)}
        return told


def told(log: Log, of: str = "") -> list[str]:
    return [line for line in lines(log.replay()) if line.startswith(of)]


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_any_right_history_replays_to_where_every_serial_is(seed: int, moves: int) -> None:
    history = History(seed)
    for _ in range(moves):
        history.move()
    assert told(history.log, "block") == list(history.blocks())
    assert set(told(history.log, "balance")) == history.balances()


@given(st.integers(0, 2**32), st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_movement_is_refused_or_seen_in_the_state(seed: int, data: st.DataObject) -> None:
    """Whoever changes one value of one movement arrives elsewhere, or nowhere."""
    history = History(seed)
    while len(history.log.leaves) < 50:
        history.move()
    before = told(history.log)
    place = data.draw(st.integers(34, 49))
    said = json.loads(history.log.leaves[place])
    inner = said["data"]
    where = data.draw(st.sampled_from(["from", "to", "credits", "first", "last", "batch"]))
    if where in {"first", "last", "batch"}:
        inner = inner["moves"][data.draw(st.integers(0, len(inner["moves"]) - 1))]
    values: dict[str, st.SearchStrategy[object]] = {
        "from": st.sampled_from([*SENDERS, RETIRED]),
        "to": st.sampled_from([*SENDERS, RETIRED, CANCELLED]),
        "batch": st.sampled_from(list(SIZES)),
    }
    changed = data.draw(values.get(where, st.integers(1, 1_100)))
    if changed == inner[where]:
        return
    inner[where] = changed
    history.log.leaves[place] = rfc8785.dumps(said)
    try:
        assert told(history.log) != before
    except ReplayFault as fault:
        assert fault.index >= place  # noqa: PT017  refused there, or where it no longer fits


@given(
    st.integers(0, 400),
    st.one_of(
        st.binary(min_size=1, max_size=3),
        st.sampled_from(
            [b"TH-001003-96", b"\xe0\xb9\x91", b'"', b"9" * 25, b"-", b"0", b".0", b"null"]
        ),
    ),
    st.integers(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_a_transfer_is_played_only_if_it_has_its_form(place: int, put: bytes, cut: int) -> None:
    """The replay reads transfers quickly, and yet no other leaf than the schema's passes."""
    log = a.issued().move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 11, 19), (PREFIX, 30, 40))
    leaf = log.leaves[-1]
    place %= len(leaf)
    log.leaves[-1] = leaf[:place] + put + leaf[place + cut :]
    try:
        log.replay()
    except ReplayFault as fault:
        assert fault.index == len(log.leaves) - 1  # noqa: PT017  all before it are right
    else:
        decode(log.leaves[-1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"from":"TH-001001-05"', b'"from":"TH-1001-05"'),
        (b'"to":"TH-001002-02"', b'"to":"TH-\xe0\xb9\x91-02"'),
        (b'"to":"TH-001002-02"', b'"to":"TH-' + b"9" * 30 + b'-02"'),
        (b'"first":11', b'"first":-11'),
        (b'"first":11', b'"first":' + b"9" * 30),
        (b'"at":"2026-11', b'"at":"2026-1-'),
        (b'"by":"usr_', b'"by":"xyz_'),
    ],
)
def test_a_transfer_without_its_form_is_called_unreadable(old: bytes, new: bytes) -> None:
    log = a.issued().move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 11, 19))
    assert old in log.leaves[-1]
    log.leaves[-1] = log.leaves[-1].replace(old, new)
    with pytest.raises(ReplayFault) as fault:
        log.replay()
    assert fault.value.code == "leaf_unreadable"


def test_what_is_kept_on_disk_is_the_same_as_what_is_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However little fits into memory."""
    history = History(7)
    while len(history.log.leaves) < 500:
        history.move()
    before = told(history.log)
    monkeypatch.setattr(blocks, "BLOCKS_PER_CHUNK_MAX", 4)
    monkeypatch.setattr(ledger, "BLOCKS_PER_CHUNK_MAX", 4)
    monkeypatch.setattr(ledger, "BLOCKS_IN_MEMORY", 60)
    monkeypatch.setattr(ledger, "BATCHES_IN_MEMORY", 1)
    monkeypatch.setattr(ledger, "ACCOUNTS_IN_MEMORY", 1)
    monkeypatch.setattr(things, "THINGS_IN_MEMORY", 1)
    assert list(lines(history.log.replay(Shelf(tmp_path / "shelf")))) == before


@pytest.mark.parametrize("stops", [1, 10, 30, 34, 60])
def test_a_replay_goes_on_where_it_was_saved(tmp_path: Path, stops: int) -> None:
    """What came after the last save is played again, in another process."""
    history = History(3)
    while len(history.log.leaves) < 80:
        history.move()
    leaves = history.log.leaves
    for begin in range(0, 80, stops):
        shelf = Shelf(tmp_path / "shelf")
        replay = Replay(shelf)
        assert replay.size == begin
        assert replay.memo == (str(begin).encode() if begin else b"")
        for index in range(begin, min(begin + stops, 80)):
            replay.play(index, leaves[index])
        replay.save(str(replay.size).encode())
        for index in range(replay.size, 80):
            replay.play(index, leaves[index])
        shelf.close()
    replay = history.log.replay(Shelf(tmp_path / "shelf"))
    fresh = history.log.replay()
    assert list(lines(replay)) == list(lines(fresh))
    assert replay.totals() == fresh.totals()
    assert sum(fresh.totals().kinds.values()) == 80
    replay.save()
    assert replay.memo == b"80"


def test_a_shelf_is_used_by_one_replay_at_a_time(tmp_path: Path) -> None:
    first = Shelf(tmp_path / "shelf")
    with pytest.raises(ShelfError):
        Shelf(tmp_path / "shelf")
    first.close()
    Shelf(tmp_path / "shelf").close()


def test_a_file_that_is_no_shelf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shelf").write_bytes(b"no database at all, but long enough to be one" * 100)
    with pytest.raises(ShelfError):
        Shelf(tmp_path / "shelf")


def test_a_shelf_of_another_format_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shelf.meta.write([("format", b"registry replay 0")])
    shelf.keep()
    shelf.close()
    with pytest.raises(ShelfError, match="delete it"):
        Shelf(tmp_path / "shelf")


# ------------------------------------------------------------------------------ comparing


def a_history() -> tuple[list[str], Log]:
    history = History(11)
    while len(history.log.leaves) < 300:
        history.move()
    return told(history.log), history.log


def test_equal_states_have_no_difference() -> None:
    state, log = a_history()
    assert compare(iter(state), log.replay()) == []


def test_a_changed_line_is_told_from_both_sides() -> None:
    state, log = a_history()
    place = next(n for n, line in enumerate(state) if line.startswith("block"))
    ours = state[place]
    state[place] = ours.replace("block,TH", "block,XX")
    assert compare(iter(state), log.replay()) == [
        f"published only: {state[place].strip()}",
        f"replayed only: {ours.strip()}",
    ]


@pytest.mark.parametrize("lacking", [1, 5])
def test_lines_that_one_side_lacks_are_told_and_no_others(lacking: int) -> None:
    state, log = a_history()
    short = state[:40] + state[40 + lacking :]
    assert compare(iter(short), log.replay()) == [
        f"replayed only: {line.strip()}" for line in state[40 : 40 + lacking]
    ]
    more = [f"block,{number}\n" for number in range(lacking)]
    assert compare(iter(state[:40] + more + state[40:]), log.replay()) == [
        f"published only: {line.strip()}" for line in more
    ]


def test_a_state_that_ends_early_is_told() -> None:
    state, log = a_history()
    assert compare(iter(state[:-1]), log.replay()) == [f"replayed only: {state[-1].strip()}"]
    assert compare(iter([*state, "more\n"]), log.replay()) == ["published only: more"]


def test_at_most_the_first_differences_are_told() -> None:
    state, log = a_history()
    other = [line.replace("TH-", "XX-") for line in state]
    assert len(compare(iter(other), log.replay())) == DIFFERENCES_MAX


# ------------------------------------------------------------------ issuance, step by step

LATER = [a.an_id(prefix, 2) for prefix in ("mrp", "vrf", "iss")]


def verify_more(log: Log, *, verified: str) -> None:
    """Have the rest of 2023 verified, which a first report left out."""
    report, verification, _ = LATER
    about = {"report_id": report, "activity_id": a.ACTIVITY}
    period = a.report("2023-07-01", "2023-12-31")
    log.write("report.drafted", report, period, by=OWNER)
    log.write("report.submitted", report, period, by=OWNER)
    assigned = {**about, "vvb_party_id": a.BODY}
    log.write("verification.assigned", verification, assigned, by=a.OFFICER)
    opinion = {**about, "opinion_number": 1, "content_commitment": a.DIGEST}
    log.write("verification.opinion_given", verification, opinion, by=a.LEAD)
    line = {
        "vintage": 2023,
        "monitored_tco2e": verified,
        "verified_tco2e": verified,
        "buffer_credits": 0,
    }
    concluded = a.conclusion(report_id=report, vintages=[line])
    log.write("verification.concluded", verification, concluded, by=a.REVIEWER)


def half_year() -> Log:
    """Return a log in which the first half of 2023 was issued, and half a tonne is left."""
    log = a.registered()
    log.write("report.drafted", a.REPORT, a.report("2023-01-01", "2023-06-30"), by=OWNER)
    log.write("report.submitted", a.REPORT, a.report("2023-01-01", "2023-06-30"), by=OWNER)
    about = {"report_id": a.REPORT, "activity_id": a.ACTIVITY}
    assigned = {**about, "vvb_party_id": a.BODY}
    log.write("verification.assigned", a.VERIFICATION, assigned, by=a.OFFICER)
    opinion = {**about, "opinion_number": 1, "content_commitment": a.DIGEST}
    log.write("verification.opinion_given", a.VERIFICATION, opinion, by=a.LEAD)
    back = {**about, "vvb_party_id": a.BODY, "opinion_number": 1, "reason_commitment": a.DIGEST}
    log.write("verification.sent_back", a.VERIFICATION, back, by=a.REVIEWER)
    again = {**opinion, "opinion_number": 2}
    log.write("verification.opinion_given", a.VERIFICATION, again, by=a.LEAD)
    line = {
        "vintage": 2023,
        "monitored_tco2e": "10.5",
        "verified_tco2e": "10.5",
        "buffer_credits": 0,
    }
    concluded = a.conclusion(opinion_number=2, vintages=[line])
    log.write("verification.concluded", a.VERIFICATION, concluded, by=a.REVIEWER)
    issued = a.issuance(
        [a.a_line(2023, "10.5", 10, 0, "0.5")], [a.a_batch("TH-CITY-0001-2023-1", 2023, 10, 0)]
    )
    return log.write("credits.issued", a.ISSUANCE, issued, by=APPROVER)


def carrying(log: Log, **changes: object) -> Log:
    """Issue the second half with what the first one left."""
    report, verification, issuance = LATER
    verify_more(log, verified="4.5")
    line = {**a.a_line(2023, "4.5", 5, 0, "0"), "carried_from": a.ISSUANCE}
    data = a.issuance(
        [{**line, "carried_in_tco2e": "0.5", **changes}],
        [a.a_batch("TH-CITY-0001-2023-2", 2023, 5, 0)],
        report_id=report,
        verification_id=verification,
    )
    return log.write("credits.issued", issuance, data, by=APPROVER)


def test_a_remainder_is_carried_into_the_next_issuance_of_the_vintage() -> None:
    assert carrying(half_year()).replay().totals().credits[a.SOURCE] == -15


def test_a_remainder_must_be_carried_where_the_rule_says_so() -> None:
    with pytest.raises(ReplayFault) as fault:
        carrying(half_year(), carried_in_tco2e="0").replay()
    assert fault.value.code == "value_differs"


def test_nothing_is_carried_where_the_rule_does_not_say_so() -> None:
    log = half_year()
    rule = {**a.a_rule(9, "remainder_carried", "no"), "valid_from": "2026-11-24"}
    log.write("rules.set", "registry", {"rules": [rule]})
    with pytest.raises(ReplayFault) as fault:
        carrying(log).replay()
    assert fault.value.code == "value_differs"


def test_more_than_was_verified_is_never_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the arithmetic of single issuances were wrong, their sum is held."""
    monkeypatch.setattr(rules, "whole_credits_down", lambda t: (int(t) + 1, Decimal(0)))
    log = a.verified()
    lines_told = [a.a_line(2024, "1000.75", 1001, 100, "0"), a.a_line(2025, "500.5", 501, 50, "0")]
    batches = [a.a_batch(PREFIX, 2024, 1001, 100), a.a_batch(NEXT_PREFIX, 2025, 501, 50)]
    log.write("credits.issued", a.ISSUANCE, a.issuance(lines_told, batches), by=APPROVER)
    with pytest.raises(ReplayFault) as fault:
        log.replay()
    assert fault.value.code == "more_than_verified"


def test_a_reduction_is_recognised_where_no_credits_come_of_it() -> None:
    log = a.peopled()
    code = "LESS-0001"
    data = {"owner_party_id": a.DEVELOPER, "content_commitment": a.DIGEST, "code": code}
    log.write("activity.drafted", a.ACTIVITY, a.step(None, "draft", 1, **data), by=OWNER)
    submitted = a.submission(
        2,
        code=code,
        programme_code="LESS",
        methodology_code="DEMO-LESS-01",
        buffer_applies=False,
        credit_account_id=None,
    )
    log.write("activity.submitted", a.ACTIVITY, submitted, by=OWNER)
    for what, step, by in (
        ("review_started", a.step("submitted", "under_review", 3, party=a.AUTHORITY), a.OFFICER),
        (
            "review_completed",
            a.step("under_review", "under_review", 4, party=a.AUTHORITY, vvb_party_id=None),
            a.OFFICER,
        ),
        (
            "registered",
            a.registration(5, methodology_code="DEMO-LESS-01", **{"from": "under_review"}),
            APPROVER,
        ),
    ):
        log.write(f"activity.{what}", a.ACTIVITY, {**step, "code": code}, by=by)
    log.write("report.drafted", a.REPORT, a.report(), by=OWNER)
    log.write("report.edited", a.REPORT, a.report("2024-01-01", "2024-12-31"), by=OWNER)
    period = a.report("2024-01-01", "2024-12-31")
    log.write("report.submitted", a.REPORT, period, by=OWNER)
    recognised = {
        **period,
        "letter_number": "อบก. 1/2569",
        "letter_date": "2026-11-24",
        "vintages": [{"vintage": 2024, "monitored_tco2e": "12.5"}],
    }
    log.write("report.recognised", a.REPORT, recognised, by=APPROVER)
    replay = log.replay()
    assert replay.totals().kinds["report.recognised"] == 1
    assert replay.totals().credits[a.SOURCE] == 0


# -------------------------------------------------------------------- whatever a log says

EXTREMES: Final[tuple[object, ...]] = (
    *("0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z"),
    *("", "0", "999999999999", "registry", 0, 1, -1, 2**53 - 1, None, True, [], {}),
)


def places_in(said: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to everything in a leaf."""
    members: list[tuple[str | int, object]] = []
    if isinstance(said, dict):
        members = list(said.items())
    elif isinstance(said, list):
        members = list(enumerate(said))
    for name, member in members:
        yield (*path, name)
        yield from places_in(member, (*path, name))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_a_log_says_it_is_played_or_found_at_fault(data: st.DataObject) -> None:
    """A verifier that breaks down says nothing about the log."""
    log = a.issued().move(OWNERS_ACCOUNT, BUYERS_ACCOUNT, (PREFIX, 11, 19))
    log.move(BUYERS_ACCOUNT, RETIRED, (PREFIX, 12, 13), kind="credits.retired", by=BUYER)
    leaf, other = (data.draw(st.integers(0, len(log.leaves) - 1)) for _ in range(2))
    said: Any = json.loads(log.leaves[leaf])
    place = data.draw(st.sampled_from(list(places_in(said))))
    donor: Any = json.loads(log.leaves[other])
    donated = data.draw(st.sampled_from(list(places_in(donor))))
    for name in donated:
        donor = donor[name]
    inner = said
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = data.draw(st.sampled_from([*EXTREMES, donor]))
    log.leaves[leaf] = rfc8785.dumps(said)
    with suppress(ReplayFault):
        assert told(log)
