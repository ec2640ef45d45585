"""Lists that are filtered: what the API found wrong with a filter stands beside its field."""

from collections.abc import Mapping
from typing import Any, Final

from app.entry.pages.answers import Json
from app.entry.pages.client import Params, RefusedError
from app.entry.pages.forms import Form
from app.entry.pages.render import Page

_SHOWN_IN_PLACE: Final = frozenset({404, 422})
# Where much is passed over, the API answers with nothing yet and a place to go on from.
_CALLS_MAX: Final = 5
# What the API calls the ends of a period, and what the fields of a form are called.
PERIOD: Final = {"recorded_from": "from", "recorded_before": "to", "as_of": "on"}


async def ask(page: Page, path: str, asked: Params, form: Form) -> Json | None:
    """
    Return what the API answers; None: a filter was refused, and the form says which.

    Args:
        page: the page.
        path: of the list.
        asked: its query.
        form: what was typed.

    Raises:
        RefusedError: the whole page was refused, not a filter.
    """
    try:
        return await page.client.get(path, asked)
    except RefusedError as refused:
        if refused.status not in _SHOWN_IN_PLACE:
            raise
        form.problem = _in_fields(page, refused.problem)
        return None


async def ask_on(page: Page, path: str, asked: Params, form: Form) -> Json | None:
    """Return the first rows of a list that there are, going on where the API found none yet."""
    listed = await ask(page, path, asked, form)
    for _ in range(_CALLS_MAX - 1):
        if listed is None or listed["data"] or not listed["has_more"]:
            break
        listed = await ask(page, path, {**asked, "cursor": listed["next_cursor"]}, form)
    return listed


def status_of(form: Form) -> int:
    """Return the status of a page with a filter form."""
    return 200 if form.problem is None else int(form.problem["status"])


def _in_fields(page: Page, problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem in the fields of the form, with how people write what stands in them."""
    written = {
        **dict.fromkeys(("from", "to", "on"), page.say("Write a day such as 31/1/2026.")),
        "account": page.say("Write the number of an account such as TH-001001-05."),
    }
    errors = []
    for each in problem.get("errors") or ():
        name = each["pointer"].rpartition("/")[2]
        field = PERIOD.get(name, name)
        message = written.get(field, each["message"])
        errors.append({"pointer": f"/query/{field}", "message": message})
    return {**problem, "errors": errors}
