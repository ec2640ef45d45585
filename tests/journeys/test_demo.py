"""The demo world: believable, sound, and made once."""

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.entry.cli import demo
from app.kernel.db import make_engine, reading, rows_of
from app.registry import invariants
from tests.conftest import Api, Registry, settings_for


async def rows(url: str, query: str) -> list[dict[str, Any]]:
    engine = make_engine(url, connections_max=1)
    try:
        async with reading(engine) as connection:
            return await rows_of(connection, query)
    finally:
        await engine.dispose()


async def test_the_world_is_sound_and_in_every_state(database_url: str, tmp_path: Path) -> None:
    """A newcomer looks at the demo first: it must show what the registry is for."""
    await demo.fill(settings_for(database_url, tmp_path))
    activities = await rows(database_url, "SELECT methodology_code, status FROM activities")
    assert Counter((row["methodology_code"], row["status"]) for row in activities) == {
        ("T-VER-S-METH-01-01", "registered"): 1,
        ("T-VER-P-METH-13-02", "registered"): 1,
        ("DEMO-LED-01", "registered"): 1,
        ("DEMO-COMPOST-01", "registered"): 1,
        ("DEMO-COMPOST-01", "withdrawn"): 1,
        ("DEMO-LANDFILL-01", "under_validation"): 1,
        ("DEMO-LANDFILL-01", "refused"): 1,
        ("DEMO-LESS-01", "registered"): 1,
        ("DEMO-TREES-01", "draft"): 1,
    }
    reports = await rows(database_url, "SELECT status FROM monitoring_reports")
    assert Counter(row["status"] for row in reports) == {
        "issued": 3,
        "verified": 1,
        "recognised": 1,
    }
    sites = await rows(database_url, "SELECT province_code, name FROM sites")
    assert {row["province_code"] for row in sites} == {"40", "54", "71", "81"}
    assert all("สมมติ" in row["name"] for row in sites)
    named = await rows(database_url, "SELECT name_en, description FROM activities")
    assert all("ynthetic" in row["name_en"] and "สมมติ" in row["description"] for row in named)
    totals = await rows(
        database_url,
        "SELECT account_id, sum(credits) AS credits FROM balances WHERE account_id < 1000"
        " GROUP BY account_id",
    )
    # 471 + 498 + 352 + 871 whole credits issued; 105 of the mangrove's to the buffer; 170 retired.
    assert {r["account_id"]: r["credits"] for r in totals} == {1: -2_192, 2: 105, 4: 170}
    engine = make_engine(database_url, connections_max=1)
    async with reading(engine) as connection:
        assert await invariants.check(connection) == []
    await engine.dispose()


async def test_it_is_made_once(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(database_url, tmp_path)
    await demo.fill(settings)
    before = await rows(database_url, "SELECT size, root FROM log_head")
    written = (tmp_path / "demo.json").read_text(encoding="utf-8")
    await demo.fill(settings)
    assert await rows(database_url, "SELECT size, root FROM log_head") == before
    assert (tmp_path / "demo.json").read_text(encoding="utf-8") == written


async def test_without_its_file_it_says_how_to_begin_anew(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Passwords are chosen once and kept as hashes: nobody can write the file a second time."""
    await demo.fill(settings_for(database_url, tmp_path / "first"))
    assert capsys.readouterr().out == ""
    await demo.fill(settings_for(database_url, tmp_path / "second"))
    assert "--fresh --demo" in capsys.readouterr().out
    assert not (tmp_path / "second" / "demo.json").exists()


async def test_its_people_can_sign_in(registry: Registry, api: Api, tmp_path: Path) -> None:
    """The passwords stand in one file that only the installation's owner can read."""
    await demo.fill(settings_for(registry.url, tmp_path))
    file = tmp_path / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = json.loads(file.read_text(encoding="utf-8"))
    assert len({user["password"] for user in written["users"]}) == len(written["users"]) == 14
    for user in written["users"]:
        answer = await api.post(
            "/v1/tokens",
            json={
                "grant_type": "password",
                "email": user["email"],
                "password": user["password"],
            },
        )
        assert answer.status_code == 200, answer.text
    key = {"grant_type": "client_credentials", **written["api_key"]}
    assert (await api.post("/v1/tokens", json=key)).status_code == 200
