"""Applications with files, made over HTTP."""

from typing import Any, Final

from httpx2 import Response

from app.kernel.encoding import sha256
from tests.builders.applications import DOCUMENTS
from tests.builders.parties import Service, an_email
from tests.builders.reference import today

APPLICATIONS: Final = "/v1/applications"
CONTENT: Final = b"%PDF-1.7\n" + b"identity of a person " * 40_000  # several pieces
DIGEST: Final = sha256(CONTENT).hex()
PDF: Final = ("บัตรประชาชน.pdf", CONTENT, "application/pdf")

Json = dict[str, Any]


def a_said(content: bytes = CONTENT, *, media_type: str = "application/pdf") -> Json:
    """Return what a complete application says, whose documents are all one file."""
    documents = [
        {
            "requirement": requirement,
            "sha256": sha256(content).hex(),
            "media_type": media_type,
            "bytes": len(content),
            "issued_on": today().isoformat(),
            "expires_on": "2199-12-31",
        }
        for requirement in DOCUMENTS["juristic_person"]  # type: ignore[index]
    ]
    people = [
        {"email": an_email(), "display_name": "มะลิ ใจดี", "roles": [role]}
        for role in ("holder_initiator", "holder_approver")
    ]
    return {
        "name_th": "บริษัท ตัวอย่าง จำกัด",
        "name_en": "Example Company Limited",
        "contact_email": "office@example.org",
        "representatives": people,
        "documents": documents,
    }


class Applicant:
    """Somebody who has begun an application and has its secret."""

    def __init__(self, api: Service, begun: Json) -> None:
        self.api = api
        self.id: str = begun["id"]
        self.address = f"{APPLICATIONS}/{begun['id']}"
        self.files = f"{self.address}/files"
        self.secret = {"Application-Secret": begun["secret"]}

    async def upload(
        self, file: tuple[str, bytes, str] = PDF, *, secret: dict[str, str] | None = None
    ) -> Response:
        """Send a file."""
        headers = self.secret if secret is None else secret
        return await self.api.post(self.files, files={"file": file}, headers=headers)

    async def read(self, digest: str = DIGEST, headers: dict[str, str] | None = None) -> Response:
        """Ask for a file; as the applicant, if not said otherwise."""
        headers = self.secret if headers is None else headers
        return await self.api.get(f"{self.files}/{digest}", headers=headers)

    async def shown(self) -> Json:
        """Return the whole application."""
        answer = await self.api.get(self.address, headers=self.secret)
        whole: Json = answer.raise_for_status().json()
        return whole

    async def step(self, method: str, step: str, body: Json | None = None) -> Response:
        """Do a step on the present version."""
        version = (await self.shown())["version"]
        headers = {**self.secret, "If-Match": f'"{version}"'}
        asked = {} if body is None else {"json": body}
        return await self.api.request(method, self.address + step, headers=headers, **asked)

    async def decided(self, step: str, body: Json, headers: dict[str, str]) -> Response:
        """Have an officer do a step on the present version."""
        version = (await self.shown())["version"]
        headers = {**headers, "If-Match": f'"{version}"'}
        return await self.api.post(self.address + step, json=body, headers=headers)


async def an_applicant(api: Service, content: bytes = CONTENT, **said: str) -> Applicant:
    """Begin an application whose documents are all one file."""
    body = {"holder_kind": "juristic_person", "party_kind": "holder", **a_said(content, **said)}
    begun = await api.post(APPLICATIONS, json=body)
    assert begun.status_code == 201, begun.text
    return Applicant(api, begun.json())


def code_of(reply: Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return reply.status_code, reply.json()["code"]
