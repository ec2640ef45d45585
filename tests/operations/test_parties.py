"""Acts on parties, users and API keys, against the real database."""

import json
from datetime import date

import pytest
from sqlalchemy import Insert, Update, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.kernel.db import constraint_of
from app.registry.log.pen import Pen
from app.registry.parties import operations, store
from app.registry.parties.policy import Actor, NotAllowedError
from app.registry.parties.refusals import (
    AccreditationNotFoundError,
    AccreditationOverlapError,
    AccreditationReversedError,
    AlreadyFoundedError,
    EmailTakenError,
    KeyNotFoundError,
    KeyRevokedError,
    LastAdministratorError,
    NotAVvbError,
    PartyStaleError,
    ProvinceNeededError,
    RoleNotOfKindError,
    StatusUnchangedError,
    TooManyKeysError,
)
from app.registry.parties.rules import (
    KEYS_PER_USER_MAX,
    Accreditation,
    PartyKind,
    PartyNotFoundError,
    Role,
    Status,
    User,
    UserNotFoundError,
    is_accredited,
)
from app.registry.provinces.rules import ProvinceNotFoundError
from tests.builders.parties import (
    PASSWORD_HASH,
    Register,
    a_developer,
    a_holder,
    a_party,
    a_user,
    a_vvb,
    actor_of,
    an_actor,
    an_authority,
    an_email,
    do,
    the_administrator,
)

NOWHERE = "pty_01kb5b1j0dfz5r5d8r4v5e2c3a"
NO_USER = "usr_01kb5b1j0dfz5r5d8r4v5e2c3a"
NO_KEY = "key_01kb5b1j0dfz5r5d8r4v5e2c3a"
DIGEST = bytes(32)


async def user_of(registry: Register, actor: Actor) -> User:
    async with registry.read() as connection:
        return await store.get_user(connection, actor.user_id)


# ---------------------------------------------------------------- the founding


async def test_the_register_begins_with_an_authority_and_an_administrator(
    registry: Register,
) -> None:
    actors = await an_authority(registry)
    administrator = actors[Role.ADMINISTRATOR]
    assert administrator.party_kind is PartyKind.AUTHORITY
    assert administrator.roles == {Role.ADMINISTRATOR}


async def test_the_register_begins_only_once(registry: Register) -> None:
    """Otherwise whoever reaches the command line could make themselves an administrator."""
    await an_authority(registry)
    with pytest.raises(AlreadyFoundedError):
        await an_authority(registry)


# --------------------------------------------------------------------- parties


async def test_an_administrator_admits_parties_of_every_kind(registry: Register) -> None:
    for kind in PartyKind:
        party = await a_party(registry, kind, province="81")
        async with registry.read() as connection:
            assert await store.get_party(connection, party.id) == party
        assert (party.status, party.version, party.province_code) == (Status.ACTIVE, 1, "81")


async def test_nobody_else_admits_a_party(registry: Register) -> None:
    actors = await an_authority(registry)
    command = operations.AdmitParty(PartyKind.HOLDER, "ก", "A")
    for actor in (actors[Role.OFFICER], actors[Role.APPROVER], await a_developer(registry)):
        with pytest.raises(NotAllowedError):
            await do(registry, actor, operations.admit_party, command)


async def test_a_province_without_its_code_is_not_admitted(registry: Register) -> None:
    with pytest.raises(ProvinceNeededError):
        await a_party(registry, PartyKind.PROVINCE)


async def test_a_party_of_an_unknown_province_is_not_admitted(registry: Register) -> None:
    with pytest.raises(ProvinceNotFoundError):
        await a_party(registry, PartyKind.PROVINCE, province="28")


async def test_a_party_is_renamed_on_the_version_that_was_read(registry: Register) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    by = await the_administrator(registry)
    command = operations.RenameParty(party.id, "ชื่อใหม่", "New name", expected_version=1)
    renamed = await do(registry, by, operations.rename_party, command)
    assert (renamed.name_th, renamed.name_en, renamed.version) == ("ชื่อใหม่", "New name", 2)
    with pytest.raises(PartyStaleError):
        await do(registry, by, operations.rename_party, command)
    async with registry.read() as connection:
        assert await store.get_party(connection, party.id) == renamed


async def test_nobody_renames_their_own_party(registry: Register) -> None:
    """Its name stands on certificates, so the authority answers for it."""
    developer = await a_developer(registry)
    command = operations.RenameParty(developer.party_id, "ก", "A", expected_version=1)
    with pytest.raises(NotAllowedError):
        await do(registry, developer, operations.rename_party, command)


