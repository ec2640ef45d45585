"""Trust policies: read as their format says, and a quorum that nobody reaches by counting twice."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.log.notes import (
    ForgedError,
    MalformedError,
    Note,
    Signature,
    VerifierKey,
    cosign,
    sign,
)
from app.registry.log.policy import (
    NO_QUORUM,
    POLICY_BYTES_MAX,
    Group,
    Policy,
    QuorumError,
    Witness,
    parse_policy,
    witness_policy,
)
from tests.builders.trees import ORIGIN, a_key, a_log_key, a_witness_key, flipped

TEXT: Final = f"{ORIGIN}\n7\nthe text of a checkpoint\n"
LOG: Final = f"log {a_log_key()}"
W: Final = {n: f"witness w{n} {a_witness_key(n)}" for n in range(2, 8)}

# Two cities of which two, and one of two others: as the format's own example is built.
TWO_LEVELS: Final = "\n".join(
    [
        LOG,
        "",
        *(W[n] for n in range(2, 7)),
        "group cities 2 w2 w3 w4",
        "group others any w5 w6",
        "group both all cities others",
        "quorum both",
        "",
    ]
).encode()


def written(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def a_note(*witnesses: int) -> Note:
    lines = [cosign(f"witness-{n}.example", a_key(n), TEXT, at=1_795_500_000) for n in witnesses]
    return Note(TEXT, (sign(ORIGIN, a_key(1), TEXT), *lines))


def names_of(witnesses: list[Witness]) -> list[str]:
    return [witness.name for witness in witnesses]


# ------------------------------------------------------------------ reading


def test_a_policy_says_whom_to_trust() -> None:
    policy = parse_policy(
        written(
            f"log {a_log_key()} https://registry.example/log/",
            f"witness ngo {a_witness_key(2)} https://ngo.example/",
            f"witness city {a_witness_key(3)}",
            "group all-of-them 2 ngo city",
            "quorum all-of-them",
        )
    )
    assert policy.logs == {a_log_key(): "https://registry.example/log/"}
    assert policy.witnesses == {
        "ngo": Witness("ngo", a_witness_key(2), "https://ngo.example/"),
        "city": Witness("city", a_witness_key(3), None),
    }
    assert policy.groups == {"all-of-them": Group("all-of-them", ("ngo", "city"), 2)}
    assert policy.quorum == "all-of-them"
    assert policy.of_origin(ORIGIN) == [a_log_key()]
    assert policy.of_origin("another.example/log") == []


def test_spaces_tabs_comments_and_empty_lines_say_nothing() -> None:
    spaced = written(
        "# who is trusted",
        "   # since 2026",
        "",
        " \t ",
        f"\tlog \t {a_log_key()}  ",
        f"  {W[2]}\t",
        "quorum\tw2",
    )
    assert parse_policy(spaced) == parse_policy(written(LOG, W[2], "quorum w2"))


def test_a_number_sign_within_a_line_is_a_character() -> None:
    """Comments are whole lines; names and addresses keep what they hold."""
    key = a_witness_key(2, "#2.example")
    policy = parse_policy(written(LOG, f"witness w#2 {key} https://w.example/#here", "quorum w#2"))
    assert policy.witnesses["w#2"] == Witness("w#2", key, "https://w.example/#here")
    assert parse_policy(policy.encode()) == policy
    with pytest.raises(MalformedError, match="line 1 "):
        parse_policy(written(f"{LOG} https://log.example/ # ours", "quorum none"))


def test_other_spaces_are_characters_of_a_name() -> None:
    """Bytes above ASCII have no meaning of their own in a policy."""
    policy = parse_policy(written(LOG, W[2].replace("w2", "the\u00a0city"), "quorum the\u00a0city"))
    assert list(policy.witnesses) == ["the\u00a0city"]


addresses = st.none() | st.from_regex(r"https://[a-z#]{1,9}\.example/", fullmatch=True)
words = st.from_regex(r"[a-zก-ฮ0-9#_-]{1,12}", fullmatch=True).filter(
    lambda word: not word.startswith("#") and word != NO_QUORUM
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    numbers = draw(st.lists(st.integers(2, 60), min_size=1, max_size=8, unique=True))
    names = draw(st.lists(words, min_size=16, max_size=16, unique=True))
    policy = Policy(logs={a_log_key(): draw(addresses), a_log_key(99): draw(addresses)})
    for name, number in zip(names, numbers, strict=False):
        policy.witnesses[name] = Witness(name, a_witness_key(number), draw(addresses))
    free = list(policy.witnesses)
    for name in names[8 : draw(st.integers(8, 15))]:
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        needed = draw(st.integers(1, len(members)))
        policy.groups[name] = Group(name, tuple(members), needed)
        free = [*(other for other in free if other not in members), name]
    policy.quorum = draw(st.sampled_from([NO_QUORUM, *policy.witnesses, *policy.groups]))
    return policy


@given(policies())
def test_a_policy_is_read_back_from_its_file(policy: Policy) -> None:
    assert parse_policy(policy.encode()) == policy


@given(policies(), st.data())
def test_a_policy_that_is_cut_short_never_asks_for_less(
    policy: Policy, data: st.DataObject
) -> None:
    """Its last line is the quorum: without the whole of it the file is refused."""
    whole = policy.encode()
    with pytest.raises(MalformedError):
        parse_policy(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short"),
        (written(LOG, "quorum none")[:-1], "cut short"),
        (b"\n", "names no log"),
        (written("quorum none"), "names no log"),
        (written(LOG), "no quorum"),
        (written(LOG, W[2]), "no quorum"),
        (b"\xff\n", "UTF-8"),
        (b"#" * POLICY_BYTES_MAX + b"\n", "at most"),
        (written(LOG, "quorum none").replace(b"\n", b"\r\n"), "control"),
        (written(LOG, "quorum none\x00"), "control"),
        (written(LOG, "quorum\x0bnone"), "control"),
        (written(LOG, "# a comment\x7f", "quorum none"), "control"),
        (written(LOG, "quorum none", "quorum none"), "line 3 .* none of"),
        (written(LOG, "quorum"), "line 2 .* none of"),
        (written(LOG, "quorum none none"), "line 2 .* none of"),
        (written(LOG, "Quorum none"), "line 2 .* none of"),
        (written(LOG, "quorum\u00a0none"), "line 2 .* none of"),
        (written("log", "quorum none"), "line 1 .* none of"),
        (written(f"{LOG} a b", "quorum none"), "line 1 .* none of"),
        (written("log nothing", "quorum none"), "line 1 .* form"),
        (written(f"log {a_witness_key(2)}", "quorum none"), "line 1 .* of a log"),
        (written(LOG, f"witness w {a_log_key(2)}", "quorum w"), "line 2 .* of a witness"),
        (written(LOG, f"witness {a_witness_key(2)}", "quorum none"), "line 2 .* none of"),
        (written(LOG, LOG, "quorum none"), "line 2 .* twice"),
        (written(LOG, f"log {a_log_key(1, 'other.example')}", "quorum none"), "line 2 .* twice"),
        (written(LOG, W[2], W[2].replace("w2", "w3"), "quorum w2"), "line 3 .* two witnesses"),
        (
            written(LOG, W[2], f"witness w3 {a_witness_key(2, 'other')}", "quorum w2"),
            "line 3 .* two witnesses",
        ),
        (written(LOG, W[2], W[3].replace("w3", "w2"), "quorum w2"), "line 3 .* named twice"),
        (written(LOG, W[2].replace("w2", "none"), "quorum none"), "line 2 .* named twice"),
        (written(LOG, W[2], "group w2 any w2", "quorum w2"), "line 3 .* named twice"),
        (written(LOG, W[2], "group none any w2", "quorum none"), "line 3 .* named twice"),
        (written(LOG, "quorum w2", W[2]), "line 2 .* not named before"),
        (written(LOG, "group g any w2", W[2], "quorum g"), "line 2 .* not named before"),
        (written(LOG, "group g any g", "quorum g"), "line 2 .* not named before"),
        (written(LOG, W[2], "group g any none", "quorum g"), "line 3 .* not named before"),
        (written(LOG, W[2], "group g any", "quorum w2"), "line 3 .* none of"),
        (written(LOG, W[2], "group g", "quorum w2"), "line 3 .* none of"),
        (written(LOG, f"witness log {a_witness_key(1)}", "quorum log"), "its own witness"),
    ],
)
def test_what_is_no_policy_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        parse_policy(data)


@pytest.mark.parametrize(
    "needed", ["0", "3", "-1", "+1", "01", "1.0", "", "ALL", "some", "٢", "²", "1_0", "9" * 5_000]
)
def test_a_group_needs_between_one_and_all_of_its_members(needed: str) -> None:
    with pytest.raises(MalformedError, match="line 4"):
        parse_policy(written(LOG, W[2], W[3], f"group g {needed} w2 w3", "quorum g"))


@pytest.mark.parametrize(
    ("group", "quorum"),
    [
        ("group g 2 w2 w2", "quorum g"),
        ("group h any w2 w3\ngroup g 2 h w2", "quorum g"),
        ("group a any w2\ngroup b any w2\ngroup g all a b", "quorum g"),
    ],
)
def test_nobody_is_a_member_twice(group: str, quorum: str) -> None:
    """Or one signature would reach a quorum of two."""
    with pytest.raises(MalformedError, match="twice"):
        parse_policy(written(LOG, W[2], W[3], *group.split("\n"), quorum))


# ------------------------------------------------------------------ the quorum


@pytest.mark.parametrize(
    ("signed", "reached"),
    [
        ((), False),
        ((2, 3), False),
        ((5, 6), False),
        ((2, 5), False),
        ((2, 3, 5), True),
        ((3, 4, 6), True),
        ((2, 3, 4), False),
        ((2, 3, 4, 5, 6), True),
    ],
)
def test_a_quorum_is_reached_as_its_groups_say(signed: tuple[int, ...], *, reached: bool) -> None:
    policy = parse_policy(TWO_LEVELS)
    if reached:
        assert names_of(policy.check_quorum(a_note(*signed))) == [f"w{n}" for n in signed]
        return
    with pytest.raises(QuorumError, match="quorum both is not reached; missing: ") as refused:
        policy.check_quorum(a_note(*signed))
    missing = {f"w{n}" for n in range(2, 7) if n not in signed}
    assert set(str(refused.value).partition("missing: ")[2].split(", ")) == missing


def test_without_a_quorum_nobody_is_asked_and_whoever_signed_is_told() -> None:
    policy = parse_policy(written(LOG, W[2], W[3], "quorum none"))
    assert policy.check_quorum(a_note()) == []
    assert names_of(policy.check_quorum(a_note(3))) == ["w3"]


def test_one_witness_can_be_the_quorum() -> None:
    policy = parse_policy(written(LOG, W[2], W[3], "quorum w2"))
    assert names_of(policy.check_quorum(a_note(2, 3))) == ["w2", "w3"]
    with pytest.raises(QuorumError, match="missing: w2"):
        policy.check_quorum(a_note(3))


def test_a_witness_that_signs_twice_counts_once() -> None:
    policy = parse_policy(written(LOG, W[2], W[3], "group g 2 w2 w3", "quorum g"))
    with pytest.raises(QuorumError, match="missing: w3"):
        policy.check_quorum(a_note(2, 2))


def test_strangers_do_not_count_and_do_no_harm() -> None:
    policy = parse_policy(written(LOG, W[2], W[3], "group g 2 w2 w3", "quorum g"))
    with pytest.raises(QuorumError, match="missing: w3"):
        policy.check_quorum(a_note(2, 7))
    assert names_of(policy.check_quorum(a_note(2, 7, 3))) == ["w2", "w3"]


def test_a_false_cosignature_is_refused_even_where_the_others_are_enough() -> None:
    policy = parse_policy(written(LOG, W[2], W[3], "quorum w2"))
    *lines, last = a_note(2, 3).signatures
    false = Signature(last.name, last.key_id, flipped(last.data, 100))
    with pytest.raises(ForgedError, match="witness-3"):
        policy.check_quorum(Note(TEXT, (*lines, false)))


def test_the_key_counts_not_what_the_policy_calls_it() -> None:
    """A policy's names mean nothing outside of it: a note cannot choose whom it is counted as."""
    key = a_witness_key(2, "w3")
    policy = parse_policy(written(LOG, f"witness w2 {key}", W[3], "quorum w3"))
    line = cosign("w3", a_key(2), TEXT, at=1_795_500_000)
    with pytest.raises(QuorumError, match="missing: w3"):
        policy.check_quorum(Note(TEXT, (line,)))


