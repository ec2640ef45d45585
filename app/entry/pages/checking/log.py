"""The public log: how far it is, what stands in it, and each act with its proof."""

import asyncio
import base64
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.checking.proving import climb, with_a_byte_changed
from app.entry.pages.client import RefusedError
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways
from app.registry.log.merkle import leaf_hash

ways: Final = Ways()
ROWS: Final = 25
_JSON: Final = {"accept": "application/json"}
_NOT_YET: Final = "log_not_published"


@ways.get("/log")
async def log(page: Page) -> Response:
    """List the acts of the log, the last ones first, under its checkpoint."""
    if wanted := page.query.get("entry"):
        return page.go(f"/log/{wanted}")
    head = await page.client.get("/log/head")
    first = _first_of(page.query.get("first", ""), head["recorded_size"])
    listed = await page.client.get("/log/entries", {"first": first, "limit": ROWS})
    checkpoint, key = await asyncio.gather(_text(page, "/checkpoint"), _text(page, "/key"))
    return page.show(
        "checking/log.html",
        head=head,
        first=first,
        rows=ROWS,
        entries=list(reversed(listed["data"])),
        checkpoint=checkpoint,
        key=key,
    )


def _first_of(asked: str, size: int) -> int:
    """Return with which entry a page of them begins: the last page, where none is asked for."""
    first = int(asked) if asked.isdecimal() and len(asked) < 16 else size - ROWS  # noqa: PLR2004
    return max(min(first, size - 1), 0)


async def _text(page: Page, path: str) -> str:
    """Return a file of the published log; empty: there is none yet."""
    try:
        return (await page.client.ask("GET", path, under="/log")).body.decode()
    except RefusedError as refused:
        if refused.status != 404:  # noqa: PLR2004  as HTTP says
            raise
        return ""


@dataclass(frozen=True, slots=True)
class _Proof:
    """What leads from an act to the signed checkpoint."""

    leaf: bytes
    changed_at: int | None  # which byte was changed, to show that it is found; None: none was
    receipt: dict[str, Any]


@ways.get("/log/{log_index}")
async def entry(page: Page) -> Response:
    """Show an act, and its proof step by step; with a byte changed where that is asked for."""
    log_index = page.step("log_index")
    shown = await page.client.get(f"/log/entries/{log_index}")
    proof = await _prove(page, log_index)
    if proof is None:
        return page.show("checking/entry.html", entry=shown, proof=None)
    index, receipt = shown["log_index"], proof.receipt
    hashes = [base64.b64decode(each) for each in receipt["proof"]]
    steps = climb(proof.leaf, index, receipt["size"], hashes)
    root = receipt["checkpoint"].split("\n")[2]
    first = leaf_hash(proof.leaf)
    reached = steps[-1].above if steps else first
    return page.show(
        "checking/entry.html",
        entry=shown,
        proof=proof,
        leaf=proof.leaf.decode(errors="replace"),
        packed=base64.b64encode(proof.leaf).decode(),
        leaf_hash=first,
        steps=steps,
        root=base64.b64decode(root),
        reached=reached,
        holds=base64.b64encode(reached).decode() == root,
        key=await _text(page, "/key"),
        origin=_origin(page),
    )


async def _prove(page: Page, log_index: str) -> _Proof | None:
    try:
        answer = await page.client.ask("GET", f"/log/receipts/{log_index}", headers=_JSON)
    except RefusedError as refused:
        if refused.code == _NOT_YET:
            return None
        raise
    receipt = answer.json()
    leaf = base64.b64decode(receipt["leaf"])
    if "changed" not in page.query:
        return _Proof(leaf, None, receipt)
    return _Proof(*with_a_byte_changed(leaf), receipt)


@ways.get("/log/{log_index}/leaf")
async def leaf(page: Page) -> Response:
    """Give the exact bytes of an act, as a file."""
    log_index = page.step("log_index")
    shown = await page.client.get(f"/log/entries/{log_index}")
    headers = {"Content-Disposition": f'attachment; filename="act-{shown["log_index"]}.json"'}
    content = base64.b64decode(shown["leaf"])
    return Response(content, headers=headers, media_type="application/json")


def _origin(page: Page) -> str:
    """Return where programs reach the register."""
    set_to: str = page.request.app.state.settings.public_origin
    return set_to or f"{page.request.url.scheme}://{page.request.url.netloc}"
