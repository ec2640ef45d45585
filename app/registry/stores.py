"""Every store of the business: importing this registers all tables."""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from app.kernel.errors import RegistryError
from app.registry.activities import store as activities
from app.registry.applications import store as applications
from app.registry.calendar import store as calendar
from app.registry.compensation import store as compensation
from app.registry.documents import store as documents
from app.registry.erasure import store as erasure
from app.registry.history import store as history
from app.registry.issuance import store as issuance
from app.registry.ledger import store as ledger
from app.registry.log import store as log
from app.registry.log.store import publication
from app.registry.methodologies import store as methodologies
from app.registry.monitoring import store as monitoring
from app.registry.notices import store as notices
from app.registry.orders import store as orders
from app.registry.parties import store as parties
from app.registry.programmes import store as programmes
from app.registry.provinces import store as provinces
from app.registry.signin import store as signin
from app.registry.transfers import store as transfers
from app.registry.verification import store as verification

STORES: Final[tuple[ModuleType, ...]] = (
    log,
    publication,
    provinces,
    parties,
    calendar,
    signin,
    ledger,
    programmes,
    transfers,
    methodologies,
    applications,
    documents,
    orders,
    activities,
    monitoring,
    verification,
    issuance,
    compensation,
    history,
    notices,
    erasure,
)


def refusals_by_constraint() -> Mapping[str, type[RegistryError]]:
    """Return which refusal the violation of a named constraint means, from all stores."""
    found: dict[str, type[RegistryError]] = {}
    for store in STORES:
        own: Mapping[str, type[RegistryError]] = getattr(store, "REFUSALS", {})
        assert not found.keys() & own.keys()
        found.update(own)
    return found
