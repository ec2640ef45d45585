"""Pages that visitors have been shown: made once for all of them, and never older than the log."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Final

import httpx2
import pytest
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.marks import Mark
from app.entry.pages.answers import Answer
from app.entry.pages.components import component
from app.entry.pages.remembering import ENTRY_BYTES, Memory, Visit
from app.entry.pages.sessions import COOKIE
from app.kernel.errors import NotFoundError
from app.main import create_app
from app.registry.log.store.publication import get_extent
from tests.builders.ledger import Holders, a_batch, oldest, retire, two_holders
from tests.builders.public_log import a_busy_register
from tests.conftest import Api, Registry, settings_for
from tests.pages.counting import counted

PAGES: Final = (
    *("", "/activities", "/credits", "/parties", "/programmes", "/provinces"),
    *("/programmes/CITY", "/provinces/40"),
)
MARK: Final = Mark(1, b"root", 1, None, date(2026, 11, 24))
CREDITS: Final = 4_321


async def some_credits(registry: Registry) -> tuple[Holders, str]:
    holders = await two_holders(registry)
    made = await a_batch(registry, holders.administrator, holders.account, credits_made=CREDITS)
    return holders, made.batches[0].serial_prefix


async def test_a_page_that_was_made_is_shown_again_for_one_statement(api: Api) -> None:
    for address in (f"/{language}{page}" for language in ("th", "en") for page in PAGES):
        first = await api.get(address)
        assert first.status_code == 200
        with counted() as cost:
            again = await api.get(address)
        assert (cost.calls, cost.statements) == (0, 1), address
        assert again.content == first.content
        for answer in (first, again):
            del answer.headers["request-id"]
        assert again.headers == first.headers


async def test_what_a_page_costs_that_is_made_anew(registry: Registry, api: Api) -> None:
    """Counted after an act each, so that nothing is remembered: calls, and statements at most."""
    trade = await a_busy_register(registry, transfers=0)
    activity = (await api.get("/v1/activities")).json()["data"][0]["id"]
    prefix = (await api.get("/v1/batches")).json()["data"][0]["prefix"]
    costs = {
        "/en": (4, 14),
        "/en/activities": (5, 12),
        # Provinces are known from the page before: no act changes them.
        f"/en/activities/{activity}": (3, 24),
        f"/en/serials?serial={prefix}-1": (2, 9),
    }
    for address, (calls, statements_max) in costs.items():
        await trade.go_on(registry, 1)
        with counted() as cost:
            assert (await api.get(address)).status_code == 200
        assert cost.calls == calls, address
        assert cost.statements <= statements_max, (address, cost)


async def test_a_page_is_compressed_for_who_takes_it_so_and_says_the_same(api: Api) -> None:
    plain, compressed = [
        [await api.get("/th/activities", headers={"accept-encoding": taken}) for _ in range(2)]
        for taken in ("identity", "gzip, br")
    ]
    assert "content-encoding" not in plain[0].headers
    assert {answer.headers["content-encoding"] for answer in compressed} == {"gzip"}
    assert {answer.text for answer in (*plain, *compressed)} == {plain[0].text}
    assert {answer.headers["vary"] for answer in (*plain, *compressed)} == {
        plain[0].headers["vary"]
    }
    sizes = [int(answers[1].headers["content-length"]) for answers in (plain, compressed)]
    assert sizes[1] < sizes[0] / 3


async def test_a_page_of_another_query_or_language_is_another_page(api: Api) -> None:
    shown = [
        (await api.get(address)).text
        for address in ("/en/activities", "/th/activities", "/en/activities?q=solar")
        for _ in range(2)
    ]
    assert shown[0] == shown[1]
    assert shown[2] == shown[3]
    assert shown[4] == shown[5]
    assert len(set(shown)) == 3


async def test_an_act_is_seen_at_once(registry: Registry, api: Api) -> None:
    holders, prefix = await some_credits(registry)
    for address in ("/en", f"/en/credits/{prefix}", f"/en/serials?serial={prefix}-1"):
        await api.get(address)
    for retired in (1_111, 1_234):
        await retire(registry, holders.owner, holders.account, oldest(retired))
        total = {1_111: "1,111", 1_234: "2,345"}[retired]
        assert total in (await api.get("/en")).text
        assert total in (await api.get(f"/en/credits/{prefix}")).text
        assert "Retired" in (await api.get(f"/en/serials?serial={prefix}-1")).text


async def test_what_one_process_has_shown_another_does_not_take_back(
    registry: Registry, api: Api, tmp_path: Path
) -> None:
    holders, _ = await some_credits(registry)
    other = create_app(settings_for(registry.url, tmp_path / "other"))
    async with other.router.lifespan_context(other):
        transport = httpx2.ASGITransport(app=other)
        async with httpx2.AsyncClient(transport=transport, base_url="http://other.test") as second:
            for number in range(1, 5):
                await retire(registry, holders.owner, holders.account, oldest(1_000))
                for ask in (api.get, second.get, api.get, second.get):
                    assert f"{number},000" in (await ask("/en")).text


async def test_nobody_who_sends_a_cookie_is_shown_what_is_remembered(api: Api) -> None:
    await api.get("/en/provinces")
    for cookie in (f"{COOKIE}=x", "other=1"):
        with counted() as cost:
            answer = await api.client.get("/en/provinces", headers={"cookie": cookie})
        assert answer.status_code == 200
        # Answers that are the same for everybody may be used; the page is made anew.
        assert cost.statements == 1
        assert cost.calls == 0


async def test_what_was_true_of_yesterday_is_not_shown_today(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.get("/en/programmes/CITY")
    with monkeypatch.context() as patch:
        patch.setattr("app.kernel.clock.bangkok_date", lambda _: date(2031, 5, 6))
        with counted() as cost:
            assert (await api.get("/en/programmes/CITY")).status_code == 200
    assert cost.calls > 0


async def test_what_is_refused_is_not_remembered(api: Api) -> None:
    for _ in range(2):
        with counted() as cost:
            answer = await api.get("/en/activities/act_01kb5w6yk2e0hr9h5y0s8v2a3b")
        assert answer.status_code == 404
        assert cost.calls == 1


async def test_calls_of_one_page_see_one_state_and_take_one_transaction(
    registry: Registry, api: Api
) -> None:
    holders, _ = await some_credits(registry)
    state = api.app.state
    visit = Visit(state.late_reads, state.marks, state.page_memory)
    async with visit.snapshot.reading() as connection:
        extent = await get_extent(connection)
    await retire(registry, holders.owner, holders.account, oldest(10))
    async with visit.snapshot.reading() as again:
        assert again is connection
        assert await get_extent(again) == extent
    assert (await state.marks.present()).size == extent[0] + 1
    await visit.close()


async def test_a_snapshot_that_broke_is_opened_anew_and_a_refusal_breaks_none(api: Api) -> None:
    state = api.app.state
    visit = Visit(state.late_reads, state.marks, state.page_memory)
    seen: list[AsyncConnection] = []

    async def fail(error: Exception) -> None:
        async with visit.snapshot.reading() as connection:
            seen.append(connection)
            raise error

    closed = []
    for error in (NotFoundError(), ZeroDivisionError()):
        with pytest.raises(type(error)):
            await fail(error)
        closed.append(seen[-1].closed)
    assert seen[1] is seen[0]
    assert closed == [False, True]
    async with visit.snapshot.reading() as connection:
        assert not connection.closed
    await visit.close()
    assert connection.closed


def test_memory_is_bounded_and_what_was_used_last_stays() -> None:
    memory = Memory(bytes_max=4 * (ENTRY_BYTES + 101))
    answer = Answer(200, {}, b"x" * 100)
    assert memory.find(MARK, "a") is None
    for name in "abcd":
        memory.keep(MARK, name, answer)
    assert memory.find(MARK, "a") is answer
    memory.keep(MARK, "e", answer)
    assert [name for name in "abcde" if memory.find(MARK, name)] == ["a", "c", "d", "e"]
    memory.keep(MARK, "f", Answer(200, {}, b"x" * 10_000))  # larger than all of it
    assert memory.find(MARK, "f") is None


@pytest.mark.parametrize(
    "other",
    [
        MARK._replace(size=2),
        MARK._replace(root=b"another"),
        MARK._replace(published_size=2),
        MARK._replace(day=date(2026, 11, 25)),
    ],
)
def test_what_was_kept_under_another_mark_is_forgotten(other: Mark) -> None:
    memory = Memory()
    answer = Answer(200, {}, b"")
    memory.find(MARK, "a")
    memory.keep(MARK, "a", answer)
    memory.keep(other, "late", answer)  # read under a mark that is not the present one
    assert memory.find(other, "a") is None
    assert memory.find(other, "late") is None
    assert memory.find(MARK, "a") is None


async def test_calls_that_are_made_together_ask_for_the_mark_once(api: Api) -> None:
    with counted() as cost:
        await asyncio.gather(*(api.get("/en/sign-in") for _ in range(3)))
    assert cost.statements == 0  # an empty page needs none
    await api.get("/en")
    with counted() as cost:
        await asyncio.gather(*(api.get("/en") for _ in range(20)))
    assert cost.statements <= 2


def test_a_component_that_is_kept_is_told_from_others_by_all_that_it_is_given() -> None:
    for label in ("a", "b", "<b>a</b>", Markup("<b>a</b>")):
        params = {"name": "n", "id": "n", "label": {"text": label}, "items": [{"text": label}]}
        made = component("select", params)
        assert [component("select", params, kept=True) for _ in range(2)] == [made, made], label
