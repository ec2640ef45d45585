"""The certificate of a retirement as a file: what is served, to whom, how often it is made."""

import asyncio
import base64
import hashlib
import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.entry.certificate import setting
from app.entry.certificate.setting import (
    AT_ONCE_MAX,
    WAITING_MAX,
    Setter,
    TooManyCertificatesError,
)
from app.entry.certificate.sheet import Sheet, render
from app.kernel.encoding import canonical_bytes
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.ledger.rules import Beneficiary, EntryKind, Statement, Visibility
from app.registry.log.receipts import Receipt
from tests.builders.answers import refused
from tests.builders.certificates import ORIGIN, a_sheet, attached_to
from tests.builders.ledger import Holders, a_batch, an_ending, oldest, retire, two_holders
from tests.builders.parties import Service, bearer, do
from tests.builders.publishing import publish
from tests.conftest import Registry
from tests.server_process import ServerProcess

NAME = "นางสาวกตัญญู ฐานันดร"


async def retired(
    registry: Registry, *, credits_ended: int = 40, visibility: Visibility = Visibility.PUBLIC
) -> tuple[Holders, int]:
    """Retire credits in a person's name; returns who is there, and the log index."""
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
    statement = Statement(NAME, Beneficiary.PERSON, "1234567890121", "งานบุญ")
    movement = await retire(
        registry,
        holders.owner,
        holders.account,
        oldest(credits_ended),
        an_ending(visibility=visibility, statement=statement),
    )
    return holders, movement.log_index


def path_of(log_index: int) -> str:
    return f"/v1/retirements/{log_index}/certificate.pdf"


