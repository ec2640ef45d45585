"""A3 and A4: a stolen refresh token, and guesses of passwords and codes."""

from __future__ import annotations

import base64
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from math import log2
from typing import Any, Final

from attack_acts import CITY
from attack_door import Door
from attack_people import Person, add_person
from attack_report import require
from attack_scene import FULL, Scene

from app.entry.second_factors import code_of, step_at
from app.kernel import clock

TOKENS: Final = "/v1/tokens"
NOTICED_SECONDS: Final = 1.2  # that a session has ended is known to every process within a second
GUESSERS: Final = 16
HONEST_FROM: Final = "127.0.3.1"  # nobody else of the attackers comes from there
# Guesses that get as far as being looked at, before somebody has to wait (signin/rules, LIMITS);
# the next one waits a second then, and each one after that twice as long.
AT_ONE_ACCOUNT: Final = 5
BY_ONE_ADDRESS: Final = 20
BY_ALL_A_MINUTE: Final = 300
BEGUN_BEFORE: Final = 4  # looked at already when the wait of those before them is written down
Json = dict[str, Any]


def replay_a_refresh_token(scene: Scene) -> str:
    """A3: whoever stole one, and whoever it was stolen from, are both out."""
    ask = scene.door.ask
    for thief_first in (True, False):
        grant = {"grant_type": "password", "email": CITY, "password": scene.people[CITY]}
        first = ask("POST", TOKENS, body=grant).json()
        second = _refreshed(scene, first["refresh_token"])
        newest = second if thief_first else _refreshed(scene, second["refresh_token"])
        stolen = ask("POST", TOKENS, body=_refresh(first["refresh_token"]))
        require(stolen.code == "refresh_refused", f"a used one is taken: {stolen.status}")
        honest = ask("POST", TOKENS, body=_refresh(newest["refresh_token"]))
        require(honest.code == "refresh_refused", "the family goes on")
        time.sleep(NOTICED_SECONDS)
        for tokens in (first, second, newest):
            left = ask("GET", "/v1/users/me", token=tokens["access_token"])
            require(left.code == "session_ended", f"a token of it works: {left.status}")
    other = ask("GET", "/v1/users/me", token=scene.token(CITY))
    require(other.status == 200, "another session of theirs has ended too")  # noqa: PLR2004
    return "used twice: refresh tokens and access tokens of the family ended, other sessions not"


def _refresh(token: str) -> Json:
    return {"grant_type": "refresh_token", "refresh_token": token}


def _refreshed(scene: Scene, token: str) -> Json:
    answer = scene.door.ask("POST", TOKENS, body=_refresh(token))
    require(answer.status == 200, f"a good refresh token: {answer.status}")  # noqa: PLR2004
    shown: Json = answer.json()
    return shown


def guess(scene: Scene) -> str:
    """A4: many passwords at one account, one password at many accounts, one code twice."""
    # Whoever signs in here for the first time would wait for what others have guessed from there.
    scene = scene.coming_from(HONEST_FROM)
    for email in scene.people:  # from here on their address is known for them
        scene.token(email)
    guesses = 1_000 if scene.scale is FULL else 60
    owner = add_person(scene, CITY, "holder_viewer")
    _reuse_a_code(scene, owner)
    at_one, seconds = _looked_at(scene, ((f"127.0.0.{2 + n % 4}", CITY) for n in range(guesses)))
    most = _looked_at_max(AT_ONE_ACCOUNT, seconds)
    require(at_one <= most, f"{at_one} guesses at one account were looked at, in {seconds:.0f} s")
    began = time.monotonic()
    scene.token(CITY)
    waited = time.monotonic() - began
    many = [f"{secrets.token_hex(6)}@attack.example" for _ in range(guesses)]
    by_one, seconds = _looked_at(scene, (("127.0.1.2", email) for email in many))
    most = _looked_at_max(BY_ONE_ADDRESS, seconds)
    require(by_one <= most, f"{by_one} guesses from one address were looked at, in {seconds:.0f} s")
    spread = ((f"127.0.2.{n % 50 + 2}", email) for n, email in enumerate(many))
    by_many, seconds = _looked_at(scene, spread)
    # All minutes that it touches, and those who come while one ends.
    most = BY_ALL_A_MINUTE * (int(seconds // 60) + 2) + GUESSERS
    require(by_many <= most, f"{by_many} guesses from many addresses were looked at")
    scene.token(CITY)
    return (
        f"of {guesses} guesses at one account {at_one} were looked at, of {guesses} from one "
        f"address {by_one}, from fifty {by_many}; its owner got in meanwhile, in {waited:.2f} s; "
        "a code works once"
    )


def _looked_at_max(free: int, seconds: float) -> int:
    """Return how many guesses may be looked at in so long, with some that had begun before."""
    return free + int(log2(seconds + 1)) + BEGUN_BEFORE


def _looked_at(scene: Scene, guesses: Iterable[tuple[str, str]]) -> tuple[int, float]:
    """Guess from addresses at accounts, many at once; how many were told wrong, in how long (s)."""

    def try_one(guessed: tuple[str, str]) -> str | None:
        address, email = guessed
        grant = {"grant_type": "password", "email": email, "password": "Password-2026!"}
        return Door(scene.door.address, source=address).ask("POST", TOKENS, body=grant).code

    began = time.monotonic()
    with ThreadPoolExecutor(GUESSERS) as guessers:
        told = Counter(guessers.map(try_one, guesses))
    known = {"credentials_refused", "too_many_guesses"}
    # Who hashes takes only so many at once; then nothing was looked at.
    require(set(told) <= known | {"too_many_sign_ins"}, f"somebody is told {dict(told)}")
    return told["credentials_refused"], time.monotonic() - began


def _reuse_a_code(scene: Scene, owner: Person) -> None:
    ask = scene.door.ask
    begun = ask(
        "POST",
        "/v1/second-factor",
        token=owner.token,
        body={"current_password": owner.password},
        key=False,
    )
    text = begun.json()["secret"]
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    step = step_at(clock.now())
    confirmation = {"totp": code_of(secret, step - 1)}
    path = "/v1/second-factor/confirmation"
    done = ask("POST", path, token=owner.token, body=confirmation)
    require(done.status == 200, f"no second factor: {done.status} {done.code}")  # noqa: PLR2004
    grant = {"grant_type": "password", "email": owner.email, "password": owner.password}
    without = ask("POST", TOKENS, body=grant)
    require(without.code == "second_factor_required", "a password is enough")
    with_code = {**grant, "totp": code_of(secret, step)}
    require(ask("POST", TOKENS, body=with_code).status == 200, "a good code is refused")  # noqa: PLR2004
    for used in (with_code, {**grant, "totp": code_of(secret, step - 1)}):
        again = ask("POST", TOKENS, body=used)
        require(again.code == "code_refused", f"a code works twice: {again.status} {again.code}")
