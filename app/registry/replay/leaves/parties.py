"""Leaves of parties, their users and keys. Never a name of a person, never an address."""

from typing import Annotated

from msgspec import UNSET, Meta

from app.registry.parties.rules import PartyKind, Role
from app.registry.replay.leaves.words import (
    END,
    Act,
    Day,
    DigestIfAny,
    Facts,
    IdentityId,
    KeyId,
    LogIndex,
    Name,
    Nothing,
    OrderIfAny,
    PartyId,
    PasskeyId,
    ProvinceCode,
    SectoralScope,
    UserId,
)

_Subject = Annotated[PartyId, Meta(description="The party.")]
_UserSubject = Annotated[UserId, Meta(description="The user.")]


class PartyNames(Facts, frozen=True):
    """What the party is called."""

    name_th: Annotated[Name, Meta(description="Name of the organisation in Thai.")]
    name_en: Annotated[Name, Meta(description="Name of the organisation in English.")]


class PartyAdmittedFacts(PartyNames, frozen=True):
    """What the party is."""

    kind: Annotated[PartyKind, Meta(description="What the organisation is in the register.")]
    province_code: Annotated[
        ProvinceCode | None, Meta(description="Its province; null: not bound to one.")
    ]


class PartyAdmitted(Act, frozen=True, tag="party.admitted"):
    """
    An organisation was taken into the register.

    A replayer notes it, active. The first party is an authority, admitted by ``registry``.
    """

    subject: _Subject
    data: PartyAdmittedFacts


class PartyRenamed(Act, frozen=True, tag="party.renamed"):
    """A party's names were corrected. A replayer notes them."""

    subject: _Subject
    data: PartyNames


class PartySuspended(Act, frozen=True, tag="party.suspended"):
    """Nobody acts for the party from now on. A replayer checks that it was active."""

    subject: _Subject
    data: Nothing


class PartyReinstated(Act, frozen=True, tag="party.reinstated"):
    """The party's users may act again. A replayer checks that it was suspended."""

    subject: _Subject
    data: Nothing


class PartyClosed(Act, frozen=True, tag="party.closed"):
    """
    The party was closed: nobody acts for it ever again.

    A replayer checks that all its accounts are closed, and refuses to reinstate it.
    """

    subject: _Subject
    data: Nothing


class PartyAccreditedFacts(Facts, frozen=True):
    """In what a body may give opinions, and when."""

    sectoral_scopes: Annotated[
        list[SectoralScope],
        Meta(description="Sectoral scopes 1 to 16, rising.", min_length=1, max_length=16),
    ]
    valid_from: Annotated[Day, Meta(description="First day of the accreditation.")]
    valid_to: Annotated[
        Day | None, Meta(description="Last day, included; null: until it is ended.")
    ]


class PartyAccredited(Act, frozen=True, tag="party.accredited"):
    """
    A validation and verification body was accredited in sectoral scopes.

    A replayer notes it: opinions are only counted on days that it covers.
    """

    subject: _Subject
    data: PartyAccreditedFacts


class AccreditationEndedFacts(Facts, frozen=True):
    """Which accreditation ends, and when."""

    sectoral_scope: Annotated[SectoralScope, Meta(description="Its sectoral scope, 1 to 16.")]
    valid_from: Annotated[Day, Meta(description="Its first day.")]
    valid_to: Annotated[Day, Meta(description="Its last day from now on, included.")]


class AccreditationEnded(Act, frozen=True, tag="party.accreditation_ended"):
    """
    An accreditation got an earlier last day.

    A replayer checks that it is held and covers that day.
    """

    subject: _Subject
    data: AccreditationEndedFacts


class OfParty(Facts, frozen=True):
    """Whose user it is."""

    party_id: Annotated[PartyId, Meta(description="The user's party.")]


class Roles(OfParty, frozen=True):
    """What the user may be, from now on."""

    roles: Annotated[
        list[Role],
        Meta(description="All roles of the user, in alphabetical order.", max_length=len(Role)),
    ]


