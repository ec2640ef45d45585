"""What the database itself holds of files of applicants, and two at once."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError

from app.kernel import clock
from app.kernel.db import noting, sqlstate_of
from app.kernel.ids import new_id
from app.registry.applications import operations, store
from app.registry.applications.content import Content
from app.registry.applications.refusals import (
    ApplicationFileNotFoundError,
    ApplicationFileNotNamedError,
    ApplicationFilesFullError,
    ApplicationFilesTooLargeError,
    ApplicationStateError,
    ApplicationTooLongError,
)
from app.registry.applications.rules import (
    FILES_BYTES_MAX,
    WAITING_BYTES_MAX,
    WAITING_FILES_MAX,
    Application,
    ApplicationFile,
    Waiting,
    standing,
)
from app.registry.applications.store import application_files
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.log.pen import Pen
from app.registry.parties.rules import Role
from tests.builders.applications import (
    NOBODY,
    a_content,
    a_document,
    a_draft,
    an_admitted,
    answering,
    asking,
    own,
    recommending,
    refusing,
    submitting,
    withdrawing,
)
from tests.builders.parties import Register, an_authority, the_administrator
from tests.builders.rows import violates, writing
from tests.conftest import Registry

NO_RIGHT = "42501"


def a_file(application: Application, **changes: object) -> ApplicationFile:
    """Return a file of the application's first document."""
    assert application.content is not None
    document = application.content.documents[0]
    file = ApplicationFile(
        application_id=application.id,
        sha256=document.sha256,
        id=new_id("apf"),
        sealed_key=bytes(60),
        bytes=document.bytes,
        media_type=document.media_type,
        uploaded_at=clock.now(),
    )
    return replace(file, **changes)  # type: ignore[arg-type]


async def keep(registry: Registry, file: ApplicationFile) -> ApplicationFile:
    async with noting(registry.engine) as connection:
        return await operations.keep_file(connection, file)


async def amending(registry: Register, draft: Application) -> None:
    """Name no document any more."""
    said = a_content(documents=())
    await registry.do(NOBODY, lambda pen: operations.amend(pen, own(draft), said))


async def kept(registry: Register, application: Application) -> list[ApplicationFile]:
    async with registry.read() as connection:
        return await store.list_files(connection, application.id)


async def test_only_named_files_of_undecided_applications_are_kept(registry: Registry) -> None:
    """Whoever writes the row, and whichever of the three does not fit."""
    authority, draft = await an_authority(registry), await a_draft(registry)
    for changes in ({"sha256": "0" * 64}, {"bytes": 7}, {"media_type": "image/png"}):
        with pytest.raises(ApplicationFileNotNamedError):
            await keep(registry, a_file(draft, **changes))
    submitted = await submitting(registry, await a_draft(registry))
    assert await keep(registry, a_file(submitted)) in await kept(registry, submitted)
    advised = await recommending(registry, authority[Role.OFFICER], submitted, favourable=False)
    for decided in (
        await an_admitted(registry, authority),
        await refusing(registry, authority[Role.APPROVER], advised),
        await withdrawing(registry, await a_draft(registry)),
    ):
        with pytest.raises(ApplicationFileNotNamedError):
            await keep(registry, a_file(decided))


async def test_a_file_stays_itself(registry: Registry) -> None:
    draft = await a_draft(registry)
    file = await keep(registry, a_file(draft))
    async with writing(registry.url) as connection:
        for values in (
            {"sha256_form": {"sha256": "A" * 64}},
            {"not_empty": {"bytes": 0}},
            {"sealed_key": {"sealed_key": b"plain"}},
        ):
            ((name, changed),) = values.items()
            # What is not named is refused before any other constraint is looked at.
            row = asdict(replace(file, id=new_id("apf"), **changed))
            constraint = (
                "ck_application_files_sealed_key"
                if name == "sealed_key"
                else "application_files_are_named"
            )
            await violates(connection, insert(application_files).values(row), constraint)
        for statement in (
            update(application_files).values(sealed_key=bytes(60)),
            text("TRUNCATE application_files"),
        ):
            with pytest.raises(DBAPIError) as failure:
                async with connection.begin_nested():
                    await connection.execute(statement)
            assert sqlstate_of(failure.value) == NO_RIGHT


async def test_the_file_of_an_admitted_applicant_is_not_removed_but_with_their_words(
    registry: Registry,
) -> None:
    authority = await an_authority(registry)
    submitted = await submitting(registry, await a_draft(registry))
    await keep(registry, a_file(submitted))
    async with writing(registry.url) as connection:
        # One that was not let in can be.
        await connection.execute(delete(application_files))
    advised = await recommending(registry, authority[Role.OFFICER], submitted)
    admitted = await registry.do(
        authority[Role.APPROVER],
        lambda pen: operations.admit(
            pen,
            authority[Role.APPROVER],
            operations.OfOfficer(advised.id, "As recommended.", advised.version),
        ),
    )
    async with writing(registry.url) as connection:
        await violates(connection, delete(application_files), "admitted_keep_their_files")
    assert len(await kept(registry, admitted)) == 1
    await erase(registry, admitted)
    assert await kept(registry, admitted) == []


