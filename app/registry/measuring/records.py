"""
A calculation as it is kept: its inputs, whole, and the digest of what came out.

Who has the record needs nothing else to compute again: neither the factors of the time, which are
in it, nor the machine, the library of units or the database.
"""

from typing import Final

import msgspec

from app.registry.measuring.calculators import get_calculator
from app.registry.measuring.outlines import Inputs
from app.registry.measuring.refusals import ComputedDiffersError
from app.registry.measuring.sheets import Computed, calculate

FORM: Final = 1  # of the record; another form gets another number, and both stay readable


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One calculation."""

    form: int
    calculator: str
    version: str
    inputs: Inputs
    digest: str  # of inputs, steps and results: `Computed.digest`


def record_of(inputs: Inputs, computed: Computed) -> Record:
    """Return the record of a calculation; the inputs are those it was computed from."""
    return Record(
        form=FORM,
        calculator=computed.code,
        version=computed.version,
        inputs=inputs,
        digest=computed.digest(),
    )


def write(record: Record) -> bytes:
    """Return a record as JSON: numbers as text, keys sorted."""
    return msgspec.json.encode(record, order="sorted")


def read(data: bytes) -> Record:
    """
    Return a record that `write` made.

    Raises:
        ValueError: it is none.
    """
    record = msgspec.json.decode(data, type=Record)
    if record.form != FORM:
        raise ValueError(f"form {record.form} of a calculation's record is not known")
    return record


def compute_again(record: Record) -> Computed:
    """
    Compute what a record is of, and hold the result against it.

    Raises:
        ComputedDiffersError: something else comes out, or other inputs went in.
        CalculatorNotFoundError: its calculator is not known here.
    """
    calculator = get_calculator(record.calculator, record.version)
    computed = calculate(calculator, record.inputs)
    if computed.digest() != record.digest:
        raise ComputedDiffersError(calculator=record.calculator, version=record.version)
    return computed
