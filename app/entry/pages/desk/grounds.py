"""What an order of TGO rests on: words and one document; and by whom it was given."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from app.entry.pages.answers import Json
from app.entry.pages.client import RefusedError
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
    return await _found(page, "/orders", order_ids)


async def people_of(page: Page, orders: Iterable[Json]) -> dict[str, Json]:
    """Return the officers who proposed and approved orders, by identifier."""
    ids = [each[word] for each in orders for word in ("proposed_by", "approved_by")]
    return await _found(page, "/users", ids)


async def _found(page: Page, path: str, ids: Iterable[str | None]) -> dict[str, Json]:
    wanted = sorted({each for each in ids if each is not None})
    found = await asyncio.gather(*(page.client.find(f"{path}/{each}") for each in wanted))
    return {each: one for each, one in zip(wanted, found, strict=True) if one is not None}
