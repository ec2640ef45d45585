"""
Asks witnesses to cosign a checkpoint (C2SP tlog-witness), all at once and within a time limit.

A witness is a stranger: nothing it sends is believed before it is verified, and nothing it does
holds the publisher longer than the limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import httpx2

from app.registry.log.checkpoints import Checkpoint, parse_size
from app.registry.log.notes import MalformedError, Note, Signature, VerifierKey, cosigned_at
from app.registry.log.policy import Witness
from app.registry.log.witnessing import SIZE_MEDIA_TYPE, encode_request

ANSWER_BYTES_MAX: Final = 16 * 1024  # a cosignature has some two hundred, a post-quantum one 4,000
LINES_MAX: Final = 10  # of one witness, which may be changing its key
ASKS_MAX: Final = 3  # its size; the cosignature; and once more where somebody else was faster
TIME_MAX: Final = 2**63 - 1  # whatever its clock says, but a number that others can read
SENTENCE_MAX: Final = 300  # characters: what a stranger sent may be quoted in it
PORT_MAX: Final = 65_535
PATH: Final = "/add-checkpoint"

Prove = Callable[[int], Awaitable[Sequence[bytes]]]


class Trouble(StrEnum):
    """Why there is no cosignature."""

    AWAY = "away"
    SLOW = "slow"
    REFUSED = "refused"
    MALFORMED = "malformed"  # what came back is no cosignature of this checkpoint by this witness
    AHEAD = "ahead"  # it says it has cosigned a larger size than ours: our database is behind
    FORKED = "forked"  # it says that we have two histories


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one witness: a signature that was verified, or the trouble."""

    witness: Witness
    signature: Signature | None
    trouble: Trouble | None
    sentence: str
    evidence: bytes  # for AHEAD and FORKED: what was sent and what came back; else nothing


