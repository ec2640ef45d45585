"""Files that are on disk when a function returns, whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
SECRET_BYTES_MAX: Final = 4_096


def write_durably(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """
    Put a file in place in one step: after a power cut there is the old one or the new one.

    Args:
        path: where; what stands there is replaced.
        content: all of it.
        mode: who may read it; its owner alone unless told otherwise.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    reach_disk(path.parent)


def make_once(path: Path, content: bytes) -> None:
    """
    Put a file in place that only its owner can read, unless one stands there.

    Several processes may do so at once: the first one's file stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place, then linked into it: nobody ever reads half of it, and a link fails
    # where a file stands already, which a rename would replace.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:  # mkstemp gives mode 0600
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def read_secret(path: Path) -> str:
    """
    Return the secret that a file holds, without the blanks and line ends around it.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is none in it, or it is no text.
    """
    with path.open("rb") as file:
        secret = file.read(SECRET_BYTES_MAX).decode().strip()
    if not secret:
        raise ValueError(f"{path.name} holds no secret")
    return secret


def reach_disk(path: Path) -> None:
    """Return when a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
