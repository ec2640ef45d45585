"""Credits that come into being: issued for verified reports, or taken over from a source."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from app.kernel.quantities import format_tonnes, whole_credits_down
from app.registry.activities.refusals import CreditAccountNeededError
from app.registry.activities.rules import Grounds, check_reason
from app.registry.issuance import rules
from app.registry.issuance.refusals import AlreadyDecidedError, NeverMintsError
from app.registry.issuance.rules import Planned, Remainder
from app.registry.monitoring.rules import ReportStatus
from app.registry.parties.policy import Permission
from app.registry.programmes.rules import RuleKey, serial_prefix
from app.registry.replay.activities import Activities, KnownActivity
from app.registry.replay.catalogue import Catalogue, KnownSource
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import ledger as leaves
from app.registry.replay.ledger import Ledger
from app.registry.replay.reports import KnownReport, KnownVerification, Reports
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import Standing
from app.registry.replay.things import Handlers, Things, day_of, require_same
from app.registry.verification.rules import VerificationStatus


class Tally(msgspec.Struct, array_like=True):
    """What was issued of one activity and vintage."""

    verified_tco2e: str = "0"  # of all reports that were issued
    credits: int = 0
    batches: int = 0
    # Remainders that no later issuance took in, the newest last: issuance and tonnes.
    remainders: list[tuple[str, str]] = []


class TakenOver(msgspec.Struct, array_like=True):
    """What was taken over of one project and vintage of a source."""

    credits: int = 0


class Decision(msgspec.Struct, array_like=True):
    """That a decision was taken under an identifier."""

    report: str
    owner: str = ""  # of the activity
    credits: int = 0  # issued; 0: it was refused
    claimed: int = 0  # of them, by cases
    batches: list[str] = []  # serial prefixes


class Issuances:
    """Decisions on verified reports, and what other registries issued."""

    def __init__(
        self, shelf: Shelf, standing: Standing, parts: tuple[Catalogue, Ledger, Activities, Reports]
    ) -> None:
        self._standing = standing
        self._catalogue, self._ledger, self._activities, self._reports = parts
        self._tallies: Things[Tally] = Things(shelf, "tally", Tally)
        self._taken: Things[TakenOver] = Things(shelf, "taken over", TakenOver)
        self.decisions: Things[Decision] = Things(shelf, "decision", Decision)

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.CreditsIssued, self._issue)
        handlers.on(leaves.IssuanceRefused, self._refuse)
        handlers.on(leaves.SourceOpened, self._open_source)
        handlers.on(leaves.CreditsTakenOver, self._take_over)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self._tallies.save()
        self._taken.save()
        self.decisions.save()

    # ----------------------------------------------------------------------------- issuance

    def _issue(self, index: int, act: leaves.CreditsIssued) -> None:
        report, activity, verification = self._decide(act, act.data)
        self._reports.move(report, ReportStatus.ISSUED)
        tallies = {line.vintage: self._tally(activity, line.vintage) for line in verification.lines}
        planned = rules.plan(
            [line.as_verified() for line in verification.lines],
            self._carried(act, activity, tallies),
        )
        require_same(
            [msgspec.to_builtins(line) for line in act.data.lines],
            rules.facts_of(planned),
            what="the arithmetic",
        )
        self._check_batches(act, activity, planned, tallies)
        for line in planned:
            self._add_up(act.subject, activity, line, tallies[line.vintage])
        decision = self.decisions.get(act.subject)
        decision.owner = activity.owner
        for batch in act.data.batches:
            self._ledger.make(batch, index)
            decision.credits += batch.credits
            decision.batches.append(batch.batch)
        self.decisions.changed(act.subject)

    def _refuse(self, _: int, act: leaves.IssuanceRefused) -> None:
        report, _activity, _verification = self._decide(act, act.data)
        check_reason(act.data.reason_commitment)
        self._reports.move(report, ReportStatus.REJECTED)

    def _decide(
        self, act: leaves.IssuanceAct, said: leaves.DecisionFacts
    ) -> tuple[KnownReport, KnownActivity, KnownVerification]:
        self._standing.require(act, Permission.DECIDE_ISSUANCE)
        report = self._reports.known.get(said.report_id)
        activity = self._activities.known.get(report.activity)
        programme = self._activities.programme_of(activity)
        if not programme.mints:
            raise NeverMintsError(programme=programme.code, report_id=report.id)
        if report.status in {ReportStatus.ISSUED, ReportStatus.REJECTED}:
            raise AlreadyDecidedError
        require_same(said.activity_id, activity.id, what="the report's activity")
        require_same(said.verification_id, report.verification, what="the report's verification")
        verification = self._reports.verifications.get(said.verification_id)
        if verification.status is not VerificationStatus.CONCLUDED:
            raise Broken("not_possible_now", f"{verification.id} is not concluded")
        grounds = Grounds(said.decided_on, said.decision_document_id, said.meeting)
        self._catalogue.check_decision(grounds, activity.id, day_of(act))
        self.decisions.add(act.subject, Decision(report.id))
        return report, activity, verification

    def _tally(self, activity: KnownActivity, vintage: int) -> Tally:
        key = f"{activity.id}/{vintage}"
        tally = self._tallies.find(key)
        if tally is None:
            tally = Tally()
        self._tallies.put(key, tally)
        return tally

    def _carried(
        self, act: leaves.CreditsIssued, activity: KnownActivity, tallies: dict[int, Tally]
    ) -> dict[int, Remainder]:
        """Return, by vintage, the newest remainder that no later issuance took in."""
        carries = self._catalogue.rule(activity.programme, RuleKey.REMAINDER_CARRIED, day_of(act))
        if carries != "yes":
            return {}
        return {
            vintage: Remainder(tally.remainders[-1][0], Decimal(tally.remainders[-1][1]))
            for vintage, tally in tallies.items()
            if tally.remainders
        }

    def _check_batches(
        self,
        act: leaves.CreditsIssued,
        activity: KnownActivity,
        planned: Sequence[Planned],
        tallies: dict[int, Tally],
    ) -> None:
        """Refuse batches that are not exactly what the plan makes."""
        if activity.credit_account is None:
            raise CreditAccountNeededError
        self._activities.check_credit_account(activity)
        template = self._catalogue.rule(
            activity.programme, RuleKey.SERIAL_PREFIX_FORMAT, day_of(act)
        )
        expected = [
            {
                "batch": serial_prefix(
                    template,
                    programme_code=activity.programme,
                    activity_number=activity.number,
                    vintage=line.vintage,
                    batch_number=tallies[line.vintage].batches + 1,
                ),
                "vintage": line.vintage,
                "credits": line.credits,
                "buffer_credits": line.buffer_credits,
                "account": activity.credit_account,
                "programme": activity.programme,
                "project": activity.code,
            }
            for line in planned
            if line.credits
        ]
        batches = [msgspec.to_builtins(batch) for batch in act.data.batches]
        require_same(batches, expected, what="the list of batches", code="batch_differs")

    def _add_up(
        self, issuance_id: str, activity: KnownActivity, line: Planned, tally: Tally
    ) -> None:
        verified_tco2e = Decimal(tally.verified_tco2e) + line.verified_tco2e
        tally.verified_tco2e = format_tonnes(verified_tco2e)
        tally.credits += line.credits
        tally.batches += bool(line.credits)
        if line.carried_from_issuance_id is not None:
            tally.remainders.pop()
        if line.remainder_tco2e:
            tally.remainders.append((issuance_id, format_tonnes(line.remainder_tco2e)))
        most, _ = whole_credits_down(verified_tco2e)
        if tally.credits > most:
            raise Broken(
                "more_than_verified",
                f"{tally.credits} credits of {activity.code} {line.vintage}, verified are {most}",
            )

    # ------------------------------------------------------------------------------ history

    def _open_source(self, _: int, act: leaves.SourceOpened) -> None:
        self._standing.require(act, Permission.IMPORT_HISTORY)
        said = act.data
        if self._catalogue.programmes.find(act.subject) is not None:
            raise Broken("taken_twice", f"{act.subject} is a programme of the register's own")
        party = self._standing.parties.get(said.party)
        account = self._ledger.account(said.account)
        require_same(account.owner, party.id, what="the account's owner", code="party_differs")
        self._catalogue.sources.add(act.subject, KnownSource(act.subject, party.id, account.number))
        party.is_source = True
        self._standing.parties.changed(party.id)

    def _take_over(self, index: int, act: leaves.CreditsTakenOver) -> None:
        self._standing.require(act, Permission.IMPORT_HISTORY)
        said = act.data
        source = self._catalogue.sources.get(said.source)
        (batch,) = said.batches
        for what, value, known in (
            ("subject", act.subject, batch.batch),
            ("the source", batch.programme, source.code),
            ("the account", batch.account, source.account),
            ("buffer_credits", batch.buffer_credits, 0),
        ):
            require_same(value, known, what=what, code="batch_differs")
        key = f"{source.code}/{batch.project}/{batch.vintage}"
        taken = self._taken.find(key) or TakenOver()
        taken.credits += batch.credits
        self._taken.put(key, taken)
        if taken.credits > said.issued_for_vintage:
            raise Broken(
                "more_than_issued",
                f"{taken.credits} credits of {batch.project} {batch.vintage} would be taken over, "
                f"issued were {said.issued_for_vintage}",
            )
        self._ledger.make(batch, index)
