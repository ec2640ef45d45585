"""
The demo: an invented pilot in the founding document's four provinces, made through operations.

The provinces and municipalities exist; everything said of their activities here is invented, and
the descriptions say so. `people` admits those who take part, `plans` are their activities, and
`stories` lets them act.
"""

import asyncio
import json
import os
from typing import Final

from app.entry.cli import database
from app.entry.cli.demo.people import Cast, admit
from app.entry.cli.demo.stories import Stage, play
from app.entry.cli.exits import console
from app.entry.storage import make_storage
from app.registry.parties.store import find_any_party
from app.settings import Settings

FILE_NAME: Final = "demo.json"


async def fill(settings: Settings) -> None:
    """Fill an empty register; one that has parties is left as it is."""
    async with database.reader(settings) as connection:
        is_empty = await find_any_party(connection) is None
    if not is_empty:
        if not (settings.data / FILE_NAME).exists():
            console.print(
                "The register is not empty, so no demo was made. If it holds one, its passwords "
                "were written down only where it was made; `scripts/start --fresh --demo` wipes "
                "the local data and begins anew."
            )
        return
    async with database.committer(settings) as committer:
        cast = await admit(committer)
        # Written before the stories: who stops here may still sign in and look.
        await asyncio.to_thread(_write_down, settings, cast)
        await play(Stage(committer, make_storage(settings.documents_url), cast))


def _write_down(settings: Settings, cast: Cast) -> None:
    """Keep who may sign in, and how, where only the installation's owner can read it."""
    written = {
        "users": [
            {"role": person.part, "email": person.email, "password": person.password}
            for person in cast.people.values()
        ],
        "api_key": {"client_id": cast.client_id, "client_secret": cast.client_secret},
        "curl": "curl -s '{address}/v1/activities?province_code=40'",
    }
    file = settings.data / FILE_NAME
    settings.data.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(written, opened, ensure_ascii=False, indent=1)
    draft.replace(file)