def test_groups_as_deep_as_a_policy_can_hold_are_counted() -> None:
    """Neither the stack nor the time runs out, whoever wrote the policy."""
    depth = 2_500
    nested = [f"group g{n} 1 {f'g{n - 1}' if n else 'w2'}" for n in range(depth)]
    policy = parse_policy(written(LOG, W[2], W[3], *nested, f"quorum g{depth - 1}"))
    assert names_of(policy.check_quorum(a_note(2))) == ["w2"]
    with pytest.raises(QuorumError):
        policy.check_quorum(a_note(3))


# ------------------------------------------------------------------ policies of our own making


@pytest.mark.parametrize("needed", [0, 1, 2, 3])
def test_a_policy_asks_for_so_many_of_its_witnesses(needed: int) -> None:
    witnesses = [Witness(f"w{n}", a_witness_key(n), None) for n in (2, 3, 4)]
    logs: dict[VerifierKey, str | None] = {a_log_key(): "https://registry.example/log/"}
    policy = witness_policy(logs, witnesses, needed)
    assert parse_policy(policy.encode()) == policy
    assert (policy.quorum == NO_QUORUM) is (needed == 0)
    for there in range(4):
        note = a_note(*range(2, 2 + there))
        if there >= needed:
            assert len(policy.check_quorum(note)) == there
        else:
            with pytest.raises(QuorumError):
                policy.check_quorum(note)
