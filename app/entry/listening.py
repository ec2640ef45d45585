"""
A socket bound to the address of the service, made before anything is served on it.

Bound by us and not by the server library, so that a port that is taken is told in our own words
and with our own exit code, by one process as by several.
"""

import socket


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """
    Bind a socket that does not listen yet.

    Args:
        host: an address, of either family, or a name, taken as IPv4.
        port: port number; 0 for any that is free.
        shared: with other sockets of the same user that say so too: connections are spread
            evenly over them (SO_REUSEPORT).

    Raises:
        OSError: the address is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made
