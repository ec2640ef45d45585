"""Applying for an account on the pages, from the first form to a decision that waits."""

from typing import Any, Final

import pytest
from playwright.sync_api import Browser, FilePayload

from tests.pages.fetching import send_json
from tests.pages.site import Site, Walk, a_walk

PDF: Final[FilePayload] = {
    "name": "letter.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n",
}
DRAFT_BUTTON: Final = "form:has(input[name=step][value=submit]) button"


def as_api_shows(site: Site, walk: Walk) -> dict[str, Any]:
    """Return the application as the API shows it to who has its secret."""
    number = walk.page.locator("#number").inner_text()
    headers = {"application-secret": walk.page.locator("#secret").inner_text()}
    return dict(send_json(f"{site.address}/v1/applications/{number}", headers=headers))


def begin(walk: Walk) -> None:
    """Begin an application of a natural person, after a first try that lacks something."""
    page = walk.page
    walk.go("/apply")
    page.check("[name=holder_kind][value=natural_person]")
    page.check("[name=party_kind][value=holder]")
    page.fill("[name=name_th]", "บุคคลธรรมดา")
    page.fill("[name=name_en]", "Natural person")
    page.fill("[name='representatives.0.display_name']", "มะลิ ใจดี")
    page.fill("[name='representatives.0.email']", f"mali-{walk.language}@example.org")
    page.click("main form[data-keep] button[type=submit]")
    assert page.locator(".govuk-error-summary").is_visible()
    assert page.input_value("[name='representatives.0.display_name']") == "มะลิ ใจดี"
    page.fill("[name=contact_email]", f"mali-{walk.language}@example.org")
    page.click("main form[data-keep] button[type=submit]")
    assert "/apply/mine" in page.url


def hand_in(walk: Walk, requirement: str) -> None:
    """Add a document."""
    page = walk.page
    page.select_option("[name=requirement]", requirement)
    page.set_input_files("[name=file]", PDF)
    page.fill("[name=issued_on]", "1/10/2569")
    page.click("form[enctype] button")
    assert page.url.endswith("/apply/mine?done=document"), page.content()[-3000:]


@pytest.mark.parametrize(
    ("language", "java_script"), [("th", True), ("en", False)], ids=["th", "en without scripts"]
)
def test_an_application_goes_from_its_first_form_to_tgo(
    browser: Browser, site: Site, language: str, *, java_script: bool
) -> None:
    with a_walk(browser, site, language=language, java_script_enabled=java_script) as walk:
        begin(walk)
        walk.page.click(DRAFT_BUTTON)
        assert walk.page.locator(".govuk-error-summary").is_visible()
        assert as_api_shows(site, walk)["status"] == "draft"
        hand_in(walk, "request_letter")
        hand_in(walk, "identity_document")
        said = as_api_shows(site, walk)["said"]
        assert [d["requirement"] for d in said["documents"]] == [
            "request_letter",
            "identity_document",
        ]
        assert all(d["uploaded_at"] for d in said["documents"])
        if java_script:
            assert not walk.barriers()
            assert not walk.is_too_wide()
        walk.page.click(DRAFT_BUTTON)
        assert "done=submitted" in walk.page.url
        shown = as_api_shows(site, walk)
        assert shown["status"] == "submitted"
        assert shown["due_on"]


def test_an_applicant_amends_and_comes_back_by_number_and_secret_alone(
    browser: Browser, site: Site
) -> None:
    with a_walk(browser, site, language="en") as walk:
        begin(walk)
        number = walk.page.locator("#number").inner_text()
        secret = walk.page.locator("#secret").inner_text()
        assert secret not in walk.page.url
        walk.go("/apply/mine/amend")
        walk.page.fill("[name='representatives.0.display_name']", "Mali Jaidee")
        walk.page.click("main form button[type=submit]")
        people = as_api_shows(site, walk)["said"]["representatives"]
        assert [one["display_name"] for one in people] == ["Mali Jaidee"]
    with a_walk(browser, site, language="th") as elsewhere:
        elsewhere.go("/apply/mine")
        for given in ("A" * 43, secret):
            elsewhere.page.fill("[name=application_id]", number)
            elsewhere.page.fill("[name=secret]", given)
            elsewhere.page.click("main form button[type=submit]")
            if given != secret:
                assert elsewhere.page.locator(".govuk-error-summary").is_visible()
                assert given not in elsewhere.page.content()
        assert elsewhere.page.url.endswith("/th/apply/mine")
        elsewhere.page.click("form:has(input[value=withdraw]) button")
        assert as_api_shows(site, elsewhere)["status"] == "withdrawn"
        elsewhere.page.click("form:has(input[value=forget]) button")
        elsewhere.go("/apply/mine")
        assert elsewhere.page.url.endswith("/th/apply/back")
