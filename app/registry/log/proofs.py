"""Proofs for a reader: roots of any size, inclusion of an act, consistency between two sizes."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.errors import ConflictError
from app.registry.log import merkle, store
from app.registry.log.merkle import Node


class LogSizeError(ConflictError):
    """The log has never had this size, or the sizes are in the wrong order."""

    code = "log_size_invalid"
    number = 1103
    title_th = "บันทึกไม่เคยมีขนาดนี้ หรือเรียงขนาดผิดลำดับ"
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
    Prove that an act is in the log.

    Args:
        connection: a snapshot.
        log_index: the act.
        size: size of the log to prove it in; None: its present size.

    Raises:
        LogEntryNotFoundError: there is no such act.
        LogSizeError: the log never had that size, or had not reached the act then.
    """
    entry = await store.get_entry(connection, log_index)
    now = (await store.get_head(connection)).size
    size = now if size is None else size
    if not log_index < size <= now:
        raise LogSizeError(size=now)
    steps = merkle.inclusion_nodes(log_index, size)
    hashes = await _hashes(connection, [*steps, merkle.peaks_of(size)])
    return Inclusion(
        entry=entry,
        size=size,
        root=merkle.fold(merkle.peaks_of(size), hashes),
        proof=tuple(merkle.fold(step, hashes) for step in steps),
    )


async def get_consistency(connection: AsyncConnection, *, old_size: int, size: int) -> Consistency:
    """
    Prove that the log only grew between two sizes.

    Raises:
        LogSizeError: the log never had these sizes, or they are in the wrong order.
    """
    now = (await store.get_head(connection)).size
    if not 0 < old_size <= size <= now:
        raise LogSizeError(size=now)
    steps = merkle.consistency_nodes(old_size, size)
    edges = [merkle.peaks_of(old_size), merkle.peaks_of(size)]
    hashes = await _hashes(connection, [*steps, *edges])
    return Consistency(
        old_size=old_size,
        size=size,
        old_root=merkle.fold(edges[0], hashes),
        root=merkle.fold(edges[1], hashes),
        proof=tuple(merkle.fold(step, hashes) for step in steps),
    )


async def _hashes(connection: AsyncConnection, steps: list[list[Node]]) -> dict[Node, bytes]:
    return await store.get_nodes(connection, {node for step in steps for node in step})
