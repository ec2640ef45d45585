"""
The words of the pages: messages by their English text, and what values of the API are called.

Messages are looked up in catalogues (``words/*.po``); values, such as the states of an activity, in
tables (``words/*.toml``) that also say how they look. A test finds messages without Thai and values
without words.
"""

import io
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from app.registry.ledger.rules import REGISTRY_ACCOUNTS, AccountKind
from app.registry.ledger.serials import account_number

Language = Literal["en", "th"]
LANGUAGES: Final[tuple[Language, ...]] = ("th", "en")
WORDS: Final = Path(__file__).resolve().parent / "words"
DOMAIN: Final = "messages"
_REGISTER_ACCOUNTS: Final = {
    account_number(number): kind.value for number, (kind, _) in REGISTRY_ACCOUNTS.items()
}

ValueWords = dict[str, dict[str, dict[str, str]]]


@cache
def translations(language: Language) -> NullTranslations:
    """Return the messages in a language; English ones are what they are looked up by."""
    found = Translations(domain=DOMAIN)
    if language == "en":
        return found
    for path in sorted(WORDS.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, domain=DOMAIN)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        catalogue_found = Translations(compiled, domain=DOMAIN)
        found.plural = catalogue_found.plural  # else it would be that of English
        found.merge(catalogue_found)
    return found


@cache
def value_words() -> ValueWords:
    """Return what values are called: by kind and value, ``en``, ``th`` and perhaps ``tone``."""
    found: ValueWords = {}
    for path in sorted(WORDS.glob("*.toml")):
        for kind, values in tomllib.loads(path.read_text()).items():
            assert kind not in found, f"{path.name} says again what {kind} is called"
            found[kind] = values
    return found


def word(kind: str, value: object, language: Language) -> str:
    """Return what a value is called; one that came later than the pages is shown as it is."""
    said = value_words().get(kind, {}).get(str(value))
    return str(value).replace("_", " ") if said is None else said[language]


def account_name(account: Mapping[str, Any], language: Language) -> str:
    """Return what an account is called: the register's own ones by what each is for."""
    if account["kind"] == AccountKind.HOLDING:
        return str(account["name"])
    return word("account_kind", account["kind"], language)


def register_account(number: str) -> str | None:
    """Return what an account of the register itself is for; None: it is a holder's."""
    return _REGISTER_ACCOUNTS.get(number)


def tone(kind: str, value: object) -> str:
    """Return how a value looks: ``green``, ``yellow``, ``red``, ``grey`` or, plain, ``""``."""
    return value_words().get(kind, {}).get(str(value), {}).get("tone", "")
