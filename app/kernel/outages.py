"""Tells a database that is away from a statement that it refused."""

import socket
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.kernel.db import sqlstate_of

# Classes of SQLSTATE: connection exception, insufficient resources, operator intervention.
_AWAY: Final = frozenset({"08", "53", "57"})


def is_away(error: BaseException) -> bool:
    """
    Say whether the database, or a free connection to it, was not to be had.

    True also where a connection broke under a statement: what that statement did is then unknown,
    which matters to writes only.
    """
    if isinstance(error, PoolTimeoutError | ConnectionError | socket.gaierror):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or sqlstate_of(error)[:2] in _AWAY
    # Past SQLAlchemy the driver raises its own: without a state where the connection broke under
    # it.
    return type(error).__module__.startswith("asyncpg") and sqlstate_of(error)[:2] in {*_AWAY, ""}


def is_crowded(error: BaseException) -> bool:
    """Say whether the database was not asked, because all connections to it were in use."""
    return isinstance(error, PoolTimeoutError)


def gave_up_waiting(notice: object) -> bool:
    """
    Say whether the server tells that it stopped waiting for its standby while committing.

    What it committed is visible here, and gone after a failover: neither done nor undone.
    """
    text = str(notice)
    return "canceling" in text and "synchronous replication" in text
