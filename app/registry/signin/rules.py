"""How long a sign-in lasts, and how long a wrong guess makes the next one wait."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from app.registry.parties.policy import Actor
from app.registry.signin.refusals import PersonNeededError

# Ours, not TGO's: a working day, and a lunch with a meeting after it.
SESSION_LIFETIME: Final = timedelta(hours=12)
SESSION_IDLE_MAX: Final = timedelta(hours=2)
SESSIONS_PER_USER_MAX: Final = 200  # live ones; one more ends the one that was not used for longest
SESSION_KEPT: Final = timedelta(days=30)  # after its end, for who asks who was signed in

CONFIRMATION_LIFETIME: Final = timedelta(minutes=5)
# Of a signed request, from its signing on; and how far a machine's clock may be ahead of ours.
SIGNED_AGE_MAX: Final = timedelta(seconds=60)
SIGNED_AHEAD_MAX: Final = timedelta(seconds=30)
RECOVERY_CODES: Final = 10
NETWORK_BITS: Final = 64  # of an IPv6 address: the rest its owner chooses as they like
CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
CHALLENGES_OPEN_MAX: Final = 100  # from one network: whoever comes may ask for one
PASSKEYS_PER_USER_MAX: Final = 10
IDENTITY_REQUEST_LIFETIME: Final = timedelta(minutes=10)  # a provider may ask for a second factor
IDENTITY_REQUESTS_OPEN_MAX: Final = 100  # from one network: whoever comes may ask for one
IDENTITIES_PER_USER_MAX: Final = 5


class EndReason(StrEnum):
    """Why a session ended."""

    DISPLACED = "displaced"  # its user has signed in too many times since
    EXPIRED = "expired"
    FACTOR_REMOVED = "factor_removed"
    IDENTITY_UNLINKED = "identity_unlinked"
    PASSWORD_SET = "password_set"  # noqa: S105  a reason
    REUSED = "reused"  # a refresh token was used twice
    SIGNED_OUT = "signed_out"


class Factor(StrEnum):
    """What somebody proves beside their password."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"  # it may also stand alone: whoever has it was recognised by it


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of a person, and all tokens that come of it."""

    id: str
    user_id: str
    created_at: datetime
    last_used_at: datetime  # when it was begun or refreshed last
    expires_at: datetime
    address: str  # of the network, where it was begun
    second_factor: Factor | None  # None: a password, or an identity, alone
    ended_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Say whether its time is up, be it all of it or the time that it may lie idle."""
        return now >= self.expires_at or now >= self.last_used_at + SESSION_IDLE_MAX


def require_person(actor: Actor) -> None:
    """
    Refuse an API key, where somebody changes how they sign in or proves that they are there.

    Raises:
        PersonNeededError: an API key acts.
    """
    if actor.client_id is not None:
        raise PersonNeededError


# ------------------------------------------------------------------------------ passkeys


class Purpose(StrEnum):
    """What a passkey signs a challenge for."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key pair of somebody's authenticator, of which the public half is known here."""

    id: str
    user_id: str
    credential_id: bytes  # what the authenticator calls it
    public_key: bytes  # COSE
    sign_count: int  # as the authenticator counted last; 0: it does not count
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What an authenticator is to sign, once and soon."""

    challenge: bytes
    purpose: Purpose
    user_id: str | None  # None: whoever signs in
    network: str  # where it was asked for
    created_at: datetime
    expires_at: datetime


# ------------------------------------------------------------------------------ identities


class Asking(StrEnum):
    """What an identity provider is asked for."""

    LINK = "link"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is to an identity provider; to us they are one user."""

    id: str
    user_id: str
    issuer: str
    subject: str  # what the provider calls them, for ever: no address, and no name
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """What an identity provider is asked, once and soon, for one browser."""

    state: bytes  # SHA-256 of what comes back with the code
    purpose: Asking
    user_id: str | None  # who links; None: whoever signs in
    binding: bytes  # SHA-256 of what only the browser has that began
    nonce: str  # what the identity token has to say
    verifier: str  # of PKCE: without it the code is worth nothing
    network: str  # where it was asked for
    created_at: datetime
    expires_at: datetime
    identity_id: str | None = None  # who they were found to be, where they yet have to prove more


# ------------------------------------------------------------------------------ who came, who read


