"""
Does this database hold the log that was published? Asked before anything is signed or served.

Every copy of the answer outside the database is compared with it: the publisher's memory and the
published files. A database that is behind one of them, or has another root at its size, is not the
one whose word was given.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.log_files import CHECKPOINT, LogFiles
from app.entry.publishing.keys import LogKeys
from app.entry.publishing.memory import Memory
from app.entry.publishing.refusals import (
    DatabaseBehindError,
    DatabaseDiffersError,
    FilesDifferError,
    MemoryBehindError,
    OriginChangedError,
)
from app.registry.log import proofs
from app.registry.log import store as log_store
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.notes import ForgedError, MalformedError
from app.registry.log.store import NodeMissingError, publication
from app.registry.log.store.publication import Published


async def check_agreement(connection: AsyncConnection, promised: Checkpoint) -> None:
    """
    Compare the database with a checkpoint that was signed.

    Raises:
        DatabaseBehindError: it has fewer acts.
        DatabaseDiffersError: at that size it has another root.
    """
    head = await log_store.get_head(connection)
    if head.size < promised.size:
        raise DatabaseBehindError(size=head.size, published=promised.size)
    try:
        root = await proofs.get_root(connection, promised.size)
    except NodeMissingError:
        raise DatabaseDiffersError(size=promised.size, found="a leaf is missing") from None
    if root != promised.root:
        raise DatabaseDiffersError(size=promised.size, found="another root")


async def check_published(connection: AsyncConnection, files: LogFiles) -> None:
    """
    Compare the database with the published log, where there is one; what a server asks at its
    start.

    Raises:
        DatabaseBehindError, DatabaseDiffersError, FilesDifferError: as their names say.
    """
    promised = await _find_checkpoint(files)
    if promised is not None:
        await check_agreement(connection, promised)


def check_memory(signed: Checkpoint | None, published: Published, origin: str) -> None:
    """
    Compare what the publisher remembers with what the database says was published.

    Raises:
        OriginChangedError: it remembers another log.
        MemoryBehindError: more was published than it remembers.
    """
    if signed is not None and signed.origin != origin:
        raise OriginChangedError(origin=signed.origin)
    _check_remembered(signed, published.size)


async def check_files(
    connection: AsyncConnection, files: LogFiles, keys: LogKeys, signed: Checkpoint | None
) -> None:
    """
    Compare the published files with the database and the publisher's memory.

    Raises:
        DatabaseBehindError, DatabaseDiffersError: the files say more than the database.
        MemoryBehindError: they say more than is remembered.
        FilesDifferError: they are another log's.
    """
    promised = await _find_checkpoint(files, keys)
    if promised is None:
        return
    await check_agreement(connection, promised)
    _check_remembered(signed, promised.size)


def _check_remembered(signed: Checkpoint | None, size: int) -> None:
    remembered = 0 if signed is None else signed.size
    if size > remembered:
        raise MemoryBehindError(remembered=remembered, signed=size)


async def adopt(
    connection: AsyncConnection, files: LogFiles, keys: LogKeys, memory: Memory
) -> Checkpoint | None:
    """
    Take what was published as what the publisher remembers, where it remembers less.

    Returns:
        What it remembers now; None: nothing has been published.

    Raises:
        DatabaseBehindError, DatabaseDiffersError, FilesDifferError: the copies do not agree.
    """
    promised = [await _find_checkpoint(files, keys), memory.recall()]
    recorded = (await publication.get_published(connection)).note
    if recorded is not None:
        promised.append(parse_checkpoint(recorded)[1])
    found = [checkpoint for checkpoint in promised if checkpoint is not None]
    for checkpoint in found:
        await check_agreement(connection, checkpoint)
    newest = max(found, key=lambda checkpoint: checkpoint.size, default=None)
    if newest is not None:
        memory.remember(newest)
    return newest


async def _find_checkpoint(files: LogFiles, keys: LogKeys | None = None) -> Checkpoint | None:
    content = await files.find(CHECKPOINT)
    if content is None:
        return None
    try:
        note, checkpoint = parse_checkpoint(content)
        is_ours = keys is None or bool(note.signers(keys.verifiers))
    except (MalformedError, ForgedError):
        raise FilesDifferError(path=CHECKPOINT) from None
    if not is_ours:
        raise FilesDifferError(path=CHECKPOINT)
    return checkpoint
