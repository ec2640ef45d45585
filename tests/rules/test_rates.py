"""How often somebody may ask for what is expensive."""

import pytest

from app.entry import rates
from app.entry.problems import TooOftenError
from app.entry.rates import EXPORTS_MAX, WINDOW_S, Rates


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_all_of_a_share_can_be_had_and_no_more() -> None:
    counted = Rates(Clock())
    shares = [counted.take("one") for _ in range(EXPORTS_MAX)]
    assert [share.left for share in shares] == [*reversed(range(EXPORTS_MAX))]
    with pytest.raises(TooOftenError) as refused:
        counted.take("one")
    assert refused.value.facts["retry_after_s"] == WINDOW_S


def test_one_who_asks_too_often_is_in_nobodys_way() -> None:
    counted = Rates(Clock())
    for _ in range(EXPORTS_MAX):
        counted.take("one")
    assert counted.take("other").left == EXPORTS_MAX - 1


def test_who_waits_as_long_as_told_is_let_in_again() -> None:
    clock = Clock()
    counted = Rates(clock)
    for _ in range(EXPORTS_MAX):
        clock.now_s += 0.5
        counted.take("one")
    with pytest.raises(TooOftenError) as refused:
        counted.take("one")
    clock.now_s += int(str(refused.value.facts["retry_after_s"])) - 1
    with pytest.raises(TooOftenError):
        counted.take("one")
    clock.now_s += 1
    assert counted.take("one").left == EXPORTS_MAX - 1


def test_a_crowd_of_callers_takes_a_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes when it is full shares a count with all others who do, and the others do not."""
    monkeypatch.setattr(rates, "CALLERS_MAX", 3)
    counted = Rates(Clock())
    for caller in ("a", "b", "c"):
        assert counted.take(caller).left == EXPORTS_MAX - 1
    for number in range(EXPORTS_MAX):
        counted.take(f"late {number}")
    with pytest.raises(TooOftenError):
        counted.take("another one")
    assert counted.take("a").left == EXPORTS_MAX - 2


def test_a_share_is_told_as_the_draft_says() -> None:
    assert Rates(Clock()).take("one").headers() == {
        "RateLimit-Policy": f'"exports";q={EXPORTS_MAX};w={WINDOW_S}',
        "RateLimit": f'"exports";r={EXPORTS_MAX - 1};t={WINDOW_S}',
    }
