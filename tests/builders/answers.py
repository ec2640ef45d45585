"""Reading what the service answers."""

from collections.abc import Awaitable, Mapping
from typing import Any

from httpx2 import Response

from app.kernel.errors import RegistryError
from tests.builders.parties import Service


def refused(response: Response, status: int, code: str) -> None:
    """Assert that an answer is this refusal."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


async def every_row(
    api: Service, path: str, headers: Mapping[str, str] | None = None, *, limit: int
) -> list[Any]:
    """Follow a list's cursors from its first page to its last."""
    rows: list[Any] = []
    cursor = ""
    while True:
        sign = "&" if "?" in path else "?"
        response = await api.get(f"{path}{sign}limit={limit}{cursor}", headers=headers)
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page["data"]) <= limit
        assert page["has_more"] is (page["next_cursor"] is not None)
        rows += page["data"]
        if not page["has_more"]:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


async def code_of(act: Awaitable[object]) -> str:
    """Return the code that an act is refused with; "done": it was not."""
    try:
        await act
    except RegistryError as refusal:
        return refusal.code
    return "done"