async def erase(registry: Register, application: Application) -> None:
    administrator = await the_administrator(registry)
    command = ErasePerson(acts=(application.content_log_index,))
    await registry.do(administrator, lambda pen: erase_person(pen, administrator, command))


async def test_an_erasure_waits_for_a_file_that_is_being_kept_and_takes_it_along(
    registry: Registry,
) -> None:
    draft = await a_draft(registry)
    await the_administrator(registry)
    async with noting(registry.engine) as connection:
        await operations.keep_file(connection, a_file(draft))
        erasing = asyncio.create_task(erase(registry, draft))
        await asyncio.sleep(0.5)
        assert not erasing.done()
    await erasing
    assert await kept(registry, draft) == []


async def test_no_file_is_kept_of_whom_was_erased(registry: Registry) -> None:
    draft = await a_draft(registry)
    await erase(registry, draft)
    with pytest.raises(ApplicationFileNotNamedError):
        await keep(registry, a_file(draft))


async def test_uploads_and_an_erasure_at_once_never_leave_a_file(registry: Registry) -> None:
    """Whichever comes first: the file is refused, or goes with the words."""
    await the_administrator(registry)
    for _ in range(12):
        draft = await a_draft(registry)

        async def upload(draft: Application = draft) -> None:
            with suppress(ApplicationFileNotNamedError, ApplicationFileNotFoundError):
                await keep(registry, a_file(draft))

        await asyncio.gather(upload(), upload(), erase(registry, draft))
        assert await kept(registry, draft) == []


async def test_uploads_and_an_amendment_at_once_leave_no_file_that_is_not_named(
    registry: Registry,
) -> None:
    for _ in range(6):
        draft = await a_draft(registry)

        async def amend(draft: Application = draft) -> None:
            await amending(registry, draft)

        async def upload(draft: Application = draft) -> None:
            with suppress(ApplicationFileNotNamedError, ApplicationFileNotFoundError):
                await keep(registry, a_file(draft))

        await asyncio.gather(upload(), amend())
        assert await kept(registry, draft) == []


async def test_an_amendment_waits_for_a_file_that_is_being_kept_and_takes_it_along(
    registry: Registry,
) -> None:
    """Its row is not seen yet when the amendment asks which ones there are."""
    draft = await a_draft(registry)
    async with noting(registry.engine) as connection:
        await operations.keep_file(connection, a_file(draft))
        amending_it = asyncio.create_task(amending(registry, draft))
        await asyncio.sleep(0.5)
        assert not amending_it.done()
    await amending_it
    assert await kept(registry, draft) == []


async def test_a_file_waits_for_an_amendment_and_is_held_to_it(registry: Registry) -> None:
    """Whether it says less from now on, or as much as before."""
    for said, is_kept in ((a_content(documents=()), False), (a_content(), True)):
        draft = await a_draft(registry)
        committing, done = asyncio.Event(), asyncio.Event()

        async def amend(
            draft: Application = draft,
            said: Content = said,
            begun: asyncio.Event = committing,
            go_on: asyncio.Event = done,
        ) -> None:
            async def slowly(pen: Pen) -> Application:
                amended = await operations.amend(pen, own(draft), said)
                begun.set()
                await go_on.wait()
                return amended

            await registry.do(NOBODY, slowly)

        amended = asyncio.create_task(amend())
        await committing.wait()
        upload = asyncio.create_task(keep(registry, a_file(draft)))
        await asyncio.sleep(0.5)
        assert not upload.done()
        done.set()
        await amended
        if is_kept:
            assert [await upload] == await kept(registry, draft)
        else:
            with pytest.raises(ApplicationFileNotNamedError):
                await upload
            assert await kept(registry, draft) == []


async def test_uploads_and_a_withdrawal_at_once(registry: Registry) -> None:
    """A file that comes too late is refused; one that was in time goes as the rule says."""
    for _ in range(8):
        draft = await a_draft(registry)

        async def upload(draft: Application = draft) -> None:
            with suppress(ApplicationFileNotNamedError):
                await keep(registry, a_file(draft))

        _, _, withdrawn = await asyncio.gather(upload(), upload(), withdrawing(registry, draft))
        if not await kept(registry, withdrawn):
            with pytest.raises(ApplicationFileNotNamedError):
                await keep(registry, a_file(withdrawn))
        later = clock.now() + timedelta(days=90, minutes=1)
        async with noting(registry.engine) as connection:
            await operations.drop_old_files(connection, now=later, rows_max=10)
        assert await kept(registry, draft) == []


