"""Every refusal can be told apart, says what to do in both languages, and has its status."""

import ast
import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

import app
from app.entry import problems
from app.kernel import errors
from app.kernel.errors import RegistryError, refusals
from app.registry.stores import refusals_by_constraint

SOURCES = sorted(Path(app.__path__[0]).rglob("*.py"))

# Whose numbers begin with which two digits; a number says where to look.
HUNDREDS = {
    "app.registry.log": {11},
    "app.entry.api": {12, 14},
    "app.entry.certificate": {14},
    "app.entry.api.tokens": {15},
    "app.entry.api.users": {15},
    "app.entry.api.current_password": {15},
    "app.entry.problems": {13},
    "app.entry.identity": {15},
    "app.entry.tokens": {15},
    "app.entry.signatures": {15},
    "app.entry.digests": {15},
    "app.entry.passwords": {15},
    "app.entry.attempt": {16},
    "app.entry.committer": {16},
    "app.entry.deciding": {16},
    "app.registry.signin": {19},
    "app.registry.parties": {20, 21},
    "app.registry.provinces": {22},
    "app.registry.calendar": {22},
    "app.entry.cli.calendar": {22},
    "app.registry.applications": {38},
    "app.registry.programmes": {23},
    "app.registry.methodologies": {24},
    "app.registry.documents": {25},
    "app.registry.activities": {26},
    "app.registry.monitoring": {27},
    "app.registry.measuring": {45},
    "app.registry.verification": {28},
    "app.registry.issuance": {29},
    "app.registry.ledger": {31},
    "app.registry.transfers": {32},
    "app.registry.orders": {39},
    "app.registry.notices": {40},
    "app.registry.compensation": {41},
    "app.registry.pairs": {39},
    "app.registry.history": {33},
    "app.registry.erasure": {34},
    "app.entry.sheets": {33},
    "app.entry.takeover": {33},
    "app.entry.cli.history": {33},
    "app.entry.cli": {35},
    "app.entry.publishing": {17},
    "app.entry.witness": {36},
    "app.entry.pages": {42},
}


def _all_refusals() -> list[type[RegistryError]]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [refusal for refusal in refusals() if refusal.__module__.startswith("app.")]


REFUSALS = _all_refusals()
each_refusal = pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.code)


def _placeholders(advice: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(advice) if name is not None}


def test_codes_and_numbers_are_unique() -> None:
    codes = Counter(refusal.code for refusal in REFUSALS)
    numbers = Counter(refusal.number for refusal in REFUSALS)
    assert not [code for code, count in codes.items() if count > 1]
    assert not [number for number, count in numbers.items() if count > 1]


@each_refusal
def test_a_number_tells_where_the_refusal_comes_from(refusal: type[RegistryError]) -> None:
    owners = [owner for owner in HUNDREDS if f"{refusal.__module__}.".startswith(f"{owner}.")]
    assert owners
    assert refusal.number // 100 in HUNDREDS[max(owners, key=len)]


@each_refusal
def test_a_refusal_speaks_both_languages(refusal: type[RegistryError]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,59}", refusal.code)
    assert refusal.title_en().endswith(".")
    assert refusal.advice.endswith((".", "?"))
    for text in (refusal.title_th, refusal.advice_th):
        assert re.search("[ก-๙]", text)
    assert refusal.title_en() != refusal.advice


@each_refusal
def test_both_languages_name_the_same_facts_by_plain_names(refusal: type[RegistryError]) -> None:
    named = _placeholders(refusal.advice)
    assert all(name.isidentifier() for name in named)
    assert _placeholders(refusal.advice_th) <= named


@each_refusal
def test_a_refusal_has_a_status_of_its_kind(refusal: type[RegistryError]) -> None:
    status = problems.status_of(refusal)
    assert 400 <= status <= 503
    assert (status >= 500) == issubclass(refusal, errors.BusyError | problems.UnexpectedError)


@pytest.mark.parametrize("refusal", sorted(set(refusals_by_constraint().values()), key=str))
def test_a_violated_constraint_needs_no_facts(refusal: type[RegistryError]) -> None:
    """The committer makes it from the constraint's name alone."""
    refusal().say("th")
    refusal().say("en")


def _constructions() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield where a refusal is made, which, and from which facts (None: not written out there)."""
    names = {refusal.__name__ for refusal in REFUSALS}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                facts = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                spread = any(keyword.arg is None for keyword in node.keywords)
                if name in names:
                    yield f"{path.name}:{node.lineno}", name, None if spread else facts
            elif isinstance(node, ast.Raise) and getattr(node.exc, "id", None) in names:
                assert isinstance(node.exc, ast.Name)
                yield f"{path.name}:{node.lineno}", node.exc.id, set()


def test_every_refusal_is_made_with_the_facts_that_its_advice_names() -> None:
    """A fact that is missing would turn the refusal into a failure of ours."""
    by_name = {refusal.__name__: refusal for refusal in REFUSALS}
    own_form = {name for name, refusal in by_name.items() if "__init__" in vars(refusal)}
    missing = [
        f"{where}: {name} without {', '.join(sorted(wanted - facts))}"
        for where, name, facts in _constructions()
        if facts is not None
        and name not in own_form
        and (wanted := _placeholders(by_name[name].advice)) - facts
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("th", "th"),
        ("th-TH,en;q=0.8", "th"),
        ("en, th;q=0.9", "en"),
        ("en;q=0.3, th;q=0.4", "th"),
        ("fr, th;q=0.1", "th"),
        ("fr", "en"),
        ("th;q=banana, en;q=0.1", "en"),
        ("th;q=NaN, en;q=0.1", "en"),
        ("," * 5_000 + "th", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_most(accepted: str | None, language: str) -> None:
    headers = [] if accepted is None else [(b"accept-language", accepted.encode())]
    request = Request({"type": "http", "headers": headers})
    assert problems.language_of(request) == language


def _asked_at(path: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("registry.test", 80),
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"registry.test")],
            "request_id": "req-1",
        }
    )


@given(st.text(st.characters(exclude_categories=["Cs"])).map("/v1/{}".format))
def test_a_problem_names_the_path_that_was_asked(path: str) -> None:
    """Read off directly where nothing in it divides addresses, and the same either way."""
    request = _asked_at(path)
    document = json.loads(bytes(problems.problem(request, problems.NoSuchAddressError()).body))
    assert document["instance"] == request.url.path


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63) | st.none())
def test_a_problem_is_written_as_the_standard_library_writes_json(
    text: str, number: int | None
) -> None:
    """Control characters, quotes and letters of every alphabet: to the last byte."""
    refusal = problems.UnexpectedError(text=text, number=number)
    found = [{"pointer": f"/body/{text}", "code": "x", "message": text}]
    body = bytes(problems.problem(_asked_at("/v1"), refusal, errors_found=found).body)
    document = json.loads(body)
    assert (document["facts"], document["errors"]) == ({"text": text, "number": number}, found)
    assert body == json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
