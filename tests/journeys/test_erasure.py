"""``registry erase-person``: what a person types, what goes, and what the service says after."""

import asyncio
import hashlib
import os
import sys

from app.kernel.ids import new_id
from tests.builders.activities import a_draft_activity
from tests.builders.answers import every_row, refused
from tests.builders.erasure import (
    EMAIL,
    NAME,
    a_register_that_names,
    acts_that_name,
    leaves_of,
    where_written,
)
from tests.builders.ledger import a_batch, two_holders, writes
from tests.builders.parties import Service, bearer, the_administrator
from tests.conftest import CHECKOUT, Registry
from tests.journeys.test_endings_api import an_end


async def ran(registry: Registry, *options: str, typed: str = "") -> tuple[int, str, str]:
    """Run the command; gives exit code, what it printed and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.entry.cli", "erase-person", *options),
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": registry.url, "COLUMNS": "200"},  # noqa: TID251
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, printed.decode(), complained.decode()


async def test_a_person_is_shown_and_erased(registry: Registry) -> None:
    """Everything by one command: their account, the acts that name them, their retirements."""
    user = await a_register_that_names(registry)
    named = await acts_that_name(registry, NAME)
    options = ["--user", EMAIL, "--beneficiary", NAME]
    options += [text for act in named[1:-1] for text in ("--act", str(act))]
    before = await leaves_of(registry)
    code, printed, _ = await ran(registry, *options, typed="n\n")
    assert code == 1
    assert EMAIL in printed
    assert "ใจกล้า has left." in printed
    assert await leaves_of(registry) == before
    code, printed, complained = await ran(registry, *options, "--yes")
    assert code == 0, complained
    assert f"user {user.id}" in printed
    assert f"Act {len(before)} erased it: the words of {len(named)} acts." in printed
    assert await where_written(registry.url, NAME) == set()
    assert (await leaves_of(registry))[:-1] == before
    code, _, complained = await ran(registry, *options, "--yes")
    assert code == 1
    assert "Nobody signs in with this address." in complained
    code, _, complained = await ran(registry, "--act", str(named[0]), "--yes")
    assert code == 1
    assert "Nothing is left to erase there." in complained


async def test_a_beneficiary_is_found_by_identifier(registry: Registry, api: Service) -> None:
    """Exactly, in all retirements and cancellations, and in nobody else's."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    for path in ("/v1/retirements", "/v1/cancellations"):
        body = an_end(holders)
        done = await api.post(path, json=body, headers=writes(api, holders.owner))
        assert done.status_code == 201
    key = writes(api, holders.owner)
    other = await api.post(
        "/v1/retirements", json=an_end(holders, beneficiary_identifier="12345678901"), headers=key
    )
    code, printed, complained = await ran(registry, "--beneficiary", "1234567890121", typed="y\n")
    assert code == 0, complained
    assert "2 acts" in printed
    listed = await every_row(api, "/v1/retirements", limit=10)
    assert [row["beneficiary"] for row in listed] == ["มะลิ ใจดี", None]
    assert [row["salt"] is None for row in listed] == [False, True]
    # Whose request it was finds its reply again; whoever was erased does not.
    again = await api.post(
        "/v1/retirements", json=an_end(holders, beneficiary_identifier="12345678901"), headers=key
    )
    assert again.json() == other.json()


async def test_a_wrong_wish_is_refused_in_words(registry: Registry) -> None:
    await the_administrator(registry)
    for options, said in (
        ((), "It is not said whose data is to be erased."),
        (("--user", "nobody@example.org"), "Nobody signs in with this address."),
        (("--user", "usr_00000000000000000000000000"), "There is no such user"),
        (("--beneficiary", "nobody"), "Nothing is left to erase there."),
        (("--act", "0"), "Nothing is left to erase there."),
        (("--act", "0", "--as", "nobody@example.org"), "There is nobody to erase as."),
    ):
        code, _, complained = await ran(registry, *options, "--yes")
        assert (code, said in complained) == (1, True), (options, complained)


async def test_a_request_whose_reply_was_erased_is_told_so(
    registry: Registry, api: Service
) -> None:
    """It is known that it was done; neither is it done again, nor is the name given out."""
    holders = await two_holders(registry)
    await a_batch(registry, holders.administrator, holders.account)
    headers = writes(api, holders.owner)
    done = await api.post("/v1/retirements", json=an_end(holders), headers=headers)
    assert (await ran(registry, "--act", str(done.json()["id"]), "--yes"))[0] == 0
    again = await api.post("/v1/retirements", json=an_end(holders), headers=headers)
    refused(again, 410, "answer_erased")
    thai = await api.post(
        "/v1/retirements", json=an_end(holders), headers=headers | {"Accept-Language": "th"}
    )
    assert thai.headers["Content-Language"] == "th"
    shown = (await api.get(done.headers["Location"])).json()
    assert (shown["credits"], shown["beneficiary"], shown["salt"]) == (5, None, None)


async def test_an_erased_user_is_shown_without_name(registry: Registry, api: Service) -> None:
    user = await a_register_that_names(registry)
    administrator = await the_administrator(registry)
    assert (await ran(registry, "--user", user.id, "--yes"))[0] == 0
    headers = bearer(api, administrator)
    shown = (await api.get(f"/v1/users/{user.id}", headers=headers)).json()
    assert (shown["email"], shown["display_name"], shown["status"]) == (None, None, "suspended")
    body = {"reason": "Back again."}
    response = await api.post(f"/v1/users/{user.id}/reinstatement", json=body, headers=headers)
    refused(response, 409, "user_erased")


async def test_whoever_sees_words_can_check_them_against_the_log(
    registry: Registry, api: Service
) -> None:
    """With SHA-256 and the public log; after an erasure there is nothing to check."""
    activity, owner = await a_draft_activity(registry)
    headers = bearer(api, owner) | {"If-Match": '"1"', "Idempotency-Key": new_id("req")}
    reason = {"reason": "มะลิ ใจดี left."}
    done = await api.post(f"/v1/activities/{activity.id}/withdrawal", json=reason, headers=headers)
    assert done.status_code == 200, done.text
    address = f"/v1/activities/{activity.id}/events"
    drafted, withdrawn = (await api.get(address, headers=bearer(api, owner))).json()["data"]
    leaf = (await api.get(f"/v1/log/entries/{withdrawn['log_index']}")).json()["act"]["data"]
    salted = bytes.fromhex(withdrawn["salt"]) + reason["reason"].encode()
    assert leaf["reason_commitment"] == hashlib.sha256(salted).hexdigest()
    # What was drafted is sealed too, but its salt goes to nobody: words could be tried with it.
    assert (drafted["reason"], drafted["salt"]) == (None, None)
    assert (await ran(registry, "--act", str(withdrawn["log_index"]), "--yes"))[0] == 0
    events = (await api.get(address, headers=bearer(api, owner))).json()["data"]
    assert (events[1]["reason"], events[1]["salt"]) == (None, None)
