"""What can be done with accounts and credits; each public function is one act."""

from app.registry.ledger.operations.accounts import (
    OpenAccount,
    close_account,
    close_owner,
    found_accounts,
    get_account_of,
    get_known_account,
    is_allowed_now,
    open_account,
)
from app.registry.ledger.operations.bulk import Moving, move_in_bulk
from app.registry.ledger.operations.minting import Minted, mint, take_over
from app.registry.ledger.operations.moving import (
    End,
    Moved,
    Movement,
    ReleaseBuffer,
    Transfer,
    cancel_buffer,
    end,
    release_buffer,
    transfer,
)
from app.registry.ledger.operations.own_terms import SetLimits, set_acceptance, set_limits
from app.registry.ledger.operations.transit import (
    Way,
    choose_credits,
    deliver,
    give_back,
    list_sent,
    send,
)
from app.registry.ledger.operations.trusting import (
    ApproveTrust,
    ProposeTrust,
    approve_trust,
    get_account_of_either,
    propose_trust,
    remove_trust,
)

__all__ = [
    "ApproveTrust",
    "End",
    "Minted",
    "Moved",
    "Movement",
    "Moving",
    "OpenAccount",
    "ProposeTrust",
    "ReleaseBuffer",
    "SetLimits",
    "Transfer",
    "Way",
    "approve_trust",
    "cancel_buffer",
    "choose_credits",
    "close_account",
    "close_owner",
    "deliver",
    "end",
    "found_accounts",
    "get_account_of",
    "get_account_of_either",
    "get_known_account",
    "give_back",
    "is_allowed_now",
    "list_sent",
    "mint",
    "move_in_bulk",
    "open_account",
    "propose_trust",
    "release_buffer",
    "remove_trust",
    "send",
    "set_acceptance",
    "set_limits",
    "take_over",
    "transfer",
]
