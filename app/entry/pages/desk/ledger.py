"""The ledger: every movement of credits by any filter, and who held what at the end of a day."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.figures import plain
from app.entry.pages.filters import ask_on, status_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, typed_year, who
from app.entry.pages.periods import begin_of_day, end_of_day, last_of_day
from app.entry.pages.public.figures import provinces_of
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.entry.pages.words import value_words

ways: Final = Ways()
_ROWS: Final = 50
_WORDS: Final = ("account", "project", "batch", "serials")  # as they stand in the ledger
_CHOICES: Final = ("kind", "province", "sort")
_FILTERS: Final = (*_WORDS, *_CHOICES, "vintage", "credits_min", "credits_max", "from", "to")


@ways.get("/desk/ledger")
async def ledger(page: Page) -> Response:
    """List entries by account, project, batch, serials, kind, amount and day, newest first."""
    await who(page)
    form = Form.opened({name: page.query.get(name) for name in _FILTERS})
    asked = {**_asked(form), "limit": _ROWS, "cursor": page.query.get("cursor")}
    listed, provinces = await asyncio.gather(
        ask_on(page, "/ledger/entries", asked, form), provinces_of(page)
    )
    return page.show(
        "desk/ledger.html",
        status=status_of(form),
        form=form,
        listed=listed,
        provinces=provinces,
        kinds=list(value_words()["movement"]),
        call=page.client.called("/ledger/entries"),
    )


@ways.get("/desk/ledger/holdings")
async def ledger_holdings(page: Page) -> Response:
    """Show what all accounts held at the end of a day, or who held the credits of a project."""
    await who(page)
    form = Form.opened({name: page.query.get(name) for name in ("on", "project", "account")})
    if account := _word(form, "account"):
        return page.go(f"/desk/accounts/{account}", on=form.text("on"))
    project = _word(form, "project")
    asked = {
        "as_of": last_of_day(typed_day(form, "on")),
        "project": project,
        "limit": _ROWS,
        "cursor": page.query.get("cursor"),
    }
    listed = await ask_on(page, "/ledger/holdings" if project else "/accounts", asked, form)
    return page.show(
        "desk/holdings.html",
        status=status_of(form),
        form=form,
        project=project,
        listed=listed,
        call=page.client.called("/ledger/holdings" if project else "/accounts"),
    )


def _asked(form: Form) -> dict[str, Any]:
    """Return what was typed as the API takes it."""
    return {
        **{name: _word(form, name) for name in _WORDS},
        **{name: form.text(name) for name in _CHOICES},
        "vintage": typed_year(form, "vintage"),
        "credits_min": form.whole("credits_min"),
        "credits_max": form.whole("credits_max"),
        "recorded_from": begin_of_day(typed_day(form, "from")),
        "recorded_before": end_of_day(typed_day(form, "to")),
    }


def _word(form: Form, name: str) -> str | None:
    """Return a number or code as the ledger writes them; serials are understood as they are."""
    text = form.text(name)
    return text if text is None or name == "serials" else plain(text).upper()
