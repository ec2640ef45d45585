"""
Asks one stranger over HTTP, within bounds: of time, of bytes, and of how many ask at once.

Nothing is asked of where the stranger says to ask instead (redirects), by way of nobody (proxies of
the environment), and nothing that comes packed is unpacked: it could unpack to any size.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx2

SECONDS_MAX: Final = 5.0  # for one question with its answer, however slowly it drips
BYTES_MAX: Final = 256 * 1024  # a discovery document has five kilobytes, keys have ten
AT_ONCE_MAX: Final = 8
HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity"}


class AnswerRefusedError(httpx2.TransportError):
    """What comes back is longer than it may be, or packed."""


class _Counted(httpx2.AsyncByteStream):
    """The bytes of an answer, as many as may be."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = BYTES_MAX
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise AnswerRefusedError("the answer is too long")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class Fetcher(httpx2.AsyncBaseTransport):
    """Connections that many short-lived clients share: it outlives them."""

    def __init__(self) -> None:
        self._connections = httpx2.AsyncHTTPTransport(trust_env=False)
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """
        Bound what is asked in the block.

        Raises:
            TimeoutError: it takes too long, or too many others ask.
        """
        async with asyncio.timeout(SECONDS_MAX), self._slots:
            yield

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask, and have the answer's bytes counted."""
        answer = await self._connections.handle_async_request(request)
        stream = answer.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await stream.aclose()
            raise AnswerRefusedError("the answer is packed")
        return httpx2.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_Counted(stream),
            extensions=answer.extensions,
        )

    async def get(self, url: str) -> bytes:
        """
        Return what stands at an address.

        Raises:
            httpx2.HTTPError: it is not there, longer than it may be, or elsewhere.
        """
        async with httpx2.AsyncClient(transport=self, trust_env=False, headers=HEADERS) as client:
            answer = await client.get(url, follow_redirects=False)
            answer.raise_for_status()
            return answer.content

    async def aclose(self) -> None:
        """Outlive a client that is closed."""

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.aclose()
