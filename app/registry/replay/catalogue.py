"""Programmes, dated rules, methodologies and documents, as the log tells of them."""

from collections.abc import Iterable
from datetime import date

import msgspec

from app.kernel.clock import bangkok_date, rfc3339
from app.registry.activities import rules as activities
from app.registry.activities.refusals import EvidenceForeignError
from app.registry.activities.rules import Grounds
from app.registry.methodologies import rules as methodologies
from app.registry.methodologies.rules import Family, Methodology, MethodologyEntry, Variant
from app.registry.parties.policy import Permission
from app.registry.programmes import rules
from app.registry.programmes.rules import RULE_SPECS, ProgrammeStatus, RuleKey, covers, in_force
from app.registry.replay.faults import Broken
from app.registry.replay.leaves import Leaf
from app.registry.replay.leaves import rules as leaves
from app.registry.replay.shelf import Shelf
from app.registry.replay.standing import GRACE, Standing
from app.registry.replay.things import (
    Handlers,
    Things,
    day_of,
    moment_of,
    require_same,
)

_EVERY_PROGRAMME = ""
_TERMS = frozenset({RuleKey.TRANSFERS_GOVERNED, RuleKey.TRANSFER_HOURS})


class KnownProgramme(msgspec.Struct, array_like=True):
    """A programme, and how many activities it numbers."""

    code: str
    needs_verification: bool
    mints: bool
    is_open: bool
    provinces: list[str] = []
    activities: int = 0


class DatedValue(msgspec.Struct, array_like=True):
    """One value of a rule."""

    id: str
    key: RuleKey
    value: str
    valid_from: date
    valid_to: date | None


class DatedValues(msgspec.Struct, array_like=True):
    """All values that one rule of one programme ever got."""

    values: list[DatedValue]


class KnownMethodology(msgspec.Struct, array_like=True):
    """What decides of a version of a methodology."""

    code: str
    version: str
    project_type: int
    sectoral_scope: int
    variant: Variant
    family: Family
    crediting_years: int
    renewals_max: int | None
    buffer_applies: bool
    valid_from: date
    log_index: int
    superseded_on: date | None = None
    last_acceptable_on: date | None = None

    def as_methodology(self) -> Methodology:
        """Return it as the rules know it; texts decide nothing and were not kept."""
        kept = msgspec.structs.asdict(self)
        return Methodology(title_th="", title_en="", source="", verified=False, note="", **kept)


class KnownDocument(msgspec.Struct, array_like=True):
    """Whose evidence a document is, and which bytes."""

    activity: str | None  # None: of no activity
    sha256: str


class KnownSource(msgspec.Struct, array_like=True):
    """Another registry that is taken over from."""

    code: str
    party: str
    account: str  # number


