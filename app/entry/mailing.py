"""
Mails notices that have not been mailed: a task of every server, and a command.

What is to be mailed stands in the database, one row for each notice. A server takes a row, counts
the try, says when the next one may be, and commits that before it sends: who dies while sending,
or meets a message that no server takes, has had a try and holds up no other. A message is sent at
least once; twice only where a server died between sending and noting it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.entry.alongside import alongside
from app.entry.letters import (
    LaterError,
    Post,
    SenderRefusedError,
    UnaddressableError,
    letter_of,
)
from app.kernel import clock
from app.kernel.db import glancing, noting
from app.registry.notices.operations import end_mail, give_try_back, take_mail
from app.registry.notices.rules import MailEnd, Notice
from app.registry.notices.store import find_mail_due
from app.settings import Settings

PAUSE_S: Final = 5.0
AT_ONCE_MAX: Final = 100  # in one turn, by one connection; the others are due in the next

log = structlog.get_logger()


class Mailer:
    """Sends what is due, as long as it runs."""

    def __init__(
        self, engine: AsyncEngine, settings: Settings, now: Callable[[], datetime] = clock.now
    ) -> None:
        """
        Prepare.

        Args:
            engine: connections of the service.
            settings: where the mail server is; without one nothing is sent.
            now: the clock.
        """
        self._engine = engine
        self._settings = settings
        self._now = now

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look every five seconds, as long as the block lasts; not where there is no server."""
        if not self._settings.mail_host:
            yield
            return
        async with alongside(self._run(), "mailer"):
            yield

    async def send_due(self) -> int:
        """
        Send what is due now, as far as `AT_ONCE_MAX` reaches.

        Returns:
            How many messages the mail server took.

        Raises:
            LaterError: the mail server is away, or does not take mail from us. No message had a
                try then, but for the one at which it went away.
            ConnectionError: the database is away.
        """
        async with glancing(self._engine) as connection:
            if await find_mail_due(connection, self._now()) is None:
                return 0
        post = await Post.opened(self._settings)
        try:
            return await self._send_by(post)
        finally:
            post.close()

    async def _send_by(self, post: Post) -> int:
        sent = tried = 0
        while tried < AT_ONCE_MAX:
            async with noting(self._engine) as connection:
                taken = await take_mail(connection, now=self._now())
            if taken is None:
                break
            notice, email = taken
            if email is None:
                continue
            tried += 1
            try:
                end = await self._send(post, notice, email)
            except SenderRefusedError:
                async with noting(self._engine) as connection:
                    await give_try_back(connection, notice.id)
                raise
            if end is not None:
                async with noting(self._engine) as connection:
                    await end_mail(connection, notice.id, end)
            sent += end is MailEnd.SENT
        return sent

    async def _send(self, post: Post, notice: Notice, email: str) -> MailEnd | None:
        """Send one; None where it is to be tried again."""
        try:
            letter = letter_of(notice, email, self._settings)
            end = await post.send(letter, email)
        except UnaddressableError:
            end = MailEnd.REFUSED
        except LaterError as later:
            log.warning("not_mailed", notice=notice.id, error=str(later))
            if not later.answered:
                raise
            return None
        if end is MailEnd.REFUSED:
            log.warning("mail_refused", notice=notice.id)
        return end

    async def _run(self) -> None:
        while True:
            try:
                await self.send_due()
            except Exception as error:  # noqa: BLE001  whatever it is, the next turn tries again
                log.warning("mail_not_sent", error=type(error).__name__, why=str(error))
            await asyncio.sleep(PAUSE_S)
