"""The working calendar over HTTP and from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.entry import logging
from app.entry.cli.commands import cli
from app.registry.calendar.catalogue import FOLDER
from app.registry.parties.rules import Role
from tests.builders.parties import Register, Service, an_authority, bearer

SONGKRAN = {
    "day": "2028-04-13",
    "name_th": "วันสงกรานต์",
    "name_en": "Songkran Festival",
    "source": "made up for this test",
}


async def test_anybody_reads_the_calendar(api: Service) -> None:
    listed = (await api.get("/v1/calendar?limit=1")).json()
    assert [year["year"] for year in listed["data"]] == [2026]
    second = (await api.get(f"/v1/calendar?cursor={listed['next_cursor']}")).json()
    assert [year["year"] for year in second["data"]] == [2027]
    found = await api.get("/v1/calendar/2026")
    assert (found.status_code, found.headers["etag"]) == (200, '"1"')
    names = {day["day"]: day["name_th"] for day in found.json()["holidays"]}
    assert names["2026-04-13"] == "วันสงกรานต์"
    missing = await api.get("/v1/calendar/2031")
    assert (missing.status_code, missing.json()["code"]) == (404, "calendar_year_not_found")
    assert (await api.get("/v1/calendar/1999")).status_code == 422


async def test_an_administrator_enters_a_year(api: Service, registry: Register) -> None:
    authority = await an_authority(registry)
    headers = bearer(api, authority[Role.ADMINISTRATOR])
    body = {"holidays": [SONGKRAN], "note": "Only one so far."}
    unbound = await api.put("/v1/calendar/2028", json=body, headers=headers)
    assert (unbound.status_code, unbound.json()["code"]) == (428, "precondition_required")
    new = {**headers, "If-Match": '"0"'}
    made = await api.put("/v1/calendar/2028", json=body, headers=new)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    read = await api.get("/v1/calendar/2028")
    assert read.json() == made.json()
    assert read.json()["holidays"] == [SONGKRAN]
    again = await api.put("/v1/calendar/2028", json=body, headers=new)
    assert (again.status_code, again.json()["code"]) == (412, "calendar_stale")
    assert again.json()["facts"] == {"version": 1}
    other = bearer(api, authority[Role.OFFICER]) | {"If-Match": '"1"'}
    refused = await api.put("/v1/calendar/2028", json=body, headers=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_a_year_too_long_for_an_act_is_refused(api: Service, registry: Register) -> None:
    authority = await an_authority(registry)
    headers = bearer(api, authority[Role.ADMINISTRATOR]) | {"If-Match": '"0"'}
    days = [f"2028-{month:02d}-{day:02d}" for month in range(1, 5) for day in range(1, 26)]
    long = "ก" * 200
    holidays = [{"day": day, "name_th": long, "name_en": long, "source": long} for day in days]
    refused = await api.put("/v1/calendar/2028", json={"holidays": holidays}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "act_too_large")


# -------------------------------------------------------------------- from the command line


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of the whole run must not change its form because a command was tried."""
    monkeypatch.setattr(logging, "configure", lambda _form: None)


def run(url: str, data: Path, *arguments: str) -> Result:
    environ = {"DATABASE_URL": url, "REGISTRY_DATA": str(data), "COLUMNS": "200"}
    return CliRunner().invoke(cli, arguments, env=environ)


@pytest.mark.usefixtures("quiet")
def test_a_year_is_entered_from_a_table(database_url: str, tmp_path: Path) -> None:
    """Also a shipped one, which an older register does not start with."""
    nobody = run(database_url, tmp_path, "calendar", str(FOLDER / "2027.csv"))
    assert nobody.exception is not None
    run(database_url, tmp_path, "admin", "create", "--email", "a@tgo.example", "--name", "A")
    entered = run(database_url, tmp_path, "calendar", str(FOLDER / "2027.csv"), "--note", "Again.")
    assert entered.exit_code == 0, entered.output
    assert "2027, version 2" in entered.output
    assert "วันสงกรานต์" in entered.output


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("day,name_th,name_en\n2028-04-13,ก,a\n", "the column source is missing"),
        ("day,name_th,name_en,source\n13/4/2571,ก,a,x\n", "line 2: '13/4/2571' is no day"),
        ("day,name_th,name_en,source\n20280413,ก,a,x\n", "line 2: '20280413' is no day"),
        ("day,name_th,name_en,source\n2028-04-31,ก,a,x\n", "line 2: '2028-04-31' is no day"),
        ("day,name_th,name_en,source\n2028-04-13,ก,,x\n", "line 2: names and source"),
        ("day,name_th,name_en,source\n", "it has 0 days"),
    ],
)
def test_a_table_that_is_no_calendar_changes_nothing(
    database_url: str, tmp_path: Path, table: str, said: str
) -> None:
    run(database_url, tmp_path, "admin", "create", "--email", "a@tgo.example", "--name", "A")
    file = tmp_path / "2028.csv"
    file.write_text(table, encoding="utf-8")
    refused = run(database_url, tmp_path, "calendar", str(file))
    assert refused.exception is not None
    assert said in str(getattr(refused.exception, "facts", refused.output))