async def test_a_party_is_suspended_and_reinstated_with_reasons(registry: Register) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    by = await the_administrator(registry)
    suspend = operations.DecideOnParty(party.id, "ขาดเอกสาร")
    reinstate = operations.DecideOnParty(party.id, "เอกสารครบแล้ว")
    with pytest.raises(StatusUnchangedError):
        await do(registry, by, operations.reinstate_party, reinstate)
    suspended = await do(registry, by, operations.suspend_party, suspend)
    assert (suspended.status, suspended.version) == (Status.SUSPENDED, 2)
    with pytest.raises(StatusUnchangedError):
        await do(registry, by, operations.suspend_party, suspend)
    active = await do(registry, by, operations.reinstate_party, reinstate)
    assert (active.status, active.version) == (Status.ACTIVE, 3)
    async with registry.read() as connection:
        events = (
            await connection.execute(
                select(store.party_events.c.what, store.party_events.c.why)
                .where(store.party_events.c.party_id == party.id)
                .order_by(store.party_events.c.log_index)
            )
        ).all()
    assert [tuple(event) for event in events] == [
        ("party.admitted", None),
        ("party.suspended", "ขาดเอกสาร"),
        ("party.reinstated", "เอกสารครบแล้ว"),
    ]


async def test_a_party_that_does_not_exist_is_not_decided_on(registry: Register) -> None:
    by = await the_administrator(registry)
    command = operations.DecideOnParty(NOWHERE, "เหตุผล")
    with pytest.raises(PartyNotFoundError):
        await do(registry, by, operations.suspend_party, command)
    with pytest.raises(PartyNotFoundError):
        await do(registry, by, operations.reinstate_party, command)


async def test_the_authority_of_the_last_administrator_is_not_suspended(
    registry: Register,
) -> None:
    by = await the_administrator(registry)
    command = operations.DecideOnParty(by.party_id, "เหตุผล")
    with pytest.raises(LastAdministratorError):
        await do(registry, by, operations.suspend_party, command)
    second = await a_party(registry, PartyKind.AUTHORITY)
    await an_actor(registry, second, Role.ADMINISTRATOR)
    await do(registry, by, operations.suspend_party, command)


# -------------------------------------------------------------- accreditations


async def test_a_vvb_is_accredited_in_several_scopes_at_once(registry: Register) -> None:
    lead, _ = await a_vvb(registry, scopes=(13, 1), since=date(2026, 1, 1))
    async with registry.read() as connection:
        held = await store.list_accreditations(connection, lead.party_id)
    assert held == (
        Accreditation(1, date(2026, 1, 1), None),
        Accreditation(13, date(2026, 1, 1), None),
    )


async def test_an_accreditation_is_ended_and_given_again(registry: Register) -> None:
    lead, _ = await a_vvb(registry, scopes=(1,), since=date(2026, 1, 1))
    by = await the_administrator(registry)
    again = operations.Accredit(lead.party_id, frozenset({1}), date(2026, 7, 1), None)
    with pytest.raises(AccreditationOverlapError):
        await do(registry, by, operations.accredit, again)
    end = operations.EndAccreditation(lead.party_id, 1, date(2026, 6, 30), "หมดอายุ")
    await do(registry, by, operations.end_accreditation, end)
    await do(registry, by, operations.accredit, again)
    async with registry.read() as connection:
        held = await store.list_accreditations(connection, lead.party_id)
    assert held == (
        Accreditation(1, date(2026, 1, 1), date(2026, 6, 30)),
        Accreditation(1, date(2026, 7, 1), None),
    )
    assert is_accredited(held, sectoral_scope=1, on=date(2026, 6, 30))


async def test_only_an_accreditation_that_is_held_is_ended(registry: Register) -> None:
    lead, _ = await a_vvb(registry, scopes=(1,), since=date(2026, 1, 1))
    by = await the_administrator(registry)
    for scope, day in ((2, date(2026, 6, 30)), (1, date(2025, 12, 31))):
        end = operations.EndAccreditation(lead.party_id, scope, day, "หมดอายุ")
        with pytest.raises(AccreditationNotFoundError):
            await do(registry, by, operations.end_accreditation, end)


async def test_a_developer_is_not_accredited(registry: Register) -> None:
    developer = await a_developer(registry)
    by = await the_administrator(registry)
    command = operations.Accredit(developer.party_id, frozenset({1}), date(2026, 1, 1), None)
    with pytest.raises(NotAVvbError):
        await do(registry, by, operations.accredit, command)


