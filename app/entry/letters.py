"""
Letters of e-mail: how a notice is written as one, and the connection they go out by.

The only module that speaks SMTP. The standard library's client blocks, so each step of it runs in a
thread of its own, a daemon: a mail server that hangs must not hold the service when it is to end.
"""

import asyncio
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, TypeVar

from app.kernel.files import read_secret
from app.registry.notices.catalogue import words_of
from app.registry.notices.rules import MailEnd, Notice
from app.settings import Settings

SECONDS_MAX: Final = 10  # for each answer of the mail server
# Stricter than the standards: no quotes, comments, blanks or control characters, one @.
_WORD: Final = r"[^\s@<>()\[\],;:\\\".\x00-\x20\x7f-\xa0]+"
_ADDRESS: Final = re.compile(rf"{_WORD}(\.{_WORD})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_FOR_GOOD: Final = 500  # from this code on an answer will not be another one later

Result = TypeVar("Result")


class UnaddressableError(ValueError):
    """No letter can be written to this address."""


class LaterError(Exception):
    """The mail server did not take a letter, and may do so later; ``answered``: it still talks."""

    def __init__(self, why: str, *, answered: bool) -> None:
        super().__init__(why)
        self.answered = answered


def letter_of(notice: Notice, email: str, settings: Settings) -> EmailMessage:
    """
    Write a notice as a letter.

    Its Message-ID is the notice's, so that one that comes twice is seen to be the same.

    Raises:
        UnaddressableError: the address is none, or says more than an address may.
    """
    words = words_of(notice)
    letter = EmailMessage(policy=SMTP)
    if _ADDRESS.fullmatch(email) is None:
        raise UnaddressableError
    local, _, domain = email.rpartition("@")
    letter["To"] = Address(username=local, domain=domain)
    letter["From"] = settings.mail_from
    letter["Subject"] = f"{words.title_th} / {words.title}"
    letter["Date"] = notice.made_at
    letter["Message-ID"] = f"<{notice.id}@{settings.mail_from.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    where = f"\n\n{settings.public_origin}/v1/notices" if settings.public_origin else ""
    body = f"{words.text_th}\n\n{words.text}{where}\n\n{notice.id}\n"
    letter.set_content(body, cte="base64")  # not all servers take eight bits
    return letter


class SenderRefusedError(LaterError):
    """The mail server does not take mail from us; that says nothing of whom a letter is for."""

    def __init__(self) -> None:
        super().__init__("sender refused", answered=False)


class Post:
    """A connection to the mail server."""

    def __init__(self, client: smtplib.SMTP, sender: str) -> None:
        self._client = client
        self._sender = sender
        self._is_sending = False

    @classmethod
    async def opened(cls, settings: Settings) -> "Post":
        """
        Connect, and sign in where there is somebody to sign in as.

        Raises:
            LaterError: the mail server is away, or does not want us, or there is no password.
        """
        try:
            return cls(await _in_thread(lambda: _connect(settings)), settings.mail_from)
        except (OSError, ValueError) as error:  # of the file; what the client raises is one too
            raise LaterError(type(error).__name__, answered=False) from error

    async def send(self, letter: EmailMessage, email: str) -> MailEnd:
        """
        Send a letter to one address.

        Returns:
            Whether it is sent, or will never be.

        Raises:
            SenderRefusedError: it does not take our address as a sender's.
            LaterError: it is neither.
        """
        self._is_sending = True
        try:
            await _in_thread(lambda: self._send(letter, email))
        except smtplib.SMTPRecipientsRefused as refused:
            return _end_of(max(code for code, _ in refused.recipients.values()))
        except smtplib.SMTPSenderRefused as refused:
            # It is our own address: no letter's fault, and the same for all of them.
            raise SenderRefusedError from refused
        except smtplib.SMTPDataError as refused:
            return _end_of(refused.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return MailEnd.REFUSED  # an address that this server cannot write
        except OSError as error:
            raise LaterError(type(error).__name__, answered=False) from error
        return MailEnd.SENT

    def _send(self, letter: EmailMessage, email: str) -> None:
        try:
            self._client.send_message(letter, self._sender, [email])
        finally:
            self._is_sending = False

    def close(self) -> None:
        """Close the connection; a thread that still sends by it is woken, and closes it itself."""
        line = self._client.sock
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        if not self._is_sending:  # else this would wait for that thread
            self._client.close()


def _end_of(code: int) -> MailEnd:
    if code < _FOR_GOOD:
        raise LaterError(f"answered {code}", answered=True)
    return MailEnd.REFUSED


def _connect(settings: Settings) -> smtplib.SMTP:
    place = (settings.mail_host, settings.mail_port)
    client: smtplib.SMTP
    if settings.mail_tls == "tls":
        context = ssl.create_default_context()
        client = smtplib.SMTP_SSL(*place, timeout=SECONDS_MAX, context=context)
    else:
        client = smtplib.SMTP(*place, timeout=SECONDS_MAX)
    try:
        if settings.mail_tls == "starttls":
            client.starttls(context=ssl.create_default_context())
        if settings.mail_password_file is not None:
            client.login(settings.mail_user, read_secret(settings.mail_password_file))
    except BaseException:
        client.close()
        raise
    return client


async def _in_thread(step: Callable[[], Result]) -> Result:
    """Run a step in a daemon thread; the pools of asyncio are waited for when a program ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return  # nobody waits any more
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = step()
        except BaseException as raised:  # noqa: BLE001  told to whoever waits
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="letters", daemon=True).start()
    return await future
