"""Forms that the API has refused: shown once more, or left to the frame of all pages."""

from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.confirming import NEEDED
from app.entry.pages.forms import Form
from app.entry.pages.render import Page

_UNAUTHENTICATED: Final = 401


def mine_to_show(refused: RefusedError) -> RefusedError:
    """
    Return a refusal that a form shows.

    Raises:
        RefusedError: it is one that the frame answers, by a page to sign in or to give a code.
    """
    if refused.status == _UNAUTHENTICATED or refused.code == NEEDED:
        raise refused
    return refused


def again(
    page: Page,
    template: str,
    sent: FormData,
    refused: RefusedError,
    **facts: Any,  # noqa: ANN401  as templates take them
) -> Response:
    """Show a form once more, as it was sent, with what was wrong."""
    form = Form.sent(sent, mine_to_show(refused))
    return page.show(template, status=refused.status, form=form, **facts)