async def test_a_vvb_does_not_accredit_itself(registry: Register) -> None:
    lead, _ = await a_vvb(registry, scopes=())
    command = operations.Accredit(lead.party_id, frozenset({1}), date(2026, 1, 1), None)
    with pytest.raises(NotAllowedError):
        await do(registry, lead, operations.accredit, command)


async def test_an_accreditation_does_not_end_before_it_begins(registry: Register) -> None:
    lead, _ = await a_vvb(registry, scopes=())
    by = await the_administrator(registry)
    command = operations.Accredit(lead.party_id, frozenset({1}), date(2026, 1, 2), date(2026, 1, 1))
    with pytest.raises(AccreditationReversedError):
        await do(registry, by, operations.accredit, command)


# ----------------------------------------------------------------------- users


async def test_two_users_never_share_an_address(registry: Register) -> None:
    """Not even with other letters: they would be one sign-in."""
    by = await the_administrator(registry)
    command = operations.AddUser(by.party_id, "Mali@Example.org", "มะลิ", frozenset({Role.AUDITOR}))
    user = await do(registry, by, operations.add_user, command)
    assert user.email == "mali@example.org"
    for email in ("mali@example.org", "MALI@EXAMPLE.ORG"):
        again = operations.AddUser(by.party_id, email, "มะลิ", frozenset({Role.AUDITOR}))
        with pytest.raises(EmailTakenError):
            await do(registry, by, operations.add_user, again)


async def test_a_verifier_is_given_no_role_of_an_account(registry: Register) -> None:
    """Whoever confirms tonnes must not be able to move the credits they become."""
    party = await a_party(registry, PartyKind.VVB)
    with pytest.raises(RoleNotOfKindError):
        await an_actor(registry, party, Role.VERIFIER_LEAD, Role.HOLDER_INITIATOR)


async def test_only_administrators_add_users(registry: Register) -> None:
    developer = await a_developer(registry)
    command = operations.AddUser(developer.party_id, an_email(), "มะลิ", frozenset({Role.DEVELOPER}))
    with pytest.raises(NotAllowedError):
        await do(registry, developer, operations.add_user, command)


async def test_a_user_belongs_to_a_party_that_exists(registry: Register) -> None:
    by = await the_administrator(registry)
    with pytest.raises(PartyNotFoundError):
        await a_user(registry, by, NOWHERE, Role.DEVELOPER)


async def test_roles_are_set_on_the_version_that_was_read(registry: Register) -> None:
    holder = await a_holder(registry)
    by = await the_administrator(registry)
    command = operations.SetRoles(
        holder.user_id, frozenset({Role.HOLDER_VIEWER}), expected_version=1
    )
    changed = await do(registry, by, operations.set_roles, command)
    assert (changed.roles, changed.version) == (frozenset({Role.HOLDER_VIEWER}), 2)
    assert await user_of(registry, holder) == changed
    with pytest.raises(PartyStaleError):
        await do(registry, by, operations.set_roles, command)


async def test_a_role_of_another_kind_is_not_set(registry: Register) -> None:
    holder = await a_holder(registry)
    by = await the_administrator(registry)
    command = operations.SetRoles(
        holder.user_id, frozenset({Role.ADMINISTRATOR}), expected_version=1
    )
    with pytest.raises(RoleNotOfKindError):
        await do(registry, by, operations.set_roles, command)


async def test_nobody_gives_themselves_a_role(registry: Register) -> None:
    officer = (await an_authority(registry))[Role.OFFICER]
    command = operations.SetRoles(
        officer.user_id, frozenset({Role.ADMINISTRATOR}), expected_version=1
    )
    with pytest.raises(NotAllowedError):
        await do(registry, officer, operations.set_roles, command)


async def test_the_last_administrator_stays_one(registry: Register) -> None:
    """Otherwise nobody could ever admit anybody again."""
    by = await the_administrator(registry)
    resign = operations.SetRoles(by.user_id, frozenset({Role.AUDITOR}), expected_version=1)
    leave = operations.DecideOnUser(by.user_id, "ลาออก")
    with pytest.raises(LastAdministratorError):
        await do(registry, by, operations.set_roles, resign)
    with pytest.raises(LastAdministratorError):
        await do(registry, by, operations.suspend_user, leave)
    await a_user(registry, by, by.party_id, Role.ADMINISTRATOR)
    await do(registry, by, operations.set_roles, resign)


