"""Acts that no register would write, to be found by the replay."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from app.kernel.clock import rfc3339
from app.registry.replay.faults import ReplayFault
from tests.builders import replay as a
from tests.builders.replay import (
    ADMINISTRATOR,
    APPROVER,
    BODY,
    BUYERS_ACCOUNT,
    DIGEST,
    HOLDER,
    ISSUANCE,
    OWNER,
    OWNERS_ACCOUNT,
    PREFIX,
    REPORT,
    RETIRED,
    Log,
    an_id,
)

Bad = Callable[[Log], object]
NOBODY: Final = an_id("usr", 99)
REASON: Final = {"reason_commitment": DIGEST}


def moving(
    *runs: tuple[str, int, int],
    sender: str = OWNERS_ACCOUNT,
    receiver: str = BUYERS_ACCOUNT,
    **asked: str | int,
) -> Bad:
    """Return an act that moves runs."""
    return lambda log: log.move(sender, receiver, *runs, **asked)  # type: ignore[arg-type]


def writing(kind: str, subject: str, data: a.Data, by: str = ADMINISTRATOR) -> Bad:
    """Return an act."""
    return lambda log: log.write(kind, subject, data, by=by)


def proposing(kind: str, order: str, about: a.Data, by: str) -> Bad:
    """Return the proposal of an order, which waits as long as the founding's rule says."""

    def write(log: Log) -> None:
        until = log.now + timedelta(seconds=1, hours=a.ORDER_HOURS)
        facts = {
            "document_id": None,
            "document_sha256": DIGEST,
            "reason_commitment": DIGEST,
            "expires_at": rfc3339(until),
            **about,
        }
        log.write(kind, order, facts, by=by)

    return write


def three_days_later(log: Log) -> None:
    log.now += timedelta(days=3)


def ending(**changes: str) -> Bad:
    """Return a retirement."""
    return moving((PREFIX, 1, 1), receiver=RETIRED, kind="credits.retired", **changes)


def after(*first: Bad, then: Bad) -> Bad:
    """Return acts of which only the last is wrong."""

    def act(log: Log) -> None:
        for one in first:
            one(log)
        log.replay()
        then(log)

    return act


def suspending(user: str, party: str) -> Bad:
    return writing("user.suspended", user, {"party_id": party})


def a_minute_later(log: Log) -> None:
    log.now += timedelta(seconds=61)


def at(moment: str) -> Bad:
    return lambda log: log.write(
        "party.renamed", HOLDER, {"name_th": "ก", "name_en": "a"}, at=moment
    )


def opening(number: str, owner: str = HOLDER) -> Bad:
    return writing("account.opened", number, {"owner": owner})


def found_by(log: Log, bad: Bad, code: str) -> None:
    log.replay()
    bad(log)
    with pytest.raises(ReplayFault) as fault:
        log.replay()
    assert (fault.value.code, fault.value.index) == (code, len(log.leaves) - 1), fault.value
    assert fault.value.sentence
    assert code in str(fault.value)


def admitting(subject: str, kind: str, by: str = ADMINISTRATOR, **changes: object) -> Bad:
    return writing("party.admitted", subject, a.party(kind, **changes), by)


def ending_scope(**changes: object) -> Bad:
    said = {"sectoral_scope": 13, "valid_from": "2020-01-01", "valid_to": "2026-01-01"}
    return writing("party.accreditation_ended", BODY, {**said, **changes})


def issuing(
    lines: tuple[a.Data, ...] = (),
    batches: tuple[a.Data, ...] = (),
    by: str = APPROVER,
    **changes: object,
) -> Bad:
    return writing("credits.issued", ISSUANCE, a.issuance(lines, batches, **changes), by)


def reporting(what: str, report: str = REPORT, by: str = OWNER, **changes: object) -> Bad:
    return writing(f"report.{what}", report, a.report(**changes), by)  # type: ignore[arg-type]


NEXT_REPORT: Final = an_id("mrp", 2)
