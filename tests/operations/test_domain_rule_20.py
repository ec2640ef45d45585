"""
Rule 20 of the domain: a retirement has a beneficiary (as one normalised entity), a purpose code, a
period or event, and a choice of visibility; and a certificate for each line of project, vintage and
block, with a verification code.
"""

import base64
import hashlib
from typing import Any

import asyncpg
import pytest
import rfc8785

from app.kernel.clock import bangkok_date, now
from tests.builders.answers import refused
from tests.builders.ledger import Holders, a_batch, two_holders, writes
from tests.builders.parties import Service, bearer
from tests.conftest import Registry

PATH = "/v1/retirements"
CITY = "Khon Kaen City Municipality"


async def two_vintages(registry: Registry) -> Holders:
    """An account with credits of two vintages."""
    holders = await two_holders(registry)
    for vintage in (2023, 2024):
        await a_batch(
            registry,
            holders.administrator,
            holders.account,
            credits_made=30,
            vintage=vintage,
            prefix=f"XX-1-{vintage}-1",
        )
    return holders


def asked(holders: Holders, **changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "from_account": holders.account.number,
        "credits": 40,
        "purpose": "organisation",
        "beneficiary": CITY,
        "beneficiary_kind": "organisation",
        "beneficiary_identifier": "0994000123456",
        "visibility": "anonymous",
        "happened_on": "2026-01-31",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


async def retired(api: Service, holders: Holders, **changes: object) -> dict[str, Any]:
    body = asked(holders, **changes)
    response = await api.post(PATH, json=body, headers=writes(api, holders.owner))
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"beneficiary": None}, 422, "malformed"),
        ({"beneficiary": "  "}, 422, "malformed"),
        ({"beneficiary_kind": "somebody"}, 422, "malformed"),
        ({"purpose": None}, 422, "malformed"),
        ({"purpose": "fun"}, 409, "purpose_unknown"),
        ({"visibility": "a_little"}, 422, "malformed"),
        ({"happened_on": "2199-01-01"}, 409, "happened_ahead"),
        ({"happened_on": "2026-02-30"}, 422, "malformed"),
    ],
)
async def test_without_all_of_it_nothing_is_retired(
    registry: Registry, api: Service, changes: dict[str, object], status: int, code: str
) -> None:
    holders = await two_vintages(registry)
    body = asked(holders, **changes)
    response = await api.post(PATH, json=body, headers=writes(api, holders.owner))
    refused(response, status, code)
    account = await api.get(
        f"/v1/accounts/{holders.account.number}", headers=bearer(api, holders.owner)
    )
    assert account.json()["credits"] == 60


async def test_every_retirement_says_all_of_it(registry: Registry, api: Service) -> None:
    """What is left out is the day itself, and the visibility that its beneficiary usually has."""
    holders = await two_vintages(registry)
    bare = {"happened_on": None, "visibility": None, "credits": 1}
    of_city = await retired(api, holders, **bare)
    of_person = await retired(api, holders, **bare, beneficiary_kind="person")
    for shown, visibility in ((of_city, "public"), (of_person, "anonymous")):
        assert (shown["purpose"], shown["visibility"]) == ("organisation", visibility)
        assert shown["happened_on"] == bangkok_date(now()).isoformat()
        assert len(shown["commitment"]) == 64
    connection = await asyncpg.connect(registry.url)
    try:
        for column in ("purpose_code", "visibility", "happened_on", "commitment"):
            nullable = await connection.fetchval(
                "SELECT is_nullable FROM information_schema.columns"
                " WHERE table_name = 'endings' AND column_name = $1",
                column,
            )
            assert nullable == "NO", column
    finally:
        await connection.close()


async def test_the_choice_of_visibility_is_kept(registry: Registry, api: Service) -> None:
    """Anonymous: the owner and TGO see in whose name, nobody else; on the certificate too."""
    holders = await two_vintages(registry)
    hidden = await retired(api, holders, credits=1)
    public = await retired(api, holders, credits=1, visibility="public")
    for shown, names in ((hidden, None), (public, CITY)):
        for path in (f"{PATH}/{shown['id']}", f"{PATH}/{shown['id']}/certificate"):
            assert (await api.get(path)).json()["beneficiary"] == names
            for actor in (holders.owner, holders.auditor):
                seen = await api.get(path, headers=bearer(api, actor))
                assert seen.json()["beneficiary"] == CITY
            stranger = await api.get(path, headers=bearer(api, holders.other))
            assert stranger.json()["beneficiary"] == names


def code_of_line(certificate: dict[str, Any], line: dict[str, Any]) -> str:
    """Make a line's code as the description of the API says, by other hands."""
    said = {name: value for name, value in line.items() if name != "verification_code"}
    said |= {name: certificate[name] for name in ("commitment", "happened_on", "purpose")}
    moment, _, fraction = certificate["recorded_at"].removesuffix("Z").partition(".")
    said["recorded_at"] = f"{moment}.{fraction:0<6}Z"
    code = base64.b32encode(hashlib.sha256(rfc8785.dumps(said)).digest()[:15]).decode()
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


async def test_a_certificate_has_a_line_with_a_code_for_each_project_vintage_and_block(
    registry: Registry, api: Service
) -> None:
    holders = await two_vintages(registry)
    shown = await retired(api, holders)
    path = f"{PATH}/{shown['id']}/certificate"
    first = await api.get(path)
    assert first.status_code == 200, first.text
    certificate = first.json()
    assert (certificate["credits"], certificate["happened_on"]) == (40, "2026-01-31")
    assert certificate["commitment"] == shown["commitment"]
    lines = certificate["lines"]
    assert [(one["number"], one["project_code"], one["serials"]) for one in lines] == [
        (f"{shown['id']}-1", "XX-1", "XX-1-2023-1-1-30"),
        (f"{shown['id']}-2", "XX-1", "XX-1-2024-1-1-10"),
    ]
    assert [one["verification_code"] for one in lines] == [
        code_of_line(certificate, one) for one in lines
    ]
    assert len({one["verification_code"] for one in lines}) == 2
    assert (await api.get(path)).content == first.content
    by_owner = (await api.get(path, headers=bearer(api, holders.owner))).json()
    assert by_owner["lines"] == lines
    again = await retired(api, holders, credits=1)
    other = (await api.get(f"{PATH}/{again['id']}/certificate")).json()["lines"][0]
    assert other["verification_code"] not in {one["verification_code"] for one in lines}


async def test_only_a_retirement_has_a_certificate(registry: Registry, api: Service) -> None:
    holders = await two_vintages(registry)
    cancelled = await api.post(
        "/v1/cancellations", json=asked(holders), headers=writes(api, holders.owner)
    )
    for log_index in (cancelled.json()["id"], 0, 10**9):
        answer = await api.get(f"{PATH}/{log_index}/certificate")
        refused(answer, 404, "movement_not_found")
