"""Nothing is said in one language only."""

from functools import cache
from io import BytesIO
from typing import Final

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.entry.pages import words
from app.entry.pages.words import WORDS, value_words
from app.registry.ledger.rules import REGISTRY_ACCOUNTS, AccountKind
from app.registry.ledger.serials import account_number
from app.registry.programmes.rules import RULE_SPECS, RuleKey
from app.registry.signin.rules import EndReason, Factor
from tests.conftest import CHECKOUT

PAGES: Final = CHECKOUT / "app" / "entry" / "pages"
METHODS: Final = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")]
OPTIONS: Final = {"**.html": {"trimmed": "false", "extensions": "jinja2.ext.i18n,jinja2.ext.do"}}
KEYWORDS: Final = {"_": None, "say": None, "gettext": None, "ngettext": (1, 2), "say_of": (1, 2)}


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
            if not message.id:
                continue
            assert not message.fuzzy
            # Thai has one form for one and for many; English has two, both of which are looked up.
            ids, string = message.id, message.string
            if isinstance(string, tuple):
                (string,) = string
            for each in (ids,) if isinstance(ids, str) else ids:
                assert each not in found, f"{path.name} says {each!r} again"
                found[str(each)] = str(string)
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


@pytest.mark.parametrize("language", ["en", "th"])
def test_one_is_not_called_many(language: words.Language) -> None:
    said_of = words.translations(language).ungettext
    forms = [said_of("%(credits)s credit", "%(credits)s credits", n) for n in (0, 1, 2, 21)]
    if language == "en":
        assert forms == ["%(credits)s credits", "%(credits)s credit", *["%(credits)s credits"] * 2]
    else:
        assert forms == ["%(credits)s เครดิต"] * 4


def test_what_rules_are_counted_in_has_a_form_for_one() -> None:
    units = {spec.unit for spec in RULE_SPECS.values() if spec.unit}
    assert units <= value_words()["rule_unit"].keys()
    assert value_words()["rule_unit"].keys() == value_words()["rule_unit_one"].keys()


def test_every_rule_says_what_it_means() -> None:
    meanings = value_words()["rule_meaning"]
    assert {key: each["en"] for key, each in meanings.items()} == {
        key.value: spec.meaning for key, spec in RULE_SPECS.items()
    }
    assert value_words()["rule_key"].keys() == meanings.keys() == {*RuleKey}


def test_every_account_of_the_register_has_words() -> None:
    assert value_words()["account_kind"].keys() == {*AccountKind}
    for number, (kind, name) in REGISTRY_ACCOUNTS.items():
        assert words.register_account(account_number(number)) == kind
        assert words.account_name({"kind": kind, "name": name}, "th") != name
    assert words.register_account("TH-001001-05") is None
    assert words.account_name({"kind": "holding", "name": "Forest"}, "th") == "Forest"


def test_ways_in_and_ends_of_sessions_have_words() -> None:
    ways_in = {"password", "identity", "api_key", *Factor}
    assert value_words()["access_what"].keys() >= {*ways_in, *EndReason}


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
