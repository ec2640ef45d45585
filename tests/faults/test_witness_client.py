"""
Goal: no witness holds the publisher up, fills its memory or gets a false line into a checkpoint.

Method: witnesses that do each of these things, as raw servers on loopback, beside an honest one
whose cosignature must arrive all the same.
"""

import asyncio
import base64
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.entry.publishing.witnesses import (
    ANSWER_BYTES_MAX,
    LINES_MAX,
    SENTENCE_MAX,
    Answer,
    Trouble,
    Witnesses,
)
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.notes import KeyKind, MalformedError, Signature, cosign, verifier_of
from app.registry.log.policy import Witness
from app.registry.log.witnessing import SIZE_MEDIA_TYPE, Request, Verdict, judge
from tests.builders.witnessing import GrownLog

SECONDS_MAX: Final = 1.0
GRACE_S: Final = 0.5  # for two busy cores
SIZE: Final = 40
LOG: Final = GrownLog().grow(60)
KEY: Final = Ed25519PrivateKey.generate()
NAME: Final = "witness.example/one"

Talk = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Hostile:
    """A server that answers each request as it is told to, the last way from then on."""

    talks: Sequence[Talk]
    asked: list[Request] = field(default_factory=list)
    port: int = 0
    serving: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def witness(self) -> Witness:
        """How the publisher knows it."""
        key = verifier_of(NAME, KeyKind.WITNESS, KEY)
        return Witness("one", key, f"http://127.0.0.1:{self.port}/here/")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, one request after the other."""
        task = asyncio.current_task()
        assert task is not None
        self.serving.append(task)
        try:
            await self._serve(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                assert head.startswith("post /here/add-checkpoint http/1.1\r\n")
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                self.asked.append(Request.parse(await reader.readexactly(length)))
                talk = self.talks[min(len(self.asked), len(self.talks)) - 1]
                await talk(self.asked[-1], reader, writer)
                await writer.drain()


@asynccontextmanager
async def hostile(*talks: Talk) -> AsyncIterator[Hostile]:
    """Open a hostile witness on loopback."""
    made = Hostile(talks)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in made.serving:
            task.cancel()
        await asyncio.gather(*made.serving)


def says(status: int, body: bytes, media_type: str = "text/plain", more: str = "") -> Talk:
    """Answer in one piece."""

    async def talk(_: Request, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = f"Content-Length: {len(body)}\r\n"
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: {media_type}\r\n{length}{more}\r\n"
        writer.write(head.encode() + body)

    return talk


def other_size(size: object) -> Talk:
    """Refuse the old size, and tell another one."""
    return says(409, f"{size}\n".encode(), SIZE_MEDIA_TYPE)


def signs(
    key: Ed25519PrivateKey = KEY, *, name: str = NAME, text: str | None = None, at: int = 1
) -> Signature:
    """Return a cosignature, of whom and of what it may be."""
    return cosign(name, key, text or LOG.checkpoint(SIZE).text, at=at)


def lines(*signatures: object) -> Talk:
    """Answer 200 with lines."""
    return says(200, "".join(f"{line}\n" for line in signatures).encode())


def drip(before: bytes, piece: bytes, pause: float) -> Talk:
    """Send something, and then a piece again and again, for ever."""

    async def talk(_: Request, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


async def silent(_: Request, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await reader.read()


async def hangs_up(_: Request, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""
    writer.close()


async def prove(old_size: int) -> Sequence[bytes]:
    """Prove, as the publisher does, and only what there is to prove."""
    assert 0 < old_size < SIZE
    return LOG.proof(old_size, SIZE)


async def collect(*witnesses: Witness) -> list[Answer]:
    """Ask them all about one checkpoint."""
    asking = Witnesses(witnesses, seconds_max=SECONDS_MAX)
    try:
        return await asking.collect(LOG.note(SIZE), LOG.checkpoint(SIZE), prove)
    finally:
        await asking.close()


async def ask(*talks: Talk) -> tuple[Answer, list[Request]]:
    """Ask one witness; it must not take longer than it may."""
    async with hostile(*talks) as server:
        began = time.monotonic()
        (answer,) = await collect(server.witness)
        assert time.monotonic() - began < SECONDS_MAX + GRACE_S
        assert len(answer.sentence) <= SENTENCE_MAX
        assert (answer.signature is None) == (answer.trouble is not None)
        return answer, server.asked


async def test_an_honest_witness_cosigns() -> None:
    answer, asked = await ask(lines(signs()))
    assert answer == Answer(answer.witness, signs(), None, "cosigned", b"")
    assert [(r.old_size, r.proof) for r in asked] == [(0, ())]
    assert judge(asked[0], [LOG.verifier], None) is Verdict.COSIGN


async def test_a_witness_at_another_size_is_asked_from_there() -> None:
    answer, asked = await ask(other_size(17), lines(signs()))
    assert answer.signature == signs()
    assert [r.old_size for r in asked] == [0, 17]
    assert judge(asked[1], [LOG.verifier], LOG.checkpoint(17)) is Verdict.COSIGN


async def test_a_witness_that_has_this_checkpoint_already_is_asked_from_itself() -> None:
    """It kept it and its answer got lost: that is no fork."""
    answer, asked = await ask(other_size(SIZE), lines(signs()))
    assert answer.signature == signs()
    assert [(r.old_size, r.proof) for r in asked] == [(0, ()), (SIZE, ())]


async def test_its_size_is_remembered() -> None:
    async with hostile(lines(signs()), lines(signs(text=LOG.checkpoint(60).text))) as server:
        asking = Witnesses([server.witness], seconds_max=SECONDS_MAX)

        async def prove_60(old_size: int) -> Sequence[bytes]:
            return LOG.proof(old_size, 60)

        for size, proves in ((SIZE, prove), (60, prove_60)):
            (answer,) = await asking.collect(LOG.note(size), LOG.checkpoint(size), proves)
            assert answer.trouble is None
        await asking.close()
    assert [r.old_size for r in server.asked] == [0, SIZE]


async def test_a_witness_that_lost_its_memory_is_asked_from_the_start() -> None:
    async with hostile(lines(signs()), other_size(0), lines(signs())) as server:
        asking = Witnesses([server.witness], seconds_max=SECONDS_MAX)
        for _ in range(2):
            (answer,) = await asking.collect(LOG.note(SIZE), LOG.checkpoint(SIZE), prove)
            assert answer.trouble is None
        await asking.close()
    assert [(r.old_size, r.proof) for r in server.asked] == [(0, ()), (SIZE, ()), (0, ())]


@pytest.mark.parametrize("at", [1, 2**31, 2**63 - 1])
async def test_whatever_its_clock_says_is_taken(at: int) -> None:
    answer, _ = await ask(lines(signs(at=at)))
    assert answer.signature == signs(at=at)


async def test_lines_of_keys_that_nobody_knows_are_left_out() -> None:
    """A witness may sign with several keys, and in ways that are not invented yet."""
    long = Signature("witness.example/pq", b"abcd", bytes(2_500))
    other = signs(Ed25519PrivateKey.generate())
    answer, _ = await ask(lines(long, other, signs()))
    assert answer.signature == signs()


ACCUSING: Final[dict[str, tuple[Trouble, list[Talk]]]] = {
    "one more": (Trouble.AHEAD, [other_size(SIZE + 1)]),
    "as many as there can be": (Trouble.AHEAD, [other_size(2**63 - 1)]),
    "one more at the second look": (Trouble.AHEAD, [other_size(17), other_size(SIZE + 1)]),
    "two roots": (Trouble.FORKED, [other_size(SIZE), other_size(SIZE)]),
    "no growth": (Trouble.FORKED, [says(422, b"no\n")]),
    "no growth from its size": (Trouble.FORKED, [other_size(17), says(422, b"no\n")]),
}


@pytest.mark.parametrize("what", ACCUSING)
async def test_what_it_says_of_our_history_is_told_with_evidence(what: str) -> None:
    trouble, talks = ACCUSING[what]
    answer, asked = await ask(*talks)
    assert answer.trouble is trouble
    assert f"old {asked[-1].old_size}\n".encode() in answer.evidence
    assert LOG.note(SIZE).encode() in answer.evidence
    assert b"=== answered: 4" in answer.evidence


TRUE = base64.b64encode(signs().key_id + signs().data).decode()


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
CHUNK = b"1000\r\n" + b"x" * 4_096 + b"\r\n"
OTHER_KEY = signs(Ed25519PrivateKey.generate())

FALSE: Final[dict[str, Talk]] = {
    "no line": lines(),
    "an empty line": lines(""),
    "a line of anything": lines("nonsense"),
    "a line too much": lines(signs(), "nonsense"),
    "an empty line at the end": lines(signs(), ""),
    "another key": lines(OTHER_KEY),
    "another name": lines(signs(name="another.example")),
    "another checkpoint": lines(signs(text=LOG.checkpoint(SIZE - 1).text)),
    "no time": lines(signs(at=0)),
    "a time beyond numbers": lines(signs(at=2**63)),
    "two of one key": lines(signs(), signs(at=2)),
    "too short": lines(Signature(NAME, signs().key_id, signs().data[:-1])),
    "too long": lines(Signature(NAME, signs().key_id, signs().data + b"\0")),
    "zeros": lines(Signature(NAME, signs().key_id, b"\0" * 72)),
    "too many lines": lines(*[OTHER_KEY] * LINES_MAX, signs()),
    "another end of line": lines(f"\u2014 {NAME} {TRUE}\r"),
    "another dash": lines(f"- {NAME} {TRUE}"),
    "two spaces": lines(f"\u2014 {NAME}  {TRUE}"),
    "half a line": lines(f"\u2014 {NAME} {TRUE[:-4]}"),
    "no UTF-8": says(200, b"\xff\xfe"),
    "zero bytes": says(200, bytes(1_000)),
    "packed": says(200, b"\x1f\x8b\x08\x00", more="Content-Encoding: gzip\r\n"),
    "one byte too much": says(200, b"x" * (ANSWER_BYTES_MAX + 1)),
    "no size": says(409, b"", SIZE_MEDIA_TYPE),
    "a size of no type": says(409, b"17\n"),
    "a size with a zero": says(409, b"017\n", SIZE_MEDIA_TYPE),
    "a size below nothing": says(409, b"-1\n", SIZE_MEDIA_TYPE),
    "a size in Arabic": says(409, b"\xd9\xa3\n", SIZE_MEDIA_TYPE),
    "a size beyond numbers": says(409, b"9" * 5_000, SIZE_MEDIA_TYPE),
    "the size it was asked from": other_size(0),
    "no HTTP": drip(b"nonsense\r\n\r\n", b"", 0.05),
    "binary": drip(bytes(range(256)) + b"\r\n\r\n", b"", 0.05),
    "a length in words": drip(HEAD + b"content-length: nine\r\n\r\n", b"", 0.05),
    "a header without end": drip(HEAD + b"x: ", b"y" * 60_000, 0),
    "a body without end": drip(HEAD + b"\r\n", b"x" * 60_000, 0),
    "chunks without end": drip(CHUNKED, CHUNK, 0),
    "chunks of no size": drip(CHUNKED, b"zz\r\n", 0),
    "no answer": hangs_up,
}


@pytest.mark.parametrize("what", FALSE)
async def test_what_is_no_cosignature_is_never_taken(what: str) -> None:
    answer, _ = await ask(FALSE[what])
    assert answer.trouble is Trouble.MALFORMED, answer.sentence
    assert answer.evidence == b""


SOON = b"HTTP/1.1 102 Processing\r\n\r\n"
SLOW: Final[dict[str, Talk]] = {
    "nothing": silent,
    "nothing, with the line held open": drip(b"", b"", 0.05),
    "one letter": drip(b"H", b"", 0.05),
    "headers in drops": drip(HEAD, b"x: y\r\n", 0.05),
    "a body in drops": drip(HEAD + b"content-length: 1000\r\n\r\n", b"x", 0.05),
    "a body that stays away": drip(HEAD + b"content-length: 1000\r\n\r\n", b"", 0.05),
    "soon": drip(b"", SOON, 0),
    "soon, a thousand times at once": drip(b"", SOON * 1_000, 0),
}


@pytest.mark.parametrize("what", SLOW)
async def test_a_witness_that_dawdles_holds_nobody(what: str) -> None:
    answer, _ = await ask(SLOW[what])
    assert answer.trouble is Trouble.SLOW, answer.sentence


async def test_a_witness_whose_size_never_settles_is_left() -> None:
    answer, asked = await ask(*[other_size(size) for size in range(1, 20)])
    assert answer.trouble is Trouble.REFUSED
    assert len(asked) == 3


@pytest.mark.parametrize("status", [201, 204, 400, 403, 404, 413, 500, 503])
async def test_other_answers_are_told_apart(status: int) -> None:
    answer, _ = await ask(says(status, b"" if status == 204 else f"{signs()}\n".encode()))
    assert answer.trouble is (Trouble.AWAY if status >= 500 else Trouble.REFUSED)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """A witness has no business in sending the publisher somewhere else."""
    async with hostile(lines(signs())) as other:
        answer, asked = await ask(says(status, b"", more=f"Location: {other.witness.address}\r\n"))
        assert answer.trouble is Trouble.REFUSED
        assert len(asked) == 1
        assert other.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "http://[::1]:1",
        "http://nowhere.invalid",
    ],
)
async def test_an_address_that_leads_nowhere_is_away(address: str) -> None:
    (answer,) = await collect(Witness("one", verifier_of(NAME, KeyKind.WITNESS, KEY), address))
    assert answer.trouble is Trouble.AWAY, answer.sentence


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "127.0.0.1:8100",
        "ftp://127.0.0.1/",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://\u0e01..example",
        "http://somebody:secret@127.0.0.1",
        "http://127.0.0.1/?query",
        "http://127.0.0.1/#place",
    ],
)
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    """It stands in the publisher's own settings: hours later nobody would look for it there."""
    witness = Witness("one", verifier_of(NAME, KeyKind.WITNESS, KEY), address)
    with pytest.raises(MalformedError, match="one"):
        Witnesses([witness], seconds_max=SECONDS_MAX)


