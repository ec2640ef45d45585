"""Each mistake that a request can have is said in both languages, with the bounds that it broke."""

import ast
import re
import string
from collections.abc import Iterator
from typing import Any, Final, get_args

import httpx2
import pytest
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from app.entry.pages.mistakes import MISTAKES, PATTERNS, mistake_words
from app.entry.pages.words import LANGUAGES, value_words
from app.entry.problems import BOUNDS
from app.main import create_app
from app.settings import Settings
from tests.builders.parties import PASSWORD, a_developer, bearer
from tests.builders.signing_in import email_of
from tests.conftest import CHECKOUT, Api, Registry
from tests.pages.browsing import send, sign_in

Json = dict[str, Any]
KNOWN: Final[tuple[str, ...]] = get_args(ErrorType)
THAI: Final = re.compile(r"[\u0e00-\u0e7f]")
# Whatever Pydantic wants to know before it tells the message of a kind of mistake.
CONTEXT: Final[Json] = {
    **dict.fromkeys(("gt", "ge", "lt", "le", "multiple_of"), 1),
    **dict.fromkeys(("min_length", "max_length", "actual_length"), 2),
    **dict.fromkeys(("max_digits", "decimal_places", "whole_digits"), 3),
    **dict.fromkeys(("tz_expected", "tz_actual", "expected_version"), 4),
    **dict.fromkeys(("error", "class_name", "method_name", "mapping_type", "field_type"), "x"),
    **dict.fromkeys(("discriminator", "tag", "expected_tags", "expected", "pattern"), "x"),
    **dict.fromkeys(("encoding", "encoding_error", "class", "expected_schemes", "attribute"), "x"),
}


@pytest.fixture
def document() -> Json:
    """The API's description."""
    nowhere = Settings(database_url="postgresql://nobody@127.0.0.1:1/none")
    return create_app(nowhere).openapi()


def calls(name: str) -> Iterator[ast.Call]:
    """Find where something is called in the API."""
    for path in sorted((CHECKOUT / "app" / "entry").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and name == getattr(node.func, "id", None):
                yield node


def own() -> set[str]:
    """Return the kinds of mistakes that are our own: of validators, of JSON, of addresses."""
    found = {call.args[0] for call in calls("PydanticCustomError")}
    found |= {call.args[0] for call in calls("StrictJsonError")}
    found |= {call.args[1] for call in calls("_malformed")}
    values = {each.value for each in found if isinstance(each, ast.Constant)}
    return {"unreadable", *map(str, values)}


def template_of(kind: str) -> str:
    """Return the message of one of Pydantic's kinds, its bounds still in braces."""
    try:
        return PydanticKnownError(kind, CONTEXT).message_template  # type: ignore[arg-type]
    except TypeError:
        return PydanticKnownError(kind).message_template  # type: ignore[arg-type]


def in_braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_kind_of_mistake_has_words_and_no_other_has() -> None:
    assert {"doubled", "day_form", "whole_number", "json_depth", "nul"} < own()
    assert value_words()[MISTAKES].keys() == {*KNOWN, *own()}


@pytest.mark.parametrize("kind", KNOWN)
def test_a_mistake_names_its_bounds_in_both_languages(kind: str) -> None:
    bounds = in_braces(template_of(kind)) & BOUNDS - {"pattern"}
    for language in LANGUAGES:
        assert in_braces(value_words()[MISTAKES][kind][language]) == bounds


@pytest.mark.parametrize("kind", sorted(own()))
def test_a_mistake_of_our_own_has_no_bounds_to_fill_in(kind: str) -> None:
    assert not [1 for language in LANGUAGES if in_braces(value_words()[MISTAKES][kind][language])]


def test_every_pattern_that_the_api_asks_for_has_words_and_no_other_has(document: Json) -> None:
    assert value_words()[PATTERNS].keys() == set(_patterns(document))


def _patterns(document: Json) -> Iterator[str]:
    for item in document["paths"].values():
        for operation in item.values():
            yield from _asked_in(document, operation.get("requestBody"), frozenset())
            yield from _asked_in(document, operation.get("parameters"), frozenset())


def _asked_in(document: Json, part: object, seen: frozenset[str]) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _asked_in(document, each, seen)
    elif isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        reference = part.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            _, *steps = reference.split("/")
            found: Any = document
            for step in steps:
                found = found[step]
            yield from _asked_in(document, found, seen | {reference})
        for each in part.values():
            yield from _asked_in(document, each, seen)


def test_thai_words_are_thai() -> None:
    for kind in (MISTAKES, PATTERNS):
        assert all(THAI.search(words["th"]) for words in value_words()[kind].values())
        assert not any(THAI.search(words["en"]) for words in value_words()[kind].values())


def test_no_validator_of_the_api_refuses_without_a_kind_of_its_own() -> None:
    without = [
        path.name
        for path in sorted((CHECKOUT / "app" / "entry" / "api").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and getattr(node.exc.func, "id", None) in {"ValueError", "AssertionError"}
    ]
    assert not without


def test_what_is_to_have_one_letter_at_least_is_to_be_filled_in() -> None:
    error = {"code": "string_too_short", "message": "", "bounds": {"min_length": 1}}
    assert mistake_words(error, "th") == "โปรดกรอกข้อมูลนี้"
    error["bounds"] = {"min_length": 1_200}
    assert mistake_words(error, "en") == "Write at least 1,200 letters or digits."


def test_a_kind_that_came_later_than_the_pages_is_told_all_the_same() -> None:
    error = {"code": "of_tomorrow", "message": "Input should be blue"}
    assert mistake_words(error, "en") == "Input should be blue"
    assert THAI.search(mistake_words(error, "th"))


async def test_the_api_says_which_bound_was_not_kept_and_never_what_was_sent(
    registry: Registry, api: Api
) -> None:
    headers = bearer(api, await a_developer(registry)) | {"Idempotency-Key": "k"}
    body = {"from_account": "a secret", "credits": 0, "purpose": "x" * 300}
    answer = await api.post("/v1/retirements", json=body, headers=headers)
    assert answer.status_code == 422
    found = {error["pointer"]: error for error in answer.json()["errors"]}
    assert found["/body/credits"]["bounds"] == {"ge": 1}
    assert found["/body/from_account"]["bounds"] == {"pattern": r"^TH-[0-9]{6,12}-[0-9]{2}$"}
    assert "bounds" not in found["/body/beneficiary"]
    assert "a secret" not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_refused_form_says_what_was_wrong_in_the_language_of_its_page(
    registry: Registry,
    reader: httpx2.AsyncClient,
    language: str,
) -> None:
    await sign_in(reader, await email_of(registry, await a_developer(registry)))
    path = f"/{language}/account/security/password"
    new = {"new_password": "short", "new_password_again": "short"}
    answer = await send(reader, path, {"current_password": PASSWORD, **new})
    assert answer.status_code == 422
    said = re.findall(r'<a href="#new_password">([^<]+)</a>', answer.text)
    wanted = {"en": "Write at least 12 letters or digits.", "th": "โปรดกรอกอย่างน้อย 12 ตัวอักษร"}
    assert said == [wanted[language]]
    assert THAI.search(said[0]) or language == "en"
