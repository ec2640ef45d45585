"""
A witness cosigns what extends its last checkpoint, and nothing else.

The rule is judged on real logs with real forks: every verdict, on both sides of its edge.
"""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.registry.log.checkpoints import PROOF_HASHES_MAX, Checkpoint
from app.registry.log.notes import MalformedError, Note, Signature, sign
from app.registry.log.witnessing import (
    Request,
    Verdict,
    encode_request,
    judge,
)
from tests.builders.witnessing import GrownLog

SIZE_MAX = 70
LOG = GrownLog().grow(SIZE_MAX)
FORKS = {at: LOG.forked_at(at, SIZE_MAX - at) for at in (0, 1, 7, 8, 33, 64, 69)}
KEYS = [LOG.verifier]
sizes = st.integers(0, SIZE_MAX)


def asked(log: GrownLog, old_size: int, size: int | None = None) -> Request:
    return Request.parse(log.request(old_size, size))


def last(size: int) -> Checkpoint | None:
    return LOG.checkpoint(size)


@given(st.tuples(sizes, sizes))
def test_what_grows_is_cosigned(two: tuple[int, int]) -> None:
    old, new = sorted(two)
    assert judge(asked(LOG, old, new), KEYS, last(old)) is Verdict.COSIGN


@given(sizes)
def test_the_first_checkpoint_is_cosigned_whatever_its_size(size: int) -> None:
    assert judge(asked(LOG, 0, size), KEYS, None) is Verdict.COSIGN


@given(st.sampled_from(sorted(FORKS)), st.tuples(sizes, sizes))
def test_another_history_is_never_cosigned(at: int, two: tuple[int, int]) -> None:
    old, new = sorted(two)
    # Up to where it forks, it still has everything that was cosigned.
    expected = Verdict.COSIGN if old <= at else Verdict.FORKED
    assert judge(asked(FORKS[at], old, new), KEYS, last(old)) is expected


@given(sizes, sizes, sizes)
def test_an_old_size_that_is_not_the_last_one_is_told(size: int, old: int, new: int) -> None:
    old, new = sorted((old, new))
    if old == size:
        return
    assert judge(asked(LOG, old, new), KEYS, last(size)) is Verdict.OTHER_SIZE
    if old:
        assert judge(asked(LOG, old, new), KEYS, None) is Verdict.OTHER_SIZE


@given(st.tuples(sizes, sizes))
def test_a_log_never_shrinks(two: tuple[int, int]) -> None:
    new, old = sorted(two)
    request = replace(asked(LOG, 0, new), old_size=old)
    expected = Verdict.COSIGN if new == old else Verdict.MALFORMED
    assert judge(request, KEYS, last(old)) is expected


