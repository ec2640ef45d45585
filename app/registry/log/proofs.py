"""Proofs for a reader: roots of any size, inclusion of an act, consistency between two sizes."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.errors import NotFoundError
from app.registry.log import merkle, store
from app.registry.log.merkle import Node
from app.registry.log.store import publication
from app.registry.log.store.publication import NotPublishedError, Published


class LogSizeError(NotFoundError):
    """The published log has never had this size, or the sizes are in the wrong order."""

    code = "log_size_invalid"
    number = 1103
    title_th = "บันทึกที่เผยแพร่ไม่เคยมีขนาดนี้ หรือเรียงขนาดผิดลำดับ"
    advice = "Name sizes from 1 to {size}, the smaller one first, and an index below the size."
    advice_th = "โปรดระบุขนาดตั้งแต่ 1 ถึง {size} โดยขนาดเล็กมาก่อน และหมายเลขรายการต้องน้อยกว่าขนาด"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an act stands at its place in the log of a size."""

    entry: store.LogEntry
    size: int
    root: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log of a size extends the log of an earlier size."""

    old_size: int
    size: int
    old_root: bytes
    root: bytes
    proof: tuple[bytes, ...]


async def get_root(connection: AsyncConnection, size: int) -> bytes:
    """Return the root of the log when it had a size that it has reached."""
    if size == 0:
        return merkle.EMPTY_ROOT
    peaks = merkle.peaks_of(size)
    return merkle.fold(peaks, await store.get_nodes(connection, peaks))


async def get_inclusion(
    connection: AsyncConnection, log_index: int, *, size: int | None = None
) -> Inclusion:
    """
    Prove that an act is in the published log.

    Args:
        connection: a snapshot.
        log_index: the act.
        size: size of the log to prove it in; None: the last one published.

    Raises:
        LogEntryNotFoundError: there is no such act.
        NotPublishedError: it has not been published yet.
        LogSizeError: the published log never had that size, or had not reached the act then.
    """
    published = await publication.get_published(connection)
    return await _prove(connection, log_index, published, published.size if size is None else size)


async def get_receipt(connection: AsyncConnection, log_index: int) -> tuple[Inclusion, bytes]:
    """
    Prove that an act is in the last published checkpoint.

    Returns:
        The proof, and the checkpoint's note as it was published.

    Raises:
        LogEntryNotFoundError: there is no such act.
        NotPublishedError: it has not been published yet.
    """
    published = await publication.get_published(connection)
    inclusion = await _prove(connection, log_index, published, published.size)
    assert published.note is not None  # it has a size, so it is out
    return inclusion, published.note


async def _prove(
    connection: AsyncConnection, log_index: int, published: Published, size: int
) -> Inclusion:
    if log_index >= published.size:
        await store.get_entry(connection, log_index)  # or there is no such act at all
        raise NotPublishedError(size=published.size)
    if not log_index < size <= published.size:
        raise LogSizeError(size=published.size)
    peaks, steps = merkle.peaks_of(size), merkle.inclusion_nodes(log_index, size)
    wanted = {node for step in (peaks, *steps) for node in step}
    entry, hashes = await store.get_entry_and_nodes(connection, log_index, wanted)
    return Inclusion(
        entry=entry,
        size=size,
        root=merkle.fold(peaks, hashes),
        proof=tuple(merkle.fold(step, hashes) for step in steps),
    )


async def get_consistency(
    connection: AsyncConnection, *, old_size: int, size: int | None = None
) -> Consistency:
    """
    Prove that the published log only grew between two sizes.

    Args:
        connection: a snapshot.
        old_size: the earlier size.
        size: the later one; None: the last one published.

    Raises:
        LogSizeError: the published log never had these sizes, or they are in the wrong order.
    """
    published = (await publication.get_published(connection)).size
    size = published if size is None else size
    if not 0 < old_size <= size <= published:
        raise LogSizeError(size=published)
    edges = [merkle.peaks_of(old_size), merkle.peaks_of(size)]
    hashes = await _hashes(connection, edges)
    return Consistency(
        old_size=old_size,
        size=size,
        old_root=merkle.fold(edges[0], hashes),
        root=merkle.fold(edges[1], hashes),
        proof=await list_consistency(connection, old_size, size),
    )


async def list_consistency(
    connection: AsyncConnection, old_size: int, size: int
) -> tuple[bytes, ...]:
    """Return the hashes that prove that the log of a size extends the log of an earlier one."""
    steps = merkle.consistency_nodes(old_size, size)
    hashes = await _hashes(connection, steps)
    return tuple(merkle.fold(step, hashes) for step in steps)


async def _hashes(connection: AsyncConnection, steps: list[list[Node]]) -> dict[Node, bytes]:
    return await store.get_nodes(connection, {node for step in steps for node in step})