async def test_one_without_an_address_is_not_asked() -> None:
    assert await collect(Witness("one", verifier_of(NAME, KeyKind.WITNESS, KEY), None)) == []


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    answer, _ = await ask(lines(signs()))
    assert answer.trouble is None


async def test_hostile_ones_do_not_keep_an_honest_one_from_being_heard() -> None:
    """All are asked at once: the whole takes as long as the slowest may, whatever they do."""
    endless = drip(CHUNKED, CHUNK, 0)
    async with (
        hostile(silent) as one,
        hostile(endless) as two,
        hostile(drip(b"", SOON, 0.0)) as three,
        hostile(lines(signs())) as honest,
    ):
        began = time.monotonic()
        answers = await collect(one.witness, two.witness, three.witness, honest.witness)
        assert time.monotonic() - began < SECONDS_MAX + GRACE_S
    assert [answer.trouble for answer in answers] == [
        Trouble.SLOW,
        Trouble.MALFORMED,
        Trouble.SLOW,
        None,
    ]


async def test_answers_without_end_do_not_fill_the_memory() -> None:
    flood = drip(HEAD + b"\r\n", b"x" * 1_000_000, 0.0)
    await ask(flood)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        answer, _ = await ask(flood)
        assert answer.trouble is Trouble.MALFORMED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KB


