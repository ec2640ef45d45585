"""Trusted lists, and transfers that take two people and wait, as the log tells of them."""

from datetime import datetime, time, timedelta
from typing import Final

import msgspec
from msgspec import UNSET

from app.kernel.clock import BANGKOK, rfc3339
from app.registry.calendar.rules import is_working_day
from app.registry.ledger.rules import TRANSIT
from app.registry.ledger.serials import account_number
from app.registry.parties.policy import Permission
from app.registry.programmes.rules import RuleKey
from app.registry.replay.catalogue import Catalogue
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import Leaf
from app.registry.replay.leaves import transfers as leaves
from app.registry.replay.leaves.transfers import Why
from app.registry.replay.ledger import Account, Ledger, require_free
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import REGISTRY, Standing
from app.registry.replay.things import Handlers, Things, day_of, moment_of, require_same

_TRANSIT: Final = account_number(TRANSIT)
_EITHER: Final = (Permission.MOVE_CREDITS, Permission.APPROVE_MOVES)
_NOON: Final = time(12)


class KnownTrust(msgspec.Struct, array_like=True):
    """An entry of a trusted list."""

    account: str
    trusted: str
    by: str
    expires_at: str
    is_approved: bool = False
    is_removed: bool = False


class KnownProposal(msgspec.Struct, array_like=True):
    """A proposed transfer as it stands."""

    from_: str
    to: str
    credits: int
    digest: str
    by: str
    expires_at: str
    is_open: bool = True  # it is proposed, or its credits are under way
    executes_at: str = ""  # empty: nobody has approved it
    runs: list[tuple[str, int, int]] = []
    at: str = ""  # when it was proposed
    accept_until: str = ""  # empty: its receiver does not ask to accept it
    is_accepted: bool = False

    @property
    def is_awaited(self) -> bool:
        """Whether its receiver's word is waited for."""
        return self.accept_until != "" and not self.is_accepted


