"""
Sessions, second factors, passkeys, confirmations, guesses and records of access in the database.

Their rows pass: the service removes them when they are over, or when their user is erased; records
of access it only adds, and they go when the rule says so.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.signin.refusals import PasskeyExistsError, SecondFactorExistsError
from app.registry.signin.store.access import (
    AccessFilter,
    delete_old_access,
    insert_access,
    list_access,
    update_networks_forgotten,
)
from app.registry.signin.store.factors import (
    TotpSecret,
    delete_factors_of,
    delete_recovery_codes,
    find_confirmed_at,
    find_totp,
    get_recovery_codes_left,
    insert_confirmation,
    insert_recovery_codes,
    insert_totp,
    update_confirmation_used,
    update_recovery_code_used,
    update_step,
    update_totp_confirmed,
    update_totp_removed,
)
from app.registry.signin.store.guesses import delete_guesses, lock_guesses, update_guesses
from app.registry.signin.store.passkeys import (
    delete_challenge,
    delete_passkey,
    delete_passkeys_of,
    find_passkey,
    get_challenges_open,
    insert_challenge,
    insert_passkey,
    list_passkeys,
    update_passkey_name,
    update_passkey_used,
)
from app.registry.signin.store.sessions import (
    Presented,
    delete_sessions,
    delete_sessions_of,
    insert_refresh_token,
    insert_session,
    list_sessions,
    lock_presented,
    update_displaced,
    update_refreshed,
    update_session_ended,
    update_sessions_ended,
)
from app.registry.signin.store.signed import insert_signed, signed_requests
from app.registry.signin.store.standing import Bearer, Standing, find_standing, list_standings
from app.registry.signin.store.tables import (
    access_records,
    confirmations,
    passkey_challenges,
    passkeys,
    recovery_codes,
    refresh_tokens,
    sessions,
    sign_in_guesses,
    totp_secrets,
)

__all__ = [
    "REFUSALS",
    "AccessFilter",
    "Bearer",
    "Presented",
    "Standing",
    "TotpSecret",
    "access_records",
    "confirmations",
    "delete_challenge",
    "delete_factors_of",
    "delete_guesses",
    "delete_old_access",
    "delete_passkey",
    "delete_passkeys_of",
    "delete_recovery_codes",
    "delete_sessions",
    "delete_sessions_of",
    "find_confirmed_at",
    "find_passkey",
    "find_standing",
    "find_totp",
    "get_challenges_open",
    "get_recovery_codes_left",
    "insert_access",
    "insert_challenge",
    "insert_confirmation",
    "insert_passkey",
    "insert_recovery_codes",
    "insert_refresh_token",
    "insert_session",
    "insert_signed",
    "insert_totp",
    "list_access",
    "list_passkeys",
    "list_sessions",
    "list_standings",
    "lock_guesses",
    "lock_presented",
    "passkey_challenges",
    "passkeys",
    "recovery_codes",
    "refresh_tokens",
    "sessions",
    "sign_in_guesses",
    "signed_requests",
    "totp_secrets",
    "update_confirmation_used",
    "update_displaced",
    "update_guesses",
    "update_networks_forgotten",
    "update_passkey_name",
    "update_passkey_used",
    "update_recovery_code_used",
    "update_refreshed",
    "update_session_ended",
    "update_sessions_ended",
    "update_step",
    "update_totp_confirmed",
    "update_totp_removed",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_totp_secrets_confirmed": SecondFactorExistsError,
    "uq_passkeys_credential_id": PasskeyExistsError,
}
