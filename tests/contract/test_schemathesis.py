"""
Thousands of generated requests, good and bad, against the running service: it does what its
description says.

All checks of schemathesis are on, and one of our own (`tests.contract.hooks`). For a longer run set
REGISTRY_TEST_EXAMPLES, the number of random requests for each operation; for another one,
REGISTRY_TEST_SEED.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.builders.parties import PASSWORD, Register
from tests.builders.publishing import publish
from tests.contract.service import CHECKOUT, Service, furnish, known_values, serving
from tests.contract.world import a_small_world

EXAMPLES: Final = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "5"))  # noqa: TID251
SEED: Final = int(os.environ.get("REGISTRY_TEST_SEED", "20261124"))  # noqa: TID251
# Who asks, and in which phases. The systematic phase (coverage) looks most at the form of requests,
# which does not depend on who sends them: one caller is enough for it.
PHASES: Final = {
    "developer": "examples,fuzzing",
    "verifier": "examples,fuzzing",
    "anonymous": "examples,fuzzing",
    "authority": "examples,coverage,fuzzing,stateful",
}
# Where requests name something, they mostly name what is there; else nearly all would be 404.
PROBABILITY: Final = 0.8
NAMED: Final = {
    "activities": ("path.activity_id", "query.activity_id", "body.activity_id"),
    "documents": ("path.document_id", "body.document_id", "body.document_ids[*]"),
    "parties": ("path.party_id", "body.party_id", "body.owner_party_id"),
    "verifiers": ("body.vvb_party_id",),
    "users": ("path.user_id", "body.roles.user_id"),
    "keys": ("path.key_id",),
    "reports": ("path.report_id", "query.report_id", "body.report_id", "body.issuance.report_id"),
    "verifications": ("path.verification_id",),
    "issuances": ("path.issuance_id", "query.issuance_id", "body.issuance_id"),
    "applications": ("path.application_id",),
    "years": ("path.year",),
    "orders": ("path.order_id",),
    "freezes": ("path.freeze_id",),
    "notices": ("body.up_to",),
    "cases": ("path.case_id",),
    "accounts": (
        "path.number",
        "query.account",
        "body.from_account",
        "body.to_account",
        "body.credit_account_number",
    ),
    "batches": ("path.prefix", "query.batch", "body.batch"),
    "serials": ("query.serial", "query.serials"),
    "versions": ("header.If-Match",),
}
# The same name means different things at different addresses.
NAMED_AT: Final = {
    "/v1/transfers/{log_index}": {"path.log_index": "transfers"},
    "/v1/retirements/{log_index}": {"path.log_index": "retirements"},
    "/v1/retirements/{log_index}/certificate": {"path.log_index": "retirements"},
    "/v1/retirements/{log_index}/certificate.pdf": {"path.log_index": "retirements"},
    "/v1/cancellations/{log_index}": {"path.log_index": "cancellations"},
    "/v1/log/receipts/{log_index}": {"path.log_index": "retirements"},
    "/v1/log/entries/{log_index}/inclusion": {"path.log_index": "transfers"},
    "/v1/log/consistency": {"query.old_size": "retirements", "query.size": "sizes"},
    "/log/tile/{path}": {"path.path": "tiles"},
    "/v1/programmes/{code}": {"path.code": "programmes"},
    "/v1/programmes/{code}/rules": {"path.code": "programmes"},
    "/problems/{code}": {"path.code": "refusals"},
    "/v1/applications/{application_id}/files/{digest}": {
        "path.application_id": "filed_applications",
        "path.digest": "digests",
    },
    "/v1/tokens": {"body.email": "emails", "body.password": "passwords"},
    **{
        f"/v1/methodologies/{{code}}/versions/{{version}}{step}": {
            "path.code": "methodologies",
            "path.version": "methodology_versions",
        }
        for step in ("", "/supersession")
    },
}
CONFIGURATION: Final = """
hooks = "tests.contract.hooks"

