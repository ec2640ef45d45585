"""
Two cities watch the log: `registry witness`, as the process that they run, over real HTTP.

Its environment holds no database and no settings. What it says is also judged by a verifier that
others wrote.
"""

import asyncio
import itertools
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from proofbundle.checkpoint import verify_witnessed_checkpoint

from app.entry.cli import witness as command
from app.entry.publishing.witnesses import Trouble, Witnesses
from app.entry.witness import server
from app.entry.witness.memory import EVIDENCE_PROVEN_MAX, EVIDENCE_UNPROVEN_MAX, Memory
from app.entry.witness.refusals import (
    FolderInUseError,
    FolderUnusableError,
    KeyExposedError,
    KeyGoneError,
    KeyUnreadableError,
    MemoryDamagedError,
    NameDiffersError,
    NameMissingError,
)
from app.kernel import clock
from app.registry.log.notes import Signature, cosigned_at, parse_note, sign
from app.registry.log.policy import Policy, Witness, witness_policy
from app.registry.log.witnessing import (
    REQUEST_BYTES_MAX,
    SIZE_MEDIA_TYPE,
    Request,
    encode_request,
)
from tests.builders.witnessing import GrownLog
from tests.conftest import CHECKOUT
from tests.server_process import COMMAND
from tests.witness_process import WitnessProcess

SUBMISSIONS: Final = 20


@dataclass
class Watch:
    """A log, and the witness that watches it."""

    log: GrownLog
    witness: WitnessProcess

    def ask(self, body: bytes) -> httpx2.Response:
        """Ask it to cosign."""
        return httpx2.post(f"{self.witness.address}/add-checkpoint", content=body, timeout=10)

    def cosigned(self, answer: httpx2.Response, size: int) -> Signature:
        """Return the cosignature in an answer, which must be the witness's over that size."""
        assert answer.status_code == HTTPStatus.OK, answer.text
        assert answer.text.endswith("\n")
        line = Signature.parse(answer.text.removesuffix("\n"))
        assert self.witness.key.verifies(line.data, self.log.checkpoint(size).text)
        return line

    def show(self) -> str:
        """Return what it shows to people."""
        return httpx2.get(f"{self.witness.address}/").text

    def evidence(self) -> list[Path]:
        """Return what it has kept."""
        return sorted((self.witness.folder / "evidence").iterdir())


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A running witness of a log of a hundred acts, which it has not seen yet."""
    log = GrownLog().grow(100)
    with WitnessProcess(tmp_path / "witness", [log.verifier]) as witness:
        yield Watch(log, witness)


def assert_other_size(answer: httpx2.Response, size: int) -> None:
    assert answer.status_code == HTTPStatus.CONFLICT
    assert answer.headers["content-type"] == SIZE_MEDIA_TYPE
    assert answer.text == f"{size}\n"


def test_a_log_that_grows_is_cosigned(watch: Watch) -> None:
    before = int(clock.now().timestamp())
    for old, new in itertools.pairwise((0, 1, 3, 64, 65, 100)):
        answer = watch.ask(watch.log.request(old, new))
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        line = watch.cosigned(answer, new)
        assert before <= cosigned_at(line) <= int(clock.now().timestamp())
    assert "size      100" in watch.show()
    assert watch.evidence() == []


def test_a_log_asks_again_from_the_size_it_is_told(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 40)), 40)
    assert_other_size(watch.ask(watch.log.request(0, 70)), 40)
    assert_other_size(watch.ask(watch.log.request(39, 70)), 40)
    watch.cosigned(watch.ask(watch.log.request(40, 70)), 70)


def test_the_same_size_is_cosigned_again(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 40)), 40)
    watch.cosigned(watch.ask(watch.log.request(40, 40)), 40)


def test_a_rollback_is_refused(watch: Watch) -> None:
    """Yesterday's backup, restored: its last size lies behind what the witness has seen."""
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    assert_other_size(watch.ask(watch.log.request(0, 40)), 70)
    assert_other_size(watch.ask(watch.log.request(40, 40)), 70)
    assert watch.ask(encode_request(70, [], watch.log.note(40).encode())).status_code == 400
    assert "size      70" in watch.show()


