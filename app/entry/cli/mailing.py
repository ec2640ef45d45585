"""``registry mail``: does once what every server does each five seconds."""

import asyncio

import typer

from app.entry import logging
from app.entry.cli.exits import ExitCode, complaints, console
from app.entry.letters import LaterError
from app.entry.mailing import Mailer
from app.kernel.db import make_engine
from app.settings import Settings


def mail() -> None:
    """Mail the notices that are due, by the mail server of REGISTRY_MAIL_HOST."""
    settings = Settings()
    logging.configure(settings.log_format)
    if not settings.mail_host:
        complaints.print("Nobody is mailed: REGISTRY_MAIL_HOST is not set.")
        raise typer.Exit(ExitCode.USAGE)
    try:
        count = asyncio.run(_mail(settings))
    except LaterError as later:
        complaints.print(f"The mail server does not take it: {later}.", highlight=False)
        raise typer.Exit(ExitCode.UNAVAILABLE) from None
    console.print(f"{count} notices were mailed.", highlight=False)


async def _mail(settings: Settings) -> int:
    engine = make_engine(settings.database_url, connections_max=1)
    try:
        mailer, count = Mailer(engine, settings), 0
        while sent := await mailer.send_due():
            count += sent
        return count
    finally:
        await engine.dispose()
