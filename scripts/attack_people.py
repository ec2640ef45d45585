"""A5: two people, of whom one is missing: approvals of one's own, repeated, changed, too late."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

from attack_acts import ADMINISTRATOR, BUYER, CITY
from attack_door import Answer
from attack_report import require
from attack_scene import Scene

PROPOSALS: Final = "/v1/transfer-proposals"
NOTICED_SECONDS: Final = 1.2  # a new role is known to every process within a second
Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody whom an administrator has just added."""

    id: str
    email: str
    password: str
    token: str


def add_person(scene: Scene, colleague: str, *roles: str) -> Person:
    """Add somebody to the party of a demo user, and sign them in."""
    administrator = scene.token(ADMINISTRATOR)
    party = scene.user_of(scene.token(colleague))["party_id"]
    email, password = f"{secrets.token_hex(6)}@attack.example", secrets.token_urlsafe(24)
    body = {
        "party_id": party,
        "email": email,
        "display_name": "Attacker",
        "roles": list(roles),
        "password": password,
    }
    answer = scene.door.ask("POST", "/v1/users", token=administrator, body=body, key=True)
    require(answer.status == 201, f"nobody can be added: {answer.status} {answer.code}")  # noqa: PLR2004
    return Person(answer.json()["id"], email, password, scene.door.sign_in(email, password))


def approve_alone(scene: Scene) -> str:
    """Try to get by the second person of a transfer in every way."""
    both = add_person(scene, CITY, "holder_initiator", "holder_approver")
    first = add_person(scene, CITY, "holder_initiator")
    second = add_person(scene, CITY, "holder_approver")
    approvals = _Approvals(scene)
    own = approvals.propose(both)
    approvals.refused(own, both, "own_proposal")
    approvals.refused(own, first, "not_allowed")
    approvals.refused(own, None, "not_signed_in")
    other = approvals.propose(first, credits_wanted=2)
    # What was agreed on is one proposal, and its approval is asked for with another's content.
    approvals.refused(own, second, "digest_differs", digest=other["digest"])
    size = scene.log_size()
    key = secrets.token_hex(16)
    done = approvals.approve(own, second, key=key)
    require(done.status == 200, f"a second person is told {done.status} {done.code}")  # noqa: PLR2004
    approvals.refused(own, second, "transfer_proposal_state")  # replayed with a key of its own
    again = approvals.approve(own, second, key=key)
    require(again.body == done.body, "a retry of an approval gets another answer")
    require(scene.log_size() == size + 1, "an approval was done twice")
    approvals.refused(other, second, "idempotency_key_reused", key=key)
    third = add_person(scene, CITY, "holder_approver")
    _demote(scene, second)
    _demote(scene, first)
    time.sleep(NOTICED_SECONDS)
    approvals.refused(other, second, "not_allowed")
    approvals.refused(other, third, "proposer_not_allowed")
    require(scene.log_size() == size + 4, "an approval was left by somebody who may not")
    return f"{approvals.tried} approvals refused: own, repeated, changed, of people demoted since"


def _demote(scene: Scene, person: Person) -> None:
    done = scene.door.ask(
        "PUT",
        f"/v1/users/{person.id}/roles",
        token=scene.token(ADMINISTRATOR),
        body={"roles": ["holder_viewer"]},
        headers={"If-Match": '"1"'},
    )
    require(done.status == 200, f"nobody can be demoted: {done.status} {done.code}")  # noqa: PLR2004


class _Approvals:
    """Proposals from the city to the buyer, and whoever wants to approve them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tried = 0
        token = scene.token(CITY)
        to = scene.account_of(scene.token(BUYER))
        self._ends = {"from_account": scene.account_of(token), "to_account": to}

    def propose(self, by: Person, credits_wanted: int = 1) -> Json:
        body = {**self._ends, "credits": credits_wanted}
        answer = self.scene.door.ask("POST", PROPOSALS, token=by.token, body=body, key=True)
        require(answer.status == 201, f"no proposal: {answer.status} {answer.code}")  # noqa: PLR2004
        made: Json = answer.json()
        return made

    def approve(
        self, of: Json, by: Person | None, *, digest: str | None = None, key: str | bool = True
    ) -> Answer:
        return self.scene.door.ask(
            "POST",
            f"{PROPOSALS}/{of['id']}/approval",
            token=None if by is None else by.token,
            body={"digest": digest or of["digest"]},
            key=key,
        )

    def refused(
        self,
        of: Json,
        by: Person | None,
        code: str,
        *,
        digest: str | None = None,
        key: str | bool = True,
    ) -> None:
        answer = self.approve(of, by, digest=digest, key=key)
        self.tried += 1
        require(answer.code == code, f"{code}: told {answer.status} {answer.code}")