async def pdf_of(api: Service, log_index: int, **headers: str) -> bytes:
    answer = await api.get(path_of(log_index), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/pdf"
    return answer.content


async def test_what_is_attached_is_the_certificate_and_what_the_log_keeps(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    _, log_index = await retired(registry)
    files = await attached_to(await pdf_of(api, log_index), tmp_path)
    certificate = (await api.get(f"/v1/retirements/{log_index}/certificate")).json()
    assert files["certificate.json"] == canonical_bytes(certificate)
    assert len(certificate["lines"]) == 2
    entry = (await api.get(f"/v1/log/entries/{log_index}")).json()
    assert files["leaf.json"] == base64.b64decode(entry["leaf"])


async def test_the_receipt_at_the_address_in_it_proves_what_is_attached(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    """Another receipt with each checkpoint, and all prove it; the file never changes for that."""
    holders, log_index = await retired(registry)
    before = await pdf_of(api, log_index)
    leaf = (await attached_to(before, tmp_path))["leaf.json"]
    receipts = []
    for _ in range(2):
        await publish(registry.url, tmp_path)
        receipts.append((await api.get(f"/v1/log/receipts/{log_index}")).content)
        await retire(registry, holders.owner, holders.account, oldest(1))
    assert receipts[0] != receipts[1]
    assert all(Receipt.parse(receipt).proves(leaf) for receipt in receipts)
    assert await pdf_of(api, log_index) == before


async def test_everybody_gets_the_same_bytes_and_their_digest(
    registry: Registry, api: Service
) -> None:
    """Who may see the names and who may not, and after it was forgotten that it was made."""
    holders, log_index = await retired(registry, visibility=Visibility.ANONYMOUS)
    answer = await api.get(path_of(log_index))
    digest = hashlib.sha256(answer.content).digest()
    assert answer.headers["ETag"] == f'"{digest.hex()}"'
    assert answer.headers["Content-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.headers["Content-Disposition"] == f'inline; filename="retirement-{log_index}.pdf"'
    for actor in (holders.owner, holders.auditor, holders.other):
        assert await pdf_of(api, log_index, **bearer(api, actor)) == answer.content
    api.app.state.certificates = Setter()
    assert await pdf_of(api, log_index) == answer.content


async def test_who_has_it_is_told_so(registry: Registry, api: Service) -> None:
    _, log_index = await retired(registry)
    tag = (await api.get(path_of(log_index))).headers["ETag"]
    again = await api.get(path_of(log_index), headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = await api.get(path_of(log_index), headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("visibility", Visibility)
async def test_names_are_in_it_only_where_they_are_public(
    registry: Registry, api: Service, tmp_path: Path, visibility: Visibility
) -> None:
    """Whoever asks: the file goes from hand to hand. What the log keeps names nobody ever."""
    holders, log_index = await retired(registry, visibility=visibility)
    for headers in ({}, bearer(api, holders.owner)):
        files = await attached_to(await pdf_of(api, log_index, **headers), tmp_path)
        said = json.loads(files["certificate.json"])
        is_public = visibility is Visibility.PUBLIC
        assert said["beneficiary"] == (NAME if is_public else None)
        assert (NAME in files["certificate.json"].decode()) is is_public
        assert (b"1234567890121" in files["certificate.json"]) is is_public
        assert NAME not in files["leaf.json"].decode()


async def test_an_erased_name_is_gone_from_it_at_once(
    registry: Registry, api: Service, tmp_path: Path
) -> None:
    holders, log_index = await retired(registry)
    before = await pdf_of(api, log_index)
    await do(registry, holders.administrator, erase_person, ErasePerson((log_index,)))
    after = await pdf_of(api, log_index)
    assert after != before
    files = await attached_to(after, tmp_path)
    assert NAME not in files["certificate.json"].decode()
    lines = json.loads(files["certificate.json"])["lines"]
    certificate = (await api.get(f"/v1/retirements/{log_index}/certificate")).json()
    assert certificate["lines"] == lines


async def test_only_a_retirement_has_one(registry: Registry, api: Service) -> None:
    holders, _ = await retired(registry)
    cancelled = await retire(
        registry, holders.owner, holders.account, oldest(1), an_ending(EntryKind.CANCELLED)
    )
    for log_index in (cancelled.log_index, 0, 10**9):
        refused(await api.get(path_of(log_index)), 404, "movement_not_found")


async def test_where_the_code_leads_is_ours_to_say(registry: Registry, api: Service) -> None:
    """And not what a request says it was sent to: the same file goes to everybody."""
    _, log_index = await retired(registry)
    without = await pdf_of(api, log_index)
    assert await pdf_of(api, log_index, Host="registry.of.a.thief") == without
    settings = api.app.state.settings
    api.app.state.settings = settings.model_copy(update={"public_origin": ORIGIN})
    assert await pdf_of(api, log_index) != without


class SlowSetting:
    """Setting that takes its time, and counts."""

    def __init__(self) -> None:
        self.begun: Counter[Sheet] = Counter()
        self.at_once = self.at_once_highest = 0
        self.started = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, sheet: Sheet) -> bytes:
        with self._lock:
            self.begun[sheet] += 1
            self.at_once += 1
            self.at_once_highest = max(self.at_once_highest, self.at_once)
        self.started.set()
        time.sleep(0.02)
        with self._lock:
            self.at_once -= 1
        return sheet.key


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowSetting:
    made = SlowSetting()
    monkeypatch.setattr(setting, "render", made)
    return made


def sheets(count: int) -> list[Sheet]:
    return [a_sheet(retirement=number) for number in range(count)]


async def outcomes(setter: Setter, asked: list[Sheet]) -> Counter[Any]:
    found = await asyncio.gather(*map(setter.set, asked), return_exceptions=True)
    return Counter(one if isinstance(one, setting.SetCertificate) else type(one) for one in found)


async def test_fifty_who_ask_for_one_have_it_set_once(slow: SlowSetting) -> None:
    setter, (sheet,) = Setter(), sheets(1)
    (_, times), *others = (await outcomes(setter, [sheet] * 50)).items()
    assert (times, others) == (50, [])
    await setter.set(sheet)
    assert slow.begun == {sheet: 1}


async def test_fifty_who_ask_for_fifty_are_served_two_at_a_time_or_sent_away(
    slow: SlowSetting,
) -> None:
    setter, asked = Setter(), sheets(50)
    found = await outcomes(setter, asked)
    assert found.pop(TooManyCertificatesError) == 50 - WAITING_MAX
    assert sum(found.values()) == len(found) == WAITING_MAX
    assert slow.at_once_highest == AT_ONCE_MAX
    # Nothing of it stays: whoever was sent away comes back and is served.
    assert TooManyCertificatesError not in await outcomes(setter, asked[WAITING_MAX:])
    assert set(slow.begun.values()) == {1}


async def test_who_leaves_does_not_end_it_for_others(slow: SlowSetting) -> None:
    setter, (sheet,) = Setter(), sheets(1)
    first = asyncio.create_task(setter.set(sheet))
    second = asyncio.create_task(setter.set(sheet))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).content == sheet.key
    assert slow.begun == {sheet: 1}


async def test_what_fails_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Sheet) -> bytes:
        raise RuntimeError("no paper")

    setter, (sheet,) = Setter(), sheets(1)
    with monkeypatch.context() as broken:
        broken.setattr(setting, "render", fail)
        assert await outcomes(setter, [sheet] * 3) == {RuntimeError: 3}
    assert (await setter.set(sheet)).content == render(sheet)


async def test_what_is_kept_is_bounded(slow: SlowSetting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for longest ago goes first."""
    monkeypatch.setattr(setting, "KEPT_BYTES_MAX", 3 * 32)
    setter, asked = Setter(), sheets(4)
    for sheet in (*asked[:3], asked[0], asked[3], asked[0], asked[1]):
        await setter.set(sheet)
    assert [slow.begun[sheet] for sheet in asked] == [1, 2, 1, 1]


async def test_too_many_at_once_are_told_when_to_come_back(
    registry: Registry, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, log_index = await retired(registry)
    monkeypatch.setattr(setting, "WAITING_MAX", 0)
    answer = await api.get(path_of(log_index))
    refused(answer, 503, "too_many_certificates")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_while_certificates_are_set_others_can_read(
    registry: Registry, api: Service, slow: SlowSetting
) -> None:
    """Who waits for one holds no connection to the database."""
    _, log_index = await retired(registry)
    views = api.app.state.views
    waiting = asyncio.create_task(api.get(path_of(log_index)))
    await asyncio.to_thread(slow.started.wait)
    assert slow.at_once == 1
    assert views.pool.checkedout() == 0
    assert (await waiting).status_code == 200


async def test_over_http_it_is_served_as_it_is_set(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    """A server of its own, with a public address, asked by fifty at once."""
    _, log_index = await retired(registry)
    with ServerProcess(database_url, data=tmp_path, REGISTRY_PUBLIC_ORIGIN=ORIGIN) as server:
        async with httpx2.AsyncClient(base_url=server.address) as client:
            answers = await asyncio.gather(*(client.get(path_of(log_index)) for _ in range(50)))
            entry = (await client.get(f"/v1/log/entries/{log_index}")).json()
    assert {answer.status_code for answer in answers} == {200}
    (pdf,) = {answer.content for answer in answers}
    assert answers[0].headers["ETag"] == f'"{hashlib.sha256(pdf).hexdigest()}"'
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"
    files = await attached_to(pdf, tmp_path)
    leaf = base64.b64decode(entry["leaf"])
    assert pdf == render(Sheet(files["certificate.json"], leaf, ORIGIN))
