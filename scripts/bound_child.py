"""Run a command that does not outlive the process that started it.

A database server must never be left behind, not even when its starter is killed outright. On Linux
the kernel is asked to signal the command as soon as the starter is gone; elsewhere the next start
finds and stops what was left.

usage: python bound_child.py PARENT_PID SIGNAL USER COMMAND ...

USER is the system user to become (only root can), or "-" to stay who we are.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main() -> None:
    """Become the command, bound to the life of the parent."""
    parent, signal_number, user, *command = sys.argv[1:]
    if user != "-":
        _become(user)
    # After the change of user, because the kernel forgets the request at such a change.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number))
    if os.getppid() != int(parent):  # it died before the kernel was asked
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - replacing ourselves is the point


def _become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main()
