"""An application behind the service's own server and a real socket, in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from app.entry.server import BoundedProtocol


@asynccontextmanager
async def listening(app: ASGIApp, *, connections_max: int) -> AsyncIterator[int]:
    """Serve an application, which is not started; gives the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = uvicorn.Server(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                limit_concurrency=connections_max,
            )
        )
        task = asyncio.create_task(running.serve([listener]))
        while not running.started:  # noqa: ASYNC110  uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        running.should_exit = True
        await task


async def say(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send piece by piece, and return everything that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()
