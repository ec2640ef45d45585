"""Files of an application over HTTP: whose they are, who reads them, and when they are gone."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography.exceptions import InvalidTag

from app.entry import sealed_files, server, sweeping
from app.entry.sealed_files import SealedFiles
from app.entry.sealing import PIECE_BYTES, TAG_BYTES, Opener
from app.entry.second_factors import Vault
from app.entry.sweeping import Sweeper
from app.kernel import clock
from app.kernel.encoding import sha256
from app.registry.applications.rules import files as file_rules
from app.registry.documents.rules import DOCUMENT_BYTES_MAX
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.parties.policy import Actor
from app.registry.parties.rules import Role
from app.registry.programmes.rules import RuleKey
from app.registry.signin.store import AccessFilter, list_access
from tests.builders.application_files import (
    CONTENT,
    DIGEST,
    Applicant,
    a_said,
    an_applicant,
    code_of,
)
from tests.builders.parties import (
    Register,
    Service,
    a_holder,
    a_vvb,
    an_authority,
    bearer,
    the_administrator,
)
from tests.builders.reference import a_rule
from tests.builders.sockets import listening

NOT_FOUND = (404, "application_not_found")
GONE = (404, "application_file_not_found")


def kept_bytes(folder: Path) -> list[bytes]:
    """Return all that lies in the store of documents, and where else anything may lie."""
    return [file.read_bytes() for file in (folder / "documents").rglob("*") if file.is_file()]


def sweeper_of(api: Service) -> Sweeper:
    return Sweeper(api.app.state.reads, api.app.state.sealed_files)


async def decide(applicant: Applicant, authority: dict[Role, Actor], *, admit: bool) -> None:
    api = applicant.api
    assert (await applicant.step("POST", "/submission")).is_success
    for role, step, body in (
        (Role.OFFICER, "/recommendation", {"is_favourable": admit, "reason": "As shown."}),
        (Role.APPROVER, "/decision", {"admit": admit, "reason": "As recommended."}),
    ):
        done = await applicant.decided(step, body, bearer(api, authority[role]))
        assert done.is_success, done.text


async def test_a_file_comes_back_byte_for_byte_to_its_applicant(api: Service) -> None:
    applicant = await an_applicant(api)
    documents = (await applicant.shown())["said"]["documents"]
    assert {document["uploaded_at"] for document in documents} == {None}
    kept = await applicant.upload()
    assert kept.status_code == 201, kept.text
    assert kept.headers["Location"] == f"{applicant.files}/{DIGEST}"
    shown = kept.json()
    assert (shown["sha256"], shown["bytes"]) == (DIGEST, len(CONTENT))
    got = await applicant.read()
    assert (got.status_code, got.content) == (200, CONTENT)
    assert got.headers["ETag"] == f'"{DIGEST}"'
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in got.headers["Cache-Control"]
    # Called as what it is, and not as the applicant called it.
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''request_letter.pdf"
    documents = (await applicant.shown())["said"]["documents"]
    assert {document["uploaded_at"] for document in documents} == {shown["uploaded_at"]}


async def test_the_same_file_again_changes_nothing(api: Service, tmp_path: Path) -> None:
    applicant = await an_applicant(api)
    first, second = await applicant.upload(), await applicant.upload()
    assert (second.status_code, second.content) == (201, first.content)
    assert len(kept_bytes(tmp_path)) == 1


async def test_two_uploads_of_one_file_at_once_keep_one(api: Service, tmp_path: Path) -> None:
    applicant = await an_applicant(api)
    answers = await asyncio.gather(*(applicant.upload() for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert (await applicant.read()).content == CONTENT
    # Nor are the bytes of the others left behind.
    assert len(kept_bytes(tmp_path)) == 1


async def test_nobody_else_reads_or_writes_a_file(registry: Register, api: Service) -> None:
    """Another applicant, the public, a holder, a verifier: for them there is no such thing."""
    applicant, another = await an_applicant(api), await an_applicant(api)
    await applicant.upload()
    authority = await an_authority(registry)
    vvb, _ = await a_vvb(registry)
    for headers in (
        {},
        {"Application-Secret": "A" * 43},
        another.secret,
        bearer(api, await a_holder(registry)),
        bearer(api, vvb),
        bearer(api, vvb) | another.secret,
    ):
        for digest in (DIGEST, "0" * 64):
            assert code_of(await applicant.read(digest, headers)) == NOT_FOUND
        assert code_of(await applicant.upload(secret=headers)) == NOT_FOUND
    # Nor by the address of their own application.
    assert code_of(await another.read()) == GONE
    for role in (Role.OFFICER, Role.APPROVER, Role.ADMINISTRATOR):
        signed_in = bearer(api, authority[role])
        assert (await applicant.read(headers=signed_in)).content == CONTENT
        # Who reads it does not write it.
        assert code_of(await applicant.upload(secret=signed_in)) == NOT_FOUND


async def test_that_an_officer_reads_a_file_is_recorded(registry: Register, api: Service) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    officer = (await an_authority(registry))[Role.OFFICER]
    await applicant.read(headers=bearer(api, officer))
    await applicant.read()  # the applicant's own reading is nobody's business
    await api.app.state.trail.keep()
    async with registry.read() as connection:
        found = await list_access(connection, AccessFilter(applicant.id), before=None, limit=10)
    assert [(one.what, one.by) for one in found] == [("get_application_file", officer.user_id)]


async def test_what_lies_on_the_disk_tells_nothing(api: Service, tmp_path: Path) -> None:
    """Neither the store of documents nor the key file alone has the bytes."""
    applicant = await an_applicant(api)
    await applicant.upload()
    (sealed,) = kept_bytes(tmp_path)
    assert b"identity of a person" not in sealed
    assert len(sealed) == len(CONTENT) + TAG_BYTES * -(-len(CONTENT) // PIECE_BYTES)
    names = [file.name for file in (tmp_path / "documents").rglob("*") if file.is_file()]
    assert DIGEST not in "".join(names)


async def test_bytes_that_were_changed_in_the_store_are_never_shown(
    api: Service, tmp_path: Path
) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    (path,) = [file for file in (tmp_path / "documents").rglob("apf_*") if file.is_file()]
    sealed = bytearray(path.read_bytes())
    sealed[100] ^= 1
    path.write_bytes(sealed)
    assert (await applicant.read()).status_code == 500


async def cut_off(api: Service, folder: Path, *, left: int) -> Applicant:
    """Upload a file, and lose what comes behind so many of its bytes in the store."""
    applicant = await an_applicant(api)
    await applicant.upload()
    (path,) = [file for file in (folder / "documents").rglob("apf_*") if file.is_file()]
    path.write_bytes(path.read_bytes()[:left])
    return applicant


@pytest.mark.parametrize("left", [PIECE_BYTES + TAG_BYTES, 0])
async def test_a_file_whose_first_piece_would_be_its_last_is_not_shown(
    api: Service, tmp_path: Path, left: int
) -> None:
    applicant = await cut_off(api, tmp_path, left=left)
    assert (await applicant.read()).status_code == 500


async def test_a_file_whose_end_is_missing_is_never_taken_for_a_whole_one(
    api: Service, tmp_path: Path
) -> None:
    """Its answer has begun, and ends before as many bytes as it has said."""
    applicant = await cut_off(api, tmp_path, left=-1)
    async with (
        listening(api.app, connections_max=5) as port,
        slow_reader(port, asking_for(applicant)) as reader,
    ):
        answer = await reader.read(-1)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert f"content-length: {len(CONTENT)}".encode() in head.lower()
    assert PIECE_BYTES <= len(body) < len(CONTENT)
    assert CONTENT.startswith(body)


def asking_for(applicant: Applicant, digest: str = DIGEST) -> bytes:
    """Return the bytes of a request for a file."""
    secret = applicant.secret["Application-Secret"]
    return (
        f"GET {applicant.files}/{digest} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        f"application-secret: {secret}\r\n\r\n"
    ).encode()


LARGE = b"%PDF-1.7\n" + bytes(range(256)) * 80_000  # twenty megabytes


@asynccontextmanager
async def slow_reader(port: int, asked: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Ask for something, and take nothing of it that the kernel need not."""
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    plug.settimeout(0)  # as the loop asks for
    await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plug, limit=2**16)
    try:
        writer.write(asked)
        await writer.drain()
        yield reader
    finally:
        writer.transport.abort()