@settings(max_examples=300)
@given(st.integers(1, SIZE_MAX), st.data())
def test_a_proof_with_one_bit_changed_proves_nothing(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old, SIZE_MAX))
    request = asked(LOG, old, new)
    if not request.proof:
        return
    steps = list(request.proof)
    step = data.draw(st.integers(0, len(steps) - 1))
    bit = data.draw(st.integers(0, 255))
    steps[step] = (int.from_bytes(steps[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    assert judge(replace(request, proof=tuple(steps)), KEYS, last(old)) is Verdict.FORKED


@given(st.integers(0, SIZE_MAX), st.integers(0, SIZE_MAX))
def test_a_proof_is_as_long_as_it_has_to_be(old: int, more: int) -> None:
    request = asked(LOG, old, min(old + more, SIZE_MAX))
    longer = replace(request, proof=(*request.proof, bytes(32)))
    expected = Verdict.FORKED if old else Verdict.MALFORMED
    assert judge(longer, KEYS, last(old)) is expected


def test_a_log_that_nobody_named_is_unknown() -> None:
    assert judge(asked(LOG, 0), [], None) is Verdict.UNKNOWN_LOG


def test_another_keys_signature_is_none() -> None:
    stranger = GrownLog().grow(3)
    assert judge(asked(stranger, 0), KEYS, None) is Verdict.NOT_SIGNED
    assert judge(asked(stranger, 0), [*KEYS, stranger.verifier], None) is Verdict.COSIGN


@pytest.mark.parametrize("old", [0, 5, 70])
def test_who_cannot_sign_learns_no_size(old: int) -> None:
    """Only the log may ask; a stranger gets one answer whatever the witness has seen."""
    stranger = GrownLog().grow(70)
    assert judge(asked(stranger, old), KEYS, last(33)) is Verdict.NOT_SIGNED


def test_a_false_signature_of_the_logs_key_is_none() -> None:
    request = asked(LOG, 0)
    (line,) = request.note.signatures
    false = Signature(line.name, line.key_id, line.data[:-1] + bytes([line.data[-1] ^ 1]))
    for lines in ([false], [line, false]):
        note = Note(request.note.text, tuple(lines))
        assert judge(replace(request, note=note), KEYS, None) is Verdict.NOT_SIGNED


def test_signatures_of_others_do_not_matter() -> None:
    request = asked(LOG, 0)
    other = sign("somebody.example", Ed25519PrivateKey.generate(), "something else\n")
    note = Note(request.note.text, (other, *request.note.signatures))
    assert judge(replace(request, note=note), KEYS, None) is Verdict.COSIGN


def test_the_log_is_the_one_the_signed_text_names() -> None:
    """A log cannot have its checkpoint cosigned in the name of another."""
    other = GrownLog("other.example/log", LOG.key).grow(3)
    assert judge(asked(other, 0), KEYS, None) is Verdict.NOT_SIGNED


@given(st.tuples(sizes, sizes))
def test_a_request_is_read_as_it_was_written(two: tuple[int, int]) -> None:
    old, new = sorted(two)
    request = asked(LOG, old, new)
    assert request.old_size == old
    assert list(request.proof) == list(LOG.proof(old, new))
    assert request.checkpoint == LOG.checkpoint(new)
    encoded = encode_request(request.old_size, request.proof, request.note.encode())
    assert encoded == LOG.request(old, new)


GOOD = LOG.request(33)
STEP = base64.b64encode(bytes(32))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"old 0\n",
        b"old 0\n\n",
        GOOD[1:],
        GOOD[:-1],
        GOOD.replace(b"old 33", b"old  33"),
        GOOD.replace(b"old 33", b"old 033"),
        GOOD.replace(b"old 33", b"old +33"),
        GOOD.replace(b"old 33", b"old -33"),
        GOOD.replace(b"old 33", b"old 33 "),
        GOOD.replace(b"old 33", b"old 3_3"),
        GOOD.replace(b"old 33", b"old \xd9\xa3"),
        GOOD.replace(b"old 33", b"old 9223372036854775808"),
        GOOD.replace(b"old 33", b"old "),
        GOOD.replace(b"old 33", b"OLD 33"),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"old 33\n", b"old 33\n" + STEP[:-4] + b"\n"),
        GOOD.replace(b"old 33\n", b"old 33\n" + STEP[:-1] + b"\n"),
        GOOD.replace(b"old 33\n", b"old 33\n" + STEP.replace(b"A=", b"B=") + b"\n"),
        GOOD.replace(b"old 33\n", b"old 33\n" + b" " + STEP + b"\n"),
        GOOD.replace(b"old 33\n", b"old 33\n" + (STEP + b"\n") * PROOF_HASHES_MAX),
        GOOD.replace(b"\n70\n", b"\n070\n"),
        GOOD.replace(b"\n70\n", b"\n70\nmore\n"),
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    assert data != GOOD
    with pytest.raises(MalformedError):
        Request.parse(data)


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    try:
        Request.parse(data)
    except MalformedError:
        return
    raise AssertionError("random bytes are no signed checkpoint")


@settings(max_examples=500)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_never_gets_another_text_cosigned(place: int, byte: int) -> None:
    changed = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    try:
        request = Request.parse(changed)
    except MalformedError:
        return
    if judge(request, KEYS, last(33)) is Verdict.COSIGN:
        assert request.checkpoint == LOG.checkpoint(70)