async def test_a_user_is_suspended_and_reinstated(registry: Register) -> None:
    holder = await a_holder(registry)
    by = await the_administrator(registry)
    command = operations.DecideOnUser(holder.user_id, "แจ้งว่าเครื่องหาย")
    suspended = await do(registry, by, operations.suspend_user, command)
    assert suspended.status is Status.SUSPENDED
    with pytest.raises(StatusUnchangedError):
        await do(registry, by, operations.suspend_user, command)
    active = await do(registry, by, operations.reinstate_user, command)
    assert (active.status, active.version) == (Status.ACTIVE, 3)
    with pytest.raises(StatusUnchangedError):
        await do(registry, by, operations.reinstate_user, command)


async def test_only_administrators_suspend(registry: Register) -> None:
    officer = (await an_authority(registry))[Role.OFFICER]
    holder = await a_holder(registry)
    command = operations.DecideOnUser(holder.user_id, "เหตุผล")
    for by in (officer, holder):
        with pytest.raises(NotAllowedError):
            await do(registry, by, operations.suspend_user, command)


async def test_users_set_their_own_password_and_administrators_anybodys(
    registry: Register,
) -> None:
    holder, stranger = await a_holder(registry), await a_holder(registry)
    administrator = await the_administrator(registry)
    officer = actor_of(await a_user(registry, administrator, administrator.party_id, Role.OFFICER))
    new_hash = PASSWORD_HASH[:-1] + "A"
    command = operations.SetPassword(holder.user_id, new_hash)
    with pytest.raises(UserNotFoundError):
        await do(registry, stranger, operations.set_password, command)
    with pytest.raises(NotAllowedError):
        await do(registry, officer, operations.set_password, command)
    for by in (holder, administrator):
        await do(registry, by, operations.set_password, command)
    async with registry.read() as connection:
        assert await store.find_password_hash(connection, holder.user_id) == new_hash


async def test_users_see_their_own_party_and_the_authority_sees_all(registry: Register) -> None:
    holder, stranger = await a_holder(registry), await a_holder(registry)
    by = await the_administrator(registry)
    async with registry.read() as connection:
        seen = await store.list_users(connection, seen_by=holder, limit=10)
        assert [user.id for user in seen] == [holder.user_id]
        foreign = await store.list_users(
            connection, seen_by=holder, party_id=stranger.party_id, limit=10
        )
        assert foreign == []
        with pytest.raises(UserNotFoundError):
            await store.get_user(connection, stranger.user_id, seen_by=holder)
        everybody = {user.id for user in await store.list_users(connection, seen_by=by, limit=10)}
        assert {holder.user_id, stranger.user_id, by.user_id} <= everybody


# -------------------------------------------------------------------- API keys


async def test_a_key_is_issued_and_revoked(registry: Register) -> None:
    holder = await a_holder(registry)
    issue = operations.IssueKey(holder.user_id, "เครื่องวัด", DIGEST)
    key = await do(registry, holder, operations.issue_key, issue)
    async with registry.read() as connection:
        found = await store.find_key_secret(connection, key.id)
        assert found == (holder.user_id, DIGEST)
    revoke = operations.RevokeKey(holder.user_id, key.id)
    revoked = await do(registry, holder, operations.revoke_key, revoke)
    assert revoked.revoked_at is not None
    async with registry.read() as connection:
        assert await store.find_key_secret(connection, key.id) is None
    with pytest.raises(KeyRevokedError):
        await do(registry, holder, operations.revoke_key, revoke)


async def test_a_key_is_for_oneself_unless_an_administrator_gives_it(registry: Register) -> None:
    holder, stranger = await a_holder(registry), await a_holder(registry)
    by = await the_administrator(registry)
    issue = operations.IssueKey(holder.user_id, "เครื่องวัด", DIGEST)
    with pytest.raises(UserNotFoundError):
        await do(registry, stranger, operations.issue_key, issue)
    key = await do(registry, by, operations.issue_key, issue)
    assert key.user_id == holder.user_id
    # The key of one user is not found under another, not even one's own.
    for user_id in (stranger.user_id, holder.user_id):
        revoke = operations.RevokeKey(user_id, NO_KEY if user_id == holder.user_id else key.id)
        with pytest.raises(KeyNotFoundError):
            await do(registry, by, operations.revoke_key, revoke)


async def test_a_colleague_does_not_issue_keys_for_others(registry: Register) -> None:
    party = await a_party(registry, PartyKind.HOLDER)
    one = await an_actor(registry, party, Role.HOLDER_INITIATOR)
    other = await an_actor(registry, party, Role.HOLDER_VIEWER)
    issue = operations.IssueKey(one.user_id, "เครื่องวัด", DIGEST)
    with pytest.raises(NotAllowedError):
        await do(registry, other, operations.issue_key, issue)


