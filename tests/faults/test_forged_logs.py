"""
A forger who writes leaves and signs them, but cannot break a rule of the register unnoticed.

Every hash and every signature of these logs is right: what is found is found by replaying the acts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.builders.public_log import Forger, PublishedLog, changed, publish_busy, verify_here
from tests.conftest import Server

Act = dict[str, Any]
RETIRED: Final = "TH-000004-86"
UNUSED: Final = "TH-001003-96"


@pytest.fixture(scope="module")
def honest(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    return publish_busy(server, "registry_forged", tmp_path_factory.mktemp("honest"), transfers=5)


@dataclass
class Book:
    """The leaves of an honest log, to be forged."""

    leaves: list[bytes]

    def last(self, kind: str) -> int:
        """Return where the last act of a kind stands."""
        acts = (msgspec.json.decode(leaf) for leaf in self.leaves)
        return max(index for index, act in enumerate(acts) if act["kind"] == kind)

    def change(self, kind: str, change: Callable[[Act], object]) -> None:
        """Change the last act of a kind where it stands."""
        index = self.last(kind)
        self.leaves[index] = changed(self.leaves[index], change)

    def again(self, kind: str, change: Callable[[Act], object]) -> None:
        """Add an act that is like the last one of a kind, but for a change."""
        at = msgspec.json.decode(self.leaves[-1])["at"]
        leaf = changed(self.leaves[self.last(kind)], lambda act: act.update(at=at))
        self.leaves.append(changed(leaf, change))


def run_of(act: Act) -> Act:
    """Return the first run of serials of a movement."""
    run: Act = act["data"]["moves"][0]
    return run


def move(book: Book, **said: object) -> None:
    """Add a transfer of one credit that the sender does hold, said otherwise in some way."""

    def change(act: Act) -> None:
        run_of(act).update(first=900, last=900)
        act["data"].update(said)
        if "from" in said:
            act["subject"] = said["from"]

    book.again("credits.transferred", change)


def runs(*pairs: tuple[int, int]) -> Callable[[Book], None]:
    """Move these serials in one act."""

    def forge(book: Book) -> None:
        batch = "TH-CITY-0001-2024-1"
        moves = [{"batch": batch, "first": first, "last": last} for first, last in pairs]
        total = sum(last - first + 1 for first, last in pairs)
        move(book, moves=moves, credits=max(total, 1))

    return forge


def issue_more(book: Book) -> None:
    """One credit more than was verified, in the arithmetic and in the batch."""

    def change(act: Act) -> None:
        act["data"]["lines"][0].update(credits=1_235)
        act["data"]["batches"][0].update(credits=1_235)

    book.change("credits.issued", change)


def verify_more(book: Book) -> None:
    """One tonne more than was verified, and the credit that follows from it."""

    def change(act: Act) -> None:
        act["data"]["lines"][0].update(credits=1_235, verified_tco2e="1235.567")
        act["data"]["batches"][0].update(credits=1_235)

    book.change("credits.issued", change)


def issue_unverified(book: Book) -> None:
    """What the issuance rests on was never concluded."""
    del book.leaves[book.last("verification.concluded")]
    del book.leaves[book.last("credits.issued") + 1 :]


def append(leaf: bytes) -> Callable[[Book], None]:
    return lambda book: book.leaves.append(leaf)


def reshape(change: Callable[[bytes], bytes]) -> Callable[[Book], None]:
    """Write the last leaf in other bytes."""

    def forge(book: Book) -> None:
        book.leaves[-1] = change(book.leaves[-1])

    return forge


FORGERIES: Final[dict[str, tuple[str, Callable[[Book], object]]]] = {
    "a serial is spent twice": ("serials_not_held", runs((1, 1))),
    "a serial is named twice in one act": ("serials_not_held", runs((900, 905), (905, 910))),
    "a run ends before it begins": ("serials_outside_batch", runs((910, 900))),
    "a run reaches beyond its batch": ("serials_outside_batch", runs((1_235, 1_235))),
    "a run begins at zero": ("leaf_unreadable", runs((0, 0))),
    "a run is negative": ("leaf_unreadable", runs((-5, -1))),
    "the buffer's serials are sold": ("serials_not_held", runs((1_200, 1_200))),
    "the sum is not that of the runs": ("sum_differs", lambda book: move(book, credits=2)),
    "a batch is sold that nobody made": (
        "unknown",
        lambda book: move(book, moves=[{"batch": "XX-1", "first": 1, "last": 1}]),
    ),
    "credits go into the retired account": (
        "account_not_allowed",
        lambda book: move(book, to=RETIRED),
    ),
    "credits come back from the retired account": (
        "account_not_allowed",
        lambda book: move(book, **{"from": RETIRED}),
    ),
    "credits go to an account that nobody opened": (
        "unknown",
        lambda book: move(book, to="TH-009999-05"),
    ),
    "the subject is another account": (
        "subject_differs",
        lambda book: book.again(
            "credits.transferred",
            lambda act: (act.update(subject=UNUSED), run_of(act).update(first=900, last=900)),
        ),
    ),
    "somebody else retires the owner's credits": (
        "not_allowed",
        lambda book: book.again("credits.retired", lambda act: act.update(by=stranger(book))),
    ),
    "somebody who was never added acts": (
        "actor_unknown",
        lambda book: book.again(
            "credits.retired", lambda act: act.update(by="usr_01m86snnv9e8fvkqmjwys1qy4z")
        ),
    ),
    "credits end in another account": (
        "account_not_allowed",
        lambda book: book.again(
            "credits.retired", lambda act: act["data"].update(to="TH-000005-83")
        ),
    ),
    "credits are retired tomorrow": (
        "happened_ahead",
        lambda book: book.again(
            "credits.retired", lambda act: act["data"].update(happened_on="2027-12-31")
        ),
    ),
    "an account has wrong check digits": (
        "account_check_digits",
        lambda book: book.again("account.opened", lambda act: act.update(subject="TH-001009-99")),
    ),
    "an account is opened twice": ("taken_twice", lambda book: book.again("account.opened", same)),
    "more is issued than the arithmetic gives": ("value_differs", issue_more),
    "more is issued than was verified": ("value_differs", verify_more),
    "a report is issued twice": (
        "issuance_already_decided",
        lambda book: book.again(
            "credits.issued", lambda act: act.update(subject="iss_01m86snph4e62axwg96enzsd98")
        ),
    ),
    "credits are issued of what nobody verified": (
        "not_possible_now",
        issue_unverified,
    ),
    "more is taken over than the source issued": (
        "more_than_issued",
        lambda book: book.again(
            "credits.taken_over",
            lambda act: (
                act.update(subject="CAR-2"),
                act["data"]["batches"][0].update(batch="CAR-2", credits=41),
            ),
        ),
    ),
    "time runs backwards": (
        "time_runs_back",
        lambda book: book.change(
            "credits.cancelled", lambda act: act.update(at="2020-01-01T00:00:00.000000Z")
        ),
    ),
    "a day is in no calendar": (
        "time_impossible",
        lambda book: book.change(
            "credits.cancelled", lambda act: act.update(at="2099-02-30T00:00:00.000000Z")
        ),
    ),
    "a day is the last there can be": (
        "time_impossible",
        lambda book: book.change(
            "credits.cancelled", lambda act: act.update(at="9999-12-31T23:59:59.000000Z")
        ),
    ),
    "an act is of a kind that there is not": (
        "leaf_unreadable",
        lambda book: book.change(
            "credits.cancelled", lambda act: act.update(kind="credits.invented")
        ),
    ),
    "an act says more than the schema": (
        "leaf_unreadable",
        lambda book: book.change("credits.cancelled", lambda act: act.update(note="x")),
    ),
    "an act says less than the schema": (
        "leaf_unreadable",
        lambda book: book.change("credits.cancelled", lambda act: act.pop("by")),
    ),
    "an act has a space in it": (
        "leaf_not_canonical",
        reshape(lambda leaf: leaf.replace(b'":', b'": ', 1)),
    ),
    "an act says a thing twice": (
        "leaf_not_canonical",
        reshape(lambda leaf: leaf.replace(b'"v":1}', b'"v":1,"v":1}')),
    ),
    "an act spells a letter otherwise": (
        "leaf_not_canonical",
        reshape(lambda leaf: leaf.replace(b'"public"', b'"\\u0070ublic"')),
    ),
    "an act ends in a line break": ("leaf_not_canonical", reshape(lambda leaf: leaf + b"\n")),
    "an act is nothing": ("leaf_unreadable", append(b"")),
    "an act is no JSON": ("leaf_unreadable", append(b"\x00\xff")),
    "an act is too deep to be read": ("leaf_unreadable", append(b'{"at":' + b"[" * 60_000)),
    "the register is founded twice": (
        "founding_misplaced",
        lambda book: book.again("accounts.founded", same),
    ),
    "the register is never founded": (
        "founding_misplaced",
        lambda book: book.leaves.pop(0),
    ),
    "the founding has another account": (
        "founding_incomplete",
        lambda book: book.change(
            "accounts.founded",
            lambda act: (
                act["data"]["accounts"].pop(RETIRED),
                act["data"]["accounts"].update({UNUSED: "retired"}),
            ),
        ),
    ),
}


def same(_: Act) -> None:
    """Change nothing."""


def stranger(book: Book) -> str:
    """Return somebody who moves credits, of the other account."""
    acts = [msgspec.json.decode(leaf) for leaf in book.leaves]
    owner = acts[book.last("credits.transferred")]["by"]
    return str(
        next(
            act["subject"]
            for act in acts
            if act["kind"] == "user.added"
            and act["data"]["roles"] == ["holder_initiator"]
            and act["subject"] != owner
        )
    )


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_act_is_refused_with_its_reason(
    honest: PublishedLog, tmp_path: Path, forgery: str
) -> None:
    code, forge = FORGERIES[forgery]
    book = Book(honest.leaves)
    forge(book)
    assert book.leaves != honest.leaves
    forger = Forger(tmp_path / "log")
    forger.publish(book.leaves)
    verdict = verify_here(forger.folder, "--key", forger.verifier, "--memory", tmp_path / "memory")
    assert verdict.code == 1, verdict.said
    assert f"NOT CLEAN: {code} " in verdict.said
    assert "CLEAN" not in verdict.out
    # A forger who got away with nothing has left nothing behind either.
    assert not (tmp_path / "memory" / "replay.sqlite").exists()
    assert not (tmp_path / "memory" / "checkpoint").exists()


def test_the_forgers_log_is_clean_where_nothing_is_forged(
    honest: PublishedLog, tmp_path: Path
) -> None:
    """Or the refusals above would show nothing."""
    forger = Forger(tmp_path / "log")
    forger.publish(honest.leaves, state=(honest.log / "state").read_bytes())
    verdict = verify_here(forger.folder, "--key", forger.verifier, "--memory", tmp_path / "memory")
    assert (verdict.code, verdict.err) == (0, "")
    assert verdict.out.endswith("CLEAN\n")


def test_more_credits_than_can_be_counted_are_no_crash(
    honest: PublishedLog, tmp_path: Path
) -> None:
    """Each batch is within its bounds; their sum is not within those of any machine's number."""
    largest = 2**53 - 1
    book = Book(honest.leaves)
    for number in range(2_100):
        prefix = f"CAR-X{number}"

        def change(act: Act, prefix: str = prefix) -> None:
            act["subject"] = prefix
            act["data"].update(issued_for_vintage=largest)
            act["data"]["batches"][0].update(batch=prefix, project=prefix, credits=largest)

        book.again("credits.taken_over", change)
    forger = Forger(tmp_path / "log")
    forger.publish(book.leaves)
    verdict = verify_here(forger.folder, "--key", forger.verifier, "--memory", tmp_path / "memory")
    assert (verdict.code, verdict.out) == (1, ""), verdict.said
    assert "NOT CLEAN: act_impossible " in verdict.said


