"""The public log over HTTP: everything in it, proven with nothing but hashes."""

import base64
import json
from pathlib import Path
from typing import Any

from app.registry.log.merkle import (
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.builders.answers import every_row, refused
from tests.builders.ledger import a_batch, move, oldest, retire, two_holders
from tests.builders.parties import Service
from tests.builders.publishing import publish
from tests.conftest import Registry

HEAD, ENTRIES, CONSISTENCY = "/v1/log/head", "/v1/log/entries", "/v1/log/consistency"


async def busy(registry: Registry, data: Path) -> int:
    """Do a few acts and have them published; returns the log index of a transfer."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    movement = await move(registry, holders.owner, holders.account, holders.elsewhere, oldest(5))
    await retire(registry, holders.owner, holders.account, oldest(5))
    await publish(registry.url, data)
    return movement.log_index


def binary(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


async def got(api: Service, path: str) -> dict[str, Any]:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def test_a_reader_rebuilds_the_whole_tree(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """From the published leaves to the published root, without a token and without trust."""
    await busy(registry, tmp_path)
    head = await got(api, HEAD)
    rows = await every_row(api, ENTRIES, limit=7)
    frontier = Frontier()
    for row in rows:
        leaf = binary(row["leaf"])
        frontier.append(leaf)
        assert leaf_hash(leaf) == binary(row["leaf_hash"])
        assert json.loads(leaf) == row["act"]
        assert row["act"]["kind"] == row["kind"]
        assert row["act"]["subject"] == row["subject"]
    assert [row["log_index"] for row in rows] == list(range(head["size"]))
    assert frontier.root() == binary(head["root"])
    assert await every_row(api, ENTRIES, limit=200) == rows
    assert rows[-1]["recorded_at"] == head["recorded_at"]


async def test_entries_are_read_from_any_index(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    size = await busy(registry, tmp_path) + 2
    rows = await every_row(api, f"{ENTRIES}?first={size - 5}", limit=2)
    assert [row["log_index"] for row in rows] == list(range(size - 5, size))
    for first in (size, 2**53 - 1):
        page = await got(api, f"{ENTRIES}?first={first}")
        assert page == {"data": [], "next_cursor": None, "has_more": False}
    last = await got(api, f"{ENTRIES}?first={size - 1}&limit=1")
    assert (len(last["data"]), last["has_more"]) == (1, False)


async def test_one_act_is_read_with_the_bytes_that_were_hashed(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    index = await busy(registry, tmp_path)
    shown = await got(api, f"{ENTRIES}/{index}")
    assert (shown["log_index"], shown["kind"]) == (index, "credits.transferred")
    assert shown == (await got(api, f"{ENTRIES}?first={index}&limit=1"))["data"][0]


async def test_every_act_is_proven_to_be_in_the_log(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """Against the published head, with the verifier that outsiders have."""
    await busy(registry, tmp_path)
    head = await got(api, HEAD)
    for index in range(0, head["size"], 3):
        shown = await got(api, f"{ENTRIES}/{index}/inclusion")
        assert (shown["size"], shown["root"]) == (head["size"], head["root"])
        assert verify_inclusion(
            index=shown["entry"]["log_index"],
            size=shown["size"],
            leaf=leaf_hash(binary(shown["entry"]["leaf"])),
            proof=[binary(step) for step in shown["proof"]],
            root=binary(shown["root"]),
        )


async def test_an_act_is_proven_in_an_earlier_size(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """For somebody who kept an old root."""
    index = await busy(registry, tmp_path)
    shown = await got(api, f"{ENTRIES}/{index}/inclusion?size={index + 1}")
    consistent = await got(api, f"{CONSISTENCY}?old_size={index + 1}")
    assert shown["root"] == consistent["old_root"]
    assert verify_inclusion(
        index=index,
        size=index + 1,
        leaf=binary(shown["entry"]["leaf_hash"]),
        proof=[binary(step) for step in shown["proof"]],
        root=binary(shown["root"]),
    )


async def test_the_log_is_proven_to_have_only_grown(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """From any head that anybody wrote down."""
    await publish(registry.url, tmp_path)
    noted = await got(api, HEAD)
    await busy(registry, tmp_path)
    head = await got(api, HEAD)
    shown = await got(api, f"{CONSISTENCY}?old_size={noted['size']}")
    assert shown["old_root"] == noted["root"]
    assert (shown["size"], shown["root"]) == (head["size"], head["root"])
    for old_size, size in ((1, 2), (3, 8), (5, 5), (7, head["size"])):
        shown = await got(api, f"{CONSISTENCY}?old_size={old_size}&size={size}")
        assert verify_consistency(
            old_size=shown["old_size"],
            size=shown["size"],
            old_root=binary(shown["old_root"]),
            root=binary(shown["root"]),
            proof=[binary(step) for step in shown["proof"]],
        )


async def test_what_the_log_never_had_is_refused(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """At the limits and one beyond."""
    index = await busy(registry, tmp_path)
    size = index + 2
    for path, status, code in (
        (f"{ENTRIES}/{size}", 404, "log_entry_not_found"),
        (f"{ENTRIES}/{2**53 - 1}", 404, "log_entry_not_found"),
        (f"{ENTRIES}/{2**53}", 404, "log_number_malformed"),
        (f"{ENTRIES}/-1", 404, "log_number_malformed"),
        (f"{ENTRIES}/{size}/inclusion", 404, "log_entry_not_found"),
        (f"{ENTRIES}/{index}/inclusion?size={index}", 404, "log_size_invalid"),
        (f"{ENTRIES}/{index}/inclusion?size=0", 404, "log_size_invalid"),
        (f"{ENTRIES}/{index}/inclusion?size={size + 1}", 404, "log_size_invalid"),
        (f"{ENTRIES}/{index}/inclusion?tree_size=1", 422, "malformed"),
        (f"{CONSISTENCY}", 422, "malformed"),
        (f"{CONSISTENCY}?old_size=0", 404, "log_size_invalid"),
        (f"{CONSISTENCY}?old_size={size + 1}", 404, "log_size_invalid"),
        (f"{CONSISTENCY}?old_size=5&size=4", 404, "log_size_invalid"),
        (f"{CONSISTENCY}?old_size=5&size={size + 1}", 404, "log_size_invalid"),
        (f"{ENTRIES}?first=-1", 404, "log_number_malformed"),
        (f"{ENTRIES}?cursor=abc", 404, "cursor_invalid"),
        (f"{ENTRIES}?limit=201", 422, "malformed"),
        (f"{HEAD}?size=3", 422, "malformed"),
    ):
        refused(await api.get(path), status, code)
    thai = await api.get(f"{ENTRIES}/{size}", headers={"Accept-Language": "th"})
    assert thai.json()["title"] == "ไม่มีรายการหมายเลขนี้ในบันทึก"
    assert str(size) in thai.json()["detail"]