class AccessKind(StrEnum):
    """What is kept of how people come in, and of who reads about them."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"  # of somebody there is
    SESSION_ENDED = "session_ended"
    SIGN_IN_CHANGED = "sign_in_changed"  # a password, a factor, a key
    USER_READ = "user_read"
    PERSONAL_DATA_READ = "personal_data_read"
    APPLICATION_READ = "application_read"
    ACCESS_READ = "access_read"  # these records themselves


@dataclass(frozen=True, slots=True)
class Access:
    """One time that somebody came in, failed to, or read about somebody else. Words of nobody."""

    id: str
    at: datetime
    kind: AccessKind
    what: str  # more exactly: with what, why, by which operation
    about: str | None  # the user, or the application; None: everybody
    by: str | None  # the user who did it; None: whoever it was did not get in
    network: str | None  # where they were; None: not known, or they were erased
    session_id: str | None = None
    key_id: str | None = None


def network_of(address: str) -> str:
    """
    Return what is kept for long of an address: of an IPv6 one its network.

    The rest of it tells one device from another.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, NETWORK_BITS), strict=False))
    return address


# ------------------------------------------------------------------------------ guesses


class Scope(StrEnum):
    """Of what wrong guesses are counted."""

    ACCOUNT = "account"  # by strangers: from addresses that never got it right
    ADDRESS = "address"  # for any account, by strangers
    EVERYBODY = "everybody"  # for any account from anywhere, by strangers
    KNOWN = "known"  # for an account from an address that got it right before


@dataclass(frozen=True, slots=True)
class Limit:
    """How many wrong guesses are free, and how long later ones wait."""

    free: int
    longest_s: int  # the wait doubles with every guess up to this, and never ends: nobody is out
    forgotten_s: int  # after so long without a wrong guess there was none
    is_window: bool = False  # so many in each `forgotten_s`, instead of a wait that doubles


# An account can be tried some hundred times a day from wherever. An office behind one address may
# mistype twenty times. Everybody together may err five times a second, a twentieth of what can be
# hashed. Whoever got in before from where they are waits for nobody's errors but those from there,
# and twenty programs with one key may sign in at once.
LIMITS: Final = {
    Scope.ACCOUNT: Limit(free=5, longest_s=900, forgotten_s=86_400),
    Scope.ADDRESS: Limit(free=20, longest_s=900, forgotten_s=3_600),
    Scope.EVERYBODY: Limit(free=300, longest_s=60, forgotten_s=60, is_window=True),
    Scope.KNOWN: Limit(free=20, longest_s=60, forgotten_s=3_600),
}
KNOWN_FOR: Final = timedelta(days=90)  # since somebody got in from there last
COUNTED_FOR: Final = timedelta(seconds=max(limit.forgotten_s for limit in LIMITS.values()))


@dataclass(frozen=True, slots=True)
class Guesses:
    """Wrong guesses of one kind, and when the last one was (of a window: when it began)."""

    scope: Scope
    name: bytes  # SHA-256 of what is counted: what people type is not kept
    failures: int
    last_at: datetime

    def wait_s(self, now: datetime) -> int:
        """Return how many seconds the next guess has to wait; 0: it may come."""
        limit = LIMITS[self.scope]
        over = self._failures(now) - limit.free
        if over < 0:
            return 0
        wait_s = limit.longest_s if limit.is_window else min(2 ** min(over, 30), limit.longest_s)
        left = self.last_at + timedelta(seconds=wait_s) - now
        return max(0, -(-left // timedelta(seconds=1)))

    def with_one_more(self, now: datetime) -> "Guesses":
        """Count a guess as wrong, at its beginning: many at once are then seen by each other."""
        failures = self._failures(now)
        goes_on = LIMITS[self.scope].is_window and failures > 0
        return Guesses(self.scope, self.name, failures + 1, self.last_at if goes_on else now)

    def with_one_less(self) -> "Guesses":
        """Take a guess back that was not wrong."""
        return Guesses(self.scope, self.name, max(0, self.failures - 1), self.last_at)

    def forgiven(self, now: datetime) -> "Guesses":
        """Forget all, because the right one has come."""
        return Guesses(self.scope, self.name, 0, now)

    def _failures(self, now: datetime) -> int:
        # Where the clock has gone back, what lies ahead of it says nothing: a wait for that moment
        # could take hours.
        age_s = (now - self.last_at) // timedelta(seconds=1)
        limit = LIMITS[self.scope]
        return self.failures if -limit.longest_s <= age_s < limit.forgotten_s else 0
