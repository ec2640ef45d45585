"""
The ledger in the database.

``tables`` says what is kept, ``keeping`` reads and writes single accounts and batches, ``loading``
fills the book of a commit; ``reading``, ``entries``, ``listing`` and ``endings`` answer readers.
Blocks, balances, entries, batches and endings are written by `app.registry.commit` alone.
"""

from typing import Final

from app.kernel.errors import RegistryError
from app.registry.ledger.frozen import ReversedBeforeError
from app.registry.ledger.refusals import (
    OwnTrustError,
    SerialPrefixTakenError,
    TrustTakenError,
)
from app.registry.ledger.store.endings import EndingRow, find_ending, list_endings
from app.registry.ledger.store.entries import (
    EntryRow,
    list_movement,
    list_movements,
    list_run_counts,
    list_serial_history,
)
from app.registry.ledger.store.freezing import (
    Links,
    find_links,
    find_reversal,
    freeze_of,
    get_freeze,
    insert_freeze,
    insert_reversal,
    list_frozen_spans,
    update_released,
)
from app.registry.ledger.store.holders import Held, list_holders
from app.registry.ledger.store.keeping import (
    find_any_account,
    find_batch,
    find_open_account,
    find_underway,
    get_account,
    get_batch,
    get_next_account_id,
    get_next_batch_id,
    insert_account,
    update_account_closed,
)
from app.registry.ledger.store.listing import (
    EntryFilter,
    list_entries,
)
from app.registry.ledger.store.loading import (
    BLOCKS_FIRST_LOOK,
    Wanted,
    batches_chosen,
    list_touched,
    load_accounts,
    load_balances,
    load_batches,
    load_book,
    load_covers,
    load_frozen,
    load_shelves,
)
from app.registry.ledger.store.reading import (
    ALL_HOLDINGS,
    HeldRun,
    Holding,
    get_total,
    list_accounts,
    list_batch_states,
    list_batches,
    list_holdings,
    list_own_totals,
    list_owners,
    list_runs,
    list_runs_of_batch,
    list_states_of,
)
from app.registry.ledger.store.sums import GroupedBy, LedgerSum, ledger_sums, list_sums
from app.registry.ledger.store.tables import (
    account_terms,
    accounts,
    balances,
    batches,
    blocks,
    ending_statements,
    endings,
    freezes,
    ledger_entries,
    reversals,
    trusted_accounts,
)
from app.registry.ledger.store.terms import get_own_terms, update_own_terms
from app.registry.ledger.store.trusting import (
    get_trusted,
    get_trusted_count,
    insert_trusted,
    list_trusted,
    update_trusted,
)

__all__ = [
    "ALL_HOLDINGS",
    "BLOCKS_FIRST_LOOK",
    "REFUSALS",
    "EndingRow",
    "EntryFilter",
    "EntryRow",
    "GroupedBy",
    "Held",
    "HeldRun",
    "Holding",
    "LedgerSum",
    "Links",
    "Wanted",
    "account_terms",
    "accounts",
    "balances",
    "batches",
    "batches_chosen",
    "blocks",
    "ending_statements",
    "endings",
    "find_any_account",
    "find_batch",
    "find_ending",
    "find_links",
    "find_open_account",
    "find_reversal",
    "find_underway",
    "freeze_of",
    "freezes",
    "get_account",
    "get_batch",
    "get_freeze",
    "get_next_account_id",
    "get_next_batch_id",
    "get_own_terms",
    "get_total",
    "get_trusted",
    "get_trusted_count",
    "insert_account",
    "insert_freeze",
    "insert_reversal",
    "insert_trusted",
    "ledger_entries",
    "ledger_sums",
    "list_accounts",
    "list_batch_states",
    "list_batches",
    "list_endings",
    "list_entries",
    "list_frozen_spans",
    "list_holders",
    "list_holdings",
    "list_movement",
    "list_movements",
    "list_own_totals",
    "list_owners",
    "list_run_counts",
    "list_runs",
    "list_runs_of_batch",
    "list_serial_history",
    "list_states_of",
    "list_sums",
    "list_touched",
    "list_trusted",
    "load_accounts",
    "load_balances",
    "load_batches",
    "load_book",
    "load_covers",
    "load_frozen",
    "load_shelves",
    "reversals",
    "trusted_accounts",
    "update_account_closed",
    "update_own_terms",
    "update_released",
    "update_trusted",
]

REFUSALS: Final[dict[str, type[RegistryError]]] = {
    "uq_batches_serial_prefix": SerialPrefixTakenError,
    "uq_trusted_accounts_standing": TrustTakenError,
    "ck_trusted_accounts_two_people": OwnTrustError,
    "uq_reversals_reverses": ReversedBeforeError,
}
