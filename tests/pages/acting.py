"""How a person works a page: by labels, and by what stands on buttons and links."""

from typing import Any

from playwright.sync_api import FilePayload, Locator, Page

from app.entry.pages.words import Language, translations, word
from tests.pages.site import Site, Walk


def say(walk: Walk, message: str, **facts: Any) -> str:  # noqa: ANN401  as templates take them
    """Return a message as the reader sees it."""
    said = translations(language_of(walk)).ugettext(message)
    return said % facts if facts else said


def language_of(walk: Walk) -> Language:
    """Return the reader's language."""
    return "th" if walk.language == "th" else "en"


def labelled(walk: Walk, label: str) -> Locator:
    """Return a field, by its label."""
    return walk.page.get_by_label(say(walk, label), exact=True)


def fill(walk: Walk, label: str, value: str) -> None:
    """Type in a field, by its label."""
    walk.hands.type(walk.page, labelled(walk, label), value)


def choose(walk: Walk, label: str, value: str) -> None:
    """Choose of a list, by its label."""
    walk.hands.choose(walk.page, labelled(walk, label), value)


def mark(walk: Walk, box: str | Locator) -> None:
    """Mark a box, by its label."""
    where = labelled(walk, box) if isinstance(box, str) else box
    walk.hands.mark(walk.page, where)


def attach(walk: Walk, label: str, file: FilePayload) -> None:
    """Choose a file, by the label of its field."""
    walk.hands.attach(walk.page, labelled(walk, label), file)


def press(walk: Walk, button: str) -> None:
    """Press a button, by what stands on it."""
    leads_on(walk, walk.page.get_by_role("button", name=say(walk, button), exact=True).first)


def follow(walk: Walk, link: str) -> None:
    """Follow a link, by its words."""
    leads_on(walk, walk.page.get_by_role("link", name=say(walk, link), exact=True).first)


def leads_on(walk: Walk, way: Locator) -> None:
    """Press a button or follow a link, and wait for where it leads."""
    walk.hands.come_to(walk.page, way)
    with walk.page.expect_navigation():
        walk.hands.press(walk.page, way)


def sign_in(walk: Walk, role: str, *, code: str | None = None) -> None:
    """Sign in as one of the demo's people, beginning at the first page; code: of who has one."""
    email, password = walk.site.users[role]
    walk.go("/")
    follow(walk, "Sign in")
    fill(walk, "Email address", email)
    fill(walk, "Password", password)
    press(walk, "Sign in")
    if code is not None:
        fill(walk, "Code of your authenticator", code)
        press(walk, "Sign in")
    assert "/sign-in" not in walk.page.url


def sign_out(walk: Walk) -> None:
    """Leave, so that somebody else can sign in."""
    press(walk, "Sign out")


def sees(page: Page, text: str) -> bool:
    """Say whether a text stands on the page."""
    return text in page.locator("main").inner_text()


def say_done(walk: Walk, done: str, kind: str = "done") -> str:
    """Return what a page says once something is done."""
    return word(kind, done, language_of(walk))


def account_of(site: Site, role: str) -> dict[str, Any]:
    """Return somebody's account."""
    return dict(site.call(role, "/accounts")["data"][0])
