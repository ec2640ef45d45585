"""What a process has used, as the kernel counts it; on a busy machine the figure to compare."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat, counted from behind the command's name, which may hold anything.
_PARENT: Final = 1
_USER: Final = 11
_SYSTEM: Final = 12
_ENDED_USER: Final = 13  # of children that were waited for
_ENDED_SYSTEM: Final = 14
_RESIDENT: Final = 21  # in pages


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds a process has used so far."""
    fields = _fields(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """
    Return the processor seconds of a process and its children, those that have ended among them.

    For a PostgreSQL server: its postmaster, every backend and every worker.
    """
    own = _fields(pid)
    ended = (int(own[_ENDED_USER]) + int(own[_ENDED_SYSTEM])) / _TICKS
    living = (int(fields[_USER]) + int(fields[_SYSTEM]) for fields in _children(pid))
    return cpu_seconds(pid) + ended + sum(living) / _TICKS


def family_resident_bytes(pid: int) -> int:
    """Return how much memory a process and its children have in use."""
    pages = (int(fields[_RESIDENT]) for fields in (_fields(pid), *_children(pid)))
    return sum(pages) * _PAGE_BYTES


def _children(pid: int) -> Iterator[list[str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = _fields(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended since
        if int(fields[_PARENT]) == pid:
            yield fields


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
