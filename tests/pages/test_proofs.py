"""The proof of an act: checked by the reader's browser, which finds whatever was changed."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route

from app.entry.pages.checking.proving import climb, with_a_byte_changed
from tests.pages.acts import ask
from tests.pages.fetching import fetch
from tests.pages.site import Site, a_walk

CHECKS: Final = ("text", "hash", "path", "signature", "whole")
LEAVES: Final = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def verdicts(page: Page) -> dict[str, str]:
    """Return what the browser found, once it is done."""
    page.wait_for_selector("[data-check=whole][data-verdict]")
    return {
        name: page.get_attribute(f"[data-check={name}]", "data-verdict") or "" for name in CHECKS
    }


def retired(site: Site) -> int:
    return int(ask(site, "/v1/retirements")["data"][-1]["id"])


def test_an_act_as_it_was_recorded_holds(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.go("/log")
        walk.page.get_by_label("Number of an entry").fill(str(retired(site)))
        walk.page.get_by_role("button", name="Show its proof").click()
        assert verdicts(walk.page) == dict.fromkeys(CHECKS, "good")
        assert walk.page.get_by_text("All of it together: this act stands").is_visible()
        assert not walk.page.get_by_text("All of it together: this is not").is_visible()


@pytest.mark.parametrize("which", ["first", "last"])
def test_an_act_at_the_edge_of_the_log_holds(browser: Browser, site: Site, which: str) -> None:
    size = ask(site, "/v1/log/head")["size"]
    with a_walk(browser, site) as walk:
        walk.go(f"/log/{0 if which == 'first' else size - 1}")
        assert verdicts(walk.page) == dict.fromkeys(CHECKS, "good")


@pytest.mark.parametrize("language", ["en", "th"])
def test_the_false_sample_fails(browser: Browser, site: Site, language: str) -> None:
    with a_walk(browser, site, language=language) as walk:
        walk.go(f"/log/{retired(site)}")
        walk.page.locator("a[href$='changed=yes']").click()
        found = verdicts(walk.page)
        assert found["path"] == found["whole"] == "bad"
        assert found["signature"] == "good"  # the checkpoint is the true one
        assert walk.page.locator("[data-check=path] .govuk-tag--red").is_visible()


def _swap(pattern: str, of: Callable[[str], str]) -> Callable[[str], str]:
    def swap(text: str) -> str:
        match = re.search(pattern, text, re.DOTALL)
        assert match is not None
        changed = of(match[1])
        assert changed != match[1]
        return text[: match.start(1)] + changed + text[match.end(1) :]

    return swap


def _other_letter(base64_text: str) -> str:
    """Change a letter in the middle: of a hash, a key or a signature."""
    at = len(base64_text) // 2
    return base64_text[:at] + ("A" if base64_text[at] != "A" else "B") + base64_text[at + 1 :]


# What somebody may have changed on the page, and which check finds it.
CHANGES: Final = {
    "text": (_swap(r'id="leaf-text">.*?(credits)', lambda _: "credit5"), {"text"}),
    "hash": (_swap(r'id="leaf-hash">(\w+)', lambda text: text[::-1]), {"hash"}),
    "proof": (_swap(r'data-proof="(\S+)', _other_letter), {"path"}),
    "shorter proof": (_swap(r'data-proof="(\S+ )', lambda _: ""), {"path"}),
    "place": (_swap(r'data-index="(\d+)"', lambda text: str(int(text) - 1)), {"path"}),
    "size": (_swap(r'data-size="(\d+)"', lambda text: str(int(text) + 1)), {"path"}),
    "root": (
        _swap(r'data-checkpoint="[^\n]*\n\d+\n([^\n]+)', _other_letter),
        {"path", "signature"},
    ),
    "signature": (_swap(r'data-checkpoint="[^"]* (\S+)\n"', _other_letter), {"signature"}),
    "no signature": (_swap(r'data-checkpoint="[^"]*\n\n(.*?)"', lambda _: ""), {"signature"}),
    "key": (_swap(r'data-keys="[^"]*?\+(?=\w{8}\+)\w{8}\+([^\n]+)', _other_letter), {"signature"}),
    "no key": (_swap(r'data-keys="([^"]*)"', lambda _: ""), {"signature"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_changed_is_found(browser: Browser, site: Site, what: str) -> None:
    change, found_by = CHANGES[what]
    index = retired(site)

    def serve(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.text()))

    with a_walk(browser, site) as walk:
        walk.page.route(f"**/en/log/{index}", serve)
        walk.go(f"/log/{index}")
        found = verdicts(walk.page)
        assert {name for name, verdict in found.items() if verdict == "bad"} == {
            *found_by,
            "whole",
        }


def test_a_browser_without_hashing_says_that_it_did_not_check(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.page.add_init_script("delete Crypto.prototype.subtle")
        walk.go(f"/log/{retired(site)}")
        assert verdicts(walk.page) == dict.fromkeys(CHECKS, "unable")


def test_a_browser_without_ed25519_says_what_it_did_not_check(browser: Browser, site: Site) -> None:
    with a_walk(browser, site) as walk:
        walk.page.add_init_script("SubtleCrypto.prototype.importKey = () => Promise.reject()")
        walk.go(f"/log/{retired(site)}")
        found = verdicts(walk.page)
        assert found["path"] == "good"
        assert found["signature"] == found["whole"] == "unable"


def test_without_scripts_all_values_stand_there(browser: Browser, site: Site) -> None:
    index = retired(site)
    shown = ask(site, f"/v1/log/entries/{index}/inclusion")
    with a_walk(browser, site, java_script_enabled=False) as walk:
        walk.go(f"/log/{index}")
        text = walk.page.inner_text("main")
        assert "Checked by your browser" not in text
        assert base64.b64decode(shown["entry"]["leaf"]).decode() in text
        for value in (shown["entry"]["leaf_hash"], shown["root"], *shown["proof"]):
            assert base64.b64decode(value).hex() in text
        assert "They are the same." in text
        assert f"registry verify {site.address} --receipt" in text
        walk.page.get_by_role("link", name="See the check fail").click()
        assert "They differ" in walk.page.inner_text("main")


def test_the_bytes_of_an_act_hash_to_its_leaf(site: Site) -> None:
    index = retired(site)
    answer = fetch(f"{site.address}/en/log/{index}/leaf")
    assert f'filename="act-{index}.json"' in answer.headers["Content-Disposition"]
    hashed = hashlib.sha256(b"\x00" + answer.body).digest()
    expected = ask(site, f"/v1/log/entries/{index}")["leaf_hash"]
    assert base64.b64encode(hashed).decode() == expected


def test_entries_are_read_page_by_page(browser: Browser, site: Site) -> None:
    size = ask(site, "/v1/log/head")["recorded_size"]
    with a_walk(browser, site) as walk:
        walk.go("/log")
        assert walk.page.locator("tbody th").first.inner_text() == str(size - 1)
        walk.page.get_by_role("link", name="Earlier entries").click()
        assert walk.page.locator("tbody th").first.inner_text() == str(size - 26)
        walk.page.get_by_role("link", name="Later entries").click()
        assert walk.page.locator("tbody th").first.inner_text() == str(size - 1)
        walk.go("/log?first=0")
        assert walk.page.locator("tbody th").last.inner_text() == "0"
        assert walk.page.get_by_role("link", name="Earlier entries").count() == 0


def _root(leaves: list[bytes]) -> bytes:
    """Return the root of a tree as RFC 9162 section 2.1.1 defines it."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return the path of a leaf as RFC 9162 section 2.1.3.1 defines it."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return [*_path(index, left), _root(right)]
    return [*_path(index - split, right), _root(left)]


@given(leaves=LEAVES, data=st.data())
def test_the_steps_shown_lead_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    steps = climb(leaves[index], index, len(leaves), _path(index, leaves))
    reached = steps[-1].above if steps else hashlib.sha256(b"\x00" + leaves[index]).digest()
    assert reached == _root(leaves)


@given(st.binary(min_size=1, max_size=60))
def test_a_changed_byte_is_one_byte(leaf: bytes) -> None:
    changed, at = with_a_byte_changed(leaf)
    assert [
        n for n, (one, other) in enumerate(zip(leaf, changed, strict=True)) if one != other
    ] == [at]