async def test_a_user_has_at_most_so_many_keys_that_work(registry: Register) -> None:
    holder = await a_holder(registry)
    issue = operations.IssueKey(holder.user_id, "เครื่องวัด", DIGEST)
    for _ in range(KEYS_PER_USER_MAX - 1):
        await do(registry, holder, operations.issue_key, issue)
    key = await do(registry, holder, operations.issue_key, issue)
    with pytest.raises(TooManyKeysError):
        await do(registry, holder, operations.issue_key, issue)
    revoke = operations.RevokeKey(holder.user_id, key.id)
    await do(registry, holder, operations.revoke_key, revoke)
    await do(registry, holder, operations.issue_key, issue)


# --------------------------------------------------------------------- the log


async def test_no_leaf_holds_a_person_a_reason_or_a_secret(registry: Register) -> None:
    """The log is public for good."""
    holder = await a_holder(registry)
    by = await the_administrator(registry)
    user = await user_of(registry, holder)
    suspend = operations.DecideOnUser(user.id, "เหตุผลส่วนตัวที่ไม่ควรเผยแพร่")
    issue = operations.IssueKey(user.id, "ป้ายของกุญแจ", DIGEST)
    password = operations.SetPassword(user.id, PASSWORD_HASH)
    leaves: list[bytes] = []

    async def all_of_it(pen: Pen) -> None:
        await operations.issue_key(pen, by, issue)
        await operations.set_password(pen, by, password)
        await operations.suspend_user(pen, by, suspend)
        leaves.extend(record.leaf for record in pen.records)

    await registry.do(by, all_of_it)
    assert len(leaves) == 3
    for leaf in leaves:
        told = leaf.decode()
        for secret in (user.email, user.display_name, suspend.reason, issue.label, "argon2"):
            assert secret is not None
            assert secret not in told
        assert json.loads(leaf)["data"]["party_id"] == user.party_id


# ----------------------------------------------------------------- constraints


async def test_the_database_itself_refuses_what_must_never_be(registry: Register) -> None:
    """One statement per constraint: the rules are the second wall, this is the first."""
    holder = await a_holder(registry)
    by = await the_administrator(registry)
    user = await user_of(registry, holder)
    person = {
        "id": NO_USER,
        "party_id": user.party_id,
        "party_kind": user.party_kind,
        "email": an_email(),
        "display_name": "ก",
        "roles": [Role.HOLDER_VIEWER],
        "status": "active",
        "version": 1,
        "created_at": date(2026, 1, 1),
    }
    kept = {
        "party_id": user.party_id,
        "sectoral_scope": 1,
        "party_kind": "vvb",
        "valid_from": date(2026, 1, 1),
        "log_index": 0,
    }
    users, parties = store.users, store.parties
    forbidden: dict[str, Insert | Update] = {
        "uq_users_email": insert(users).values({**person, "email": user.email}),
        "ck_users_email_folded": insert(users).values({**person, "email": "A@example.org"}),
        "ck_users_has_role": insert(users).values({**person, "roles": []}),
        "ck_users_roles_of_kind": insert(users).values({**person, "roles": [Role.VERIFIER_LEAD]}),
        "fk_users_party_id": insert(users).values({**person, "party_kind": "developer"}),
        "ck_users_password_hashed": insert(users).values({**person, "password_hash": "open"}),
        "ck_users_status": insert(users).values({**person, "status": "gone"}),
        "ck_parties_kind": update(parties).values(kind="bank").where(parties.c.id == by.party_id),
        "ck_parties_status": update(parties).values(status="gone"),
        "ck_accreditations_of_a_vvb": insert(store.accreditations).values(
            {**kept, "party_kind": "holder"}
        ),
        "fk_accreditations_party_id": insert(store.accreditations).values(kept),
        "ck_accreditations_scope_range": insert(store.accreditations).values(
            {**kept, "sectoral_scope": 17}
        ),
        "ck_accreditations_days_in_order": insert(store.accreditations).values(
            {**kept, "valid_to": date(2025, 12, 31)}
        ),
    }

    async def try_all(pen: Pen) -> None:
        for name, statement in forbidden.items():
            with pytest.raises(IntegrityError) as caught:
                async with pen.connection.begin_nested():
                    await pen.connection.execute(statement)
            assert constraint_of(caught.value) == name
        await operations.admit_party(pen, by, operations.AdmitParty(PartyKind.HOLDER, "ก", "A"))

    await registry.do(by, try_all)