ESCAPES: Final = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u200fCLEAN\r\n"


def test_what_a_hostile_log_says_cannot_steer_the_terminal(
    honest: PublishedLog, tmp_path: Path
) -> None:
    """In a sentence, a name or the state, whatever is not printable is shown as an escape."""
    forger = Forger(tmp_path / "log")
    leaves = honest.leaves

    def rename(act: Act) -> None:
        act["data"]["moves"][0]["batch"] = "XX" + ESCAPES

    forgeries: list[tuple[list[bytes], bytes]] = [
        (leaves, (honest.log / "state").read_bytes().replace(b"open", ESCAPES.encode(), 1)),
        ([*leaves, changed(leaves[-1], rename)], b""),
        ([*leaves, changed(leaves[-1], lambda act: act.update({ESCAPES: 1}))], b""),
        ([*leaves, changed(leaves[-1], lambda act: act.update(kind=ESCAPES))], b""),
    ]
    for number, (forged, state) in enumerate(forgeries):
        forger.publish(forged, state=state or None)
        memory = tmp_path / f"memory-{number}"
        verdict = verify_here(forger.folder, "--key", forger.verifier, "--memory", memory)
        assert verdict.code == 1
        shown = verdict.out + verdict.err
        assert all(mark.isprintable() or mark == "\n" for mark in shown), repr(shown)
        assert "\nCLEAN" not in shown
