"""Refusals say what is wrong and what to do, in two languages; outages are told from refusals."""

import socket
from collections import Counter
from string import Formatter

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.kernel import errors
from app.kernel.db import constraint_of, sqlalchemy_url, sqlstate_of
from app.kernel.errors import ConflictError, RegistryError, refusals
from app.kernel.outages import is_away
from app.main import create_app  # loads every refusal there is

assert create_app is not None

PRODUCT = [r for r in refusals() if r.__module__.startswith("app.")]


class DrawerStuckError(ConflictError):
    """The drawer is stuck."""

    code = "drawer_stuck"
    number = 9901
    title_th = "ลิ้นชักติด"
    advice = "Pull drawer {drawer} harder, at most {times} times."
    advice_th = "ดึงลิ้นชัก {drawer} แรงขึ้น ไม่เกิน {times} ครั้ง"


class NamelessError(ConflictError):  # noqa: D101  that is the point of it
    code = "nameless"
    number = 9902


def test_a_refusal_speaks_both_languages() -> None:
    refusal = DrawerStuckError(drawer="A", times=3)
    title, advice = refusal.say("en")
    assert (title, advice) == ("The drawer is stuck.", "Pull drawer A harder, at most 3 times.")
    assert refusal.say("th") == ("ลิ้นชักติด", "ดึงลิ้นชัก A แรงขึ้น ไม่เกิน 3 ครั้ง")
    assert str(refusal) == "drawer_stuck"
    assert refusal.facts == {"drawer": "A", "times": 3}


def test_another_language_is_answered_in_english() -> None:
    assert DrawerStuckError().say("fr")[0] == "The drawer is stuck."


def test_facts_that_nobody_knew_are_left_open() -> None:
    """A constraint refuses without saying more; the advice must still be readable."""
    assert DrawerStuckError().say("en")[1] == "Pull drawer … harder, at most … times."


def test_without_a_docstring_the_code_is_the_title() -> None:
    assert NamelessError.title_en() == "nameless"


def test_kinds_are_not_refusals() -> None:
    """Only what has a code is ever shown."""
    found = refusals()
    assert DrawerStuckError in found
    assert ConflictError not in found
    assert RegistryError not in found
    assert [r.number for r in found] == sorted(r.number for r in found)
    assert refusals(errors.StaleError) == [r for r in found if issubclass(r, errors.StaleError)]


@pytest.mark.parametrize("refusal", PRODUCT, ids=lambda r: r.code)
def test_every_refusal_says_what_is_wrong_and_what_to_do(refusal: type[RegistryError]) -> None:
    assert refusal.title_en().endswith((".", "?", "!"))
    assert refusal.advice
    for text in (refusal.title_th, refusal.advice_th):
        assert any("\u0e00" <= letter <= "\u0e7f" for letter in text), text
    facts_en = {name for _, name, _, _ in Formatter().parse(refusal.advice) if name}
    facts_th = {name for _, name, _, _ in Formatter().parse(refusal.advice_th) if name}
    assert facts_en == facts_th, "both languages tell the same facts"


def test_codes_and_numbers_are_given_once() -> None:
    """They are what callers' programs look at."""
    for values in ([r.code for r in PRODUCT], [r.number for r in PRODUCT]):
        assert [value for value, times in Counter(values).items() if times > 1] == []


class DriverError(Exception):
    """As the driver raises it: with a state and a constraint, or without."""

    def __init__(self, sqlstate: str | None = None, constraint: str | None = None) -> None:
        super().__init__("the statement failed")
        self.sqlstate = sqlstate
        self.constraint_name = constraint


DriverError.__module__ = "asyncpg.exceptions"


def wrapped(cause: Exception, *, lost: bool = False) -> DBAPIError:
    adapter = RuntimeError("the adapter's")
    adapter.__cause__ = cause
    return DBAPIError("SELECT 1", {}, adapter, connection_invalidated=lost)


def test_a_constraint_is_found_below_the_wrapping() -> None:
    """SQLAlchemy wraps the driver's error, and its adapter wraps it once more."""
    failure = wrapped(DriverError("23505", "uq_batches_serial_prefix"))
    assert constraint_of(failure) == "uq_batches_serial_prefix"
    assert sqlstate_of(failure) == "23505"


def test_an_error_of_another_kind_names_nothing() -> None:
    assert constraint_of(ValueError()) is None
    assert sqlstate_of(ValueError()) == ""


@pytest.mark.parametrize(
    "failure",
    [
        PoolTimeoutError(),
        ConnectionRefusedError(),
        socket.gaierror(),
        pytest.param(wrapped(DriverError(), lost=True), id="a broken connection"),
        wrapped(DriverError("08006")),
        wrapped(DriverError("53300")),
        wrapped(DriverError("57P01")),
        DriverError("57P03"),
        DriverError(),
    ],
    ids=lambda failure: f"{type(failure).__name__} {sqlstate_of(failure)}".strip(),
)
def test_a_database_that_is_away_is_recognised(failure: Exception) -> None:
    """The caller is then told to come again, not that something is wrong with the request."""
    assert is_away(failure)


@pytest.mark.parametrize(
    "failure",
    [
        ValueError(),
        wrapped(DriverError("23505")),
        wrapped(DriverError("40001")),
        wrapped(DriverError()),
        DriverError("23514"),
    ],
    ids=lambda failure: f"{type(failure).__name__} {sqlstate_of(failure)}".strip(),
)
def test_a_statement_that_was_refused_is_no_outage(failure: Exception) -> None:
    """Trying it again for ever would not help."""
    assert not is_away(failure)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_common_form_of_the_address_is_taken(scheme: str) -> None:
    assert sqlalchemy_url(f"{scheme}://a:b@c:1/d") == "postgresql+asyncpg://a:b@c:1/d"


def test_another_database_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        sqlalchemy_url("mysql://a/b")
