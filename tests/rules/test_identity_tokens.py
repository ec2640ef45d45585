"""
What an identity provider has signed: whatever is not exactly right is refused.

The tokens are put together by hand (`tests.builders.identity_provider`); what reads them has not
written them.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import InvalidKeyIdError

from app.entry.oidc import ALGORITHMS, Expected, check_token, usable_keys
from app.kernel.encoding import base64url, sha256
from app.registry.signin.refusals import IdentityRefusedError
from tests.builders.identity_provider import a_token, ec_jwk, ec_key, rsa_jwk, rsa_key

NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NOW_S: Final = int(NOW.timestamp())
ISSUER: Final = "https://id.example"
EXPECTED: Final = Expected(ISSUER, "registry", "a nonce", "an access token")
RIGHT: Final = {
    "iss": ISSUER,
    "sub": "mali",
    "aud": "registry",
    "nonce": "a nonce",
    "iat": NOW_S,
    "exp": NOW_S + 300,
}
MISSING: Final = object()

Json = dict[str, Any]


def keys(*more: Json) -> list[Json]:
    return [rsa_jwk("rsa", rsa_key()), ec_jwk("ec", ec_key()), *more]


def subject_of(token: str, *, published: list[Json] | None = None) -> str:
    found = usable_keys(keys() if published is None else published)
    return check_token(token, found, tuple(ALGORITHMS), EXPECTED, now=NOW)


def claiming(**other: object) -> Json:
    return {name: value for name, value in {**RIGHT, **other}.items() if value is not MISSING}


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
@pytest.mark.parametrize(
    "claims",
    [
        RIGHT,
        claiming(aud=["registry"], azp="registry"),
        claiming(exp=NOW_S - 29, iat=NOW_S - 329),
        claiming(iat=NOW_S + 29),
        claiming(at_hash=base64url(sha256(b"an access token")[:16])),
        claiming(sub="x" * 255, email="anybody@example.org"),
    ],
)
def test_what_is_right_is_taken(alg: str, claims: Json) -> None:
    assert subject_of(a_token(claims, alg=alg)) == claims["sub"]


WRONG: Final[Mapping[str, Json]] = {
    "another issuer": {"iss": "https://id.example.evil"},
    "an issuer with a slash": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": MISSING},
    "another audience": {"aud": "another"},
    "others beside us": {"aud": ["registry", "another"], "azp": "registry"},
    "no audience": {"aud": MISSING},
    "nobody's": {"aud": []},
    "given to another": {"azp": "another"},
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": MISSING},
    "a nonce that is no text": {"nonce": ["a nonce"]},
    "a nonce that is no Unicode": {"nonce": "\ud800"},
    "over": {"exp": NOW_S - 31},
    "without an end": {"exp": MISSING},
    "an end that is no number": {"exp": "never"},
    "an end that never comes": {"exp": float("inf")},
    "an end that is true": {"exp": True},
    "not yet": {"nbf": NOW_S + 60},
    "of the future": {"iat": NOW_S + 60, "exp": NOW_S + 900},
    "old": {"iat": NOW_S - 601, "exp": NOW_S + 900},
    "without a beginning": {"iat": MISSING},
    "about nobody": {"sub": MISSING},
    "about an empty name": {"sub": ""},
    "about a number": {"sub": 7},
    "about too long a name": {"sub": "x" * 256},
    "about no ASCII": {"sub": "มะลิ"},
    "about two lines": {"sub": "mali\n"},
    "of another access token": {"at_hash": base64url(sha256(b"another")[:16])},
}


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_right_is_refused(wrong: str, alg: str) -> None:
    with pytest.raises(IdentityRefusedError):
        subject_of(a_token(claiming(**WRONG[wrong]), alg=alg))


@pytest.mark.parametrize("alg", ["none", "HS256", "NoNe", "RS512", "", None, 1])
@pytest.mark.parametrize("signer", ["none", "HS256", "RS256"])
def test_only_our_algorithms_sign(alg: object, signer: str) -> None:
    """Not the public key as a secret, not nothing, and not another one by the right key."""
    with pytest.raises(IdentityRefusedError):
        subject_of(a_token(RIGHT, signed_by=signer, header={"alg": alg}))


def test_a_provider_that_has_secrets_among_its_keys_has_none_for_us() -> None:
    public = rsa_jwk("rsa", rsa_key())
    secret = {"kty": "oct", "kid": "rsa", "k": base64url(b"a secret of both of us, long enough")}
    assert len(usable_keys([secret]).keys) == 0
    assert len(usable_keys([secret, public]).keys) == 1


@pytest.mark.parametrize(
    "key",
    [
        rsa_jwk("rsa", rsa_key(1_024)),
        {**rsa_jwk("rsa", rsa_key()), "use": "enc"},
        {**rsa_jwk("rsa", rsa_key()), "n": "?"},
        {**rsa_jwk("rsa", rsa_key()), "e": 3},
        {**ec_jwk("ec", ec_key()), "crv": "secp256k1"},
        {**ec_jwk("ec", ec_key()), "y": base64url(bytes(32))},
        {"kty": "RSA", "kid": "rsa"},
        {"kty": ["RSA"]},
        {},
    ],
)
def test_a_key_that_is_none_is_in_nobodys_way(key: Json) -> None:
    assert len(usable_keys([key, *keys()]).keys) == 2


def test_a_key_signs_what_it_is_for() -> None:
    with pytest.raises(IdentityRefusedError):
        subject_of(a_token(RIGHT, header={"kid": "ec"}))
    of_another_kind = {**rsa_jwk("rsa", rsa_key()), "alg": "PS256"}
    with pytest.raises((IdentityRefusedError, InvalidKeyIdError)):
        subject_of(a_token(RIGHT), published=[of_another_kind])


def test_a_key_that_is_not_there_may_be_new() -> None:
    for header in ({"kid": "another"}, {"kid": None}):
        with pytest.raises((InvalidKeyIdError, IdentityRefusedError)):
            subject_of(a_token(RIGHT, header=header))


def test_nobody_brings_their_own_key() -> None:
    """What a header says of keys, and where they lie, is not looked at; nor is it asked for."""
    mine = ec_jwk("mine", ec_key())
    header = {"jwk": mine, "jku": "https://evil.example/keys", "x5u": "https://evil.example/x"}
    assert subject_of(a_token(RIGHT, header=header)) == "mali"
    by_mine = a_token(RIGHT, alg="ES256", header={**header, "kid": "mine"})
    with pytest.raises(InvalidKeyIdError):
        subject_of(by_mine, published=[rsa_jwk("rsa", rsa_key())])


def test_what_must_be_understood_is_not_passed_over() -> None:
    with pytest.raises(IdentityRefusedError):
        subject_of(a_token(RIGHT, header={"crit": ["anything"], "anything": 1}))


@given(st.data())
def test_no_bit_of_a_token_can_be_turned_round(data: st.DataObject) -> None:
    alg = data.draw(st.sampled_from(["RS256", "ES256"]))
    token = a_token(RIGHT, alg=alg)
    parts = token.split(".")
    which = data.draw(st.integers(0, 2))
    raw = bytearray(base64.urlsafe_b64decode(parts[which] + "=" * (-len(parts[which]) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    parts[which] = base64url(bytes(raw))
    with pytest.raises((IdentityRefusedError, InvalidKeyIdError)):
        subject_of(".".join(parts))


@given(st.text(max_size=200) | st.lists(st.text(max_size=40), max_size=6).map(".".join))
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(IdentityRefusedError):
        subject_of(text)


@given(
    st.dictionaries(
        st.sampled_from([*RIGHT, "azp", "amr", "acr", "auth_time", "at_hash", "nbf"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_whatever_a_provider_signs_it_is_taken_or_refused(claims: Json) -> None:
    """Nothing that it says breaks what reads it; and what is taken says what has to be said."""
    whole = {**RIGHT, **claims}
    try:
        subject = subject_of(a_token(whole))
    except IdentityRefusedError:
        return
    assert subject == whole["sub"]
    assert (whole["iss"], whole["nonce"]) == (ISSUER, "a nonce")
    assert whole["aud"] in ("registry", ["registry"])
    assert whole["exp"] > NOW_S - 30
