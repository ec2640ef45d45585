"""Open data: the public tables as files, with what their columns are."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import FileResponse, JSONResponse, Response

from app.entry.pages.checking.flattening import described
from app.entry.pages.checking.open_data import OpenData, files_of
from app.entry.pages.checking.open_tables import open_tables
from app.entry.pages.client import Client
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.kernel.errors import NotFoundError

ways: Final = Ways()
_FOR_AN_HOUR: Final = "public, max-age=3600"
_KINDS: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class NoOpenFileError(NotFoundError):
    """There is no such file of open data now."""

    code = "no_open_file"
    number = 4241
    title_th = "ขณะนี้ไม่มีไฟล์ข้อมูลเปิดนี้"
    advice = "The page of open data lists the files. Where they are being made, try in a minute."
    advice_th = "หน้าข้อมูลเปิดแสดงรายการไฟล์ หากกำลังจัดทำ โปรดลองใหม่ในหนึ่งนาที"


@ways.get("/data")
async def data(page: Page) -> Response:
    """List the files, and say what they hold."""
    kept = _open_data(page)
    await described(page.request.app)
    _make_soon(page, kept)
    return page.show(
        "checking/data.html",
        manifest=kept.served(),
        tables={table.name: table for table in open_tables(page.request.app)},
        licence=page.request.app.state.settings.open_data_licence,
    )


@ways.get("/data/{name}")
async def data_file(page: Page) -> Response:
    """
    Give one file, or `schema.json`, which says what the columns are.

    Raises:
        NoOpenFileError: there is none of this name, or not yet.
    """
    name = page.step("name")
    await described(page.request.app)
    if name == "schema.json":
        return JSONResponse(_schema(page), headers={"Cache-Control": _FOR_AN_HOUR})
    kept = _open_data(page)
    _make_soon(page, kept)
    manifest = kept.served()
    found = next((f for f in files_of(manifest) if f["name"] == name), None) if manifest else None
    if found is None:
        raise NoOpenFileError
    tag = f'"{found["sha256"]}"'
    headers = {"ETag": tag, "Cache-Control": _FOR_AN_HOUR}
    if tag in page.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    suffix = name.rpartition(".")[2]
    path = kept.folder / found["stored"]
    return FileResponse(path, headers=headers, media_type=_KINDS[suffix], filename=name)


def _schema(page: Page) -> Mapping[str, Any]:
    return {
        "licence": page.request.app.state.settings.open_data_licence or None,
        "tables": [
            {
                "name": table.name,
                "call": f"/v1{table.call}",
                "columns": [
                    {"name": c.name, "type": c.kind, "description": c.text} for c in table.columns
                ],
            }
            for table in open_tables(page.request.app)
        ],
    }


def _open_data(page: Page) -> OpenData:
    """Return the files of this installation; which process is making them, each knows itself."""
    state = page.request.app.state
    if not hasattr(state, "open_data"):
        state.open_data = OpenData(state.settings.data / "open-data")
    kept: OpenData = state.open_data
    return kept


def _make_soon(page: Page, kept: OpenData) -> None:
    # Asked in nobody's name: it is to hold what everybody may see.
    visitor = Client(page.client.api, page.request, "en")
    kept.make_soon(visitor, open_tables(page.request.app))
