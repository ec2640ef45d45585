"""Folders for the tests of the scripts."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tooling.checkout import Checkout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder whose parents every user can enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="registry-tooling-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def checkout(open_folder: Path) -> Checkout:
    """Give a trial checkout whose path has a space and Thai letters in it."""
    return Checkout(open_folder / "ที่ ทดสอบ" / "reg")
