"""Parties, their users and what they may do, as the log tells it."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from app.registry.parties import policy, rules
from app.registry.parties.policy import Actor, NotAllowedError, Permission
from app.registry.parties.rules import Accreditation
from app.registry.replay.faults import Broken
from app.registry.replay.known import Admission, KnownAccreditation, KnownParty, KnownUser
from app.registry.replay.leaves import Leaf
from app.registry.replay.leaves import parties as leaves
from app.registry.replay.shelf import Shelf
from app.registry.replay.things import Handlers, Things, moment_of, require_same

REGISTRY: Final = "registry"
# The service notices a suspension or a new role within a second, and an act that was let in before
# may wait a little for its commit: what somebody could do so long ago is held for allowed.
GRACE: Final = timedelta(seconds=60)
_KNOWN_TO_BE_ALLOWED_MAX: Final = 50_000


class Standing:
    """Who is in the register, and whether they may do what they did."""

    def __init__(self, shelf: Shelf) -> None:
        self.parties: Things[KnownParty] = Things(shelf, "party", KnownParty)
        self.users: Things[KnownUser] = Things(shelf, "user", KnownUser)
        # By identifier of the party, until its last user is written.
        self._admissions: Things[Admission] = Things(shelf, "admission", Admission)
        self._allowed: set[tuple[str, Permission, tuple[str, ...]]] = set()
        self._is_founded = shelf.meta.read("founded") is not None
        self._meta = shelf.meta

    def play_on(self, handlers: Handlers) -> None:
        """Say what plays each kind of leaf."""
        handlers.on(leaves.PartyAdmitted, self._admit)
        handlers.on(leaves.PartyRenamed, self._rename)
        handlers.on(leaves.PartySuspended, self._suspend)
        handlers.on(leaves.PartyReinstated, self._reinstate)
        handlers.on(leaves.PartyClosed, self._close)
        handlers.on(leaves.PartyAccredited, self._accredit)
        handlers.on(leaves.AccreditationEnded, self._end_accreditation)
        handlers.on(leaves.UserAdded, self._add_user)
        handlers.on(leaves.UserRolesSet, self._set_roles)
        handlers.on(leaves.UserSuspended, self._suspend_user)
        handlers.on(leaves.UserReinstated, self._reinstate_user)
        handlers.on(leaves.UserPasswordSet, self._set_sign_in)
        handlers.on(leaves.UserSecondFactorSet, self._set_sign_in)
        handlers.on(leaves.UserSecondFactorRemoved, self._set_sign_in)
        handlers.on(leaves.UserRecoveryCodesSet, self._set_sign_in)
        handlers.on(leaves.UserPasskeyAdded, self._set_sign_in)
        handlers.on(leaves.UserPasskeyRemoved, self._set_sign_in)
        handlers.on(leaves.UserIdentityLinked, self._set_sign_in)
        handlers.on(leaves.UserIdentityUnlinked, self._set_sign_in)
        handlers.on(leaves.UserKeyIssued, self._issue_key)
        handlers.on(leaves.UserKeyRevoked, self._revoke_key)
        handlers.on(leaves.PersonErased, self._erase)

    def save(self) -> None:
        """Hand all that is only in memory to the shelf."""
        self.parties.save()
        self.users.save()
        self._admissions.save()
        if self._is_founded:
            self._meta.write([("founded", b"1")])

    def require(self, act: Leaf, permission: Permission, *owners: str) -> None:
        """
        Refuse an act of somebody who may not do it.

        Args:
            act: the act.
            permission: what it needs.
            owners: parties whose thing it is; none: nobody's.

        Raises:
            Broken: nobody known acts, or somebody suspended.
            NotAllowedError: none of their roles allows it.
        """
        asked = (act.by, permission, owners)
        if asked in self._allowed:
            return
        if not any(
            policy.allows(actor, permission, owner_ids=owners) for actor in self._actors(act)
        ):
            raise NotAllowedError(permission=permission.value)
        user = self.users.get(act.by)
        since = _text_of(act, GRACE)
        is_settled = user.is_active and all(until < since for until, _ in user.former)
        if is_settled and self.parties.get(user.party).is_active:
            if len(self._allowed) >= _KNOWN_TO_BE_ALLOWED_MAX:
                self._allowed.clear()
            self._allowed.add(asked)

    def require_any(self, act: Leaf, permissions: Iterable[Permission], *owners: str) -> None:
        """
        Refuse an act of somebody who has none of these permissions.

        Raises:
            As `require`.
        """
        *others, last = permissions
        for permission in others:
            with suppress(NotAllowedError):
                return self.require(act, permission, *owners)
        return self.require(act, last, *owners)

    def may(self, user_id: str, permission: Permission) -> bool:
        """Say whether somebody may do something right now, not only a moment ago."""
        user = self.users.get(user_id)
        party = self.parties.get(user.party)
        actor = Actor(user.id, party.id, party.kind, frozenset(user.roles))
        return user.is_active and party.is_active and policy.allows(actor, permission)

    def require_founder(self, act: Leaf) -> bool:
        """Say whether an act is of the founding, which nobody signs in for."""
        if act.by != REGISTRY:
            return False
        if self._is_founded:
            raise Broken("actor_unknown", "the register acts for itself only while it is founded")
        return True

    def expect(self, admission: Admission) -> None:
        """Let an officer write a party and its first users, as they decided on an application."""
        self._admissions.add(admission.party, admission)

    def awaits(self, act: leaves.UserAdded) -> bool:
        """Say whether a user is one of those that a decided application brings in."""
        decided = self._admissions.find(act.data.party_id)
        return decided is not None and decided.by == act.by and act.subject in decided.users

    def party_of(self, act: Leaf) -> KnownParty:
        """Return the party of whoever acts."""
        return self.parties.get(self._user(act.by).party)

    def _user(self, user_id: str) -> KnownUser:
        user = self.users.find(user_id)
        if user is None:
            raise Broken("actor_unknown", f"{user_id} was never added")
        return user

    def _actors(self, act: Leaf) -> list[Actor]:
        """Return whoever acts, with the roles they have and with those they had a moment ago."""
        user = self._user(act.by)
        party = self.parties.get(user.party)
        since = _text_of(act, GRACE)
        if not party.is_active and party.active_until < since:
            raise Broken("actor_suspended", f"the party of {act.by} is suspended")
        possible = [roles for until, roles in user.former if until >= since]
        if user.is_active:
            possible.append(user.roles)
        if not possible:
            raise Broken("actor_suspended", f"{act.by} is suspended")
        return [Actor(user.id, party.id, party.kind, frozenset(roles)) for roles in possible]

    # ------------------------------------------------------------------------- parties

    def _admit(self, _: int, act: leaves.PartyAdmitted) -> None:
        said = act.data
        party = KnownParty(act.subject, said.kind, said.name_th, said.name_en, said.province_code)
        decided = self._admissions.find(act.subject)
        if decided is not None and decided.by == act.by:
            told = (said.kind, said.province_code)
            require_same(told, (decided.kind, decided.province_code), what="the party")
            party.representatives_min = decided.representatives_min
        elif not self.require_founder(act):
            self.require(act, Permission.ADMIT_PARTY)
        rules.require_province(said.kind, said.province_code)
        self.parties.add(act.subject, party)

    def _party(self, act: Leaf, party_id: str) -> KnownParty:
        """Return a party that an administrator is about to change."""
        self.require(act, Permission.ADMIT_PARTY)
        party = self.parties.get(party_id)
        self.parties.changed(party_id)
        self._allowed.clear()
        return party

    def _rename(self, _: int, act: leaves.PartyRenamed) -> None:
        party = self._party(act, act.subject)
        party.name_th, party.name_en = act.data.name_th, act.data.name_en

    def _suspend(self, _: int, act: leaves.PartySuspended) -> None:
        party = self._party(act, act.subject)
        if not party.is_active:
            raise Broken("status_unchanged", f"{act.subject} is suspended already")
        party.is_active, party.active_until = False, act.at

    def _reinstate(self, _: int, act: leaves.PartyReinstated) -> None:
        party = self._party(act, act.subject)
        if party.is_active:
            raise Broken("status_unchanged", f"{act.subject} is not suspended")
        if party.is_closed:
            raise Broken("not_possible_now", f"{act.subject} was closed")
        party.is_active = True

    def _close(self, _: int, act: leaves.PartyClosed) -> None:
        party = self._party(act, act.subject)
        if party.is_closed:
            raise Broken("status_unchanged", f"{act.subject} is closed already")
        if party.open_accounts:
            raise Broken("not_possible_now", f"{act.subject} has an open account")
        if party.is_active:
            party.active_until = act.at
        party.is_active, party.is_closed = False, True

    def _accredit(self, _: int, act: leaves.PartyAccredited) -> None:
        party = self._party(act, act.subject)
        said = act.data
        require_same(
            said.sectoral_scopes, sorted(set(said.sectoral_scopes)), what="the list of scopes"
        )
        wanted = [
            Accreditation(scope, said.valid_from, said.valid_to) for scope in said.sectoral_scopes
        ]
        rules.require_accreditable(party.as_party(), party.as_accredited(), wanted)
        party.accreditations += [
            KnownAccreditation(scope, said.valid_from, said.valid_to)
            for scope in said.sectoral_scopes
        ]

    def _end_accreditation(self, _: int, act: leaves.AccreditationEnded) -> None:
        party = self._party(act, act.subject)
        said = act.data
        for held in party.accreditations:
            if (held.sectoral_scope, held.valid_from) == (said.sectoral_scope, said.valid_from):
                break
        else:
            raise Broken("unknown", f"{act.subject} has no such accreditation")
        if said.valid_to < held.valid_from or (
            held.valid_to is not None and held.valid_to < said.valid_to
        ):
            raise Broken("value_differs", f"the accreditation does not cover {said.valid_to}")
        held.valid_to = said.valid_to

    # --------------------------------------------------------------------------- users

    def _add_user(self, _: int, act: leaves.UserAdded) -> None:
        if not self._is_expected(act) and not self.require_founder(act):
            self.require(act, Permission.MANAGE_USERS, act.data.party_id)
        party = self.parties.get(act.data.party_id)
        self._check_roles(act.data, party)
        user = KnownUser(act.subject, party.id, act.data.roles)
        self.users.add(act.subject, user)
        self._count(user)
        self._is_founded = True

    def _is_expected(self, act: leaves.UserAdded) -> bool:
        """Say whether a user is one of those that an application brings in; each is so once."""
        decided = self._admissions.find(act.data.party_id)
        if decided is None or not self.awaits(act):
            return False
        decided.users.remove(act.subject)
        self._admissions.changed(decided.party)
        return True

    def _count(self, user: KnownUser) -> None:
        """Note that a user can act from now on, where those who can are counted."""
        party = self.parties.get(user.party)
        party.count(user)
        self.parties.changed(party.id)

    def _count_again(self, user: KnownUser) -> None:
        """Refuse what leaves too few people who can act for a party."""
        party = self.parties.get(user.party)
        is_less = party.count(user)
        self.parties.changed(party.id)
        if is_less:
            party.require_represented()

    def _set_roles(self, _: int, act: leaves.UserRolesSet) -> None:
        user = self._managed(act, act.subject, act.data)
        self._check_roles(act.data, self.parties.get(user.party))
        self._leave(user, act)
        user.roles = act.data.roles
        self._count_again(user)

    def _suspend_user(self, _: int, act: leaves.UserSuspended) -> None:
        user = self._managed(act, act.subject, act.data)
        if not user.is_active:
            raise Broken("status_unchanged", f"{act.subject} is suspended already")
        self._leave(user, act)
        user.is_active = False
        self._count_again(user)

    def _reinstate_user(self, _: int, act: leaves.UserReinstated) -> None:
        user = self._managed(act, act.subject, act.data)
        if user.is_active:
            raise Broken("status_unchanged", f"{act.subject} is not suspended")
        user.is_active = True
        self._count(user)

    def _set_sign_in(
        self,
        _: int,
        act: leaves.UserPasswordSet
        | leaves.UserSecondFactorSet
        | leaves.UserSecondFactorRemoved
        | leaves.UserRecoveryCodesSet
        | leaves.UserPasskeyAdded
        | leaves.UserPasskeyRemoved
        | leaves.UserIdentityLinked
        | leaves.UserIdentityUnlinked,
    ) -> None:
        self._own_or_managed(act, act.subject, act.data)

    def _issue_key(self, _: int, act: leaves.UserKeyIssued) -> None:
        user = self._own_or_managed(act, act.subject, act.data)
        if act.data.key_id in user.keys:
            raise Broken("taken_twice", f"the key {act.data.key_id} was issued before")
        user.keys.append(act.data.key_id)

    def _revoke_key(self, _: int, act: leaves.UserKeyRevoked) -> None:
        user = self._own_or_managed(act, act.subject, act.data)
        if act.data.key_id not in user.keys:
            raise Broken("unknown", f"there is no working key {act.data.key_id}")
        user.keys.remove(act.data.key_id)

    def _erase(self, index: int, act: leaves.PersonErased) -> None:
        self.require(act, Permission.ERASE_PERSON)
        named = act.data.acts
        require_same(named, sorted(set(named)), what="the list of acts")
        if named and named[-1] >= index:
            raise Broken("unknown", "an act is erased that was not done yet")
        require_same(act.data.user, act.subject != "register", what="user", code="subject_differs")
        if act.data.user:
            user = self.users.get(act.subject)
            if user.is_erased:
                raise Broken("status_unchanged", f"{act.subject} is erased already")
            self._leave(user, act)
            user.is_active, user.is_erased, user.keys = False, True, []
            self._count_again(user)

    def _managed(self, act: Leaf, user_id: str, said: leaves.OfParty) -> KnownUser:
        self.require(act, Permission.MANAGE_USERS)
        return self._touched(user_id, said)

    def _own_or_managed(self, act: Leaf, user_id: str, said: leaves.OfParty) -> KnownUser:
        if act.by == user_id:
            self._actors(act)
        else:
            self.require(act, Permission.MANAGE_USERS, said.party_id)
        return self._touched(user_id, said)

    def _touched(self, user_id: str, said: leaves.OfParty) -> KnownUser:
        user = self.users.get(user_id)
        require_same(said.party_id, user.party, what="the user's party", code="party_differs")
        if user.is_erased:
            raise Broken("not_possible_now", f"{user_id} was erased")
        self.users.changed(user_id)
        self._allowed.clear()
        return user

    def _leave(self, user: KnownUser, act: Leaf) -> None:
        """Remember for a moment what a user could do until now."""
        since = _text_of(act, GRACE)
        user.former = [one for one in user.former if one[0] >= since]
        if user.is_active:
            user.former.append((act.at, user.roles))
        self.users.changed(user.id)
        self._allowed.clear()

    def _check_roles(self, said: leaves.Roles, party: KnownParty) -> None:
        require_same(said.roles, sorted(set(said.roles)), what="the list of roles")
        rules.require_roles_of_kind(party.kind, said.roles)


def _text_of(act: Leaf, before: timedelta) -> str:
    """Return the moment so long before an act, as leaves write moments."""
    return (moment_of(act) - before).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
