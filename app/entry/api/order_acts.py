"""Why acts are refused that an order has done: as where one person does them."""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.activities import refusals as of_activities
from app.registry.issuance import refusals as of_issuance
from app.registry.ledger.refusals import SerialPrefixTakenError
from app.registry.monitoring.refusals import ReportNotFoundError, ReportStateError
from app.registry.pairs.refusals import NamedShorterError, TooFewPeopleError
from app.registry.parties import refusals as of_parties
from app.registry.parties.rules import UserNotFoundError
from app.registry.programmes import refusals as of_programmes

ISSUING: Final[tuple[type[RegistryError], ...]] = (
    ReportNotFoundError,
    ReportStateError,
    of_issuance.NeverMintsError,
    of_issuance.AlreadyDecidedError,
    of_issuance.NothingToIssueError,
    of_activities.DecisionUngroundedError,
    of_activities.DecisionAheadError,
    of_activities.DateOutOfRangeError,
    of_activities.EvidenceForeignError,
    of_activities.CreditAccountNeededError,
    of_activities.CreditAccountForeignError,
    SerialPrefixTakenError,
)
LEAVING: Final[tuple[type[RegistryError], ...]] = (
    UserNotFoundError,
    of_parties.LastAdministratorError,
    of_parties.RepresentativesMissingError,
    of_parties.UserErasedError,
    TooFewPeopleError,
)
SETTING_ROLES: Final = (*LEAVING, of_parties.PartyStaleError, of_parties.RoleNotOfKindError)
SETTING_RULES: Final[tuple[type[RegistryError], ...]] = (
    of_programmes.ProgrammeNotFoundError,
    of_programmes.RuleRetroactiveError,
    of_programmes.RuleDateAheadError,
    of_programmes.RulePeriodReversedError,
    of_programmes.RuleValueUnreadableError,
    NamedShorterError,
)
ACTS_OF_TWO: Final = (*ISSUING, *SETTING_ROLES, *SETTING_RULES)
