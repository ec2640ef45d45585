"""
Parties, users, accreditations and API keys in the database.

``tables`` says what can be kept, ``organisations`` and ``people`` read and write it.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.parties.refusals import EmailTakenError, PartyClosedError, UserErasedError
from app.registry.parties.store.organisations import (
    PartyEvent,
    find_any_party,
    get_party,
    insert_accreditations,
    insert_event,
    insert_party,
    list_accreditations,
    list_accreditations_of,
    list_events_about,
    list_named,
    list_parties,
    update_accreditation_end,
    update_party,
)
from app.registry.parties.store.people import (
    find_administrator,
    find_key_secret,
    find_password,
    find_password_hash,
    find_user_id_by_email,
    get_key,
    get_user,
    insert_key,
    insert_user,
    list_keys,
    list_officials,
    list_representatives,
    list_users,
    update_key_revoked,
    update_keys_used,
    update_user,
    update_user_erased,
)
from app.registry.parties.store.tables import (
    REPRESENTATIVES,
    accreditations,
    api_keys,
    parties,
    party_events,
    users,
)

__all__ = [
    "REFUSALS",
    "REPRESENTATIVES",
    "PartyEvent",
    "accreditations",
    "api_keys",
    "find_administrator",
    "find_any_party",
    "find_key_secret",
    "find_password",
    "find_password_hash",
    "find_user_id_by_email",
    "get_key",
    "get_party",
    "get_user",
    "insert_accreditations",
    "insert_event",
    "insert_key",
    "insert_party",
    "insert_user",
    "list_accreditations",
    "list_accreditations_of",
    "list_events_about",
    "list_keys",
    "list_named",
    "list_officials",
    "list_parties",
    "list_representatives",
    "list_users",
    "parties",
    "party_events",
    "update_accreditation_end",
    "update_key_revoked",
    "update_keys_used",
    "update_party",
    "update_user",
    "update_user_erased",
    "users",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "ck_parties_closed_for_good": PartyClosedError,
    "ck_users_erased_for_good": UserErasedError,
    "uq_users_email": EmailTakenError,
}
