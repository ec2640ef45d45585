"""Which credits are to move: how forms ask for them, for transfers and retirements alike."""

from typing import Any

from app.entry.pages.answers import Json
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_year
from app.entry.pages.render import Page

TRYING = ".try"  # what is tried is no act: it has a key of its own


def read_choice(form: Form) -> dict[str, Any]:
    """Return which credits are chosen, as the API takes it: how many, of what."""
    return {
        "from_account": form.value("from_account"),
        "credits": form.whole("credits"),
        "batch": form.text("batch"),
        "vintage": typed_year(form, "vintage"),
    }


async def try_out(page: Page, path: str, form: Form, body: dict[str, Any]) -> Json:
    """
    Return what an act would do, which is not done.

    Raises:
        RefusedError: the API would refuse it.
    """
    key = None if form.key is None else form.key + TRYING
    return await page.client.send("POST", path, body, key=key, params={"dry_run": True})
