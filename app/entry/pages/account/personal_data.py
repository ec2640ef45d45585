"""All that the register holds of the reader: to read, and to take away."""

from typing import Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
PERSONAL_DATA: Final = "/account/personal-data"
ACCESS: Final = "/account/audit"
_ROWS: Final = 50
_FAILED: Final = "sign_in_failed"


@ways.get(PERSONAL_DATA)
async def personal_data(page: Page) -> Response:
    """Show what is kept of the reader."""
    me = await page.client.get("/users/me")
    held = await page.client.get(f"/users/{me['id']}/personal-data")
    return page.show("account/personal_data.html", held=held)


@ways.get(f"{PERSONAL_DATA}/file")
async def take_away(page: Page) -> Response:
    """Give the same as a file, byte for byte as the API answers it."""
    me = await page.client.get("/users/me")
    answer = await page.client.ask("GET", f"/users/{me['id']}/personal-data")
    headers = {"Content-Disposition": 'attachment; filename="personal-data.json"'}
    return Response(answer.body, 200, headers, media_type="application/json")


@ways.get(ACCESS)
async def access(page: Page) -> Response:
    """List the reader's sign-ins, and who read about them, the newest first."""
    me = await page.client.get("/users/me")
    asked = {"limit": _ROWS, "cursor": page.query.get("cursor"), "kind": page.query.get("kind")}
    listed = await page.client.get(f"/users/{me['id']}/audit", asked)
    return page.show(
        "account/access.html",
        listed=listed,
        asked=asked,
        refusals=await refusals_of(page, listed["data"]),
    )


async def refusals_of(page: Page, records: list[Json]) -> dict[str, Json]:
    """Return the refusals, by code, if there is a record of one."""
    if all(each["kind"] != _FAILED for each in records):
        return {}
    return {each["code"]: each for each in (await page.client.get("/problems"))["data"]}
