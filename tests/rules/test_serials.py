"""Serial numbers and account numbers as people copy them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger.serials import (
    PREFIX_MAX,
    PREFIX_PATTERN,
    SERIAL_TEXT_MAX,
    VINTAGE_MAX,
    VINTAGE_MIN,
    AccountNumberError,
    SerialRange,
    SerialTextError,
    account_id,
    account_number,
    batch_id,
    batch_ids_of,
    read_serials,
)

prefixes = st.from_regex(PREFIX_PATTERN, fullmatch=True)
serials = st.integers(1, CREDITS_MAX)
account_ids = st.integers(1, 10**12 - 1)
THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
RANGE = SerialRange("TH-CITY-0001-2024-1", 31, 100)


@given(prefixes, serials, serials)
def test_a_printed_range_is_read_back(prefix: str, one: int, other: int) -> None:
    """Whatever else the text could mean, its own meaning comes first."""
    printed = SerialRange(prefix, min(one, other), max(one, other))
    assert read_serials(str(printed))[0] == printed


@given(prefixes, serials)
def test_a_single_serial_is_among_the_readings(prefix: str, serial: int) -> None:
    assert SerialRange(prefix, serial, serial) in read_serials(f"{prefix}-{serial}")


@pytest.mark.parametrize(
    "text",
    [
        "TH-CITY-0001-2024-1-31-100",
        "  TH-CITY-0001-2024-1-31-100\n",
        "TH-CITY-๐๐๐๑-๒๐๒๔-๑-๓๑-๑๐๐",
        "TH\u2010CITY\u20110001\u20122024\u20131\u201431\u2013100",
        "TH-CITY-0001-2024-1-31 to 100",
        "TH-CITY-0001-2024-1-31 - 100",
        "TH-CITY-0001-2024-1-31\u00a0\u2013\u00a0100",
        "TH-CITY-0001-2024-1-31\u2212100",
        "TH-CITY-0001-2024-1-31to100",
        "TH-CITY-0001-2024-1-๓๑ ถึง ๑๐๐",
        "TH-CITY-0001-2024-1-0031-0100",
    ],
)
def test_a_range_is_read_as_it_was_copied(text: str) -> None:
    """Thai digits, the dashes of word processors, blanks around, and the word between."""
    assert read_serials(text)[0] == RANGE


def test_a_text_that_can_be_read_in_two_ways_is() -> None:
    """Only the register knows whether X-1 is a batch."""
    assert read_serials("X-1-5") == [SerialRange("X", 1, 5), SerialRange("X-1", 5, 5)]


def test_a_range_that_runs_backwards_may_still_be_a_serial() -> None:
    assert read_serials("X-2024-5") == [SerialRange("X-2024", 5, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X",
        "X-",
        "-5",
        "12345",
        "X-0",
        "X-5 to 1",
        "X-1 to",
        "X-a",
        "X-1.5",
        f"X-{CREDITS_MAX + 1}",
        "X-12345678901234567",
        "X\x00-5",
        "X\n-5",
        "X\x1f-1-5",
        f"{'X' * (PREFIX_MAX + 1)}-5",
        "X" * SERIAL_TEXT_MAX + "-5",
    ],
)
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(SerialTextError):
        read_serials(text)


def test_the_longest_prefix_and_serial_are_read() -> None:
    text = f"{'X' * PREFIX_MAX}-{CREDITS_MAX}"
    assert read_serials(text) == [SerialRange("X" * PREFIX_MAX, CREDITS_MAX, CREDITS_MAX)]


@given(st.text(max_size=SERIAL_TEXT_MAX + 10))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is pasted into the search box, nothing breaks."""
    try:
        readings = read_serials(text)
    except SerialTextError:
        return
    assert all(1 <= r.first <= r.last <= CREDITS_MAX and r.prefix for r in readings)


def test_a_range_counts_both_ends() -> None:
    assert RANGE.credits == 70
    assert SerialRange("X", 5, 5).credits == 1
    assert str(RANGE) == "TH-CITY-0001-2024-1-31-100"


def test_batches_are_ordered_by_vintage_then_by_issuance() -> None:
    """Their ids alone say which credits are oldest."""
    ids = [batch_id(2023, 1), batch_id(2023, 2), batch_id(2023, 10**10 - 1), batch_id(2024, 1)]
    assert ids == sorted(ids)
    for vintage, made in ((2023, ids[:3]), (2024, ids[3:])):
        lowest, highest = batch_ids_of(vintage)
        assert all(lowest < one <= highest for one in made)
    assert batch_ids_of(2023)[1] + 1 == batch_ids_of(2024)[0]


@pytest.mark.parametrize(
    ("vintage", "sequence"),
    [(VINTAGE_MIN - 1, 1), (VINTAGE_MAX + 1, 1), (2024, 0), (2024, 10**10)],
)
def test_an_impossible_batch_is_our_own_mistake(vintage: int, sequence: int) -> None:
    with pytest.raises(AssertionError):
        batch_id(vintage, sequence)


def test_every_batch_id_is_exact_in_json() -> None:
    assert batch_id(VINTAGE_MAX, 10**10 - 1) < CREDITS_MAX


@given(account_ids)
def test_an_account_number_leads_back_to_its_account(number: int) -> None:
    text = account_number(number)
    assert account_id(text) == number
    assert account_id(f" {text.lower().translate(THAI)} ") == number


def test_account_numbers_are_those_of_the_examples() -> None:
    """An advice whose own example is refused would be no help."""
    assert account_id(AccountNumberError.advice.split()[5].rstrip(";")) == 1001
    assert account_number(1001) == "TH-001001-05"
    assert account_number(1002) == "TH-001002-02"
    assert account_number(10**12 - 1).startswith("TH-999999999999-")


@given(account_ids, st.data())
def test_one_wrong_digit_is_noticed(number: int, data: st.DataObject) -> None:
    """Credits that go to a mistyped account do not come back."""
    text = account_number(number)
    at = data.draw(st.sampled_from([m.start() for m in re.finditer("[0-9]", text)]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    with pytest.raises(AccountNumberError):
        account_id(text[:at] + digit + text[at + 1 :])


@given(account_ids, st.data())
def test_two_neighbouring_digits_exchanged_are_noticed(number: int, data: st.DataObject) -> None:
    """Also across the dash before the check digits."""
    digits = account_number(number)[3:].replace("-", "")
    pairs = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]
    at = data.draw(st.sampled_from(pairs))
    turned = f"{digits[:at]}{digits[at + 1]}{digits[at]}{digits[at + 2 :]}"
    with pytest.raises(AccountNumberError):
        account_id(f"TH-{turned[:-2]}-{turned[-2:]}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "001001-05",
        "TH-1001-05",
        "TH-001001",
        "TH-001001-6",
        "TH-001001-005",
        "TH-0001001-05",  # the same digits, but not as we print it
        "TH 001001 05",
        "XX-001001-05",
        "TH-0000000001001-05",
        "TH-001001-05-1",
        "TH-00100a-62",
    ],
)
def test_what_is_no_account_number_is_refused(text: str) -> None:
    """One account has one number: two texts for it could be taken for two accounts."""
    with pytest.raises(AccountNumberError):
        account_id(text)
