"""Reading one's notices over HTTP: one's own, the newest first, and how far one has read."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.kernel.encoding import sha256
from app.kernel.ids import new_id
from app.registry.ledger.serials import account_number
from app.registry.parties import operations as parties
from app.registry.parties.operations import IssueKey
from app.registry.parties.policy import Actor, Permission
from app.registry.parties.rules import Role
from tests.builders.answers import every_row, refused
from tests.builders.ledger import an_account
from tests.builders.mail import MailServer, a_mail_server, settings_to
from tests.builders.parties import a_holder, a_user, actor_of, bearer, the_administrator
from tests.builders.signing_in import email_of
from tests.conftest import Api, Registry

PATH = "/v1/notices"


@pytest.fixture
async def holder(registry: Registry) -> Actor:
    """Somebody who was told of themselves, of two accounts and of a colleague."""
    person = await a_holder(registry)
    administrator = await the_administrator(registry)
    await a_user(registry, administrator, person.party_id, Role.HOLDER_APPROVER)
    for _ in range(2):
        await an_account(registry, administrator, person)
    return person


async def listed(api: Api, who: Actor, query: str = "") -> Any:  # noqa: ANN401  JSON
    answer = await api.get(f"{PATH}{query}", headers=bearer(api, who))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def read(api: Api, who: Actor, up_to: str) -> int:
    answer = await api.post(f"{PATH}/read", headers=bearer(api, who), json={"up_to": up_to})
    return int(answer.status_code)


async def test_the_newest_is_shown_first_with_all_that_it_names(
    registry: Registry, api: Api, holder: Actor
) -> None:
    page = await listed(api, holder)
    kinds = [notice["kind"] for notice in page["data"]]
    assert kinds == ["account_opened", "account_opened", "representative_added", "own_roles_set"]
    assert page["unread"] == 4
    newest, _, colleague, _ = page["data"]
    async with registry.read() as connection:
        account = (await connection.exec_driver_sql("SELECT max(id) FROM accounts")).scalar_one()
    assert newest["account"] == account_number(account)
    assert newest["account"] in newest["text"]
    assert newest["account"] in newest["text_th"]
    assert colleague["about"] in colleague["text"]
    assert colleague["account"] is None
    assert newest["read_at"] is None
    assert (await api.get(f"/v1/log/entries/{newest['log_index']}")).json()["kind"] == (
        "account.opened"
    )
    others = await listed(api, await the_administrator(registry))
    assert [notice["kind"] for notice in others["data"]] == ["own_roles_set"]


async def test_a_long_list_is_read_page_by_page(api: Api, holder: Actor) -> None:
    whole = (await listed(api, holder))["data"]
    for limit in (1, 3, 4):
        assert await every_row(api, PATH, bearer(api, holder), limit=limit) == whole
    refused(
        await api.get(f"{PATH}?cursor=WzFd", headers=bearer(api, holder)), 404, "cursor_invalid"
    )


async def test_what_is_read_stays_in_the_list_and_is_unread_no_more(
    api: Api, holder: Actor
) -> None:
    ids = [notice["id"] for notice in (await listed(api, holder))["data"]]
    for _ in range(2):  # again, nothing changes
        assert await read(api, holder, ids[1]) == 204
        page = await listed(api, holder)
        assert [notice["read_at"] is None for notice in page["data"]] == [True, False, False, False]
        assert page["unread"] == 1
    kept = (await listed(api, holder))["data"][1]["read_at"]
    unread = await listed(api, holder, "?unread=true")
    assert [notice["id"] for notice in unread["data"]] == [ids[0]]
    assert await read(api, holder, ids[0]) == 204
    assert (await listed(api, holder, "?unread=true"))["data"] == []
    again = await listed(api, holder)
    assert again["data"][1]["read_at"] == kept, "it was read before"


async def test_nobody_reads_anothers(registry: Registry, api: Api, holder: Actor) -> None:
    mine = (await listed(api, holder))["data"][0]["id"]
    stranger = await a_holder(registry)
    assert mine not in [notice["id"] for notice in (await listed(api, stranger))["data"]]
    for notice_id in (mine, new_id("ntc")):
        answer = await api.post(
            f"{PATH}/read", headers=bearer(api, stranger), json={"up_to": notice_id}
        )
        refused(answer, 404, "notice_not_found")
    assert (await listed(api, holder))["unread"] == 4
    assert (await api.get(PATH)).status_code == 401


async def test_a_key_with_scopes_reads_none(registry: Registry, api: Api, holder: Actor) -> None:
    """They tell of accounts, people and keys; a scope is for one of these at the most."""
    whole = IssueKey(holder.user_id, "All", sha256(b"one"))
    scoped = IssueKey(
        holder.user_id, "Some", sha256(b"two"), scopes=frozenset({Permission.READ_ACCOUNT})
    )
    for command, status in ((whole, 200), (scoped, 403)):
        key = await registry.do(
            holder,
            lambda pen, c=command: parties.issue_key(pen, holder, c),  # type: ignore[misc]
        )
        machine = Actor(
            holder.user_id, holder.party_id, holder.party_kind, holder.roles, client_id=key.id
        )
        answer = await api.get(PATH, headers=bearer(api, machine))
        assert answer.status_code == status, answer.text
        reading = await api.post(
            f"{PATH}/read", headers=bearer(api, machine), json={"up_to": new_id("ntc")}
        )
        refused(
            reading, *((404, "notice_not_found") if status == 200 else (403, "notices_limited_key"))
        )


async def test_a_service_that_knows_a_mail_server_mails_by_itself(
    registry: Registry, application: FastAPI, holder: Actor, tmp_path: Path
) -> None:
    async with a_mail_server(MailServer()) as office:
        settings = settings_to(office, registry.url, tmp_path)
        application.state.settings = settings
        async with application.router.lifespan_context(application), asyncio.timeout(20):
            address = await email_of(registry, holder)
            while Counter(letter.to for letter in office.taken)[address] < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    said = [str(letter.message["Subject"]) for letter in office.taken if letter.to == address]
    assert sum("An account was opened" in subject for subject in said) == 2


async def test_a_person_takes_their_notices_with_their_data(
    registry: Registry, api: Api, holder: Actor
) -> None:
    shown = await api.get(f"/v1/users/{holder.user_id}/personal-data", headers=bearer(api, holder))
    assert shown.json()["notices"] == (await listed(api, holder))["data"]
    administrator = await the_administrator(registry)
    colleague = await a_user(registry, administrator, holder.party_id, Role.HOLDER_VIEWER)
    mine = await listed(api, actor_of(colleague))
    assert [notice["kind"] for notice in mine["data"]] == ["own_roles_set"]