async def test_our_own_trouble_is_raised() -> None:
    """That the proof cannot be had says nothing of the witness."""

    class DiskError(Exception):
        pass

    for failure in (DiskError, TimeoutError):

        async def fail(_old_size: int, failure: type[Exception] = failure) -> Sequence[bytes]:
            raise failure

        async with hostile(other_size(17)) as server, hostile(silent) as slow:
            asking = Witnesses([slow.witness, server.witness], seconds_max=SECONDS_MAX)
            with pytest.raises(failure):
                await asking.collect(LOG.note(SIZE), LOG.checkpoint(SIZE), fail)
            await asking.close()


async def test_a_proof_that_takes_too_long_counts_too() -> None:
    async def dawdle(_old_size: int) -> Sequence[bytes]:
        await asyncio.sleep(60)
        return []

    async with hostile(other_size(17)) as server:
        asking = Witnesses([server.witness], seconds_max=0.3)
        (answer,) = await asking.collect(LOG.note(SIZE), LOG.checkpoint(SIZE), dawdle)
        assert answer.trouble is Trouble.SLOW
        await asking.close()


async def test_an_empty_log_is_asked_about_without_a_proof() -> None:
    empty = Checkpoint(LOG.origin, 0, LOG.checkpoint(0).root)
    async with hostile(lines(signs(text=empty.text))) as server:
        asking = Witnesses([server.witness], seconds_max=SECONDS_MAX)
        (answer,) = await asking.collect(LOG.note(0), empty, prove)
        assert answer.trouble is None
        await asking.close()
