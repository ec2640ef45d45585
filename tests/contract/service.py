"""The service as a process of its own, and what is in its register, read through its own API."""

import asyncio
import json
import os
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx2

from app.registry.log.tiles import tiles_between
from tests.builders.application_files import a_said
from tests.builders.parties import PASSWORD

CHECKOUT: Final = Path(__file__).parents[2]
START_SECONDS_MAX: Final = 120
Json = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """A running service."""

    address: str
    log_file: Path
    data: Path

    async def token(self, email: str) -> str:
        """Sign in as a person."""
        grant = {"grant_type": "password", "email": email, "password": PASSWORD}
        async with httpx2.AsyncClient(base_url=self.address) as client:
            answer = await client.post("/v1/tokens", json=grant)
        return str(answer.raise_for_status().json()["access_token"])

    async def signed_in(self, email: str) -> httpx2.AsyncClient:
        """Return a client that calls as a person."""
        headers = {"Authorization": f"Bearer {await self.token(email)}"}
        return httpx2.AsyncClient(base_url=self.address, headers=headers)

    async def operations(self, method: str) -> set[str]:
        """Return the names of all operations of a method."""
        async with httpx2.AsyncClient(base_url=self.address) as client:
            paths = (await client.get("/v1/openapi.json")).raise_for_status().json()["paths"]
        return {path[method]["operationId"] for path in paths.values() if method in path}

    def lines(self) -> list[Json]:
        """Return the lines of its log."""
        return [json.loads(line) for line in self.log_file.read_text("utf-8").splitlines()]

    def answered(self) -> dict[str, set[int]]:
        """Return which statuses each operation has answered with."""
        statuses: dict[str, set[int]] = defaultdict(set)
        for line in self.lines():
            if line["event"] == "request":
                statuses[str(line["operation"])].add(line["status"])
        return statuses


@asynccontextmanager
async def serving(
    database_url: str, folder: Path, *, named: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Service]:
    """Serve a database from a process of its own, over loopback, with more settings by name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,  # noqa: TID251  handed on, as a shell would
        "DATABASE_URL": database_url,
        "REGISTRY_DATA": str(folder / "data"),
        "REGISTRY_LOG_FORMAT": "json",
        **named,
    }
    command = (sys.executable, "-m", "app.entry.cli", "serve", "--port", str(port))
    service = Service(f"http://127.0.0.1:{port}", folder / "service.log", folder / "data")
    with service.log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=CHECKOUT, env=environ, stdout=log, stderr=log
        )
    try:
        await _wait_until_it_answers(service)
        yield service
    finally:
        process.terminate()
        await process.wait()


async def _wait_until_it_answers(service: Service) -> None:
    async with asyncio.timeout(START_SECONDS_MAX), httpx2.AsyncClient() as client:
        while True:
            try:
                await client.get(f"{service.address}/health")
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


async def furnish(service: Service, developer: str) -> None:
    """Add to a register what only the service can add: files, and a key of a user."""
    async with await service.signed_in(developer) as client:
        me = (await client.get("/v1/users/me")).raise_for_status().json()
        key = await client.post(f"/v1/users/{me['id']}/keys", json={"label": "A system"})
        key.raise_for_status()
        file = ("plan.pdf", b"%PDF-1.7\n", "application/pdf")
        for activity_id in await _column(client, "/v1/activities", "id"):
            form = {"purpose": "design", "activity_id": activity_id}
            sent = await client.post("/v1/documents", files={"file": file}, data=form)
            sent.raise_for_status()
    async with httpx2.AsyncClient(base_url=service.address) as client:
        said = {"holder_kind": "juristic_person", "party_kind": "holder", **a_said(file[1])}
        begun = (await client.post("/v1/applications", json=said)).raise_for_status().json()
        sent = await client.post(
            f"/v1/applications/{begun['id']}/files",
            files={"file": file},
            headers={"Application-Secret": begun["secret"]},
        )
        sent.raise_for_status()


async def _published(client: httpx2.AsyncClient) -> Mapping[str, Sequence[str | int]]:
    size = (await client.get("/v1/log/head")).raise_for_status().json()["size"]
    tiles = [tile.path.removeprefix("tile/") for tile in tiles_between(0, size)]
    return {"sizes": [size], "tiles": tiles}


async def known_values(service: Service, authority: str) -> Mapping[str, Sequence[str | int]]:
    """Return what a register holds, by what it is."""
    async with await service.signed_in(authority) as client:
        users = await _column(client, "/v1/users", "id")
        activities = await _column(client, "/v1/activities", "id")
        documents = [f"/v1/activities/{activity}/documents" for activity in activities]
        return {
            "activities": activities,
            "documents": await _column(client, documents, "id"),
            "parties": await _column(client, "/v1/parties", "id"),
            "verifiers": await _column(client, "/v1/parties?kind=vvb", "id"),
            "users": users,
            "keys": await _column(client, [f"/v1/users/{user}/keys" for user in users], "id"),
            "reports": await _column(client, "/v1/monitoring-reports", "id"),
            "verifications": await _column(client, "/v1/verifications", "id"),
            "issuances": await _column(client, "/v1/issuances", "id"),
            "applications": await _column(client, "/v1/applications", "id"),
            "orders": await _column(client, "/v1/orders", "id"),
            "notices": await _column(client, "/v1/notices", "id"),
            "freezes": await _column(client, "/v1/freezes", "id"),
            "cases": await _column(client, "/v1/cases", "id"),
            "years": await _column(client, "/v1/calendar", "year"),
            "accounts": await _column(client, "/v1/accounts", "number"),
            "batches": await _column(client, "/v1/batches", "prefix"),
            "serials": await _column(client, "/v1/batches", "serials"),
            "versions": [f'"{version}"' for version in range(1, 9)],
            "transfers": await _acts(client, "transferred"),
            "retirements": await _acts(client, "retired"),
            "cancellations": await _acts(client, "cancelled"),
            "programmes": await _column(client, "/v1/programmes", "code"),
            "methodologies": await _column(client, "/v1/methodologies", "code"),
            "methodology_versions": await _column(client, "/v1/methodologies", "version"),
            "refusals": await _column(client, "/v1/problems", "code"),
            **await _published(client),
            **await _uploaded(client),
        }


async def _uploaded(client: httpx2.AsyncClient) -> Mapping[str, Sequence[str]]:
    """Return applications with files, and the digests of these."""
    found: dict[str, set[str]] = {"filed_applications": set(), "digests": set()}
    for application in await _column(client, "/v1/applications", "id"):
        shown = (await client.get(f"/v1/applications/{application}")).raise_for_status().json()
        for document in (shown["said"] or {"documents": []})["documents"]:
            if document["uploaded_at"] is not None:
                found["filed_applications"].add(application)
                found["digests"].add(document["sha256"])
    return {name: sorted(values) for name, values in found.items()}


async def _column(client: httpx2.AsyncClient, paths: str | Sequence[str], name: str) -> list[str]:
    found: dict[str, None] = {}
    for path in [paths] if isinstance(paths, str) else paths:
        rows = (await client.get(path)).raise_for_status().json()["data"]
        found |= dict.fromkeys(row[name] for row in rows)
    return list(found)


async def _acts(client: httpx2.AsyncClient, kind: str) -> list[str]:
    return await _column(client, f"/v1/ledger/entries?kind={kind}", "log_index")
