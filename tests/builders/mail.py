"""A mail server on loopback, as small as can be: what it takes, and what it refuses."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from app.settings import Settings

Answer = Callable[[str], int]  # of an address, or of a message: an SMTP code


@dataclass
class Letter:
    """What arrived: in its envelope to whom, and the message."""

    to: str
    message: EmailMessage


@dataclass
class MailServer:
    """Takes mail, as long as it is open."""

    port: int = 0
    taken: list[Letter] = field(default_factory=list)
    connections: int = 0
    to_sender: Answer = lambda _: 250
    to_recipient: Answer = lambda _: 250
    to_message: Answer = lambda _: 250
    # Hangs up in the middle of a message to these addresses.
    hangs_up_on: frozenset[str] = frozenset()
    pause_s: float = 0.0  # before a message is taken
    tls: ssl.SSLContext | None = None  # from the first byte
    signed_in: list[str] = field(default_factory=list)  # what was shown for it, as it came

    @property
    def subjects(self) -> list[str]:
        """The identifiers of all that arrived, in order."""
        return [str(letter.message["Message-ID"]) for letter in self.taken]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        writer.write(b"220 here\r\n")
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side is gone, or the test is over
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = ""
        while line := (await reader.readline()).decode().strip():
            code = 250
            match line[:4].upper():
                case "QUIT":
                    return
                case "EHLO":
                    writer.write(b"250-here\r\n250-AUTH PLAIN\r\n")
                case "AUTH":
                    self.signed_in.append(line)
                    code = 235
                case "MAIL" | "RCPT" as said:
                    to = line.partition("<")[2].partition(">")[0]
                    code = (self.to_sender if said == "MAIL" else self.to_recipient)(to)
                case "DATA":
                    if to in self.hangs_up_on:
                        return
                    writer.write(b"354 go on\r\n")
                    code = await self._take(to, await reader.readuntil(b"\r\n.\r\n"))
                case _:
                    pass
            writer.write(b"%d so it is\r\n" % code)
            await writer.drain()

    async def _take(self, to: str, raw: bytes) -> int:
        await asyncio.sleep(self.pause_s)
        code = self.to_message(to)
        if code == 250:
            message = message_from_bytes(raw.removesuffix(b".\r\n"), policy=default)
            assert isinstance(message, EmailMessage)
            self.taken.append(Letter(to, message))
        return code


@asynccontextmanager
async def a_mail_server(server: MailServer) -> AsyncIterator[MailServer]:
    """Open a mail server; opened again, it is where it was."""
    listening = await asyncio.start_server(server.talk, "127.0.0.1", server.port, ssl=server.tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


def settings_to(server: MailServer, url: str, data: Path = Path("/nowhere")) -> Settings:
    """Return the settings of a service that sends its mail there."""
    return Settings(
        database_url=url,
        data=data,
        mail_host="127.0.0.1",
        mail_port=server.port,
        mail_tls="none",
        mail_from="registry@tgo.example",
    )
