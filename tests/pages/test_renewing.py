"""Renewing the documents of one's organisation on the pages, and the count of unread notices."""

import re
from typing import Final

import httpx2
import pytest

from app.registry.parties import store
from app.registry.parties.rules import Role
from tests.builders.parties import (
    a_developer,
    a_holder,
    a_vvb,
    an_actor,
    bearer,
)
from tests.builders.signing_in import email_of
from tests.conftest import Api, Registry
from tests.pages.browsing import hidden, send, sign_in

PDF: Final = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
LANGUAGES: Final = ("th", "en")
SAID: Final = {"name_th": "ผู้ถือเครดิต", "name_en": "A holder", "contact_email": "a@example.org"}


async def hand_in_all(reader: httpx2.AsyncClient, at: str) -> int:
    """Hand in what a renewal lacks, and submit it; returns how many documents that is."""
    page = await reader.get(at)
    token = hidden(page, "form_token")
    required = re.findall(r'<option value="([a-z_]+)"', page.text)
    assert required
    early = await send(reader, at, {"step": "submit", "version": hidden(page, "version")})
    assert early.status_code >= 400
    for requirement in required:
        fields = {"form_token": token, "requirement": requirement, "issued_on": "2026-10-01"}
        file = {"file": ("letter.pdf", PDF + requirement.encode(), "application/pdf")}
        handed = await reader.post(f"{at}/documents", data=fields, files=file)
        assert (handed.status_code, handed.headers["location"]) == (303, f"{at}?done=document")
    version = hidden(await reader.get(at), "version")
    done = await send(reader, at, {"step": "submit", "version": version})
    assert done.headers["location"] == f"{at}?done=submitted", done.text
    return len(required)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_documents_are_renewed_from_the_first_form_to_tgo(
    registry: Registry, api: Api, reader: httpx2.AsyncClient, language: str
) -> None:
    holder = await a_holder(registry)
    await sign_in(reader, await email_of(registry, holder))
    papers = f"/{language}/account/documents"
    assert "holder_kind" in (await reader.get(papers)).text
    typed = {**SAID, "contact_email": "nowhere", "holder_kind": "juristic_person"}
    wrong = await send(reader, papers, typed)
    assert wrong.status_code == 422
    assert "govuk-error-summary" in wrong.text
    begun = await send(reader, papers, {**SAID, "holder_kind": "juristic_person"})
    assert begun.status_code == 303
    at = begun.headers["location"].partition("?")[0]
    number = at.rpartition("/")[2]
    assert at == f"{papers}/{number}"
    assert f"/account/documents/{number}" in (await reader.get(papers)).text
    assert "Application-Secret" not in (await reader.get(at)).text

    amended = await send(
        reader, f"{at}/amend", {**SAID, "name_en": "A better name", "version": "1"}
    )
    assert (amended.status_code, amended.headers["location"]) == (303, f"{at}?done=amended")
    handed_in = await hand_in_all(reader, at)
    shown = await api.get(f"/v1/applications/{number}", headers=bearer(api, holder))
    assert shown.json()["status"] == "submitted"
    assert shown.json()["said"]["name_en"] == "A better name"
    assert len(shown.json()["said"]["documents"]) == handed_in


async def test_a_viewer_reads_until_when_and_renews_nothing(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    holder = await a_holder(registry)
    async with registry.read() as connection:
        party = await store.get_party(connection, holder.party_id)
    viewer = await an_actor(registry, party, Role.HOLDER_VIEWER)
    await sign_in(reader, await email_of(registry, viewer))
    page = await reader.get("/en/account/documents")
    assert page.status_code == 200
    assert 'name="contact_email"' not in page.text
    refused = await send(
        reader, "/en/account/documents", {**SAID, "holder_kind": "juristic_person"}
    )
    assert refused.status_code == 403


async def test_nobody_else_follows_a_renewal(
    registry: Registry, reader: httpx2.AsyncClient
) -> None:
    await sign_in(reader, await email_of(registry, await a_holder(registry)))
    begun = await send(reader, "/en/account/documents", {**SAID, "holder_kind": "juristic_person"})
    at = begun.headers["location"].partition("?")[0]
    assert (await reader.get(f"{at}/documents")).headers["location"] == at
    reader.cookies.clear()
    assert (await reader.get(at)).status_code == 401
    lead, _ = await a_vvb(registry)
    await sign_in(reader, await email_of(registry, lead))
    for address in (at, f"{at}/amend"):
        assert (await reader.get(address)).status_code == 404


async def test_unread_notices_are_counted_for_who_is_signed_in_alone(
    registry: Registry, api: Api, reader: httpx2.AsyncClient
) -> None:
    assert "band__count" not in (await reader.get("/en")).text
    developer = await a_developer(registry)
    await sign_in(reader, await email_of(registry, developer))
    told = (await api.get("/v1/notices", headers=bearer(api, developer))).json()
    assert told["unread"] > 0  # of the sign-in itself
    for path in ("/en", "/en/account"):
        page = await reader.get(path)
        assert f'<strong class="band__count">{told["unread"]}</strong>' in page.text
        assert "/v1/notices" not in page.text  # what the page itself shows was not read there
    await send(reader, "/en/account/notices", {"up_to": told["data"][0]["id"]})
    assert "band__count" not in (await reader.get("/en/account")).text
