"""What an order of TGO rests on: words and one document; and by whom it was given."""

from collections.abc import Iterable
from typing import Any, Final

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import found_by_id, people_of
from app.entry.pages.forms import Form
from app.entry.pages.render import Page

GROUND_FIELDS: Final = ("reason", "document_id", "document_sha256")


def ground_of(form: Form) -> dict[str, Any]:
    """Return what was typed of an order's ground, as the API takes it."""
    return {name: form.text(name) for name in GROUND_FIELDS}


def opened_ground(page: Page) -> dict[str, str]:
    """Return what an address says of a ground, as where a document was added first."""
    return {name: page.query[name] for name in GROUND_FIELDS if name in page.query}


def under(refused: RefusedError, place: str) -> RefusedError:
    """Return a refusal whose fields are named as where they are nested in another body."""
    for each in refused.problem.get("errors") or ():
        each["pointer"] = each["pointer"].replace("/body/", f"/body/{place}/", 1)
    return refused


async def orders_of(page: Page, order_ids: Iterable[str | None]) -> dict[str, Json]:
    """Return orders by their identifiers, as far as the reader may see them."""
    return await found_by_id(page, "/orders", order_ids)


async def officers_of(page: Page, orders: Iterable[Json]) -> dict[str, Json]:
    """Return the officers who proposed and approved orders, by identifier."""
    return await people_of(
        page, (each[word] for each in orders for word in ("proposed_by", "approved_by"))
    )
