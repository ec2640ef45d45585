"""A server inside the tests' own process, whose threads do not end before the process does."""

import socket
from concurrent.futures import ThreadPoolExecutor
from http.server import HTTPServer
from typing import Final

Request = socket.socket | tuple[bytes, socket.socket]  # as socketserver has it

_THREADS: Final = ThreadPoolExecutor(64, "lasting")


class LastingServer(HTTPServer):
    """
    Serves each connection in a thread of its own, beside the test.

    ThreadingHTTPServer would end a thread with each. Coverage asks for the greenlet of every thread
    it sees, and greenlet tidies up after a thread that ended by a call that the interpreter makes
    between two instructions. When two end at once while coverage traces that call, CPython 3.11
    tries to begin the second one inside the first, for ever: the test hangs.
    """

    def serve_until_shutdown(self) -> None:
        """Begin to serve; `shutdown` ends it."""
        _THREADS.submit(self.serve_forever, 0.01)

    def process_request(self, request: Request, client_address: object) -> None:
        """Have a connection served."""
        _THREADS.submit(self._serve, request, client_address)

    def _serve(self, request: Request, client_address: object) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client left
        finally:
            self.shutdown_request(request)