def test_two_roots_of_one_size_are_refused_and_kept(watch: Watch) -> None:
    fork = watch.log.forked_at(30, 40)
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    for old in (70, 0, 30):
        assert_other_size(watch.ask(fork.request(old, 70)), 70)
    ours, theirs = watch.evidence()
    assert (ours.name, theirs.name) == (f"{theirs.stem}.last.note", theirs.name)
    shown, kept = parse_note(theirs.read_bytes()), parse_note(ours.read_bytes())
    assert shown == fork.note()
    assert kept.text == watch.log.checkpoint(70).text
    # The two files convict the log by themselves: one size, two roots, both signed by it.
    assert shown.signers([watch.log.verifier]) == kept.signers([watch.log.verifier])
    assert "evidence  1" in watch.show()


def test_a_history_rewritten_and_signed_with_the_real_key_is_refused_and_kept(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    fork = watch.log.forked_at(69, 20)
    answer = watch.ask(fork.request(70))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert len(watch.evidence()) == 2
    watch.cosigned(watch.ask(watch.log.request(70)), 100)  # the true log goes on


def test_evidence_is_kept_once_whatever_is_written_under_it(watch: Watch) -> None:
    """Anybody can add lines under a note; each must not become another file."""
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    fork = watch.log.forked_at(30, 40)
    for _ in range(5):
        line = sign("somebody.example", Ed25519PrivateKey.generate(), "anything\n")
        note = fork.note().with_signatures([line])
        assert_other_size(watch.ask(encode_request(70, [], note.encode())), 70)
    assert len(watch.evidence()) == 2


def test_a_spoilt_request_does_not_accuse_the_log(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    body = encode_request(70, [bytes(32)], watch.log.note(70).encode())
    assert watch.ask(body).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert watch.evidence() == []


def test_what_a_witness_refuses_it_forgets(watch: Watch) -> None:
    stranger = GrownLog().grow(10)
    other = GrownLog("other.example/log").grow(10)
    assert watch.ask(stranger.request(0)).status_code == HTTPStatus.FORBIDDEN
    assert watch.ask(other.request(0)).status_code == HTTPStatus.NOT_FOUND
    assert watch.ask(b"old 0\n").status_code == HTTPStatus.BAD_REQUEST
    assert watch.ask(b"x" * (REQUEST_BYTES_MAX + 1)).status_code == 413
    assert "nothing yet" in watch.show()


def test_a_body_of_no_stated_length_is_bounded_too(watch: Watch) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 1_024

    address = f"{watch.witness.address}/add-checkpoint"
    try:
        answer = httpx2.post(address, content=endless(), timeout=10)
    except httpx2.WriteError:  # it closed the connection while we still talked
        pass
    else:
        assert answer.status_code == 413
    body = watch.log.request(0, 40)
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    watch.cosigned(httpx2.post(address, content=pieces, timeout=10), 40)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/add-checkpoint", 405), ("POST", "/", 405), ("GET", "/nothing", 404)],
)
def test_other_addresses_say_so_in_plain_text(
    watch: Watch, method: str, path: str, status: int
) -> None:
    answer = httpx2.request(method, f"{watch.witness.address}{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")


def test_it_shows_who_it_is_and_what_it_saw(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    shown = watch.show()
    assert str(watch.witness.key) in shown
    assert str(watch.log.verifier) in shown
    assert watch.log.checkpoint(70).text.splitlines()[2] in shown
    assert "time      20" in shown


def test_a_witness_that_comes_back_remembers(watch: Watch) -> None:
    watch.cosigned(watch.ask(watch.log.request(0, 70)), 70)
    key = watch.witness.key
    watch.witness.stop()
    watch.witness.command = watch.witness.command[:-2]  # without a name: it has one
    watch.witness.start()
    assert watch.witness.key == key
    assert "size      70" in watch.show()
    assert_other_size(watch.ask(watch.log.request(0, 40)), 70)
    assert watch.ask(watch.log.forked_at(50, 40).request(70)).status_code == 422
    watch.cosigned(watch.ask(watch.log.request(70)), 100)


async def test_of_two_histories_sent_at_once_one_is_cosigned(watch: Watch) -> None:
    """Whoever comes first, the other one is never cosigned beside it."""
    watch.cosigned(watch.ask(watch.log.request(0, 40)), 40)
    fork = watch.log.forked_at(40, 60)
    address = f"{watch.witness.address}/add-checkpoint"
    sizes = [60 + 2 * n for n in range(SUBMISSIONS // 2)]
    bodies = [log.request(40, size) for size in sizes for log in (fork, watch.log)]
    async with httpx2.AsyncClient(timeout=10) as client:
        answers = await asyncio.gather(*(client.post(address, content=b) for b in bodies))
    done = [body for body, a in zip(bodies, answers, strict=True) if a.status_code == 200]
    assert len(done) == 1
    assert {a.status_code for a in answers} == {200, 409}
    winner = Request.parse(done[0]).checkpoint
    is_fork = winner == fork.checkpoint(winner.size)
    other = watch.log if is_fork else fork
    assert_other_size(watch.ask(other.request(0, winner.size)), winner.size)
    assert watch.ask(other.request(winner.size)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


KILLED: Final = """
import os, signal
from app.entry.witness.memory import Memory

cosign = Memory.cosign

def cosign_and_die(*given, **named):
    cosign(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

Memory.cosign = cosign_and_die
from app.entry.cli import __main__
"""


def test_a_witness_killed_between_keeping_and_answering_is_consistent(tmp_path: Path) -> None:
    log = GrownLog().grow(100)
    doomed = (sys.executable, "-c", KILLED)
    dying = WitnessProcess(tmp_path / "witness", [log.verifier], command=doomed)
    with dying, pytest.raises(httpx2.TransportError):
        Watch(log, dying).ask(log.request(0, 70))
    with WitnessProcess(tmp_path / "witness", [log.verifier]) as witness:
        watch = Watch(log, witness)
        assert_other_size(watch.ask(log.request(0, 70)), 70)
        watch.cosigned(watch.ask(log.request(70, 70)), 70)
        assert_other_size(watch.ask(log.forked_at(30, 40).request(70)), 70)


def test_a_second_witness_on_one_folder_refuses(watch: Watch) -> None:
    second = WitnessProcess(watch.witness.folder, [watch.log.verifier])
    ended = second.run()
    assert ended.returncode == 1
    assert "Another witness is running" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert watch.witness.is_at_work()


def refusal(folder: Path, *logs: object, name: str | None = "witness.example/one") -> str:
    """Return what a witness says that does not start."""
    ended = WitnessProcess(folder, logs, name=name).run()
    assert ended.returncode in {1, 2}, ended.stdout
    assert "Traceback" not in ended.stderr
    return " ".join(ended.stderr.replace("│", " ").split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a witness that has cosigned, and is not running."""
    log = GrownLog().grow(10)
    memory = Memory.open(tmp_path / "witness", "witness.example/one")
    memory.cosign(log.note(), log.checkpoint(), now=clock.now())
    memory.close()
    return tmp_path / "witness"


KEY = GrownLog().verifier


def test_a_key_that_others_can_read_is_refused(folder: Path) -> None:
    key = folder / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o620, 0o666):
        key.chmod(mode)
        with pytest.raises(KeyExposedError):
            Memory.open(folder, None)
    assert "chmod 600" in refusal(folder, KEY)
    key.chmod(0o400)
    Memory.open(folder, None).close()


def test_a_refusal_lets_go_of_the_folder(folder: Path) -> None:
    memory = Memory.open(folder, None)
    with pytest.raises(FolderInUseError):
        Memory.open(folder, None)
    memory.close()
    (folder / "key.pem").chmod(0o644)
    for _ in range(2):
        with pytest.raises(KeyExposedError):
            Memory.open(folder, None)


def test_a_start_that_was_cut_off_is_taken_up_again(tmp_path: Path) -> None:
    """The power may fail after any file of the first start."""
    folder = tmp_path / "witness"
    Memory.open(folder, "witness.example/one").close()
    (folder / "verifier-key").unlink()
    (folder / ".verifier-key.partial").write_text("half a")
    (folder / ".verifier-key.partial").chmod(0o444)
    with pytest.raises(NameMissingError):
        Memory.open(folder, None)
    key = Memory.open(folder, "witness.example/one")
    assert (folder / "verifier-key").read_text() == f"{key.key}\n"
    key.close()


def test_a_witness_keeps_its_name(folder: Path) -> None:
    with pytest.raises(NameDiffersError) as refused:
        Memory.open(folder, "another.example")
    assert refused.value.facts == {"name": "witness.example/one"}
    Memory.open(folder, None).close()


def test_a_new_witness_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(NameMissingError):
        Memory.open(tmp_path / "witness", None)
    assert "--name" in refusal(tmp_path / "witness", KEY, name=None)
    assert not (tmp_path / "witness" / "key.pem").exists()


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 256])
def test_a_name_that_no_note_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    assert "--name" in refusal(tmp_path / "witness", KEY, name=name)


def test_a_log_cannot_be_its_own_witness(tmp_path: Path) -> None:
    assert "the log's own name" in refusal(tmp_path / "witness", KEY, name=KEY.name)


def test_a_witness_whose_key_is_gone_does_not_become_another_one(folder: Path) -> None:
    (folder / "key.pem").unlink()
    with pytest.raises(KeyGoneError):
        Memory.open(folder, "witness.example/one")
    (folder / "verifier-key").unlink()
    with pytest.raises(KeyGoneError):
        Memory.open(folder, "witness.example/one")


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_key_file_without_a_key_is_refused(folder: Path, content: bytes) -> None:
    (folder / "key.pem").write_bytes(content)
    with pytest.raises(KeyUnreadableError):
        Memory.open(folder, None)


def test_the_key_of_another_witness_is_refused(folder: Path, tmp_path: Path) -> None:
    Memory.open(tmp_path / "other", "witness.example/one").close()
    (tmp_path / "other" / "key.pem").replace(folder / "key.pem")
    with pytest.raises(KeyGoneError):
        Memory.open(folder, None)
    (folder / "verifier-key").write_text("nonsense\n")
    with pytest.raises(KeyGoneError):
        Memory.open(folder, None)


@pytest.mark.parametrize("change", ["emptied", "cut", "another size", "renamed", "unsigned"])
def test_a_witness_whose_memory_is_damaged_refuses(folder: Path, change: str) -> None:
    """One that began afresh instead would cosign a rewritten log."""
    (path,) = (folder / "last").iterdir()
    content = path.read_bytes()
    changed = {
        "emptied": b"",
        "cut": content[:-1],
        "another size": content.replace(b"\n10\n", b"\n11\n"),
        "renamed": content,
        "unsigned": b"".join(content.splitlines(keepends=True)[:-1]),
    }
    path.write_bytes(changed[change])
    if change == "renamed":
        path.rename(path.with_name("0" * 64 + ".note"))
    with pytest.raises(MemoryDamagedError):
        Memory.open(folder, None)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "witness").write_text("a file")
    with pytest.raises(FolderUnusableError):
        Memory.open(tmp_path / "witness", "witness.example/one")
    assert "--folder" in refusal(tmp_path / "witness", KEY)


def test_logs_are_named_by_a_key_or_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_bytes(witness_policy({KEY: None}, [], 0).encode())
    other = GrownLog("other.example/log").verifier
    with WitnessProcess(tmp_path / "witness", [policy, other, other]) as witness:
        shown = httpx2.get(f"{witness.address}/").text
    assert shown.count(str(KEY)) == shown.count(str(other)) == 1
    policy.write_text("log nonsense\nquorum none\n")
    assert "line 1 of the policy" in refusal(tmp_path / "another", policy)
    assert "name+id+key" in refusal(tmp_path / "another", tmp_path / "missing")
    assert "of a witness" in refusal(tmp_path / "another", witness.key)


def test_it_loads_nothing_that_speaks_to_a_database() -> None:
    script = (
        "import sys; sys.argv = ['registry', 'witness', '--help']\n"
        "try:\n from app.entry.cli import __main__\n"
        "except SystemExit: pass\n"
        "names = ('sqlalchemy', 'asyncpg', 'fastapi', 'app.settings')\n"
        "print([name for name in names if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_policy_names_logs_and_a_key_one(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(witness_policy({KEY: None}, [], 0).encode())
    second = GrownLog(KEY.name).verifier  # the log's next key
    assert command._logs([str(path), str(second), str(KEY)]) == {KEY.name: [KEY, second]}


async def _at_once(memory: Memory, body: bytes, *, ends: bool = True) -> tuple[int, bytes]:
    """Ask a witness in this process, with a body that may never end."""
    log = GrownLog()
    app = server.make_app(memory, {log.origin: [KEY]})
    pieces = [{"type": "http.request", "body": body, "more_body": True}]
    if ends:
        pieces.insert(0, {"type": "http.disconnect"})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.sleep(60)
        return pieces.pop()

    async def send(message: Any) -> None:  # noqa: ANN401  whatever the interface sends
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/add-checkpoint", "headers": []}
    await app({**scope, "query_string": b"", "root_path": ""}, receive, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"connection"] == b"close"
    return sent[0]["status"], sent[1]["body"]


async def test_a_body_that_does_not_come_ends_the_request(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS_MAX", 0.05)
    memory = Memory.open(folder, None)
    assert (await _at_once(memory, b"old 0\n", ends=False))[0] == 408
    assert (await _at_once(memory, b"old 0\n"))[0] == 400
    assert (await _at_once(memory, bytes(REQUEST_BYTES_MAX + 1)))[0] == 413
    memory.close()


async def test_every_answer_of_the_format(tmp_path: Path) -> None:
    log = GrownLog().grow(20)
    fork = log.forked_at(5, 15)
    memory = Memory.open(tmp_path / "witness", "witness.example/one")
    app = server.make_app(memory, {log.origin: [log.verifier]})
    asked = [
        (log.request(0, 10), 200),
        (log.request(10, 10), 200),
        (log.request(0, 10), 409),
        (fork.request(10, 10), 409),
        (fork.request(10, 20), 422),
        (encode_request(10, [], log.note(5).encode()), 400),
        (GrownLog().grow(20).request(0), 403),
        (GrownLog("other.example").grow(20).request(0), 404),
        (b"nothing", 400),
        (log.request(10, 20), 200),
    ]
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://witness") as client:
        for body, status in asked:
            answer = await client.post("/add-checkpoint", content=body)
            assert (answer.status_code, answer.text[-1]) == (status, "\n")
        assert "evidence  2" in (await client.get("/")).text
        assert (await client.get("/health")).text == "ok\n"
    async with app.router.lifespan_context(app):
        pass
    memory.close()


def test_the_clock_may_step_back(tmp_path: Path) -> None:
    """Times of cosignatures never run backwards, though the clock does; growth is cosigned."""
    log = GrownLog().grow(10)
    memory = Memory.open(tmp_path / "witness", "witness.example/one")
    moments = [datetime.fromtimestamp(at, UTC) for at in (2_000, 1_000, 1_500, 3_000)]
    times = [
        cosigned_at(memory.cosign(log.note(size), log.checkpoint(size), now=now))
        for size, now in zip((1, 2, 2, 3), moments, strict=True)
    ]
    assert times == [2_000, 2_000, 2_000, 3_000]
    memory.close()
    memory = Memory.open(tmp_path / "witness", None)
    line = memory.cosign(log.note(4), log.checkpoint(4), now=moments[0])
    assert cosigned_at(line) == 3_000
    memory.close()


def test_a_cosignature_that_cannot_be_kept_does_not_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = GrownLog().grow(10)
    memory = Memory.open(tmp_path / "witness", "witness.example/one")
    logs = {log.origin: [log.verifier]}

    def answer(old: int, size: int) -> int:
        return server._answer(memory, logs, Request.parse(log.request(old, size))).status_code

    assert answer(0, 3) == 200
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", _no_space)
        assert answer(3, 5) == 503
    assert memory.find_last(log.origin) is not None
    assert answer(5, 6) == 409
    assert answer(3, 5) == 200
    memory.close()


def _no_space(_handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_evidence_takes_bounded_room(tmp_path: Path) -> None:
    """What only the log can have signed finds room where spoilt requests have filled theirs."""
    log = GrownLog().grow(EVIDENCE_PROVEN_MAX + 200)
    memory = Memory.open(tmp_path / "witness", "witness.example/one")
    memory.cosign(log.note(150), log.checkpoint(150), now=clock.now())
    kept = [
        memory.keep_evidence(log.note(151 + n), log.checkpoint(151 + n), is_proven=False)
        for n in range(EVIDENCE_UNPROVEN_MAX + 1)
    ]
    assert kept == [True] * EVIDENCE_UNPROVEN_MAX + [False]
    forks = (log.forked_at(n, 150 - n) for n in range(EVIDENCE_UNPROVEN_MAX + 1))
    kept = [memory.keep_evidence(fork.note(), fork.checkpoint(), is_proven=True) for fork in forks]
    assert kept == [True] * EVIDENCE_UNPROVEN_MAX + [False]
    assert memory.count_evidence(log.origin) == EVIDENCE_PROVEN_MAX
    memory.close()


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[tuple[GrownLog, Policy, list[WitnessProcess]]]:
    """A log, two running witnesses, and the policy that asks for both."""
    log = GrownLog().grow(300)
    names = ("khonkaen.example/witness", "krabi.example/witness")
    processes = [
        WitnessProcess(tmp_path / name.partition(".")[0], [log.verifier], name=name)
        for name in names
    ]
    with processes[0], processes[1]:
        known = [Witness(process.key.name, process.key, process.address) for process in processes]
        yield log, witness_policy({log.verifier: None}, known, 2), processes


async def test_two_cities_cosign_and_an_independent_verifier_agrees(
    cities: tuple[GrownLog, Policy, list[WitnessProcess]],
) -> None:
    log, policy, _ = cities
    witnesses = Witnesses(list(policy.witnesses.values()), seconds_max=10)
    keys = [str(witness.key) for witness in policy.witnesses.values()]
    for size in (1, 3, 255, 256, 257, 300, 300):

        async def prove(old: int, size: int = size) -> list[bytes]:
            return list(log.proof(old, size))

        answers = await witnesses.collect(log.note(size), log.checkpoint(size), prove)
        note = log.note(size).with_signatures([a.signature for a in answers if a.signature])
        assert len(policy.check_quorum(note)) == 2
        text = note.encode().decode()
        checked = verify_witnessed_checkpoint(
            text, str(log.verifier), keys, threshold=2, expected_origin=log.origin
        )
        assert checked["ok"] is True
        assert checked["tree_size"] == size
        forged = text.replace(f"\n{size}\n", f"\n{size + 1}\n", 1)
        assert not verify_witnessed_checkpoint(forged, str(log.verifier), keys, threshold=2)["ok"]
    await witnesses.close()


async def test_a_publisher_hears_of_what_the_witnesses_saw(
    cities: tuple[GrownLog, Policy, list[WitnessProcess]],
) -> None:
    """A fork, a split view, and a database that fell behind, each told apart."""
    log, policy, processes = cities
    known = list(policy.witnesses.values())

    async def collect(log: GrownLog, size: int) -> list[Trouble | None]:
        async def prove(old: int) -> list[bytes]:
            return list(log.proof(old, size))

        witnesses = Witnesses(known, seconds_max=10)  # one that was started again
        answers = await witnesses.collect(log.note(size), log.checkpoint(size), prove)
        await witnesses.close()
        for answer in answers:
            assert bool(answer.evidence) == (answer.trouble in {Trouble.AHEAD, Trouble.FORKED})
        return [answer.trouble for answer in answers]

    assert await collect(log, 200) == [None, None]
    assert await collect(log, 200) == [None, None]
    assert await collect(log, 150) == [Trouble.AHEAD, Trouble.AHEAD]
    fork = log.forked_at(100, 200)
    assert await collect(fork, 200) == [Trouble.FORKED, Trouble.FORKED]
    assert await collect(fork, 300) == [Trouble.FORKED, Trouble.FORKED]
    processes[0].stop()
    assert await collect(log, 300) == [Trouble.AWAY, None]
    for process in processes:
        assert len(list((process.folder / "evidence").glob("*.last.note"))) == 2


def test_the_command_is_known_beside_the_others() -> None:
    ended = subprocess.run(
        [*COMMAND, "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert " witness " in ended.stdout
