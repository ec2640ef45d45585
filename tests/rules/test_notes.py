"""
Signed notes and verifier keys: what is signed, what is refused, and that no byte can be changed.
"""

import unicodedata
from itertools import product
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.registry.log.notes import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    ForgedError,
    KeyKind,
    MalformedError,
    Note,
    Signature,
    VerifierKey,
    cosign,
    cosigned_at,
    parse_note,
    sign,
    verifier_of,
)
from tests.builders.trees import ORIGIN, a_key, a_log_key, a_witness_key, flipped

TEXT: Final = f"{ORIGIN}\n7\nnothing of a checkpoint is asked here\n"
AT: Final = 1_795_500_000
STRANGER: Final = Signature("stranger.example", b"\x01\x02\x03\x04", b"whatever it signs with")

# The example that the first implementation of notes documents, with its key.
PUBLISHED_KEY: Final = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE: Final = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
).encode()
# The checkpoint that the formats of checkpoints and cosignatures show; its keys are not published.
PUBLISHED_CHECKPOINT: Final = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl"
    "rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
# RFC 8032 section 7.1, the first two tests.
RFC_8032: Final = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
            "46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "r",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
            "d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]

names = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="+"), min_size=1, max_size=40
).filter(str.isprintable)
texts = (
    st.lists(
        st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30), min_size=1, max_size=5
    )
    .map(lambda lines: "".join(f"{line}\n" for line in lines))
    .filter(lambda text: text != "\n")
)
keys = st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)
signatures = st.builds(
    Signature,
    names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


def a_note() -> Note:
    """A note signed by the log, by two witnesses and by somebody nobody knows."""
    lines = [cosign(f"witness-{n}.example", a_key(n), TEXT, at=AT + n) for n in (2, 3)]
    return Note(TEXT, (sign(ORIGIN, a_key(1), TEXT),)).with_signatures([STRANGER, *lines])


KEYS: Final = [a_log_key(), a_witness_key(2), a_witness_key(3)]


def verified(data: bytes) -> str | None:
    """The text that all three keys vouch for; None where it is refused."""
    try:
        note = parse_note(data)
        return note.text if note.signers(KEYS) == KEYS else None
    except (MalformedError, ForgedError):
        return None


# ------------------------------------------------------------------ as published


def test_the_published_note_verifies_under_its_published_key() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    note = parse_note(PUBLISHED_NOTE)
    assert (key.name, key.kind, key.id.hex()) == ("PeterNeumann", KeyKind.LOG, "c74f20a3")
    assert str(key) == PUBLISHED_KEY
    assert note.signers([key]) == [key]
    assert note.encode() == PUBLISHED_NOTE


def test_the_published_checkpoint_is_read_as_its_bytes_say() -> None:
    note = parse_note(PUBLISHED_CHECKPOINT)
    log, witness = note.signatures
    assert (log.name, log.key_id.hex()) == ("example.com/behind-the-sofa", "033de0ae")
    assert (witness.name, witness.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert cosigned_at(witness) == 1679315147, "the time of the published example"
    assert note.encode() == PUBLISHED_CHECKPOINT
    assert note.signers(KEYS) == [], "nobody here knows these keys"


@pytest.mark.parametrize(("private", "public", "text", "signature"), RFC_8032)
def test_signatures_are_those_of_the_standard(
    private: str, public: str, text: str, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    verifier = verifier_of("rfc8032", KeyKind.LOG, key)
    assert verifier.key.hex() == public
    assert sign("rfc8032", key, text).data.hex() == signature
    assert verifier.verifies(bytes.fromhex(signature), text)
    assert not verifier.verifies(bytes.fromhex(signature), f"{text}x")


def test_a_cosignature_is_over_its_time_and_the_text() -> None:
    """As the format shows: a line for the kind, a line for the time, then the text itself."""
    line = cosign("w.example", a_key(2), TEXT, at=AT)
    message = f"cosignature/v1\ntime {AT}\n{TEXT}".encode()
    a_key(2).public_key().verify(line.data[8:], message)
    assert line.data[:8] == AT.to_bytes(8, "big")
    assert cosigned_at(line) == AT


# ------------------------------------------------------------------ round trips


@given(texts, st.lists(signatures, min_size=1, max_size=6))
def test_a_note_is_read_back_from_its_bytes(text: str, lines: list[Signature]) -> None:
    note = Note(text, tuple(lines))
    assert parse_note(note.encode()) == note


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_whatever_is_read_is_written_back_byte_for_byte(data: bytes) -> None:
    """There is one spelling of everything, so that what was signed is what is passed on."""
    try:
        note = parse_note(data)
    except MalformedError:
        return
    assert note.encode() == data


@given(names, keys, texts, st.integers(0, 2**63 - 1))
def test_what_a_key_signs_it_verifies_and_no_other_key_does(
    name: str, private: Ed25519PrivateKey, text: str, at: int
) -> None:
    log, witness = (verifier_of(name, kind, private) for kind in (KeyKind.LOG, KeyKind.WITNESS))
    note = Note(text, (sign(name, private, text), cosign(name, private, text, at=at)))
    read = parse_note(note.encode())
    assert read.signers([log, witness]) == [log, witness]
    assert read.signers([witness]) == [witness]
    assert read.signers([a_log_key(9, name), a_witness_key(9, name)]) == []


# ------------------------------------------------------------------ nothing can be changed


def test_no_bit_of_a_signed_note_can_be_turned_round() -> None:
    """
    Every bit of every byte. One exception: the line of a signer whom nobody here knows says
    nothing, changed or not; the verified text is then the same.
    """
    data = a_note().encode()
    assert verified(data) == TEXT
    first = data.index(f"\n{STRANGER}\n".encode()) + 1
    of_the_stranger = range(first, first + len(f"{STRANGER}".encode()))
    for place, bit in product(range(len(data)), range(8)):
        found = verified(flipped(data, place * 8 + bit))
        assert found is None or (found == TEXT and place in of_the_stranger), (place, bit)


def test_no_byte_can_be_left_out_or_put_in() -> None:
    data = Note(TEXT, (sign(ORIGIN, a_key(1), TEXT),)).encode()

    def holds(changed: bytes) -> bool:
        try:
            return parse_note(changed).signers([a_log_key()]) == [a_log_key()]
        except (MalformedError, ForgedError):
            return False

    assert holds(data)
    for place in range(len(data)):
        assert not holds(data[:place] + data[place + 1 :])
        assert not holds(data[:place])
        for extra in (b"\n", b" ", b"=", b"A", b"\x00", b"\r", b"\xff"):
            assert not holds(data[:place] + extra + data[place:]), (place, extra)
    assert not holds(data + b"\n")


# ------------------------------------------------------------------ signers


def test_a_line_that_claims_to_be_of_a_known_key_must_be() -> None:
    """A false line makes the whole note false: who added it, and why, is not for us to guess."""
    line = sign(ORIGIN, a_key(1), TEXT)
    false = Signature(line.name, line.key_id, flipped(line.data, 5))
    for lines in ((false,), (line, false), (false, line)):
        with pytest.raises(ForgedError, match=f"{ORIGIN} .* is false"):
            Note(TEXT, lines).signers([a_log_key()])


@pytest.mark.parametrize("length", [0, 1, 63, 65, 71, 72, 73])
@pytest.mark.parametrize("key", KEYS[:2])
def test_a_signature_of_another_length_is_false(key: VerifierKey, length: int) -> None:
    right = sign(ORIGIN, a_key(1), TEXT) if key.kind is KeyKind.LOG else a_note().signatures[2]
    assert key.verifies(right.data, TEXT)
    if length != len(right.data):
        assert not key.verifies((right.data * 2)[:length], TEXT)


def test_a_key_shares_its_name_or_its_id_with_strangers() -> None:
    """Only both together are the key's; either alone is somebody else, and ignored."""
    line = sign(ORIGIN, a_key(1), TEXT)
    other_name = Signature("other.example", line.key_id, line.data)
    other_id = Signature(line.name, b"\x00\x00\x00\x00", line.data)
    assert Note(TEXT, (other_name, other_id)).signers([a_log_key()]) == []


def test_two_lines_of_one_key_are_one_signer() -> None:
    lines = [cosign("witness-2.example", a_key(2), TEXT, at=at) for at in (AT, AT + 1)]
    assert Note(TEXT, tuple(lines)).signers(KEYS) == [a_witness_key(2)]


def test_a_signature_of_one_kind_is_none_of_the_other() -> None:
    """The same key and name, as a log and as a witness: neither passes for the other."""
    line = cosign(ORIGIN, a_key(1), TEXT, at=AT)
    log, witness = a_log_key(), a_witness_key(1, ORIGIN)
    assert log.id != witness.id
    assert Note(TEXT, (line,)).signers([log]) == []
    assert not log.verifies(line.data[8:], TEXT)
    assert not witness.verifies(AT.to_bytes(8, "big") + sign(ORIGIN, a_key(1), TEXT).data, TEXT)


def test_a_time_beyond_what_the_format_allows_is_refused() -> None:
    key = a_witness_key(2)
    for at in (2**63 - 1, 2**63):
        message = f"cosignature/v1\ntime {at}\n{TEXT}".encode()
        data = at.to_bytes(8, "big") + a_key(2).sign(message)
        assert key.verifies(data, TEXT) is (at < 2**63)


# ------------------------------------------------------------------ refusals of notes

LINE: Final = f"{STRANGER}\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "each ended"),
        (b"text\n", "each ended"),
        (b"text\n\n", "each ended"),
        (f"text\n{LINE}".encode(), "each ended"),
        (f"\n\n{LINE}".encode(), "each ended"),
        (f"text\n\n{LINE}".encode()[:-1], "each ended"),
        (f"text\n\n{LINE}\n".encode(), "each ended"),
        (f"text\n\n{LINE}x\n".encode(), "form"),
        (f"text\r\n\n{LINE}".encode(), "control"),
        (f"te\x00xt\n\n{LINE}".encode(), "control"),
        (f"te\txt\n\n{LINE}".encode(), "control"),
        (f"te\x85xt\n\n{LINE}".encode(), "control"),
        (b"\xfftext\n\n" + LINE.encode(), "UTF-8"),
        (b"te\xed\xa0\x80xt\n\n" + LINE.encode(), "UTF-8"),
        (f"text\n\n{LINE}".encode("utf-16"), "UTF-8"),
        (f"text\n\n-{LINE[1:]}".encode(), "form"),
        (f"text\n\n {LINE}".encode(), "form"),
        ("text\n\n— \n".encode(), "form"),
        ("text\n\n— name\n".encode(), "form"),
        ("text\n\n—  AQIDBAU=\n".encode(), "name"),
        ("text\n\n— na+me AQIDBAU=\n".encode(), "name"),
        ("text\n\n— name  AQIDBAU=\n".encode(), "base64"),
        ("text\n\n— name AQIDBAU= \n".encode(), "base64"),
        ("text\n\n— name AQIDBAU\n".encode(), "base64"),
        ("text\n\n— name AQIDBAV=\n".encode(), "canonical"),
        ("text\n\n— name AQIDBA==\n".encode(), "too short"),
        ("text\n\n— name AQ==\n".encode(), "too short"),
        ("text\n\n— name \n".encode(), "too short"),
    ],
)
def test_what_is_no_note_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        parse_note(data)


def test_a_text_may_hold_empty_lines() -> None:
    """The last empty line is where the signatures begin."""
    note = parse_note(f"one\n\ntwo\n\n\n{LINE}".encode())
    assert note.text == "one\n\ntwo\n\n"
    assert len(note.signatures) == 1


def test_a_note_has_room_for_sixteen_signatures_of_the_longest_kinds() -> None:
    """As the format asks; and an end."""
    long = Signature("post-quantum.example", b"\x01\x02\x03\x04", bytes(4_900))
    note = Note(TEXT, (long,) * 16)
    assert parse_note(note.encode()) == note
    with pytest.raises(MalformedError, match=f"{NOTE_BYTES_MAX} bytes"):
        parse_note(Note(TEXT, (long,) * 20).encode())
    many = Note(TEXT, (STRANGER,) * SIGNATURES_MAX)
    assert parse_note(many.encode()) == many
    with pytest.raises(MalformedError, match=f"{SIGNATURES_MAX} signatures"):
        parse_note(many.with_signatures([STRANGER]).encode())


def test_no_character_that_a_note_refuses_can_be_in_a_text() -> None:
    """All control characters but the end of line, one by one."""
    controls = [chr(n) for n in range(0x100) if unicodedata.category(chr(n)) == "Cc"]
    assert len(controls) == 65
    for control in controls:
        data = f"a{control}b\n\n{LINE}".encode()
        if control == "\n":
            assert parse_note(data).text == "a\nb\n"
        else:
            with pytest.raises(MalformedError, match="control"):
                parse_note(data)
