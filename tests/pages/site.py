"""A register with the demo's people and credits, served, and a browser that walks through it."""

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.pages.browsing import SAME_SITE
from tests.pages.fetching import send_json
from tests.pages.hands import Hands

AXE: Final = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# What every rule of WCAG 2.0 to 2.2, A and AA, and of good practice says.
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Those of them that look at colours.
COLOURS: Final = ("cat.color",)
# Only what is asked for here is prepared: no selectors of what was found, and no copies of style
# sheets, which none of these rules looks into.
_AXE_RUN: Final = """async rules => {
  const found = await axe.run(document, {
    runOnly: rules, resultTypes: ["violations"], selectors: false, preload: {assets: ["media"]},
  });
  return found.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html).join(" | "));
}"""
TOKEN_S: Final = 240  # tokens live longer
# The browser tells of a page that answers 4xx; pages that refuse are meant to.
_REFUSED: Final = "Failed to load resource: the server responded with a status of 4"


@dataclass(frozen=True)
class Site:
    """The running register."""

    address: str
    users: dict[str, tuple[str, str]]  # email and password by the demo's words for their role
    # Each role's token and when it is too old: making one takes as long as reading fifty pages.
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, address: str, data: Path) -> "Site":
        """Return the site whose demo wrote its people down in a folder."""
        demo = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        return cls(address, {u["role"]: (u["email"], u["password"]) for u in demo["users"]})

    def call(
        self,
        role: str,
        path: str,
        body: Any = None,  # noqa: ANN401  of JSON
        *,
        method: str = "",
        if_match: str = "",
    ) -> Any:  # noqa: ANN401  of JSON
        """Ask the API for something, or send it something, as one of the demo's people."""
        headers = {
            "Authorization": f"Bearer {self._token(role)}",
            "Idempotency-Key": secrets.token_urlsafe(16),
            **({"If-Match": if_match} if if_match else {}),
        }
        return self._ask(path, body, method or ("GET" if body is None else "POST"), headers)

    def _token(self, role: str) -> str:
        token, until = self.tokens.get(role, ("", 0))
        if time.monotonic() > until:
            email, password = self.users[role]
            grant = {"grant_type": "password", "email": email, "password": password}
            token = self._ask("/tokens", grant, "POST", {})["access_token"]
            self.tokens[role] = (token, time.monotonic() + TOKEN_S)
        return token

    def read(self, role: str | None, path: str) -> Any:  # noqa: ANN401  of JSON
        """Ask the API for something, as one of the demo's people, or as nobody."""
        return self.call(role, path) if role else self._ask(path, None, "GET", {})

    def _ask(self, path: str, body: Any, method: str, headers: dict[str, str]) -> Any:  # noqa: ANN401
        return send_json(f"{self.address}/v1{path}", body, headers, method=method)


@dataclass
class Walk:
    """One reader: their browser, and whatever it complained of."""

    site: Site
    context: BrowserContext
    page: Page
    language: str
    hands: Hands = field(default_factory=Hands)
    runs_scripts: bool = True
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open an address, which stands without the language."""
        self.page.goto(f"{self.site.address}/{self.language}{path}")

    def sign_in(self, role: str) -> None:
        """
        Sign in as one of the demo's people, and show no page yet.

        The form is sent without being shown: `tests.pages.acting.sign_in` fills it in.
        """
        email, password = self.site.users[role]
        answer = self.context.request.post(
            f"{self.site.address}/{self.language}/sign-in",
            form={"email": email, "password": password},
            headers=SAME_SITE,
            max_redirects=0,
        )
        assert answer.status == 303

    def barriers(self, rules: Sequence[str] = RULES) -> list[str]:
        """Return what axe, a script, finds wrong; without scripts nothing can look, and none is."""
        if not self.runs_scripts:
            return []
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(AXE)
        found: list[str] = self.page.evaluate(_AXE_RUN, list(rules))
        return found

    def is_too_wide(self) -> bool:
        """Say whether the page as a whole has to be scrolled sideways."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide


@contextmanager
def a_walk(
    browser: Browser,
    site: Site,
    *,
    language: str = "en",
    hands: Hands | None = None,
    **how: Any,  # noqa: ANN401
) -> Iterator[Walk]:
    """
    Let somebody walk; at the end nothing was asked of anybody else, and nothing complained.

    Args:
        browser: a browser.
        site: the register.
        language: of the pages.
        hands: what they work with; None: a mouse.
        how: what the browser is like: ``java_script_enabled``, ``viewport``, ``color_scheme``.
    """
    context = browser.new_context(**how)
    page = context.new_page()
    scripts = bool(how.get("java_script_enabled", True))
    walk = Walk(site, context, page, language, hands or Hands(), scripts)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_REFUSED):
            walk.complaints.append(f"{message.type}: {message.text}")

    def watch(request: Request) -> None:
        if not request.url.startswith((site.address, "data:", "blob:")):
            walk.complaints.append(f"asked {request.url}")

    page.on("console", hear)
    page.on("request", watch)
    page.on("pageerror", lambda error: walk.complaints.append(str(error)))
    try:
        yield walk
    finally:
        context.close()
    assert not walk.complaints
