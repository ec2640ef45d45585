"""Who came in, who failed to, and who read about whom: for administrators and auditors."""

from typing import Final

from starlette.responses import Response

from app.entry.pages.account.personal_data import refusals_of
from app.entry.pages.filters import ask, status_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_day, who
from app.entry.pages.periods import begin_of_day, end_of_day
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.entry.pages.words import value_words

ways: Final = Ways()
_ROWS: Final = 50
_FILTERS: Final = ("user_id", "kind", "from", "to")


@ways.get("/desk/audit")
async def audit(page: Page) -> Response:
    """List sign-ins, refused ones and reads of personal data, the newest first."""
    await who(page)
    form = Form.opened({name: page.query.get(name) for name in _FILTERS})
    asked = {
        "user_id": form.text("user_id"),
        "kind": form.text("kind"),
        "from": begin_of_day(typed_day(form, "from")),
        "to": end_of_day(typed_day(form, "to")),
        "limit": _ROWS,
        "cursor": page.query.get("cursor"),
    }
    listed = await ask(page, "/audit", asked, form)
    call = page.client.called("/audit")
    # Of the one who is asked for alone: to read who somebody is, is recorded as well.
    person = asked["user_id"]
    user = await page.client.find(f"/users/{person}") if person and listed else None
    return page.show(
        "desk/audit.html",
        status=status_of(form),
        form=form,
        listed=listed,
        people={} if user is None else {person: user},
        kinds=list(value_words()["own_access"]),
        call=call,
        refusals=await refusals_of(page, listed["data"] if listed else []),
    )