class _TroubleError(Exception):
    """There will be no cosignature."""

    def __init__(self, trouble: Trouble, sentence: str, evidence: bytes = b"") -> None:
        super().__init__(sentence)
        self.trouble = trouble
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class _Sent:
    """What every witness is asked to cosign."""

    note: Note
    encoded: bytes
    size: int
    prove: Prove


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back for a request."""

    request: bytes
    status: int
    media_type: str
    body: bytes

    def evidence(self) -> bytes:
        """Return both sides of the exchange, for people."""
        head = f"\n\n=== answered: {self.status} {self.media_type}\n\n".encode()
        return b"".join([b"=== asked: POST add-checkpoint\n\n", self.request, head, self.body])


class Witnesses:
    """
    Those who are asked, and the size that each of them cosigned last.

    Args:
        witnesses: whom to ask; those without an address are not.
        seconds_max: how long asking all of them may take.

    Raises:
        MalformedError: an address is none of HTTP.
    """

    def __init__(self, witnesses: Sequence[Witness], *, seconds_max: float) -> None:
        self._urls = {w: _url(w, w.address) for w in witnesses if w.address is not None}
        self._seconds_max = seconds_max
        # None known: it is asked as one that has seen nothing, and answers what it has seen.
        self._sizes: dict[VerifierKey, int] = {}
        self._client = httpx2.AsyncClient(
            timeout=seconds_max,  # of each step; together they have a limit of their own
            follow_redirects=False,
            trust_env=False,
            # What comes packed could unpack to any size.
            headers={"accept-encoding": "identity", "content-type": "text/plain; charset=utf-8"},
        )

    async def collect(self, note: Note, checkpoint: Checkpoint, prove: Prove) -> list[Answer]:
        """
        Ask every witness that has an address to cosign.

        Args:
            note: the checkpoint, signed by the log.
            checkpoint: what the note says.
            prove: returns the consistency proof from a size above 0 to the checkpoint's.

        Returns:
            One answer per witness, in their order, whatever the witnesses do. Only what ``prove``
            raises is raised.
        """
        deadline = asyncio.get_running_loop().time() + self._seconds_max
        sent = _Sent(note, note.encode(), checkpoint.size, prove)
        tasks = [
            asyncio.create_task(self._answer(witness, sent, deadline)) for witness in self._urls
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, witness: Witness, sent: _Sent, deadline: float) -> Answer:
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                signature = await self._ask(witness, sent)
            return Answer(witness, signature, None, "cosigned", b"")
        except TimeoutError:
            if not limit.expired():  # it is the proof that took too long, not the witness
                raise
            trouble = _TroubleError(Trouble.SLOW, f"no answer in {self._seconds_max} seconds")
        except httpx2.TimeoutException as failure:
            trouble = _TroubleError(Trouble.SLOW, type(failure).__name__)
        except httpx2.RemoteProtocolError as failure:
            trouble = _TroubleError(Trouble.MALFORMED, f"no answer of HTTP: {failure}")
        except httpx2.HTTPError as failure:
            trouble = _TroubleError(Trouble.AWAY, f"{type(failure).__name__}: {failure}")
        except MalformedError as fault:
            trouble = _TroubleError(Trouble.MALFORMED, str(fault))
        except _TroubleError as known:
            trouble = known
        return Answer(witness, None, trouble.trouble, str(trouble)[:SENTENCE_MAX], trouble.evidence)

    async def _ask(self, witness: Witness, sent: _Sent) -> Signature:
        old_size = self._sizes.get(witness.key, 0)
        if old_size > sent.size:
            old_size = 0  # it is told nothing that cannot be; the answer is its size
        for _ in range(ASKS_MAX):
            # From nothing, or from itself, there is nothing to prove.
            proof = () if old_size in {0, sent.size} else await sent.prove(old_size)
            reply = await self._post(witness, encode_request(old_size, proof, sent.encoded))
            if reply.status != HTTPStatus.CONFLICT:
                signature = _cosignature(witness, sent, reply)
                self._sizes[witness.key] = sent.size
                return signature
            old_size = self._sizes[witness.key] = _other_size(old_size, sent, reply)
        raise _TroubleError(Trouble.REFUSED, "it said another size each time it was asked")

    async def _post(self, witness: Witness, request: bytes) -> _Reply:
        body = b""
        async with self._client.stream("POST", self._urls[witness], content=request) as answer:
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    raise MalformedError(f"it answered more than {ANSWER_BYTES_MAX} bytes")
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return _Reply(request, answer.status_code, media_type[:100], body)


def _url(witness: Witness, address: str) -> httpx2.URL:
    """Return where a witness is asked, from the address that a policy gives."""
    try:
        url = httpx2.URL(address.rstrip("/") + PATH)
    except httpx2.InvalidURL as fault:
        raise MalformedError(f"the address of the witness {witness.name}: {fault}") from None
    is_plain = url.scheme in {"http", "https"} and not (url.userinfo or url.query or url.fragment)
    if not is_plain or not url.host or (url.port is not None and not 0 < url.port <= PORT_MAX):
        raise MalformedError(f"the address of the witness {witness.name} is no address of HTTP")
    return url


def _other_size(old_size: int, sent: _Sent, reply: _Reply) -> int:
    """Return the size that a witness wants to be asked from."""
    if reply.media_type != SIZE_MEDIA_TYPE:
        raise MalformedError("it refused the size, and did not say its own")
    try:
        size = parse_size(reply.body.decode("ascii").removesuffix("\n"))
    except UnicodeDecodeError:
        raise MalformedError("the size that it says is not ASCII") from None
    if size > sent.size:
        sentence = f"it has cosigned size {size}, and ours is {sent.size}"
        raise _TroubleError(Trouble.AHEAD, sentence, reply.evidence())
    if size == old_size == sent.size:
        sentence = f"it has cosigned another root of size {size}"
        raise _TroubleError(Trouble.FORKED, sentence, reply.evidence())
    if size == old_size:
        raise MalformedError(f"it refused size {size}, and said it is its own")
    return size


def _cosignature(witness: Witness, sent: _Sent, reply: _Reply) -> Signature:
    """Return the cosignature in an answer, verified."""
    if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        sentence = "it says that this checkpoint does not extend the one it cosigned last"
        raise _TroubleError(Trouble.FORKED, sentence, reply.evidence())
    if reply.status != HTTPStatus.OK:
        is_down = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        trouble = Trouble.AWAY if is_down else Trouble.REFUSED
        raise _TroubleError(trouble, f"it answered {reply.status}")
    try:
        lines = reply.body.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("its answer is not UTF-8") from None
    if len(lines) > LINES_MAX:
        raise MalformedError(f"it answered more than {LINES_MAX} lines")
    # Lines of keys that nobody here knows are no fault: it may sign with several.
    found = [
        line
        for line in map(Signature.parse, lines)
        if (line.name, line.key_id) == (witness.key.name, witness.key.id)
    ]
    if len(found) != 1:
        raise MalformedError(f"it answered {len(found)} cosignatures of its key")
    if not witness.key.verifies(found[0].data, sent.note.text):
        raise MalformedError("its cosignature does not verify")
    if not 0 < cosigned_at(found[0]) <= TIME_MAX:
        raise MalformedError("its cosignature states no time")
    return found[0]
