"""Acts on accounts and credits: what may open, close and move, and what that does."""

from datetime import time
from typing import Final

from app.kernel.clock import BANGKOK
from app.registry.calendar.rules import is_working_day
from app.registry.ledger import rules
from app.registry.ledger.refusals import DateAheadError
from app.registry.ledger.rules import (
    BUFFER,
    CANCELLED,
    FIRST_OWNER_ACCOUNT,
    REGISTRY_ACCOUNTS,
    RETIRED,
    AccountKind,
)
from app.registry.ledger.serials import AccountNumberError, account_id, account_number
from app.registry.parties.policy import Permission
from app.registry.programmes.rules import RuleKey
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import ledger as leaves
from app.registry.replay.ledger import Account, Ledger, require_free
from app.registry.replay.shelf import KeptEnding, Shelf
from app.registry.replay.standing import REGISTRY, Standing
from app.registry.replay.things import Handlers, day_of, moment_of

OWN_ACCOUNTS: Final = {account_number(i): kind for i, (kind, _) in REGISTRY_ACCOUNTS.items()}
_RETIRED_WORD: Final = "retired"
_CANCELLED_WORD: Final = "cancelled"


class Movements:
    """What moves credits between accounts that exist."""

    def __init__(
        self, shelf: Shelf, standing: Standing, catalogue: Catalogue, ledger: Ledger
    ) -> None:
        self._shelf = shelf
        self._standing = standing
        self._catalogue = catalogue
        self._ledger = ledger

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.AccountsFounded, self._found)
        handlers.on(leaves.AccountOpened, self._open)
        handlers.on(leaves.AccountClosed, self._close)
        handlers.on(leaves.CreditsTransferred, self._transfer)
        handlers.on(leaves.CreditsRetired, self._retire)
        handlers.on(leaves.CreditsCancelled, self._cancel)
        handlers.on(leaves.BufferReleased, self._release_buffer)
        handlers.on(leaves.BufferCancelled, self._cancel_buffer)

    # ----------------------------------------------------------------------------- accounts

    def _found(self, index: int, act: leaves.AccountsFounded) -> None:
        if index != 0 or act.by != REGISTRY:
            raise Broken("founding_misplaced", f"leaf {index} founds the register")
        if act.data.accounts != OWN_ACCOUNTS:
            raise Broken("founding_incomplete", f"founded are {sorted(act.data.accounts)}")
        for number, kind in OWN_ACCOUNTS.items():
            opened = Account(account_id(number), number, None, kind.value, is_open=True, total=0)
            self._ledger.open_account(opened)

    def _open(self, _: int, act: leaves.AccountOpened) -> None:
        self._standing.require(act, Permission.OPEN_ACCOUNT)
        try:
            number = account_id(act.subject)
        except AccountNumberError:
            raise Broken("account_check_digits", f"{act.subject} is no account number") from None
        if number < FIRST_OWNER_ACCOUNT or self._ledger.find_account(act.subject) is not None:
            raise Broken("taken_twice", f"there is an account {act.subject} already")
        owner = self._standing.parties.get(act.data.owner)
        rules.check_holder(owner.kind, owner.as_party().status)
        owner.has_account = True
        owner.open_accounts += 1
        self._standing.parties.changed(owner.id)
        opened = Account(
            number, act.subject, owner.id, AccountKind.HOLDING.value, is_open=True, total=0
        )
        self._ledger.open_account(opened)

    def _close(self, _: int, act: leaves.AccountClosed) -> None:
        self._standing.require(act, Permission.OPEN_ACCOUNT)
        account = self._holding(act.subject)
        if account.total != 0:
            raise Broken("account_not_empty", f"{act.subject} holds {account.total} credits")
        if account.underway != 0:
            raise Broken("account_not_empty", f"credits of {act.subject} are under way")
        require_free(account)
        self._ledger.close_account(account)
        owner = self._standing.parties.get(account.owner or "")
        owner.open_accounts -= 1
        self._standing.parties.changed(owner.id)

    # ---------------------------------------------------------------------------- movements

    def _transfer(self, index: int, act: leaves.CreditsTransferred) -> None:
        sender = self._holding(act.data.from_)
        receiver = self._holding(act.data.to)
        if sender is receiver:
            raise Broken("account_not_allowed", f"{sender.number} sends to itself")
        self._standing.require(act, Permission.MOVE_CREDITS, sender.owner or "")
        if self._catalogue.governs_transfers(act):
            self._require_terms(act, sender, receiver)
        if sender.owner != receiver.owner:
            if receiver.asks:
                raise Broken("acceptance_missing", f"{receiver.number} is not asked")
            if sender.limits_at(act.at)[1] is not None:
                raise Broken("over_own_limit", f"{sender.number} counts its day in proposals")
        sender.require_own_limit(receiver, act.data.credits, at=act.at)
        self._move(index, act, sender, receiver)

    def _require_terms(
        self, act: leaves.CreditsTransferred, sender: Account, receiver: Account
    ) -> None:
        """Refuse what one person alone could not transfer at that moment."""
        since = sender.trusted.get(receiver.number)
        if sender.owner != receiver.owner and (since is None or since > act.at):
            raise Broken(
                "second_person_needed", f"{sender.number} does not trust {receiver.number}"
            )
        at = moment_of(act).astimezone(BANGKOK)
        opens, closes = self._catalogue.rule("", RuleKey.TRANSFER_HOURS, at.date()).split("-")
        if not time.fromisoformat(opens) <= at.time() < time.fromisoformat(closes):
            raise Broken("outside_hours", f"{act.at} is not within working hours")
        if not is_working_day(at.date(), ()):
            raise Broken("outside_hours", f"{at.date()} is no working day")

    def _retire(self, index: int, act: leaves.CreditsRetired) -> None:
        self._end(index, act, self.own_holding(act), RETIRED, _RETIRED_WORD)

    def _cancel(self, index: int, act: leaves.CreditsCancelled) -> None:
        self._end(index, act, self.own_holding(act), CANCELLED, _CANCELLED_WORD)

    def _release_buffer(self, index: int, act: leaves.BufferReleased) -> None:
        self._standing.require(act, Permission.MANAGE_BUFFER)
        self._move(index, act, self.buffer(act), self._holding(act.data.to))

    def _cancel_buffer(self, index: int, act: leaves.BufferCancelled) -> None:
        self._standing.require(act, Permission.MANAGE_BUFFER)
        self._end(index, act, self.buffer(act), CANCELLED, _CANCELLED_WORD)

    def _end(
        self, index: int, act: leaves.EndingAct, sender: Account, final: int, word: str
    ) -> None:
        purposes = self._catalogue.purposes(day_of(act))
        if act.data.purpose not in purposes:
            raise Broken("purpose_unknown", f"{act.data.purpose} is none of {sorted(purposes)}")
        self.end(index, act, sender, final, word)

    def end(
        self,
        index: int,
        act: leaves.EndingAct,
        sender: Account,
        final: int = CANCELLED,
        word: str = _CANCELLED_WORD,
    ) -> None:
        """
        End credits, whatever their purpose.

        Raises:
            Broken, DateAheadError: they cannot so.
        """
        said = act.data
        receiver = self._ledger.account(account_number(final))
        if said.to != receiver.number:
            raise Broken("account_not_allowed", f"credits end in {receiver.number}, not {said.to}")
        if said.happened_on > day_of(act):
            raise DateAheadError
        self._move(index, act, sender, receiver)
        ending = KeptEnding(index, word, sender.number, said.credits, said.statement)
        self._shelf.keep_ending(ending)

    def _move(
        self, index: int, act: leaves.MovementAct, sender: Account, receiver: Account
    ) -> None:
        said = act.data
        if act.subject != said.from_:
            raise Broken("subject_differs", f"it is of {act.subject}, but moves from {said.from_}")
        moved = self._ledger.move(said.moves, sender=sender, receiver=receiver, log_index=index)
        if moved != said.credits:
            raise Broken("sum_differs", f"the runs are {moved} credits, not {said.credits}")

    # ------------------------------------------------------------------------------ finding

    def _holding(self, number: str) -> Account:
        account = self._ledger.account(number)
        if account.owner is None or not account.is_open:
            raise Broken("account_not_allowed", f"{number} is no open holding account")
        return account

    def own_holding(self, act: leaves.EndingAct) -> Account:
        """Return the account of whoever acts, or of the source that they import for."""
        account = self._holding(act.data.from_)
        owner = self._standing.parties.get(account.owner or "")
        possible: tuple[Permission, ...] = (Permission.MOVE_CREDITS,)
        if owner.is_source:
            possible = (Permission.IMPORT_HISTORY, Permission.MOVE_CREDITS)
        self._standing.require_any(act, possible, owner.id)
        return account

    def buffer(self, act: leaves.MovementAct) -> Account:
        """Return the buffer account, which the credits must leave."""
        buffer = self._ledger.account(account_number(BUFFER))
        if act.data.from_ != buffer.number:
            raise Broken("account_not_allowed", f"{act.data.from_} is not the buffer account")
        return buffer
