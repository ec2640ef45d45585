"""A record is enough to compute again, and tells when it was changed."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.measuring.calculators import CALCULATORS, get_calculator
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.records import Record, compute_again, read, record_of, write
from app.registry.measuring.refusals import CalculatorNotFoundError, ComputedDiffersError
from app.registry.measuring.sheets import Calculator, calculate
from tests.builders.measuring import grid, quantity, sample, untimed

each_calculator = pytest.mark.parametrize(
    "calculator", CALCULATORS.values(), ids=lambda each: f"{each.code}-{each.version}"
)


def a_record(calculator: Calculator) -> Record:
    inputs = sample(calculator)
    return record_of(inputs, calculate(calculator, inputs))


@each_calculator
def test_a_record_goes_through_text_and_computes_the_same(calculator: Calculator) -> None:
    record = a_record(calculator)
    text = write(record)
    again = compute_again(read(text))
    assert again.digest() == record.digest
    assert again == calculate(calculator, sample(calculator))
    assert write(read(text)) == text


@each_calculator
def test_numbers_stand_in_a_record_as_text(calculator: Calculator) -> None:
    """A reader that keeps numbers as doubles would lose digits, and not notice."""

    def no_float(text: str) -> None:
        raise AssertionError(f"{text} is a number")

    json.loads(write(a_record(calculator)), parse_float=no_float)


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the ways to all texts that can be changed."""
    if isinstance(value, dict):
        return [place for key, each in value.items() for place in _places(each, (*path, key))]
    if isinstance(value, list):
        return [place for n, each in enumerate(value) for place in _places(each, (*path, n))]
    return [path] if isinstance(value, str) else []


@each_calculator
def test_any_number_that_is_changed_is_noticed(calculator: Calculator) -> None:
    kept = json.loads(write(a_record(calculator)))
    numbers = [place for place in _places(kept["inputs"]) if place[-1] == "value"]
    assert numbers
    for place in numbers:
        changed: Any = json.loads(json.dumps(kept))
        inside = changed["inputs"]
        for step in place[:-1]:
            inside = inside[step]
        # By the smallest part, so that the value stays in its range.
        inside["value"] = str(Decimal(inside["value"]) - Decimal("0.0000001"))
        with pytest.raises(Exception, match="measuring_"):
            compute_again(read(json.dumps(changed).encode()))


@untimed
@given(st.decimals(min_value=0, max_value=10**6, places=9))
def test_more_zeros_behind_the_point_are_no_other_number(value: Decimal) -> None:
    def computed(text: str) -> str:
        inputs = Inputs(
            quantities={
                "electricity_supplied": quantity(text, "MWh"),
                "electricity_taken": quantity("0", "MWh"),
                "grid_losses": quantity("0.0", "one"),
            },
            factors={"grid": grid()},
        )
        return calculate(get_calculator("grid-solar", "1"), inputs).digest()

    assert computed(f"{value:f}") == computed(f"{value:f}000")


def test_another_digest_is_refused() -> None:
    record = msgspec.structs.replace(a_record(get_calculator("bus-travel", "1")), digest="00" * 32)
    with pytest.raises(ComputedDiffersError):
        compute_again(record)


def test_a_record_of_an_unknown_calculator_is_not_guessed_at() -> None:
    record = msgspec.structs.replace(a_record(get_calculator("bus-travel", "1")), version="2")
    with pytest.raises(CalculatorNotFoundError):
        compute_again(record)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"form":1}'])
def test_what_is_no_record_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(data)


def test_a_record_of_another_form_is_not_read() -> None:
    record = msgspec.structs.replace(a_record(get_calculator("bus-travel", "1")), form=2)
    with pytest.raises(ValueError, match="form 2"):
        read(write(record))
