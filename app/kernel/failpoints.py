"""
Named places between sealing an act and publishing it, where a test lets the process end or stop.

Nothing happens at them unless one is armed by the environment (``REGISTRY_FAILPOINT``); the tests
of faults walk all names, so a new step cannot be forgotten there.
"""

import os
import signal
from typing import Final

# In order of what is done; at each, the step it names is done and the one after it is not.
COMMITTER: Final = ("commit_decided", "commit_written", "commit_committed")
PUBLISHER: Final = (
    "publish_read",
    "publish_tiled",
    "publish_remembered",
    "publish_announced",
    "publish_signed",
    "publish_witnessed",
    "publish_recorded",
    "publish_released",
)
_ACTIONS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_armed: dict[str, signal.Signals] = {}


class FailpointError(ValueError):
    """There is no such place, or nothing of that kind happens there."""


def arm(setting: str) -> None:
    """
    Arm a place.

    Args:
        setting: ``name=kill`` or ``name=stop``; empty arms nothing. It happens once.

    Raises:
        FailpointError: it names none.
    """
    _armed.clear()
    if not setting:
        return
    name, _, action = setting.partition("=")
    if name not in {*COMMITTER, *PUBLISHER} or action not in _ACTIONS:
        raise FailpointError(f"{setting!r} is no failpoint")
    _armed[name] = _ACTIONS[action]


def failpoint(name: str) -> None:
    """Pass a named place; where it is armed, the process gets its signal here."""
    if _armed and name in _armed:
        os.kill(os.getpid(), _armed.pop(name))
