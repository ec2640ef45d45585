"""What the registry refuses with: the list of all refusals, and the page each `type` leads to."""

from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from app.entry.api.context import StrictRoute
from app.entry.api.wire import Shown, show
from app.entry.problems import NoSuchAddressError, refused, status_of
from app.kernel.errors import RegistryError, refusals

router = APIRouter(prefix="/problems", tags=["service"], route_class=StrictRoute)
pages = APIRouter(tags=["service"], route_class=StrictRoute)

RefusalCode = Annotated[
    str,
    Path(
        pattern=r"^[a-z][a-z0-9_]{0,59}$",
        description="Stable code of a refusal, the last part of a problem's `type`.",
        examples=["not_allowed"],
    ),
]


class RefusalShown(Shown):
    """One way in which the registry refuses."""

    code: str = Field(description="Stable code, unique.", examples=["not_allowed"])
    number: int = Field(description="Stable number, unique.", examples=[2001])
    status: int = Field(description="HTTP status it comes with.", examples=[403])
    title_en: str = Field(
        description="What it says, in English.", examples=["Your role does not allow this."]
    )
    title_th: str = Field(
        description="What it says, in Thai.", examples=["บทบาทของท่านไม่อนุญาตให้ดำเนินการนี้"]
    )
    advice_en: str = Field(
        description="What to do, in English; names in braces are filled in from `facts`.",
        examples=["Ask for at most {held}."],
    )
    advice_th: str = Field(
        description="What to do, in Thai; names in braces are filled in from `facts`.",
        examples=["โปรดขอไม่เกิน {held}"],
    )


class RefusalsShown(Shown):
    """All refusals, in the order of their numbers."""

    data: list[RefusalShown] = Field(description="Every refusal there is; the list is short.")


@router.get(
    "",
    response_model=RefusalsShown,
    summary="List all refusals",
    operation_id="list_refusals",
)
async def list_refusals() -> Response:
    """List every refusal with its code, number, status, and what it says in English and Thai."""
    return show(RefusalsShown(data=[_shown(refusal) for refusal in refusals()]))


@pages.get(
    "/problems/{code}",
    response_model=RefusalShown,
    responses={
        **refused(NoSuchAddressError),
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    },
    summary="Explain a refusal",
    operation_id="get_refusal",
)
async def get_refusal(request: Request, code: RefusalCode) -> Response:
    """Explain the refusal that a problem's `type` names: as a page for browsers, else as JSON."""
    found = next((refusal for refusal in refusals() if refusal.code == code), None)
    if found is None:
        raise NoSuchAddressError
    shown = _shown(found)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(shown), headers={"Vary": "Accept"})
    response = show(shown)
    response.headers["Vary"] = "Accept"
    return response


def _shown(refusal: type[RegistryError]) -> RefusalShown:
    return RefusalShown(
        code=refusal.code,
        number=refusal.number,
        status=status_of(refusal),
        title_en=refusal.title_en(),
        title_th=refusal.title_th,
        advice_en=refusal.advice,
        advice_th=refusal.advice_th,
    )


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{code}</title>
<h1><code>{code}</code> ({number}, HTTP {status})</h1>
<section lang="th"><h2>{title_th}</h2><p>{advice_th}</p></section>
<section lang="en"><h2>{title_en}</h2><p>{advice_en}</p></section>
</html>
"""


def _page(shown: RefusalShown) -> str:
    return _PAGE.format(**{name: escape(str(value)) for name, value in shown.model_dump().items()})
