"""Nothing is said in one language only."""

from functools import cache
from io import BytesIO
from typing import Final

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.entry.pages import words
from app.entry.pages.words import WORDS, value_words
from tests.conftest import CHECKOUT

PAGES: Final = CHECKOUT / "app" / "entry" / "pages"
METHODS: Final = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
OPTIONS: Final = {"**.html": {"trimmed": "false", "extensions": "jinja2.ext.i18n,jinja2.ext.do"}}
KEYWORDS: Final = {"_": None, "say": None, "gettext": None, "ngettext": (1, 2)}


@cache
def said() -> set[str]:
    """Return every message of the pages, by its English text."""
    found = extract_from_dir(PAGES, METHODS, OPTIONS, KEYWORDS)
    return {
        text for _, _, each, _, _ in found for text in ([each] if isinstance(each, str) else each)
    }


@cache
def translated() -> dict[str, str]:
    """Return what the catalogues have in Thai."""
    found: dict[str, str] = {}
    for path in sorted(WORDS.glob("*.po")):
        for message in read_po(BytesIO(path.read_bytes()), locale="th"):
            if message.id:
                assert message.id not in found, f"{path.name} says {message.id!r} again"
                assert not message.fuzzy
                found[str(message.id)] = str(message.string)
    return found


def test_every_message_has_its_thai() -> None:
    missing = sorted(text for text in said() if not translated().get(text))
    assert not missing


def test_no_catalogue_has_what_no_page_says() -> None:
    assert not sorted(translated().keys() - said())


@pytest.mark.parametrize("text", sorted(translated()))
def test_a_translation_fills_in_the_same(text: str) -> None:
    thai = translated()[text]
    assert text.count("%(") == thai.count("%(")
    for part in text.split("%(")[1:]:
        assert f"%({part.partition(')')[0]})s" in thai


def test_every_value_has_words_in_both_languages() -> None:
    for kind, values in value_words().items():
        for value, words_of in values.items():
            assert words_of["en"], (kind, value)
            assert words_of["th"], (kind, value)
            assert words_of.keys() <= {"en", "th", "tone"}
            assert words_of.get("tone", "grey") in {"grey", "green", "yellow", "red"}


def test_a_message_is_said_in_the_language_of_its_page() -> None:
    assert words.translations("th").ugettext("Sign in") != "Sign in"
    assert words.translations("en").ugettext("Sign in") == "Sign in"


def test_a_programme_is_never_called_a_project() -> None:
    """A project is what T-VER calls an activity: its developer, its design document, its type."""
    pairs = [*translated().items(), *_values()]
    for english, thai in pairs:
        is_named = "programme" in english.lower() or english == "City pilot"
        assert is_named is ("แผนงาน" in thai), (english, thai)
        if is_named and "of activities" not in english:
            assert "โครงการ" not in thai, (english, thai)


def _values() -> list[tuple[str, str]]:
    return [
        (each["en"], each["th"]) for values in value_words().values() for each in values.values()
    ]
