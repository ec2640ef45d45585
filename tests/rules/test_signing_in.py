"""Waiting after wrong guesses, codes of authenticators, and whose address counts."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from app.entry.guessing import LOCAL, address_of
from app.entry.second_factors import (
    VAULT_FILE,
    code_of,
    load_or_make_vault,
    matching_step,
    new_recovery_codes,
    otpauth_uri,
    recovery_digest,
    step_at,
)
from app.registry.signin.rules import (
    LIMITS,
    SESSION_IDLE_MAX,
    SESSION_LIFETIME,
    Guesses,
    Scope,
    Session,
)
from app.registry.signin.store import TotpSecret

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3a"
OTHER_USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3b"
DOUBLING = [scope for scope in Scope if not LIMITS[scope].is_window]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


# ------------------------------------------------------------------------------ guesses


@pytest.mark.parametrize("scope", DOUBLING)
def test_the_wait_doubles_up_to_its_longest(scope: Scope) -> None:
    limit = LIMITS[scope]
    guesses, waits = Guesses(scope, bytes(32), 0, NOW), []
    for _ in range(limit.free + 40):
        waits.append(guesses.wait_s(NOW))
        guesses = guesses.with_one_more(NOW)
    assert waits[: limit.free] == [0] * limit.free
    assert waits[limit.free : limit.free + 5] == [1, 2, 4, 8, 16]
    assert waits[-1] == limit.longest_s


@given(
    scope=st.sampled_from(Scope),
    failures=st.integers(0, 10**6),
    later_s=st.integers(-(10**5), 10**6),
)
def test_nobody_waits_longer_than_the_longest_wait(
    scope: Scope, failures: int, later_s: int
) -> None:
    """Whatever happened before, and whatever the clock does: nobody is locked out."""
    now = NOW + seconds(later_s)
    wait_s = Guesses(scope, bytes(32), failures, NOW).wait_s(now)
    assert 0 <= wait_s <= 2 * LIMITS[scope].longest_s
    assert Guesses(scope, bytes(32), failures, NOW).wait_s(now + seconds(wait_s)) == 0


def test_so_many_may_err_in_a_minute() -> None:
    limit = LIMITS[Scope.EVERYBODY]
    guesses = Guesses(Scope.EVERYBODY, bytes(32), 0, NOW - seconds(3_600))
    for second in range(limit.free):
        assert guesses.wait_s(NOW + seconds(second * 0.1)) == 0
        guesses = guesses.with_one_more(NOW + seconds(second * 0.1))
    assert guesses.wait_s(NOW + seconds(50)) == 10
    assert guesses.wait_s(NOW + seconds(60)) == 0
    assert guesses.with_one_more(NOW + seconds(60)).failures == 1


@pytest.mark.parametrize("scope", DOUBLING)
def test_guesses_of_long_ago_are_forgotten(scope: Scope) -> None:
    guesses = Guesses(scope, bytes(32), 100, NOW)
    after = NOW + seconds(LIMITS[scope].forgotten_s)
    assert guesses.with_one_more(after).failures == 1
    assert guesses.with_one_more(after - seconds(1)).failures == 101


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (None, LOCAL),
        (("", 0), LOCAL),
        (("203.0.113.7", 1), "203.0.113.7"),
        (("::ffff:203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
    ],
)
def test_who_guesses_is_known_by_the_sockets_peer(
    client: tuple[str, int] | None, address: str
) -> None:
    assert address_of(client) == address


# ------------------------------------------------------------------------------ sessions


@pytest.mark.parametrize(
    ("used_s", "now_s", "is_over"),
    [
        (0, SESSION_IDLE_MAX.total_seconds() - 1, False),
        (0, SESSION_IDLE_MAX.total_seconds(), True),
        (SESSION_LIFETIME.total_seconds() - 60, SESSION_LIFETIME.total_seconds() - 1, False),
        (SESSION_LIFETIME.total_seconds() - 60, SESSION_LIFETIME.total_seconds(), True),
    ],
)
def test_a_session_ends_after_hours_and_earlier_when_it_lies_idle(
    used_s: float, now_s: float, *, is_over: bool
) -> None:
    session = Session(
        "ses", USER, NOW, NOW + seconds(used_s), NOW + SESSION_LIFETIME, LOCAL, second_factor=None
    )
    assert session.is_over(NOW + seconds(now_s)) is is_over


# ------------------------------------------------------------------------------ codes


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    """Source: RFC 6238 appendix B, SHA-1."""
    step = step_at(datetime.fromtimestamp(moment, UTC))
    assert code_of(b"12345678901234567890", step, digits=8) == code
    assert code_of(b"12345678901234567890", step) == code[2:]


@pytest.mark.parametrize(
    ("count", "code"), list(enumerate(["755224", "287082", "359152", "969429", "338314"]))
)
def test_codes_of_a_counter_are_those_of_the_standard(count: int, code: str) -> None:
    """Source: RFC 4226 appendix D."""
    assert code_of(b"12345678901234567890", count) == code


def test_a_code_is_good_for_one_step_before_and_after() -> None:
    secret, present = b"x" * 20, step_at(NOW)
    for off, fits in [(-2, False), (-1, True), (0, True), (1, True), (2, False)]:
        step = matching_step(secret, code_of(secret, present + off), now=NOW, after=None)
        assert step == (present + off if fits else None)


def test_a_code_that_was_taken_and_all_before_it_are_over() -> None:
    secret, present = b"x" * 20, step_at(NOW)
    for off in (-1, 0, 1):
        code = code_of(secret, present + off)
        step = matching_step(secret, code, now=NOW, after=present)
        assert step == (present + 1 if off == 1 else None)


def test_an_authenticator_can_read_its_secret() -> None:
    uri = otpauth_uri(b"12345678901234567890", account="mali@example.org")
    assert uri == (
        "otpauth://totp/Carbon%20credit%20registry:mali%40example.org"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Carbon%20credit%20registry"
        "&digits=6&period=30"
    )


def test_recovery_codes_have_eighty_bits_and_forgive_how_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len({*codes}) == len(codes) == 10
    for code in codes:
        assert len(base64.b32decode(code.replace("-", ""))) == 10
        assert recovery_digest(code) == recovery_digest(code.replace("-", "").lower())


def test_a_secret_opens_with_the_installations_key_in_its_own_row_alone(tmp_path: Path) -> None:
    """A dump of the database makes no codes, and a row put in another's place neither."""
    vault = load_or_make_vault(tmp_path / "one")
    kept, plain = vault.new_totp(USER)
    assert plain not in kept.sealed
    assert load_or_make_vault(tmp_path / "one").open(kept) == plain
    swapped = TotpSecret(kept.id, OTHER_USER, kept.sealed, None)
    for other, row in [(vault, swapped), (load_or_make_vault(tmp_path / "two"), kept)]:
        with pytest.raises(InvalidTag):
            other.open(row)


def test_the_installations_key_is_for_its_owner_only(tmp_path: Path) -> None:
    load_or_make_vault(tmp_path)
    assert (tmp_path / VAULT_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / VAULT_FILE).write_bytes(b"short")
    with pytest.raises(ValueError, match="does not hold a key"):
        load_or_make_vault(tmp_path)
