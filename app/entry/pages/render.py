"""One page: what it is given, how it is shown, and the ways on from it."""

import functools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import FileSystemLoader
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.entry.pages import figures, static
from app.entry.pages.answers import Json
from app.entry.pages.client import Client, query_of
from app.entry.pages.components import component
from app.entry.pages.sessions import Kept, sessions_of
from app.entry.pages.templating import QuickEnvironment
from app.entry.pages.words import (
    LANGUAGES,
    Language,
    account_name,
    register_account,
    tone,
    translations,
    word,
)

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_KEY_BYTES: Final = 16
_OFFICERS: Final = frozenset({"officer", "approver", "administrator", "auditor"})


@functools.cache
def environment(language: Language) -> QuickEnvironment:
    """Return where templates are found, with what they may use."""
    said = translations(language)
    made = QuickEnvironment(
        {
            "_": said.ugettext,
            "link": functools.partial(_address, language),
            "asset": static.address_of,
            "component": component,
        },
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(said, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "day": functools.partial(figures.show_day, language=language),
        "moment": functools.partial(figures.show_moment, language=language),
        "year": functools.partial(figures.year_of, language=language),
        "whole": figures.show_whole,
        "bytes": figures.show_bytes,
        "word": lambda value, kind: word(kind, value, language),
        "project_name": lambda batch: batch[f"project_name_{language}"] or batch["project_name"],
        "account_name": lambda account: account_name(account, language),
        "register_account": register_account,
        "tone": lambda value, kind: tone(kind, value),
    }
    made.globals |= {"asset": static.address_of, "component": component, "language": language}
    return made


@dataclass(slots=True)
class Page:
    """What a page's function is given."""

    request: Request
    language: Language
    path: str  # without the language, as in the address
    client: Client
    kept: Kept
    me: Json | None = None  # who is signed in, as the API shows them; None: nobody
    unread: int = 0  # notices that they have not read
    facts: dict[str, Any] = field(default_factory=dict)  # for the frame of the page

    @property
    def query(self) -> Mapping[str, str]:
        """The address's parameters; Thai digits are read as the others, empty ones left out."""
        given = {name: figures.plain(value) for name, value in self.request.query_params.items()}
        return {name: value for name, value in given.items() if value}

    @property
    def provider(self) -> str | None:
        """What people know the identity provider by; None: this installation has none."""
        issuer: str = self.request.app.state.settings.oidc_issuer
        return urlsplit(issuer).hostname

    def step(self, name: str) -> str:
        """Return what stands in the address at a step of the route."""
        return str(self.request.path_params[name])

    async def form(self) -> FormData:
        """Return what was typed."""
        return await self.request.form()

    def address(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """Return the address of another page in the same language."""
        return _address(self.language, path, params)

    def say(self, message: str) -> str:
        """Return a message in the page's language."""
        return translations(self.language).ugettext(message)

    def say_of(self, one: str, many: str, number: int) -> str:
        """Return a message about one of something or, where there are not one, about many."""
        return translations(self.language).ungettext(one, many, number)

    def go(self, path: str, **params: Any) -> Response:  # noqa: ANN401  as in a query
        """Lead on to another page: what was done is not done again by who reloads."""
        return RedirectResponse(self.address(path, params), 303)

    def show(self, template: str, *, status: int = 200, **facts: Any) -> Response:  # noqa: ANN401
        """Return the page, put together from a template and what it is to show."""
        whole = (
            environment(self.language)
            .get_template(template)
            .render(
                page=self,
                me=self.me,
                link=self.address,
                form_key=secrets.token_urlsafe(_KEY_BYTES),
                form_token=self._form_token(),
                other_languages=self._other_languages(),
                **self.facts,
                **facts,
            )
        )
        return HTMLResponse(whole, status, {"Content-Language": self.language})

    def is_under(self, address: str) -> bool:
        """Say whether the page is the one at an address, or one below it."""
        return self.path == address or self.path.startswith(f"{address}/")

    def ways(self) -> list[tuple[str, str]]:
        """Return where the band leads: what everybody sees, and the work of who is signed in."""
        say = self.say
        everybody = [
            ("/activities", say("Activities")),
            ("/credits", say("Credits")),
            ("/retirements", say("Retirements")),
            ("/provinces", say("Provinces")),
            ("/serials", say("Check a serial")),
        ]
        if not self.me:
            return everybody
        decides = not _OFFICERS.isdisjoint(self.me["roles"])
        own = [("/work", say("My work")), *([("/desk", say("TGO's desk"))] if decides else [])]
        return [*everybody, *own]

    def _form_token(self) -> str:
        said = self.kept.said
        return "" if said is None else sessions_of(self.request).form_token(said)

    def _other_languages(self) -> list[tuple[Language, str]]:
        # The same place with the same filters; of what a form sent, the place alone.
        query = self.request.url.query
        rest = quote(self.path) + (f"?{query}" if query else "")
        return [(each, f"/{each}{rest}") for each in LANGUAGES if each != self.language]


def _address(language: Language, path: str, params: Mapping[str, Any] | None = None) -> str:
    query = query_of(params) if params else ""
    return f"/{language}{quote(path)}" + (f"?{query}" if query else "")


PageFunction = Callable[[Page], Any]
