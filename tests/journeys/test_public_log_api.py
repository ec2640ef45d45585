"""The published log over HTTP, in the formats that independent tools read."""

import base64
from pathlib import Path
from typing import Any

import pytest
from proofbundle.checkpoint import verify_checkpoint
from proofbundle.tlogproof import verify_tlog_proof

from app.registry.log.checkpoints import parse_checkpoint
from app.registry.log.growth import Growth
from app.registry.log.notes import VerifierKey
from app.registry.log.policy import parse_policy
from app.registry.log.receipts import Receipt
from app.registry.log.tiles import BUNDLE, WIDTH, Tile, decode_bundle, tiles_between
from tests.builders.answers import refused
from tests.builders.ledger import Holders, a_batch, move, oldest, two_holders
from tests.builders.parties import Service
from tests.builders.publishing import ORIGIN, publish
from tests.conftest import Registry


async def published_after(
    registry: Registry, data: Path, holders: Holders, *, transfers: int
) -> int:
    """Move some credits and have it published; returns the log index of the last transfer."""
    last = 0
    for _ in range(transfers):
        movement = await move(
            registry, holders.owner, holders.account, holders.elsewhere, oldest(1)
        )
        last = movement.log_index
    await publish(registry.url, data)
    return last


async def busy(registry: Registry, data: Path, *, transfers: int = 1) -> int:
    """Do a few acts and have them published; returns the log index of the last transfer."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    return await published_after(registry, data, holders, transfers=transfers)


async def text(api: Service, path: str) -> str:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    return str(response.text)


async def test_nothing_is_served_before_it_is_published(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    holders = await two_holders(registry)
    for path, code in (
        ("/log/checkpoint", "log_not_published"),
        ("/log/tile/0/000.p/1", "log_tile_not_found"),
        ("/log/key", "no_such_address"),
        ("/log/policy", "no_such_address"),
        ("/v1/log/receipts/0", "log_not_published"),
    ):
        refused(await api.get(path), 404, code)
    head = (await api.get("/v1/log/head")).json()
    assert (head["size"], head["published_at"]) == (0, None)
    assert head["recorded_size"] > 0
    await publish(registry.url, tmp_path)
    published = (await api.get("/v1/log/head")).json()["size"]
    await a_batch(registry, holders.administrator, holders.account)
    width = published + 1
    for path, code in (
        (f"/log/tile/0/000.p/{width}", "log_tile_not_found"),
        (f"/log/tile/entries/000.p/{width}", "log_tile_not_found"),
        (f"/v1/log/receipts/{published}", "log_not_published"),
        (f"/v1/log/entries/{published}/inclusion", "log_not_published"),
    ):
        refused(await api.get(path), 404, code)
    refused(await api.get(f"/v1/log/consistency?old_size={width}"), 404, "log_size_invalid")


async def test_the_checkpoint_is_accepted_by_a_tool_we_did_not_write(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    await busy(registry, tmp_path)
    note = await text(api, "/log/checkpoint")
    (key,) = (await text(api, "/log/key")).splitlines()
    verified = verify_checkpoint(note, key)
    head = (await api.get("/v1/log/head")).json()
    assert verified["ok"]
    assert (verified["origin"], verified["tree_size"]) == (ORIGIN, head["size"])
    assert verified["root"] == base64.b64decode(head["root"])
    policy = parse_policy((await text(api, "/log/policy")).encode())
    assert policy.of_origin(ORIGIN) == [VerifierKey.parse(key)]


async def test_the_log_is_rebuilt_from_its_tiles_alone(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """Past one full tile, and with nothing but what a static host could serve."""
    await busy(registry, tmp_path, transfers=300)
    _, checkpoint = parse_checkpoint((await text(api, "/log/checkpoint")).encode())
    assert checkpoint.size > WIDTH
    grown = Growth()
    tiles: dict[Tile, bytes] = {}
    for tile in tiles_between(0, checkpoint.size):
        response = await api.get(f"/log/{tile.path}")
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in response.headers["Cache-Control"]
        if tile.level == BUNDLE:
            for leaf in decode_bundle(response.content, tile.width):
                grown.add(leaf, grown.frontier.append(leaf))
        tiles[tile] = response.content
    assert grown.frontier.root() == checkpoint.root
    assert tiles == {**grown.filled, **grown.partial()}
    # The same folder, read as files.
    for tile, content in tiles.items():
        assert (tmp_path / "log" / tile.path).read_bytes() == content


async def test_a_partial_tile_is_still_served_when_its_full_tile_is_out(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """For tools that planned their reads on an earlier checkpoint."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    early = await published_after(registry, tmp_path, holders, transfers=1) + 1
    partials = tmp_path / "log" / "tile/0/000.p"
    assert [file.name for file in partials.iterdir()] == [str(early)]
    paths = [f"/log/tile/0/000.p/{early}", f"/log/tile/entries/000.p/{early}"]
    await published_after(registry, tmp_path, holders, transfers=300)
    assert list(partials.iterdir()) == []
    hashes, bundle = [(await api.get(path)).content for path in paths]
    assert (tmp_path / "log" / "tile/0/000").read_bytes()[: early * 32] == hashes
    assert len(decode_bundle(bundle, early)) == early


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/x000/000",
        "8/000",
        "00/000",
        "entries/000.p/1/",
        "0/000.p",
        "entries",
        "0/%30%30%30x",
    ],
)
async def test_an_address_that_no_tile_has_is_refused(
    registry: Registry, api: Service, tmp_path: Path, path: str
) -> None:
    await busy(registry, tmp_path)
    answer = await api.get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] in {"log_tile_not_found", "no_such_address"}


async def test_a_receipt_convinces_a_tool_we_did_not_write(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """Offline, from the file, the act's bytes and the log's key."""
    index = await busy(registry, tmp_path)
    receipt = await text(api, f"/v1/log/receipts/{index}")
    shown: dict[str, Any] = (
        await api.get(f"/v1/log/receipts/{index}", headers={"Accept": "application/json"})
    ).json()
    leaf = base64.b64decode(shown["leaf"])
    (key,) = (await text(api, "/log/key")).splitlines()
    assert verify_tlog_proof(receipt, leaf, key)["ok"]
    assert not verify_tlog_proof(receipt, leaf + b" ", key)["ok"]
    assert shown["receipt"] == receipt
    assert Receipt.parse(receipt.encode()).proves(leaf)
    assert shown["checkpoint"] == await text(api, "/log/checkpoint")
    refused(await api.get("/v1/log/receipts/99999"), 404, "log_entry_not_found")
    for malformed in ("x", "-1", "01", "+1", "1e3", "1.0", "%D9%A1", str(2**53), str(2**64)):
        path = f"/v1/log/receipts/{malformed}"
        refused(await api.get(path), 404, "log_number_malformed")
