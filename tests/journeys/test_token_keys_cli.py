"""``registry rotate-token-key``, and a service that follows it."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.entry.cli.commands import cli
from app.entry.cli.token_keys import AHEAD
from app.entry.token_keys import look_for_keys
from app.kernel import clock
from tests.builders.parties import Register, Service, a_holder, bearer
from tests.builders.signing_in import ME, TOKENS, bearing, by_refresh_token, signed_in

KEYS = "/v1/tokens/keys"


async def kids(api: Service) -> list[str]:
    return [key["kid"] for key in (await api.get(KEYS)).json()["keys"]]


def rotate(monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> str:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("REGISTRY_DATA", str(folder))
    result = CliRunner().invoke(cli, ["rotate-token-key", *options])
    assert result.exit_code == 0, result.output
    return result.output


def look(api: Service, folder: Path) -> None:
    """Have the service look for keys, as it does once a minute."""
    look_for_keys(api.app.state.token_keys, folder, api.app.state.identities)


async def test_the_next_key_is_found_and_signs_in_a_day(
    registry: Register, api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await a_holder(registry)
    before = bearer(api, holder)
    (old,) = await kids(api)
    rotate(monkeypatch, tmp_path)
    look(api, tmp_path)
    new, still = await kids(api)
    assert (still, new != old) == (old, True)
    assert (await api.get(ME, headers=before)).status_code == 200
    later = clock.now() + AHEAD + timedelta(minutes=15)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await kids(api) == [new]
    assert (await api.get(ME, headers=bearer(api, holder))).status_code == 200


async def test_after_a_theft_old_tokens_are_refused_and_people_refresh(
    registry: Register, api: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(registry, api, await a_holder(registry))
    assert (await api.get(ME, headers=bearing(session))).status_code == 200
    rotate(monkeypatch, tmp_path, "--at-once")
    look(api, tmp_path)
    refused = await api.get(ME, headers=bearing(session))
    assert (refused.status_code, refused.json()["code"]) == (401, "token_refused")
    grant = by_refresh_token(session["refresh_token"])
    refreshed = (await api.post(TOKENS, json=grant)).json()
    assert (await api.get(ME, headers=bearing(refreshed))).status_code == 200


async def test_a_folder_that_cannot_be_read_leaves_the_keys_as_they_are(
    api: Service, tmp_path: Path
) -> None:
    before = await kids(api)
    (tmp_path / "token-key-20261124T083000Z.pem").write_text("not a key")
    look(api, tmp_path)
    assert await kids(api) == before