[checks.positive_data_acceptance]
# 304 is a success. 412 is as 409: the form is right, the state is another. 429: who guesses wrong
# or exports too often has to wait. 5xx is left out of the usual list: nothing here may be too busy.
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "429"]

[checks.missing_required_header]
# A missing If-Match has a status of its own (RFC 6585).
expected-statuses = ["401", "403", "404", "422", "428"]

[[operations]]
# It would end the caller's own session. Tested by itself (tests/journeys/test_sessions_api.py).
include-operation-id = "end_all_sessions"
enabled = false

[[operations]]
include-operation-id = "upload_document"
# No schema can say that bytes are those of a PDF: a file that is not what it claims to be is 415.
checks.positive_data_acceptance.expected-statuses = ["201", "401", "403", "404", "409", "415"]

[[operations]]
include-operation-id = "upload_application_file"
# Here too.
checks.positive_data_acceptance.expected-statuses = ["201", "401", "403", "404", "409", "415"]
"""


async def test_the_service_does_what_its_description_says(
    registry: Register, database_url: str, tmp_path: Path
) -> None:
    """Whoever asks, whatever they send; and afterwards every invariant of the register holds."""
    emails = await a_small_world(registry)
    async with serving(database_url, tmp_path) as service:
        await furnish(service, emails["developer"])
        await publish(database_url, service.data)
        values = await known_values(service, emails["authority"])
        *others, authority = [
            _Caller(service, tmp_path / name, phases, _configure(values, emails.get(name)))
            for name, phases in PHASES.items()
        ]
        await asyncio.gather(*(caller.ask() for caller in others))
        await authority.ask()  # last, because it may suspend the others
        reads = await service.operations("get")
    # Warnings may be: not all that is sent is HTTP.
    assert not [line for line in service.lines() if line["level"] == "error"]
    answered = service.answered()
    assert {name for name in reads if 200 not in answered[name]} == set(), "hardly tested"


def _configure(values: Mapping[str, Sequence[str | int]], email: str | None) -> str:
    """Write schemathesis' configuration for a caller; None: one who is not signed in."""
    known = {**values, "emails": [email or "nobody@example.org"], "passwords": [PASSWORD]}
    parts = [CONFIGURATION]
    for path, names in NAMED_AT.items():
        parts += ["[[operations]]", f'include-path = "{path}"', "[operations.parameters]"]
        parts += [_draw(place, name) for place, name in names.items()]
    parts.append("[parameters]")
    parts += [_draw(place, name) for name, places in NAMED.items() for place in places]
    for name, examples in known.items():
        parts += [f"[dictionaries.{name}]", f"values = {json.dumps(examples)}"]
    if email is not None:
        parts += [
            "[auth.dynamic.openapi.token]",
            'path = "/v1/tokens"',
            f'payload = {{ grant_type = "password", email = "{email}", password = "{PASSWORD}" }}',
            'extract_selector = "/access_token"',
        ]
    return "\n".join(parts)


def _draw(place: str, name: str) -> str:
    return f'"{place}" = {{ dictionary = "{name}", probability = {PROBABILITY} }}'


@dataclass(frozen=True)
class _Caller:
    """Somebody who sends requests."""

    service: Service
    folder: Path
    phases: str
    configuration: str

    async def ask(self) -> None:
        """Send requests of all kinds, and fail the test with what was found."""
        self.folder.mkdir()
        (self.folder / "schemathesis.toml").write_text(self.configuration, "utf-8")
        options = {
            "--phases": self.phases,
            "--max-examples": str(EXAMPLES),
            "--seed": str(SEED),
            "--generation-database": "none",
        }
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            *("run", f"{self.service.address}/v1/openapi.json", "--no-color"),
            *("--continue-on-failure", *(part for option in options.items() for part in option)),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},  # noqa: TID251
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        summary = said[said.find("= SUMMARY =") :]
        print(f"{self.folder.name}, {self.phases}, seed {SEED}:\n{summary}")  # noqa: T201
        if process.returncode != 0:
            pytest.fail(f"{self.folder.name}:\n{said}", pytrace=False)