class UserAdded(Act, frozen=True, tag="user.added"):
    """
    A person may act for a party.

    A replayer notes the user, active, with these roles, which the party's kind must be able to
    give. The first user is an administrator, added by ``registry``. Where roles are changed by two
    people, it is none that decides for the authority or over credits, but for those who come with
    an application.
    """

    subject: _UserSubject
    data: Roles


class RolesSet(Roles, frozen=True):
    """What the user may be, and which order has it so."""

    order: OrderIfAny = UNSET
    digest: DigestIfAny = UNSET


class UserRolesSet(Act, frozen=True, tag="user.roles_set"):
    """
    A user has these roles from now on, and no others. A replayer notes them; where the rule
    ``two_person_acts`` names anything, or is to, another person has proposed exactly this.
    """

    subject: _UserSubject
    data: RolesSet


class UserSuspended(Act, frozen=True, tag="user.suspended"):
    """The user may not act from now on. A replayer checks that they were active."""

    subject: _UserSubject
    data: OfParty


class UserReinstated(Act, frozen=True, tag="user.reinstated"):
    """The user may act again. A replayer checks that they were suspended."""

    subject: _UserSubject
    data: OfParty


class UserPasswordSet(Act, frozen=True, tag="user.password_set"):
    """A user's password was replaced. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfParty


class UserSecondFactorSet(Act, frozen=True, tag="user.second_factor_set"):
    """A user needs a second factor to sign in from now on. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfParty


class UserSecondFactorRemoved(Act, frozen=True, tag="user.second_factor_removed"):
    """A user's second factor was taken away. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfParty


class UserRecoveryCodesSet(Act, frozen=True, tag="user.recovery_codes_set"):
    """A user's recovery codes were replaced. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfParty


class OfPasskey(OfParty, frozen=True):
    """Which passkey."""

    passkey_id: Annotated[PasskeyId, Meta(description="The passkey.")]


class UserPasskeyAdded(Act, frozen=True, tag="user.passkey_added"):
    """A user can sign in with one more passkey. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfPasskey


class UserPasskeyRemoved(Act, frozen=True, tag="user.passkey_removed"):
    """A user's passkey was taken away. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfPasskey


class OfIdentity(OfParty, frozen=True):
    """Which identity: whom an identity provider knows is in no leaf."""

    identity_id: Annotated[IdentityId, Meta(description="The identity.")]


class UserIdentityLinked(Act, frozen=True, tag="user.identity_linked"):
    """A user can sign in by an identity provider. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfIdentity


class UserIdentityUnlinked(Act, frozen=True, tag="user.identity_unlinked"):
    """A user can sign in by an identity no more. Nothing follows for a replayer."""

    subject: _UserSubject
    data: OfIdentity


class Key(OfParty, frozen=True):
    """Which API key."""

    key_id: Annotated[KeyId, Meta(description="The API key.")]


class UserKeyIssued(Act, frozen=True, tag="user.key_issued"):
    """A user got an API key, which acts as the user. A replayer notes it."""

    subject: _UserSubject
    data: Key


class UserKeyRevoked(Act, frozen=True, tag="user.key_revoked"):
    """An API key was ended for good. A replayer checks that it was issued and not revoked."""

    subject: _UserSubject
    data: Key


class PersonErasedFacts(Facts, frozen=True):
    """What was erased of the texts that leaves commit to."""

    user: Annotated[bool, Meta(description="Whether the user's own name and address were erased.")]
    acts: Annotated[
        list[LogIndex],
        Meta(description="Log indexes of the acts whose committed texts were erased, rising."),
    ]


class PersonErased(Act, frozen=True, tag="person.erased"):
    """
    Names and texts of a person were erased, with the salts that commitments were made with.

    The log stays as it is: the commitments of the named acts can be opened by nobody any more. A
    replayer checks that the acts lie before this one.
    """

    subject: Annotated[
        str,
        Meta(
            pattern=rf"^(usr_[0-9a-hjkmnp-tv-z]{{26}}|register)${END}",
            description="The user; `register` where only texts of acts were erased.",
        ),
    ]
    data: PersonErasedFacts