class Catalogue:
    """What decisions are held to."""

    def __init__(self, shelf: Shelf, standing: Standing) -> None:
        self._standing = standing
        self.programmes: Things[KnownProgramme] = Things(shelf, "programme", KnownProgramme)
        self.methodologies: Things[KnownMethodology] = Things(
            shelf, "methodology", KnownMethodology
        )
        self.documents: Things[KnownDocument] = Things(shelf, "document", KnownDocument)
        self.sources: Things[KnownSource] = Things(shelf, "source", KnownSource)
        self._values: Things[DatedValues] = Things(shelf, "rule", DatedValues)
        self._by_id: Things[DatedValue] = Things(shelf, "rule value", DatedValue)
        self._purposes: dict[date, frozenset[str]] = {}  # of the day asked for last
        self._governed: dict[date, bool] = {}  # of the day asked for last
        self._meta = shelf.meta
        # Moment of the last change of what transfers are held to.
        self._terms_since = (shelf.meta.read("terms") or b"").decode()

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.ProgrammeEntered, self._enter_programme)
        handlers.on(leaves.MemberEntered, self._enter_member)
        handlers.on(leaves.RulesSet, self._set_rules)
        handlers.on(leaves.MethodologyEntered, self._enter_methodology)
        handlers.on(leaves.MethodologySuperseded, self._supersede)
        handlers.on(leaves.DocumentUploaded, self._upload)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self.programmes.save()
        self.methodologies.save()
        self.documents.save()
        self.sources.save()
        self._values.save()
        self._by_id.save()
        self._meta.write([("terms", self._terms_since.encode())])

    def rule(self, programme: str, key: RuleKey, on: date) -> str:
        """
        Return the value of a rule for a programme on a day.

        A programme's own value goes before the general one; among those the latest beginning, then
        the latest recorded.

        Raises:
            Broken: neither has a value on that day.
        """
        found = self.find_rule(programme, key, on)
        if found is None:
            raise Broken("rule_missing", f"{key.value} of {programme} has no value on {on}")
        return found

    def find_rule(self, programme: str, key: RuleKey, on: date) -> str | None:
        """Return the value of a rule as `rule`; None: it is not in use on that day."""
        for whose in (programme, _EVERY_PROGRAMME):
            value = in_force(self._all_values(whose, key), on)
            if value is not None:
                return value.value
        return None

    def values_of(self, key: RuleKey) -> list[DatedValue]:
        """Return all values that a rule ever got for every programme, in the log's order."""
        return self._all_values(_EVERY_PROGRAMME, key)

    def purposes(self, on: date) -> frozenset[str]:
        """
        Return the purpose codes that a retirement could name on a day.

        The service reads them just before the act is committed, so a value that was replaced on
        that day counts too.
        """
        if on not in self._purposes:
            values = self._all_values(_EVERY_PROGRAMME, RuleKey.RETIREMENT_PURPOSES)
            codes = (code for v in values if covers(v, on) for code in v.value.split(","))
            self._purposes = {on: frozenset(codes)}
        return self._purposes[on]

    def governs_transfers(self, act: Leaf) -> bool:
        """
        Say whether one person's transfer at once was held to terms when an act was decided.

        The service reads the terms up to a second before, and the act may have waited for its
        commit: just after a change, and after midnight, an act was held to either.
        """
        today = day_of(act)
        if today not in self._governed:
            self._governed = {today: self._is_governed(today)}
        if not self._governed[today]:
            return False
        before = moment_of(act) - GRACE
        return self._terms_since <= rfc3339(before) and self._is_governed(bangkok_date(before))

    def _is_governed(self, on: date) -> bool:
        value = in_force(self.values_of(RuleKey.TRANSFERS_GOVERNED), on)
        return value is not None and value.value == "yes"

    def check_decision(self, grounds: Grounds, activity_id: str, today: date) -> None:
        """
        Refuse a decision that does not say where and when it was taken.

        Raises:
            RegistryError: as `app.registry.activities.rules.check_grounds` says.
            EvidenceForeignError: its document is not one of the activity.
        """
        activities.check_grounds(grounds, today=today)
        if grounds.document_id is not None:
            self.check_evidence([grounds.document_id], activity_id)

    def check_evidence(self, document_ids: Iterable[str], activity_id: str) -> None:
        """
        Refuse documents that are not evidence of an activity.

        Raises:
            EvidenceForeignError: one is not.
        """
        for document_id in document_ids:
            document = self.documents.find(document_id)
            if document is None or document.activity != activity_id:
                raise EvidenceForeignError(document_id=document_id)

    def _all_values(self, programme: str, key: RuleKey) -> list[DatedValue]:
        found = self._values.find(f"{programme}/{key.value}")
        return [] if found is None else found.values

    def _permit(self, act: Leaf) -> bool:
        """Say whether an act is of the founding; otherwise it needs somebody who sets rules."""
        if self._standing.require_founder(act):
            return True
        self._standing.require(act, Permission.SET_RULES)
        return False

    # ----------------------------------------------------------------------- programmes

    def _enter_programme(self, _: int, act: leaves.ProgrammeEntered) -> None:
        self._permit(act)
        said = act.data
        rules.check_minting(
            programme_code=act.subject,
            kind=said.kind,
            needs_verification=said.needs_verification,
            mints=said.mints,
        )
        is_open = said.status is ProgrammeStatus.OPEN
        self.programmes.add(
            act.subject,
            KnownProgramme(act.subject, said.needs_verification, said.mints, is_open),
        )

    def _enter_member(self, _: int, act: leaves.MemberEntered) -> None:
        self._permit(act)
        programme = self.programmes.get(act.subject)
        if act.data.province in programme.provinces:
            raise Broken("taken_twice", f"{act.data.province} is a member of {act.subject} already")
        programme.provinces.append(act.data.province)
        self.programmes.changed(act.subject)

    def _set_rules(self, _: int, act: leaves.RulesSet) -> None:
        is_founding = self._permit(act)
        self._purposes.clear()
        self._governed.clear()
        if any(said.key in _TERMS for said in act.data.rules):
            self._terms_since = act.at
        for said in act.data.rules:
            if said.programme is not None:
                self.programmes.get(said.programme)
            if not is_founding:
                whose = said.programme or "registry"
                require_same(act.subject, whose, what="subject", code="subject_differs")
                rules.check_period(
                    valid_from=said.valid_from, valid_to=said.valid_to, today=day_of(act)
                )
            rules.check_value(said.key, said.value)
            require_same(said.unit, RULE_SPECS[said.key].unit, what=f"the unit of {said.key.value}")
            value = DatedValue(said.id, said.key, said.value, said.valid_from, said.valid_to)
            self._by_id.add(said.id, value)
            key = f"{said.programme or _EVERY_PROGRAMME}/{said.key.value}"
            held = self._all_values(said.programme or _EVERY_PROGRAMME, said.key)
            self._values.put(key, DatedValues([*held, value]))

    # -------------------------------------------------------------------- methodologies

    def _enter_methodology(self, index: int, act: leaves.MethodologyEntered) -> None:
        self._permit(act)
        said = act.data
        require_same(
            act.subject, f"{said.code}/{said.version}", what="subject", code="subject_differs"
        )
        facts = {name: getattr(said, name) for name in said.__struct_fields__}
        buffer_applies = facts.pop("buffer_applies")
        methodologies.check_entry(MethodologyEntry(**facts))
        applies = methodologies.has_buffer(
            variant=said.variant, project_type=said.project_type, family=said.family
        )
        require_same(buffer_applies, applies, what="buffer_applies")
        known = {name: facts[name] for name in KnownMethodology.__struct_fields__ if name in facts}
        self.methodologies.add(
            act.subject, KnownMethodology(**known, buffer_applies=applies, log_index=index)
        )

    def _supersede(self, _: int, act: leaves.MethodologySuperseded) -> None:
        self._permit(act)
        said = act.data
        known = self.methodologies.get(act.subject)
        methodologies.check_supersession(known.as_methodology(), superseded_on=said.superseded_on)
        overlap = self._by_id.get(said.overlap_rule)
        require_same(overlap.key, RuleKey.VERSION_OVERLAP_DAYS, what="the overlap's rule")
        last = methodologies.last_acceptable(said.superseded_on, overlap_days=int(overlap.value))
        require_same(said.last_acceptable_on, last, what="last_acceptable_on")
        known.superseded_on, known.last_acceptable_on = said.superseded_on, last
        self.methodologies.changed(act.subject)

    # ------------------------------------------------------------------------ documents

    def _upload(self, _: int, act: leaves.DocumentUploaded) -> None:
        owner = self._standing.party_of(act).id
        self._standing.require(act, Permission.UPLOAD_DOCUMENT, owner)
        require_same(
            act.data.owner_party_id, owner, what="the document's owner", code="party_differs"
        )
        self.documents.add(act.subject, KnownDocument(act.data.activity_id, act.data.sha256))
