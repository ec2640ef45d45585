"""Each thing that can be wrong with an act that takes two people is found, by its code."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from app.kernel.encoding import sha256
from tests.builders import replay as a
from tests.builders import wrong
from tests.builders.replay import (
    ADMINISTRATOR,
    APPROVER,
    AUTHORITY,
    DIGEST,
    DOCUMENT,
    HOLDER,
    ISSUANCE,
    OFFICER,
    OWNERS_ACCOUNT,
    Log,
    an_id,
)
from tests.builders.wrong import Bad, after, found_by, suspending, three_days_later, writing

ORDER, AGAIN = an_id("ord", 1), an_id("ord", 2)
SECOND, OTHER, NEW, MANY = (an_id("usr", number) for number in (21, 22, 23, 24))
TODAY: Final = "2026-11-24"
LATER: Final = "2026-12-01"
ABOUT: Final = {"document_id", "document_sha256", "expires_at"}  # what an order rests on


def world(value: str | None = "issuance_approval,role_change,rule_change") -> Log:
    """Return a log with a report to issue, two of each, and the rule; None: without it."""
    log = a.verified()
    log.write("user.added", SECOND, a.user(AUTHORITY, "administrator"))
    log.write("user.added", OTHER, a.user(AUTHORITY, "approver"))
    log.write("user.added", MANY, a.user(AUTHORITY, "administrator", "approver"))
    return log if value is None else ruling("two_person_acts", value)(log)


def ruling(
    key: str, value: str, valid_from: str = TODAY, valid_to: str | None = None
) -> Callable[[Log], Log]:
    """Return the setting of a rule by one person."""

    def write(log: Log) -> Log:
        dated = {"valid_from": valid_from, "valid_to": valid_to, "unit": unit_of(key)}
        rule = a.a_rule(100 + len(log.leaves), key, value, **dated)
        return log.write("rules.set", "registry", {"rules": [rule]}, by=ADMINISTRATOR)

    return write


def proposing(kind: str, content: object, by: str, order: str = ORDER, **about: object) -> Bad:
    return wrong.proposing(kind, order, {"content": content, **about}, by)


def _facts(**changes: object) -> dict[str, object]:
    told: dict[str, Any] = dict(a.issuance())
    names = ("report_id", "decided_on", "decision_document_id", "meeting", "lines")
    content = {name: told[name] for name in names}
    return {**content, "account": OWNERS_ACCOUNT, **changes}


def issue_proposed(by: str = APPROVER, order: str = ORDER, **changes: object) -> Bad:
    about = {name: changes.pop(name) for name in ABOUT & changes.keys()}
    return proposing("issuance.proposed", _facts(**changes), by, order, **about)


def roles_proposed(by: str = ADMINISTRATOR, order: str = ORDER, **changes: object) -> Bad:
    content = {
        "user_id": OFFICER,
        "party_id": AUTHORITY,
        "roles": ["auditor"],
        "version": 1,
        **changes,
    }
    return proposing("roles.proposed", content, by, order)


def rule_proposed(
    value: str = "12",
    by: str = ADMINISTRATOR,
    key: str = "order_hours",
    valid_to: str | None = None,
) -> Bad:
    rule = dict(a.a_rule(1, key, value, valid_from=TODAY, valid_to=valid_to, unit=unit_of(key)))
    rule.pop("id")
    return proposing("rule.proposed", rule, by)


def unit_of(key: str) -> str | None:
    return "hours" if key == "order_hours" else None


def ordered(log: Log, order: str = ORDER, **changes: object) -> dict[str, object]:
    """Return what a leaf says of the order that it carries out."""
    named = f'"subject":"{order}"'.encode()
    leaf = next((leaf for leaf in log.leaves if named in leaf), b"")
    return {"order": order, "digest": sha256(leaf).hex(), **changes}


def issuing(by: str = OTHER, order: str = ORDER, /, **changes: object) -> Bad:
    def write(log: Log) -> None:
        said = ordered(log, order, **changes)
        log.write("credits.issued", ISSUANCE, {**a.issuance(), **said}, by=by)

    return write


def giving(by: str = SECOND, whom: str = OFFICER, role: str = "auditor", order: str = ORDER) -> Bad:
    def write(log: Log) -> None:
        said = {**a.user(AUTHORITY, role), **ordered(log, order)}
        log.write("user.roles_set", whom, said, by=by)

    return write


def setting(
    value: str = "12",
    by: str = SECOND,
    key: str = "order_hours",
    valid_to: str | None = None,
) -> Bad:
    def write(log: Log) -> None:
        rule = a.a_rule(900, key, value, valid_from=TODAY, valid_to=valid_to, unit=unit_of(key))
        log.write("rules.set", "registry", {"rules": [rule], **ordered(log)}, by=by)

    return write


ALONE: Final = writing("credits.issued", ISSUANCE, a.issuance(), by=APPROVER)

ACTS: dict[str, tuple[Bad, str]] = {
    "one person issues": (ALONE, "second_person_needed"),
    "one person gives roles": (
        writing("user.roles_set", OFFICER, a.user(AUTHORITY, "auditor")),
        "second_person_needed",
    ),
    "one person adds an approver": (
        writing("user.added", NEW, a.user(AUTHORITY, "approver")),
        "second_person_needed",
    ),
    "one person adds a holder's initiator": (
        writing("user.added", NEW, a.user(HOLDER, "holder_initiator")),
        "second_person_needed",
    ),
    "one person sets a rule": (ruling("retirement_purposes", "product"), "second_person_needed"),
    "one person turns it off": (ruling("two_person_acts", "none"), "second_person_needed"),
    "one person turns it off from a later day on": (
        ruling("two_person_acts", "none", LATER),
        "second_person_needed",
    ),
    "one person turns it off for a while": (
        ruling("two_person_acts", "none", LATER, LATER),
        "second_person_needed",
    ),
    "an officer proposes": (issue_proposed(OFFICER), "not_allowed"),
    "an approver proposes roles": (roles_proposed(APPROVER), "not_allowed"),
    "an approver proposes a rule": (rule_proposed(by=APPROVER), "not_allowed"),
    "nobody proposed it": (issuing(), "unknown"),
    "the proposer issues": (
        after(issue_proposed(), then=issuing(APPROVER)),
        "second_person_needed",
    ),
    "the proposer gives": (
        after(roles_proposed(), then=giving(ADMINISTRATOR)),
        "second_person_needed",
    ),
    "the proposer sets": (
        after(rule_proposed(), then=setting(by=ADMINISTRATOR)),
        "second_person_needed",
    ),
    "an administrator issues": (after(issue_proposed(), then=issuing(SECOND)), "not_allowed"),
    "another digest": (after(issue_proposed(), then=issuing(digest="0" * 64)), "value_differs"),
    "no digest": (
        after(
            issue_proposed(),
            then=writing("credits.issued", ISSUANCE, {**a.issuance(), "order": ORDER}, by=OTHER),
        ),
        "value_differs",
    ),
    "another meeting": (after(issue_proposed(meeting="1/2569"), then=issuing()), "value_differs"),
    "another account": (
        after(issue_proposed(account=a.BUYERS_ACCOUNT), then=issuing()),
        "value_differs",
    ),
    "other roles": (after(roles_proposed(), then=giving(role="officer")), "value_differs"),
    "of another user": (after(roles_proposed(), then=giving(whom=OTHER)), "value_differs"),
    "another value": (after(rule_proposed(), then=setting("13")), "value_differs"),
    "roles for an issuance": (after(issue_proposed(MANY), then=giving()), "value_differs"),
    "it is approved late": (
        after(
            issue_proposed(),
            three_days_later,
            then=issuing(),
        ),
        "not_possible_now",
    ),
    "it waits longer than the rule says": (
        issue_proposed(expires_at="2026-11-30T03:00:00.000000Z"),
        "value_differs",
    ),
    "it waits as long as the rule said before": (
        after(rule_proposed(), setting(), then=roles_proposed(order=AGAIN)),
        "value_differs",
    ),
    "another file than the document's": (
        issue_proposed(document_id=DOCUMENT, document_sha256="0" * 64),
        "value_differs",
    ),
    "it has a remark": (
        after(issue_proposed(), then=issuing(reason_commitment=DIGEST)),
        "value_differs",
    ),
    "the proposer is suspended": (
        after(issue_proposed(), suspending(APPROVER, AUTHORITY), then=issuing()),
        "order_proposer_not_allowed",
    ),
    "the proposer has another role": (
        after(
            rule_proposed(by=MANY),
            roles_proposed(user_id=MANY, roles=["approver"], order=AGAIN),
            giving(whom=MANY, role="approver", order=AGAIN),
            then=setting(),
        ),
        "order_proposer_not_allowed",
    ),
    "it is done twice": (after(roles_proposed(), giving(), then=giving()), "not_possible_now"),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_is_wrong_with_an_act_of_two_is_found(name: str) -> None:
    bad, code = ACTS[name]
    found_by(world(), bad, code)


@pytest.mark.parametrize("value", [None, "none", "issuance_approval,role_change,rule_change"])
def test_what_two_people_do_is_played_whatever_the_rule_says(value: str | None) -> None:
    log = world(value)
    for act in (issue_proposed(), issuing()):
        act(log)
    assert log.replay().size == len(log.leaves)


@pytest.mark.parametrize("named", ["issuance_approval", "role_change", "rule_change"])
def test_the_rule_protects_itself_and_lets_go_when_two_turn_it_off(named: str) -> None:
    log = world(named)
    found_by(log, ruling("two_person_acts", "none"), "second_person_needed")
    log.leaves.pop()
    rule_proposed("none", key="two_person_acts")(log)
    setting("none", key="two_person_acts")(log)
    ALONE(log)
    assert log.replay().size == len(log.leaves)


BY_ONE: Final = {
    "gives roles": writing("user.roles_set", OFFICER, a.user(AUTHORITY, "auditor")),
    "adds an approver": writing("user.added", NEW, a.user(AUTHORITY, "approver")),
    "turns it off": ruling("two_person_acts", "none"),
    "turns it off later": ruling("two_person_acts", "none", "2026-12-24"),
}


@pytest.mark.parametrize("act", BY_ONE)
@pytest.mark.parametrize("named", ["issuance_approval", "role_change", "rule_change"])
@pytest.mark.parametrize("valid_from", [TODAY, LATER])
def test_whatever_it_names_from_whatever_day_it_holds_for_roles_and_itself(
    act: str, named: str, valid_from: str
) -> None:
    log = ruling("two_person_acts", named, valid_from)(world(None))
    found_by(log, BY_ONE[act], "second_person_needed")


def test_what_comes_back_when_a_value_ends_counts_before() -> None:
    """While two people let one act for some days, that one does not make it for good."""
    log = world()
    rule_proposed("none", key="two_person_acts", valid_to=LATER)(log)
    setting("none", key="two_person_acts", valid_to=LATER)(log)
    ALONE(log)
    found_by(log, BY_ONE["turns it off"], "second_person_needed")


def test_what_else_it_names_is_done_by_one_before_its_first_day() -> None:
    log = ruling("two_person_acts", "issuance_approval,rule_change", LATER)(world(None))
    ALONE(log)
    ruling("order_hours", "12")(log)
    assert log.replay().size == len(log.leaves)


@pytest.mark.parametrize("valid_from", [TODAY, LATER])
def test_it_is_found_that_acts_are_named_that_nobody_can_propose(valid_from: str) -> None:
    """Where the time that orders have ends some day; what is in force after it is enough."""
    naming = ruling("two_person_acts", "role_change", valid_from)
    ending = ruling("order_hours", "12", TODAY, LATER)
    log = world(None)
    ending(log)
    naming(log)
    assert log.replay().size == len(log.leaves)
    log = world(None)
    log.leaves = [leaf.replace(b'"order_hours"', b'"transfer_delay_hours"') for leaf in log.leaves]
    ending(log)
    found_by(log, naming, "rule_missing")
    log.leaves.pop()
    ruling("order_hours", "24", "2026-12-02")(log)
    naming(log)
    assert log.replay().size == len(log.leaves)


def test_it_is_found_that_acts_are_named_for_less_than_is_said() -> None:
    log = ruling("two_person_acts", "none", LATER)(world(None))
    found_by(log, ruling("two_person_acts", "rule_change"), "not_possible_now")
    log.leaves.pop()
    ruling("two_person_acts", "rule_change", TODAY, "2026-11-30")(log)
    assert log.replay().size == len(log.leaves)
