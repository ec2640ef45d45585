"""What can be done with accounts and credits; each public function is one act."""

from app.registry.ledger.operations.accounts import (
    OpenAccount,
    close_account,
    close_owner,
    found_accounts,
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

__all__ = [
    "End",
    "Minted",
    "Moved",
    "Movement",
    "Moving",
    "OpenAccount",
    "ReleaseBuffer",
    "Transfer",
    "cancel_buffer",
    "close_account",
    "close_owner",
    "end",
    "found_accounts",
    "mint",
    "move_in_bulk",
    "open_account",
    "release_buffer",
    "take_over",
    "transfer",
]
