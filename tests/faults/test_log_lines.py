"""A line of the log that cannot be written is lost, and nothing else is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

FULL = Path("/dev/full")
PROGRAM = """
import structlog
from app.entry import logging
logging.configure("json")
structlog.get_logger().warning("database_away")
print("went on")
"""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_does_not_stop_who_tells_of_something() -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert done.stdout == b"went on\n"