async def test_who_reads_slowly_gets_all_of_a_file(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are cut off only where they take nothing at all for as long."""
    monkeypatch.setattr(server, "READER_SECONDS_MAX", 0.5)
    applicant = await an_applicant(api, LARGE)
    await applicant.upload(("a.pdf", LARGE, "application/pdf"))
    got = bytearray()
    async with listening(api.app, connections_max=5) as port:
        asked = asking_for(applicant, sha256(LARGE).hex())
        async with slow_reader(port, asked) as reader:
            began = time.monotonic()
            while portion := await reader.read(2**16):
                got += portion
                await asyncio.sleep(0.008)
    assert time.monotonic() - began > 1.5
    assert bytes(got).partition(b"\r\n\r\n")[2] == LARGE


async def test_who_does_not_read_has_little_of_a_file_decrypted(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel takes and a piece or two, so that many of them cost little memory."""
    applicant = await an_applicant(api, LARGE)
    await applicant.upload(("a.pdf", LARGE, "application/pdf"))
    asked = asking_for(applicant, sha256(LARGE).hex())
    files = api.app.state.sealed_files
    free, feed, opened = files.downloads.free, Opener.feed, 0

    def counted(self: Opener, portion: bytes) -> bytes:
        nonlocal opened
        opened += len(portion)
        return feed(self, portion)

    monkeypatch.setattr(Opener, "feed", counted)
    async with listening(api.app, connections_max=50) as port:
        async with AsyncExitStack() as readers:
            for _ in range(10):
                await readers.enter_async_context(slow_reader(port, asked))
            before = -1
            while opened != before or files.downloads.free != free - 10:
                before = opened
                await asyncio.sleep(1)
            assert files.downloads.free == free - 10
            assert PIECE_BYTES < opened < 10 * len(LARGE) / 2
        for _ in range(200):
            if files.downloads.free == free:
                break
            await asyncio.sleep(0.05)
        assert files.downloads.free == free, "whoever leaves gives their place back"


async def test_there_are_places_for_so_many_files_on_their_way(
    registry: Register, api: Service
) -> None:
    """Whoever comes can take them all, so officers need none to read."""
    applicant, authority = await an_applicant(api), await an_authority(registry)
    files = api.app.state.sealed_files
    busy = (503, "application_files_busy")
    assert (await applicant.upload()).status_code == 201
    with ExitStack() as others:
        for places in (files.uploads, files.downloads):
            while places.free:
                others.enter_context(places.taken())
        for answer in (await applicant.upload(), await applicant.read()):
            assert code_of(answer) == busy
            assert answer.headers["Retry-After"] == "10"
        # Who may not is told so first.
        assert code_of(await applicant.upload(secret={})) == NOT_FOUND
        signed_in = bearer(api, authority[Role.OFFICER])
        assert (await applicant.read(headers=signed_in)).content == CONTENT
    assert (await applicant.upload()).status_code == 201
    assert (await applicant.read()).content == CONTENT


async def test_a_refused_upload_gives_its_place_back(api: Service) -> None:
    applicant = await an_applicant(api)
    free = api.app.state.sealed_files.uploads.free
    for file in (("a.pdf", b"MZ", "application/pdf"), ("a.pdf", CONTENT + b".", "application/pdf")):
        assert not (await applicant.upload(file)).is_success
    assert api.app.state.sealed_files.uploads.free == free


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (("a.pdf", CONTENT + b".", "application/pdf"), (409, "application_file_not_named")),
        (("a.pdf", b"", "application/pdf"), (409, "document_empty")),
        (("a.pdf", b"MZ\x90\x00", "application/pdf"), (415, "document_kind_not_accepted")),
        (("a.png", CONTENT, "image/png"), (415, "document_kind_mismatch")),
        (
            ("a.pdf", b"%PDF-".ljust(DOCUMENT_BYTES_MAX + 1), "application/pdf"),
            (413, "document_too_large"),
        ),
    ],
)
async def test_only_the_named_file_is_taken(
    api: Service, tmp_path: Path, file: tuple[str, bytes, str], refusal: tuple[int, str]
) -> None:
    """By digest, kind and size; project documents have the same limits."""
    applicant = await an_applicant(api)
    assert code_of(await applicant.upload(file)) == refusal
    assert kept_bytes(tmp_path) == []