class Transfers:
    """What two people decide, and the register carries out."""

    def __init__(
        self, shelf: Shelf, standing: Standing, catalogue: Catalogue, ledger: Ledger
    ) -> None:
        self._standing = standing
        self._catalogue = catalogue
        self._ledger = ledger
        self._trust: Things[KnownTrust] = Things(shelf, "trust", KnownTrust)
        self._proposals: Things[KnownProposal] = Things(shelf, "proposal", KnownProposal)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.TrustProposed, self._propose_trust)
        handlers.on(leaves.TrustApproved, self._approve_trust)
        handlers.on(leaves.TrustRemoved, self._remove_trust)
        handlers.on(leaves.AcceptanceSet, self._set_acceptance)
        handlers.on(leaves.LimitsSet, self._set_limits)
        handlers.on(leaves.TransferProposed, self._propose)
        handlers.on(leaves.TransferAccepted, self._accept)
        handlers.on(leaves.TransferWithdrawn, self._withdraw)
        handlers.on(leaves.TransferLapsed, self._lapse)
        handlers.on(leaves.CreditsSent, self._send)
        handlers.on(leaves.CreditsDelivered, self._deliver)
        handlers.on(leaves.CreditsReturned, self._return)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._trust.save()
        self._proposals.save()

    # ------------------------------------------------------------------------ trusted lists

    def _propose_trust(self, _: int, act: leaves.TrustProposed) -> None:
        account, trusted = self._two_holdings(act.subject, act.data.trusted)
        self._standing.require(act, Permission.MOVE_CREDITS, account.owner or "")
        _require_later(act, act.data.expires_at)
        entry = KnownTrust(account.number, trusted.number, act.by, act.data.expires_at)
        self._trust.add(act.data.entry, entry)

    def _approve_trust(self, _: int, act: leaves.TrustApproved) -> None:
        entry = self._entry(act)
        account, _trusted = self._two_holdings(entry.account, entry.trusted)
        self._standing.require(act, Permission.APPROVE_MOVES, account.owner or "")
        if entry.by == act.by:
            raise Broken("second_person_needed", f"{act.by} approves what {act.by} proposed")
        if entry.is_approved or entry.is_removed or act.at >= entry.expires_at:
            raise Broken("not_possible_now", f"{act.data.entry} is not proposed any more")
        if entry.trusted in account.trusted:
            raise Broken("taken_twice", f"{account.number} trusts {entry.trusted} already")
        _require_noon(act, act.data.active_from)
        entry.is_approved = True
        self._trust.changed(act.data.entry)
        account.trusted = account.trusted | {entry.trusted: act.data.active_from}
        self._ledger.change_account(account)

    def _remove_trust(self, _: int, act: leaves.TrustRemoved) -> None:
        entry = self._entry(act)
        account = self._ledger.account(entry.account)
        self._standing.require_any(act, _EITHER, account.owner or "")
        if entry.is_removed:
            raise Broken("not_possible_now", f"{act.data.entry} was removed before")
        entry.is_removed = True
        self._trust.changed(act.data.entry)
        if entry.is_approved:
            account.trusted = {k: v for k, v in account.trusted.items() if k != entry.trusted}
            self._ledger.change_account(account)

    def _entry(self, act: leaves.TrustAct) -> KnownTrust:
        entry = self._trust.get(act.data.entry)
        require_same(act.subject, entry.account, what="account", code="subject_differs")
        require_same(act.data.trusted, entry.trusted, what="the trusted account")
        return entry

    # ------------------------------------------------------------- what an account sets itself

    def _set_acceptance(self, _: int, act: leaves.AcceptanceSet) -> None:
        account = self._approved(act, act.subject)
        account.asks = act.data.asks
        self._ledger.change_account(account)

    def _set_limits(self, _: int, act: leaves.LimitsSet) -> None:
        said = act.data
        account = self._approved(act, act.subject)
        wanted = (said.credits_max, said.credits_per_day_max)
        before = account.limits_at(act.at)
        at_once = tuple(
            new if old is None or (new is not None and new <= old) else old
            for new, old in zip(wanted, before, strict=True)
        )
        account.limits = (at_once[0], at_once[1])
        require_same(said.raised_from is not None, at_once != wanted, what="that a limit rises")
        account.raised_from, account.raised = "", (None, None)
        if said.raised_from is not None:
            _require_noon(act, said.raised_from)
            account.raised_from, account.raised = said.raised_from, wanted
        self._ledger.change_account(account)

    def _approved(self, act: Leaf, number: str) -> Account:
        """Return an open account for which the actor may approve."""
        account = self._ledger.account(number)
        self._standing.require(act, Permission.APPROVE_MOVES, account.owner or "")
        if not account.is_open:
            raise Broken("account_not_allowed", f"{number} is closed")
        require_free(account)
        return account

    # ----------------------------------------------------------------- transfers that wait

    def _propose(self, _: int, act: leaves.TransferProposed) -> None:
        said = act.data
        sender, _receiver = self._two_holdings(said.from_, said.to)
        self._standing.require(act, Permission.MOVE_CREDITS, sender.owner or "")
        _require_later(act, said.expires_at)
        proposal = KnownProposal(
            said.from_, said.to, said.credits, said.digest, act.by, said.expires_at, at=act.at
        )
        self._proposals.add(act.subject, proposal)

    def _withdraw(self, _: int, act: leaves.TransferWithdrawn) -> None:
        proposal = self._proposed(act.subject)
        self._require_either(act, proposal)
        self._close(act.subject, proposal)

    def _lapse(self, _: int, act: leaves.TransferLapsed) -> None:
        proposal = self._proposed(act.subject)
        _require_register(act)
        if act.at < proposal.expires_at:
            raise Broken("not_possible_now", f"{act.subject} can be approved until later")
        self._close(act.subject, proposal)

    def _send(self, index: int, act: leaves.CreditsSent) -> None:
        said = act.data
        proposal = self._proposed(said.proposal)
        sender, receiver = self._two_holdings(proposal.from_, proposal.to)
        self._standing.require(act, Permission.APPROVE_MOVES, sender.owner or "")
        if proposal.by == act.by:
            raise Broken("second_person_needed", f"{act.by} approves what {act.by} proposed")
        if act.at >= proposal.expires_at:
            raise Broken("not_possible_now", f"{said.proposal} could be approved until earlier")
        require_same(
            (said.from_, said.receiver, said.to, said.credits, said.digest),
            (proposal.from_, proposal.to, _TRANSIT, proposal.credits, proposal.digest),
            what="what was approved",
        )
        self._require_moment(act, sender, receiver)
        sender.require_own_limit(receiver, said.credits, at=act.at)
        proposal.accept_until = self._acceptance_end(act, proposal, sender, receiver)
        self._move(index, act, sender, self._ledger.account(_TRANSIT))
        sender.underway += said.credits
        self._ledger.change_account(sender)
        proposal.executes_at = said.executes_at
        proposal.runs = _runs(act)
        self._proposals.changed(said.proposal)

    def _acceptance_end(
        self, act: leaves.CreditsSent, proposal: KnownProposal, sender: Account, receiver: Account
    ) -> str:
        """Return until when the receiver can accept what is sent; empty: it does not ask to."""
        said = act.data.accept_until
        asks = receiver.asks and sender.owner != receiver.owner
        require_same(said is not UNSET, asks, what="that its receiver is asked")
        if said is UNSET:
            return ""
        hours = int(self._catalogue.rule("", RuleKey.TRANSFER_ACCEPTANCE_HOURS, day_of(act)))
        until = datetime.fromisoformat(proposal.at) + timedelta(hours=hours)
        require_same(said, rfc3339(until), what="until when it is accepted")
        _require_later(act, said)
        return said

    def _accept(self, _: int, act: leaves.TransferAccepted) -> None:
        proposal = self._awaited(act.subject, act.at)
        self._approved(act, proposal.to)
        proposal.is_accepted = True
        self._proposals.changed(act.subject)

    def _awaited(self, proposal_id: str, at: str) -> KnownProposal:
        """Return a transfer whose receiver can give their word at a moment."""
        proposal = self._proposals.get(proposal_id)
        if not proposal.is_open or not proposal.is_awaited or at >= proposal.accept_until:
            raise Broken("not_possible_now", f"{proposal_id} waits for nobody's word")
        return proposal

    def _require_moment(self, act: leaves.CreditsSent, sender: Account, receiver: Account) -> None:
        """Refuse a moment of execution that does not follow from rules, trust and approval."""
        said = act.data
        since = sender.trusted.get(receiver.number)
        trusted = sender.owner == receiver.owner or (since is not None and since <= act.at)
        require_same(said.trusted, trusted, what="trusted")
        if not trusted:
            executes_at = _require_noon(act, said.executes_at)
            delay = int(self._catalogue.rule("", RuleKey.TRANSFER_DELAY_HOURS, day_of(act)))
            if executes_at < moment_of(act) + timedelta(hours=delay):
                raise Broken("too_early", f"{said.executes_at} is not {delay} hours later")
            return
        hours = self._catalogue.rule("", RuleKey.TRANSFER_HOURS, day_of(act))
        opens, closes = (time.fromisoformat(clock) for clock in hours.split("-"))
        at = _in_bangkok(said.executes_at)
        is_now = said.executes_at == act.at and opens <= at.time() < closes
        if not (is_now or (said.executes_at > act.at and at.time() == opens)):
            raise Broken("outside_hours", f"{said.executes_at} is not when working hours begin")
        if not is_working_day(at.date(), ()):
            raise Broken("outside_hours", f"{at.date()} is no working day")

    def _deliver(self, index: int, act: leaves.CreditsDelivered) -> None:
        proposal = self._scheduled(act)
        _require_register(act)
        _require_due(act, proposal)
        if proposal.is_awaited:
            raise Broken("acceptance_missing", f"{proposal.to} has not accepted it")
        require_same(act.data.to, proposal.to, what="receiver", code="account_not_allowed")
        receiver = self._ledger.account(proposal.to)
        if not receiver.is_open:
            raise Broken("account_not_allowed", f"{proposal.to} is no open holding account")
        require_free(self._ledger.account(proposal.from_))
        self._leave(index, act, proposal, receiver)

    def _return(self, index: int, act: leaves.CreditsReturned) -> None:
        proposal = self._scheduled(act)
        match act.data.reason:
            case Why.ABORTED:
                self._require_either(act, proposal)
                if act.at >= proposal.executes_at and not proposal.is_awaited:
                    raise Broken("not_possible_now", f"{act.data.proposal} was due before")
            case Why.DECLINED:
                self._approved(act, self._awaited(act.data.proposal, act.at).to)
            case Why.NOT_ACCEPTED:
                _require_register(act)
                if not proposal.is_awaited or act.at < proposal.accept_until:
                    raise Broken("too_early", f"{act.data.proposal} can be accepted")
            case _:
                _require_register(act)
                _require_due(act, proposal)
        is_frozen = self._is_frozen(act, proposal)
        if act.data.reason is Why.FROZEN and not is_frozen:
            raise Broken("not_possible_now", f"nothing of {act.data.proposal} is frozen")
        if act.data.reason is Why.ABORTED and is_frozen:
            raise Broken("frozen", f"{act.data.proposal} is taken back while it is frozen")
        require_same(act.data.to, proposal.from_, what="sender", code="account_not_allowed")
        self._leave(index, act, proposal, self._ledger.account(proposal.from_))

    def _is_frozen(self, act: leaves.CreditsReturned, proposal: KnownProposal) -> bool:
        """Say whether a freeze stands of what goes back, of its account, or of its receiver's."""
        accounts = [self._ledger.account(proposal.from_)]
        if act.data.reason is not Why.ABORTED:  # which is nothing to the receiver
            accounts.append(self._ledger.account(proposal.to))
        return self._ledger.are_frozen(proposal.runs) or any(a.freezes for a in accounts)

    def _leave(
        self, index: int, act: leaves.TransitAct, proposal: KnownProposal, goal: Account
    ) -> None:
        transit = self._ledger.account(_TRANSIT)
        require_same(act.data.from_, _TRANSIT, what="from", code="account_not_allowed")
        require_same(_runs(act), proposal.runs, what="what moved")
        self._move(index, act, transit, goal)
        sender = self._ledger.account(proposal.from_)
        sender.underway -= act.data.credits
        self._ledger.change_account(sender)
        self._close(act.data.proposal, proposal)

    def _move(self, index: int, act: leaves.TransitAct, sender: Account, receiver: Account) -> None:
        said = act.data
        require_same(act.subject, said.from_, what="subject", code="subject_differs")
        moved = self._ledger.move(
            said.moves,
            sender=sender,
            receiver=receiver,
            log_index=index,
            frozen_too=isinstance(act, leaves.CreditsReturned),
        )
        require_same(said.credits, moved, what="the sum of the runs", code="sum_differs")

    # ------------------------------------------------------------------------------ finding

    def _two_holdings(self, one: str, other: str) -> tuple[Account, Account]:
        found = self._ledger.account(one), self._ledger.account(other)
        if one == other or not all(a.owner is not None and a.is_open for a in found):
            raise Broken("account_not_allowed", f"{one} and {other} are no open holding accounts")
        require_free(*found)
        return found

    def _proposed(self, proposal_id: str) -> KnownProposal:
        proposal = self._proposals.get(proposal_id)
        if not proposal.is_open or proposal.executes_at:
            raise Broken("not_possible_now", f"{proposal_id} is not proposed any more")
        return proposal

    def _scheduled(self, act: leaves.TransitAct) -> KnownProposal:
        proposal = self._proposals.get(act.data.proposal)
        if not proposal.is_open or not proposal.executes_at:
            raise Broken("not_possible_now", f"{act.data.proposal} is not under way")
        return proposal

    def _require_either(self, act: Leaf, proposal: KnownProposal) -> None:
        owner = self._ledger.account(proposal.from_).owner or ""
        self._standing.require_any(act, _EITHER, owner)

    def _close(self, proposal_id: str, proposal: KnownProposal) -> None:
        proposal.is_open, proposal.runs = False, []
        self._proposals.changed(proposal_id)


def _runs(act: leaves.TransitAct) -> list[tuple[str, int, int]]:
    return [(run.batch, run.first, run.last) for run in act.data.moves]


def _require_register(act: Leaf) -> None:
    if act.by != REGISTRY:
        raise Broken("actor_unknown", f"what falls due is done by the register, not {act.by}")


def _require_due(act: Leaf, proposal: KnownProposal) -> None:
    if act.at < proposal.executes_at:
        raise Broken("too_early", f"it is due at {proposal.executes_at}")


def _require_later(act: Leaf, moment: str) -> None:
    if moment <= act.at:
        raise Broken("too_early", f"{moment} is not after {act.at}")


def _in_bangkok(moment: str) -> datetime:
    try:
        return datetime.fromisoformat(moment).astimezone(BANGKOK)
    except (ValueError, OverflowError):
        raise Broken("time_impossible", f"there is no moment {moment}") from None


def _require_noon(act: Leaf, moment: str) -> datetime:
    """Return a moment, refusing one that is no later noon of a day that may be a working day."""
    _require_later(act, moment)
    at = _in_bangkok(moment)
    if at.time() != _NOON or not is_working_day(at.date(), ()):
        raise Broken("outside_hours", f"{moment} is not noon of a working day")
    return at