async def test_an_application_is_withdrawn_until_a_decision_is_recommended(
    registry: Registry,
) -> None:
    officer = (await an_authority(registry))[Role.OFFICER]
    draft, submitted = await a_draft(registry), await submitting(registry, await a_draft(registry))
    asked = await asking(registry, officer, await submitting(registry, await a_draft(registry)))
    answered = await asking(registry, officer, await submitting(registry, await a_draft(registry)))
    answered = await answering(registry, answered)
    for application in (draft, submitted, asked, answered):
        withdrawn = await withdrawing(registry, application)
        assert (withdrawn.status.value, withdrawn.due_on) == ("withdrawn", None)
        for step in (withdrawing, submitting):
            with pytest.raises(ApplicationStateError):
                await step(registry, withdrawn)
    advised = await recommending(
        registry, officer, await submitting(registry, await a_draft(registry))
    )
    with pytest.raises(ApplicationStateError):
        await withdrawing(registry, advised)


async def test_an_application_that_was_changed_too_often_can_still_be_withdrawn(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await a_draft(registry)
    monkeypatch.setattr(standing, "VERSIONS_MAX", 1)
    with pytest.raises(ApplicationTooLongError):
        await submitting(registry, draft)
    assert (await withdrawing(registry, draft)).status.value == "withdrawn"


async def test_what_waits_is_counted_until_somebody_is_let_in(registry: Registry) -> None:
    authority = await an_authority(registry)
    submitted = await submitting(registry, await a_draft(registry))
    file = await keep(registry, a_file(submitted))

    async def waiting() -> Waiting:
        async with registry.read() as connection:
            return await store.find_waiting(connection)

    assert await waiting() == Waiting(1, file.bytes)
    advised = await recommending(registry, authority[Role.OFFICER], submitted)
    approver = authority[Role.APPROVER]
    command = operations.OfOfficer(advised.id, "As recommended.", advised.version)
    await registry.do(approver, lambda pen: operations.admit(pen, approver, command))
    assert await waiting() == Waiting(0, 0)


def large_files(count: int, *, size: int) -> Content:
    """Return what somebody says who hands in so many files of so many bytes."""
    documents = tuple(
        replace(a_document("other"), sha256=f"{number:064x}", bytes=size) for number in range(count)
    )
    return a_content(documents=documents)


def files_of(application: Application) -> list[ApplicationFile]:
    assert application.content is not None
    return [
        a_file(application, sha256=document.sha256, bytes=document.bytes)
        for document in application.content.documents
    ]


async def test_of_files_at_once_no_more_are_kept_than_an_application_may_have(
    registry: Registry,
) -> None:
    """To the byte; each passed where it was asked before, when there was room."""
    size = FILES_BYTES_MAX // 4
    for more, fitting in ((0, 4), (1, 3)):
        draft = await a_draft(registry, content=large_files(8, size=size + more))
        outcomes = await asyncio.gather(
            *(keep(registry, file) for file in files_of(draft)), return_exceptions=True
        )
        assert len(await kept(registry, draft)) == fitting
        refused = [one for one in outcomes if isinstance(one, ApplicationFilesTooLargeError)]
        assert len(refused) == 8 - fitting
        # One that is here is not counted once more.
        (first, *_) = await kept(registry, draft)
        assert await keep(registry, replace(first, id=new_id("apf"))) == first


async def filled(registry: Registry, *, files: int, size: int) -> None:
    """Let so much wait, past the triggers: nobody is to send twenty gigabytes."""
    draft = await a_draft(registry)
    owner = await asyncpg.connect(registry.url)
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(
            "INSERT INTO application_files SELECT $1, lpad(n::text, 64, '0'), 'apf_' || n, $2,"
            " 'text/plain', decode(repeat('00', 60), 'hex'), now()"
            " FROM generate_series(1, $3::integer) n",
            draft.id,
            size,
            files,
        )
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("files", "size", "fitting"),
    [(10, (WAITING_BYTES_MAX - 2_000) // 10, 2), (WAITING_FILES_MAX - 1, 1, 1)],
)
async def test_of_files_at_once_no_more_are_kept_than_all_who_wait_may_have(
    registry: Registry, files: int, size: int, fitting: int
) -> None:
    """Of different applications; in bytes, and in number."""
    await filled(registry, files=files, size=size)
    drafts = [await a_draft(registry) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(keep(registry, a_file(draft)) for draft in drafts), return_exceptions=True
    )
    full = [one for one in outcomes if isinstance(one, ApplicationFilesFullError)]
    assert len(full) == len(drafts) - fitting


async def test_that_a_file_waits_no_longer_is_not_taken_back(registry: Registry) -> None:
    await keep(registry, a_file(await a_draft(registry)))
    owner = await asyncpg.connect(registry.url)
    try:
        for change in ("is_waiting = true", "is_waiting = false, bytes = 1"):
            with pytest.raises(asyncpg.PostgresError):
                await owner.execute(f"UPDATE application_files SET {change}")  # noqa: S608
    finally:
        await owner.close()