async def test_a_document_that_says_another_size_or_kind_has_no_file(api: Service) -> None:
    said = a_said()
    said["documents"] = [{**said["documents"][0], "bytes": len(CONTENT) + 1}]
    applicant = await an_applicant(api)
    assert (await applicant.step("PUT", "", said)).is_success
    assert code_of(await applicant.upload()) == (409, "application_file_not_named")


async def test_there_is_a_limit_to_an_application_and_to_all_of_them(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes may upload, and must not fill the disk."""
    applicant, another = await an_applicant(api), await an_applicant(api)
    monkeypatch.setattr(file_rules, "FILES_BYTES_MAX", len(CONTENT) - 1)
    assert code_of(await applicant.upload()) == (413, "application_files_too_large")
    monkeypatch.undo()
    monkeypatch.setattr(file_rules, "WAITING_BYTES_MAX", len(CONTENT))
    assert (await applicant.upload()).status_code == 201
    full = await another.upload()
    assert code_of(full) == (503, "application_files_full")
    assert full.headers["Retry-After"]
    # What is here already is not counted once more.
    assert (await applicant.upload()).status_code == 201


async def test_whether_files_are_needed_is_a_dated_rule(registry: Register, api: Service) -> None:
    """A new register goes on taking digests alone, until an administrator says otherwise."""
    before, after = await an_applicant(api), await an_applicant(api)
    assert (await before.step("POST", "/submission")).json()["status"] == "submitted"
    await a_rule(registry, RuleKey.APPLICATION_FILES_REQUIRED, "yes", programme_code=None)
    missing = await after.step("POST", "/submission")
    assert code_of(missing) == (409, "application_files_missing")
    assert "request_letter" in missing.json()["detail"]
    assert (await after.upload()).status_code == 201
    assert (await after.step("POST", "/submission")).json()["status"] == "submitted"


async def test_a_file_that_is_not_named_any_more_goes_with_the_amendment(
    api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    other = CONTENT + b"another"
    assert (await applicant.step("PUT", "", a_said(other))).is_success
    assert code_of(await applicant.read()) == GONE
    assert (await applicant.upload(("b.pdf", other, "application/pdf"))).status_code == 201
    assert len(kept_bytes(tmp_path)) == 1
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(0))
    assert await sweeper_of(api).sweep() == 0
    assert (await applicant.read(sha256(other).hex())).content == other


async def test_an_amendment_that_is_refused_takes_no_bytes(api: Service, tmp_path: Path) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    stale = {**applicant.secret, "If-Match": '"7"'}
    refused = await api.put(applicant.address, json=a_said(b"another"), headers=stale)
    assert code_of(refused) == (412, "application_stale")
    assert (await applicant.read()).content == CONTENT
    assert len(kept_bytes(tmp_path)) == 1


@pytest.mark.parametrize("failing", ["before the row", "with the row"])
async def test_an_upload_that_is_refused_after_its_bytes_were_put_leaves_none(
    api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Because it was taken back in that moment, or the disk failed."""
    applicant = await an_applicant(api)
    if failing == "with the row":
        put = SealedFiles.put

        async def slowly(self: SealedFiles, content: BinaryIO, *, digest: str) -> object:
            done = await put(self, content, digest=digest)
            assert len(kept_bytes(tmp_path)) == 1
            assert (await applicant.step("POST", "/withdrawal")).is_success
            return done

        monkeypatch.setattr(SealedFiles, "put", slowly)
        assert code_of(await applicant.upload()) == (409, "application_file_not_named")
    else:

        def fails(_: Path) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(sealed_files, "reach_disk_with_folders", fails)
        assert (await applicant.upload()).status_code == 500
    assert kept_bytes(tmp_path) == []


async def test_a_removal_that_fails_does_not_fail_the_amendment_and_is_swept_up(
    api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    with monkeypatch.context() as broken:

        async def fails(*_: object) -> None:
            raise OSError("no answer")

        broken.setattr(SealedFiles, "_remove", fails)
        assert (await applicant.step("PUT", "", a_said(b"another"))).is_success
    assert len(kept_bytes(tmp_path)) == 1
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(0))
    assert await sweeper_of(api).sweep() == 1
    assert kept_bytes(tmp_path) == []


async def test_that_the_database_is_away_after_an_amendment_does_not_fail_it(
    api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()

    async def away(*_: object) -> list[str]:
        raise ConnectionRefusedError

    monkeypatch.setattr("app.registry.applications.store.list_file_ids", away)
    assert (await applicant.step("PUT", "", a_said(b"another"))).is_success
    assert len(kept_bytes(tmp_path)) == 1


async def test_a_file_that_is_removed_while_it_is_asked_for_is_not_here(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant = await an_applicant(api)
    await applicant.upload()
    find = SealedFiles.open

    async def late(self: SealedFiles, *asked: object, **more: object) -> object:
        assert (await applicant.step("PUT", "", a_said(b"another"))).is_success
        return await find(self, *asked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SealedFiles, "open", late)
    assert code_of(await applicant.read()) == GONE


async def test_what_a_killed_process_had_begun_to_put_is_swept_away(
    api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store writes beside the name first, and lists no such files."""
    applicant = await an_applicant(api)
    await applicant.upload()
    (path,) = [file for file in (tmp_path / "documents").rglob("apf_*") if file.is_file()]
    begun = path.with_name("apf_01kb5b1j0dfz5r5d8r4v5e2c3a#1")
    begun.write_bytes(b"half")
    assert await sweeper_of(api).sweep() == 0
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(0))
    assert await sweeper_of(api).sweep() == 1
    assert kept_bytes(tmp_path) == [path.read_bytes()]


@pytest.mark.parametrize("admit", [False, True])
async def test_files_go_some_days_after_a_refusal_and_stay_with_who_was_let_in(
    registry: Register, api: Service, monkeypatch: pytest.MonkeyPatch, *, admit: bool
) -> None:
    applicant, authority = await an_applicant(api), await an_authority(registry)
    await applicant.upload()
    await decide(applicant, authority, admit=admit)
    assert code_of(await applicant.upload()) == (409, "application_state")
    assert await sweeper_of(api).sweep() == 0
    assert (await applicant.read()).content == CONTENT
    later = clock.now() + timedelta(days=90, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await sweeper_of(api).sweep() == (0 if admit else 1)
    assert (await applicant.read()).status_code == (200 if admit else 404)
    assert (await applicant.shown())["said"] is not None


async def test_a_withdrawn_application_takes_no_file_and_loses_its_files_in_time(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant, late = await an_applicant(api), await an_applicant(api)
    await applicant.upload()
    for one in (applicant, late):
        assert (await one.step("POST", "/withdrawal")).is_success
    assert code_of(await late.upload()) == (409, "application_state")
    assert await sweeper_of(api).sweep() == 0
    later = clock.now() + timedelta(days=90, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await sweeper_of(api).sweep() == 1
    assert code_of(await applicant.read()) == GONE


async def test_a_file_goes_at_once_when_its_words_are_erased(
    registry: Register, api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its key, at that moment; the bytes are swept away."""
    applicant, authority = await an_applicant(api), await an_authority(registry)
    await applicant.upload()
    await decide(applicant, authority, admit=True)
    begun = (await applicant.shown())["events"][0]["log_index"]
    administrator = await the_administrator(registry)
    command = ErasePerson(acts=(begun,))
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, command))
    assert code_of(await applicant.read()) == GONE
    assert code_of(await applicant.upload()) == (409, "application_state")
    monkeypatch.setattr(sweeping, "YOUNG", timedelta(0))
    assert await sweeper_of(api).sweep() == 1
    assert kept_bytes(tmp_path) == []


async def test_bytes_that_are_about_to_be_kept_are_not_swept_away(
    api: Service, tmp_path: Path
) -> None:
    """They are put before their row is; an act may be on its way to it."""
    await api.app.state.sealed_files.put(BytesIO(CONTENT), digest=DIGEST)
    assert await sweeper_of(api).sweep() == 0
    assert len(kept_bytes(tmp_path)) == 1
    assert await api.app.state.sealed_files.sweep(_none, before=clock.now()) == 1


async def _none(_: list[str]) -> list[str]:
    return []


async def test_a_key_of_another_file_opens_nothing(api: Service) -> None:
    files = api.app.state.sealed_files
    one, key = await files.put(BytesIO(CONTENT), digest=DIGEST)
    other, _ = await files.put(BytesIO(CONTENT), digest=DIGEST)
    assert b"".join([p async for p in await files.open(one, key, digest=DIGEST)]) == CONTENT
    for file_id, sealed, digest in (
        (other, key, DIGEST),
        (one, Vault(bytes(32)).seal(bytes(32), b"file\n"), DIGEST),
        (one, key, "0" * 64),
    ):
        with pytest.raises(InvalidTag):
            await files.open(file_id, sealed, digest=digest)
