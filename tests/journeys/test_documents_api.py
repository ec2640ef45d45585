"""Documents over HTTP: what is uploaded comes back byte for byte, and what is refused."""

import pytest
from httpx2 import Response

from app.entry.storage import make_storage
from app.kernel.encoding import sha256
from app.registry.documents.rules import DOCUMENT_BYTES_MAX
from app.registry.parties.policy import Actor
from tests.builders.activities import a_draft_activity, a_registered_activity
from tests.builders.parties import Register, Service, a_developer, a_holder, bearer

CONTENT = b"%PDF-1.7\n" + bytes(range(256)) * 4_000  # a million bytes: several pieces
PDF = ("แผนงาน.pdf", CONTENT, "application/pdf")


async def upload(
    api: Service,
    actor: Actor,
    file: tuple[str, bytes, str] = PDF,
    *,
    key: str | None = None,
    **fields: str,
) -> Response:
    headers = bearer(api, actor) | ({} if key is None else {"Idempotency-Key": key})
    return await api.post(
        "/v1/documents",
        files={"file": file},
        data={"purpose": "design", **fields},
        headers=headers,
    )


async def test_a_document_comes_back_byte_for_byte(registry: Register, api: Service) -> None:
    """As an attachment with its own name, its hash as ETag, and its kind not to be guessed."""
    owner = await a_developer(registry)
    kept = await upload(api, owner)
    assert kept.status_code == 201, kept.text
    shown = kept.json()
    assert shown["sha256"] == sha256(CONTENT).hex()
    assert shown["bytes"] == len(CONTENT)
    assert shown["file_name"] == "แผนงาน.pdf"
    headers = bearer(api, owner)
    address = kept.headers["Location"]
    assert (await api.get(address, headers=headers)).json() == shown
    got = await api.get(f"{address}/content", headers=headers)
    assert got.content == CONTENT
    assert got.headers["ETag"] == f'"{shown["sha256"]}"'
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E0%B9%81")
    have = headers | {"If-None-Match": got.headers["ETag"]}
    assert (await api.get(f"{address}/content", headers=have)).status_code == 304


async def test_the_public_reads_evidence_of_what_is_registered(
    registry: Register, api: Service
) -> None:
    """Only of that, and only what is not confidential."""
    owner = await a_developer(registry)
    activity = await a_registered_activity(registry, owner=owner)
    draft, _ = await a_draft_activity(registry, owner=owner)
    public = await upload(api, owner, activity_id=activity.id)
    kept_back = await upload(api, owner, activity_id=activity.id, is_confidential="true")
    of_draft = await upload(api, owner, activity_id=draft.id)
    of_nothing = await upload(api, owner)
    assert (await api.get(public.headers["Location"] + "/content")).content == CONTENT
    for hidden in (kept_back, of_draft, of_nothing):
        assert hidden.status_code == 201, hidden.text
        for path in ("", "/content"):
            answer = await api.get(hidden.headers["Location"] + path)
            assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")
    listed = (await api.get(f"/v1/activities/{activity.id}/documents")).json()
    assert [row["id"] for row in listed["data"]] == [public.json()["id"]]


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (("a.pdf", b"", "application/pdf"), 409, "document_empty"),
        (("a.pdf", b"MZ\x90\x00", "application/pdf"), 415, "document_kind_not_accepted"),
        (("a.html", b"<html>", "text/html"), 415, "document_kind_not_accepted"),
        (("a.png", CONTENT, "image/png"), 415, "document_kind_mismatch"),
    ],
)
async def test_what_is_no_evidence_is_refused(
    registry: Register, api: Service, file: tuple[str, bytes, str], status: int, code: str
) -> None:
    """Empty, of an unknown kind, or not what it says."""
    owner = await a_developer(registry)
    refused = await upload(api, owner, file)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_the_largest_document_is_taken_and_one_byte_more_is_not(
    registry: Register, api: Service
) -> None:
    """The limit is counted while reading, whatever the form around it weighs."""
    owner = await a_developer(registry)
    largest = b"%PDF-".ljust(DOCUMENT_BYTES_MAX, b" ")
    taken = await upload(api, owner, ("a.pdf", largest, "application/pdf"))
    assert taken.status_code == 201, taken.text
    refused = await upload(api, owner, ("a.pdf", largest + b" ", "application/pdf"))
    assert (refused.status_code, refused.json()["code"]) == (413, "document_too_large")
    flood = await upload(api, owner, ("a.pdf", largest + b" " * 1_000_000, "application/pdf"))
    assert flood.status_code == 413


async def test_a_holder_and_a_stranger_upload_nothing(registry: Register, api: Service) -> None:
    """Without a sign-in, without the role, to somebody else's draft."""
    draft, _ = await a_draft_activity(registry)
    anonymous = await api.post("/v1/documents", files={"file": PDF}, data={"purpose": "design"})
    assert anonymous.status_code == 401
    assert (await upload(api, await a_holder(registry))).status_code == 403
    stranger = await upload(api, await a_developer(registry), activity_id=draft.id)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "activity_not_found")


@pytest.mark.parametrize(
    "fields", [{"purpose": "holiday"}, {"activity_id": "act_1"}, {"colour": "red"}]
)
async def test_a_malformed_form_is_refused(
    registry: Register, api: Service, fields: dict[str, str]
) -> None:
    """Also a field that is not known: it would be ignored in silence."""
    refused = await upload(api, await a_developer(registry), PDF, **fields)
    assert refused.status_code == 422, refused.text


async def test_a_broken_upload_is_refused(registry: Register, api: Service) -> None:
    """A body that is no form, and a form that ends in the middle."""
    headers = bearer(api, await a_developer(registry))
    form = headers | {"Content-Type": "multipart/form-data; boundary=x"}
    bodies = [b"", b"not a form", b'--x\r\nContent-Disposition: form-data; name="file"']
    for body in bodies:
        answer = await api.post("/v1/documents", content=body, headers=form)
        assert answer.status_code == 422, answer.text
    no_file = await api.post("/v1/documents", data={"purpose": "design"}, headers=headers)
    assert no_file.status_code == 422


async def test_an_upload_sent_twice_with_one_key_is_one_document(
    registry: Register, api: Service
) -> None:
    """Though each try draws another boundary; another file under the key is refused."""
    owner = await a_developer(registry)
    first = await upload(api, owner, key="upload-1")
    again = await upload(api, owner, key="upload-1")
    assert (first.content, again.headers["Idempotency-Replayed"]) == (again.content, "true")
    other = ("b.pdf", CONTENT + b"!", "application/pdf")
    assert (await upload(api, owner, other, key="upload-1")).status_code in {409, 422}


async def test_the_same_content_is_stored_once_and_never_written_over(
    registry: Register, api: Service
) -> None:
    """Two documents may share their bytes."""
    owner = await a_developer(registry)
    first, second = await upload(api, owner), await upload(api, owner)
    assert first.json()["id"] != second.json()["id"]
    folder = api.app.state.settings.data / "documents"
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert [file.name for file in files] == [first.json()["sha256"]]


@pytest.mark.parametrize("address", ["ftp://host/x", "folder", "file://host/x", "memory://"])
def test_documents_are_kept_in_a_folder_or_an_object_store(address: str) -> None:
    """A misspelt setting is told at the start, not at the first upload."""
    with pytest.raises(ValueError, match="files are kept at"):
        make_storage(address)
