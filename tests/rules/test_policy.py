"""Who may do what, held against a table that is written out a second time, by hand."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.parties.policy import (
    Actor,
    NotAllowedError,
    Permission,
    allows,
    require,
    sees_every_party,
)
from app.registry.parties.refusals import (
    AccreditationOverlapError,
    AccreditationReversedError,
    NotAVvbError,
    PartyStaleError,
    ProvinceNeededError,
    RoleNotOfKindError,
)
from app.registry.parties.rules import (
    ROLES_OF_KIND,
    Accreditation,
    Party,
    PartyKind,
    Role,
    Status,
    is_accredited,
    require_accreditable,
    require_province,
    require_roles_of_kind,
    require_version,
)

# What each role may do: to things of its own party ("own"), or of anybody ("any"). What is not
# listed is refused. A change of the policy has to be made here too: by somebody who meant it.
EXPECTED = {
    "developer": {
        "own": "write_activity read_activity_draft upload_document write_report assign_verifier "
        "read_party",
    },
    "verifier_lead": {
        "own": "read_party read_activity_draft upload_document validate_activity verify_report",
    },
    "verifier_reviewer": {"own": "read_party read_activity_draft review_verification"},
    "officer": {
        "any": "read_party read_account read_activity_draft query_ledger upload_document "
        "review_activity assign_verifier read_application review_application propose_freeze "
        "propose_reversal propose_case",
    },
    "approver": {
        "any": "read_party read_account read_activity_draft query_ledger register_activity "
        "decide_issuance manage_buffer read_application decide_application approve_freeze "
        "approve_reversal approve_case",
    },
    "administrator": {
        "any": "read_party read_account read_activity_draft query_ledger admit_party manage_users "
        "set_rules open_account import_history erase_person read_application read_audit",
    },
    "auditor": {
        "any": "read_party read_account read_activity_draft query_ledger read_application "
        "read_audit",
    },
    "holder_initiator": {"own": "read_party read_account move_credits renew_party"},
    "holder_approver": {"own": "read_party read_account approve_moves renew_party"},
    "holder_viewer": {"own": "read_party read_account"},
}

OWN, FOREIGN = "pty_own", "pty_foreign"
NOT_VVB = [kind for kind in PartyKind if kind is not PartyKind.VVB]
VVB_ROLES = {Role.VERIFIER_LEAD, Role.VERIFIER_REVIEWER}
ACCOUNT_PERMISSIONS = {Permission.READ_ACCOUNT, Permission.MOVE_CREDITS}


def an_actor(*roles: Role, kind: PartyKind = PartyKind.DEVELOPER) -> Actor:
    return Actor("usr_a", OWN, kind, frozenset(roles))


def expected(role: Role, permission: Permission, owner: str | None) -> bool:
    listed = EXPECTED[role.value]
    if permission.value in listed.get("any", "").split():
        return True
    return owner == OWN and permission.value in listed.get("own", "").split()


@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_exactly_what_the_table_says(role: Role) -> None:
    for permission, owner in product(Permission, (OWN, FOREIGN, None)):
        owner_ids = () if owner is None else (owner,)
        may = allows(an_actor(role), permission, owner_ids=owner_ids)
        assert may is expected(role, permission, owner), f"{role} {permission} {owner}"


def test_the_table_names_no_permission_that_does_not_exist() -> None:
    named = {
        word for reach in EXPECTED.values() for words in reach.values() for word in words.split()
    }
    assert named <= {permission.value for permission in Permission}


def test_every_permission_is_given_to_somebody() -> None:
    """A permission that nobody has is an act that nobody can do."""
    for permission in Permission:
        assert any(allows(an_actor(role), permission, owner_ids=(OWN,)) for role in Role)


@given(st.frozensets(st.sampled_from(Role)), st.sampled_from(Permission))
def test_several_roles_may_do_what_one_of_them_may(
    roles: frozenset[Role], permission: Permission
) -> None:
    one_may = any(allows(an_actor(role), permission, owner_ids=(OWN,)) for role in roles)
    assert allows(an_actor(*roles), permission, owner_ids=(OWN,)) is one_may


def test_somebody_without_roles_may_do_nothing() -> None:
    for permission in Permission:
        with pytest.raises(NotAllowedError):
            require(an_actor(), permission, owner_ids=(OWN,))


def test_what_is_allowed_is_not_refused() -> None:
    require(an_actor(Role.DEVELOPER), Permission.WRITE_ACTIVITY, owner_ids=(FOREIGN, OWN))


def test_only_the_authority_sees_every_party() -> None:
    seers = {role for role in Role if sees_every_party(an_actor(role))}
    assert seers == ROLES_OF_KIND[PartyKind.AUTHORITY]


def test_a_verifier_can_never_act_for_an_account() -> None:
    """Whoever confirms tonnes must not profit from them."""
    assert ROLES_OF_KIND[PartyKind.VVB] == VVB_ROLES
    for role, permission in product(VVB_ROLES, ACCOUNT_PERMISSIONS):
        assert not allows(an_actor(role), permission, owner_ids=(OWN,))


@pytest.mark.parametrize("kind", NOT_VVB)
def test_no_other_kind_can_make_a_verifier(kind: PartyKind) -> None:
    assert not ROLES_OF_KIND[kind] & VVB_ROLES


def test_nobody_of_the_authority_can_move_credits() -> None:
    for role in ROLES_OF_KIND[PartyKind.AUTHORITY]:
        assert not allows(an_actor(role), Permission.MOVE_CREDITS, owner_ids=(OWN, FOREIGN))


@pytest.mark.parametrize(("kind", "role"), list(product(PartyKind, Role)))
def test_a_party_gives_the_roles_of_its_kind_and_no_others(kind: PartyKind, role: Role) -> None:
    if role in ROLES_OF_KIND[kind]:
        require_roles_of_kind(kind, [role])
        return
    with pytest.raises(RoleNotOfKindError) as caught:
        require_roles_of_kind(kind, [*ROLES_OF_KIND[kind], role])
    assert caught.value.facts["impossible"] == role.value


@pytest.mark.parametrize("kind", PartyKind)
def test_a_place_says_which_province_it_is_in(kind: PartyKind) -> None:
    require_province(kind, "40")
    if kind not in {PartyKind.PROVINCE, PartyKind.MUNICIPALITY}:
        require_province(kind, None)
        return
    with pytest.raises(ProvinceNeededError):
        require_province(kind, None)


def test_a_change_is_refused_on_every_version_but_the_present_one() -> None:
    require_version(3, expected=3)
    for other in (2, 4):
        with pytest.raises(PartyStaleError):
            require_version(3, expected=other)


def a_party(kind: PartyKind = PartyKind.VVB) -> Party:
    return Party(OWN, kind, "ผู้ประเมิน", "Assessor", None, Status.ACTIVE, version=1)


def held(first: int, last: int | None, *, scope: int = 1) -> Accreditation:
    """Return an accreditation from one day of January to another."""
    end = None if last is None else date(2026, 1, last)
    return Accreditation(scope, date(2026, 1, first), end)


@pytest.mark.parametrize(
    ("day", "inside"), [(9, False), (10, True), (15, True), (20, True), (21, False)]
)
def test_first_and_last_day_of_an_accreditation_count(day: int, *, inside: bool) -> None:
    on = date(2026, 1, day)
    assert is_accredited([held(10, 20)], sectoral_scope=1, on=on) is inside


def test_an_accreditation_without_a_last_day_goes_on() -> None:
    assert is_accredited([held(10, None)], sectoral_scope=1, on=date(2199, 12, 31))


def test_an_accreditation_covers_no_other_scope() -> None:
    assert not is_accredited([held(10, None)], sectoral_scope=2, on=date(2026, 1, 15))


@pytest.mark.parametrize("kind", NOT_VVB)
def test_only_a_vvb_is_accredited(kind: PartyKind) -> None:
    with pytest.raises(NotAVvbError):
        require_accreditable(a_party(kind), [], [held(1, 2)])


def test_an_accreditation_may_last_one_day_but_not_less() -> None:
    require_accreditable(a_party(), [], [held(5, 5)])
    with pytest.raises(AccreditationReversedError):
        require_accreditable(a_party(), [], [held(5, 4)])


@given(
    first=st.integers(1, 28),
    days=st.none() | st.integers(0, 5),
    first_new=st.integers(1, 28),
    days_new=st.none() | st.integers(0, 5),
)
def test_two_accreditations_of_a_scope_share_no_day(
    first: int, days: int | None, first_new: int, days_new: int | None
) -> None:
    """Held against a count of days, one by one."""
    old = held(first, None if days is None else min(first + days, 31))
    new = held(first_new, None if days_new is None else min(first_new + days_new, 31))
    shared = any(
        old.covers(date(2026, 1, day)) and new.covers(date(2026, 1, day)) for day in range(1, 32)
    )
    require_accreditable(a_party(), [held(first, None, scope=2)], [new])
    if not shared:
        require_accreditable(a_party(), [old], [new])
        return
    with pytest.raises(AccreditationOverlapError):
        require_accreditable(a_party(), [old], [new])
