"""
The proof cases that implementations of RFC 6962 share (../shared/data/rfc6962), every one of them.

What the folders ``subtreeinclusion`` and ``subtreeconsistency`` try is out of scope: no tile,
receipt or checkpoint of ours speaks of a subtree that is not itself a tree from the first leaf.

Decided where implementations differ: an empty tree has one root, nothing is in it and it proves
nothing of a larger one; every hash is 32 bytes long. A case on which we therefore judge otherwise
than its author wants stands in `OTHERWISE` with the reason; the test fails when it no longer does.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from app.registry.log.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency, verify_inclusion

VECTORS: Final = Path(__file__).parents[3] / "shared" / "data" / "rfc6962"
KINDS: Final = ("inclusion", "consistency")
CASES_EACH: Final = 98
MUST_FAIL: Final = 184
OTHERWISE: Final = {
    "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json": (
        "both roots are twelve bytes of text; equal or not, neither is the root of anything"
    ),
}
# Cases about what TRUST leaves open, refused by us and by their authors alike. They are counted so
# that a new or lost one is noticed.
ABOUT_SIZE_0: Final = 17
ABOUT_ODD_HASHES: Final = 53


@dataclass(frozen=True)
class Case:
    """One published case."""

    name: str
    facts: Mapping[str, Any]

    def hash(self, field: str) -> bytes:
        return base64.b64decode(self.facts[field] or "")

    @property
    def proof(self) -> list[bytes]:
        return [base64.b64decode(step) for step in self.facts["proof"] or []]

    @property
    def sizes(self) -> list[int]:
        return [
            self.facts[field] for field in ("treeSize", "size1", "size2") if field in self.facts
        ]

    @property
    def hashes(self) -> list[bytes]:
        fields = ("leafHash", "root", "root1", "root2")
        return [*(self.hash(field) for field in fields if field in self.facts), *self.proof]

    @property
    def has_odd_hashes(self) -> bool:
        return any(len(value) != HASH_BYTES for value in self.hashes)

    def holds(self) -> bool:
        """What our verifier says."""
        if self.name.startswith("inclusion"):
            return verify_inclusion(
                index=self.facts["leafIdx"],
                size=self.facts["treeSize"],
                leaf=self.hash("leafHash"),
                proof=self.proof,
                root=self.hash("root"),
            )
        return verify_consistency(
            old_size=self.facts["size1"],
            size=self.facts["size2"],
            old_root=self.hash("root1"),
            root=self.hash("root2"),
            proof=self.proof,
        )


def read(kind: str) -> list[Case]:
    found = sorted((VECTORS / kind).rglob("*.json"))
    return [Case(p.relative_to(VECTORS).as_posix(), json.loads(p.read_bytes())) for p in found]


CASES: Final = [case for kind in KINDS for case in read(kind)]
ABSENT: Final = "the shared proof cases are not here: ../shared/data/rfc6962 is absent"
needs_shared = pytest.mark.skipif(not VECTORS.is_dir(), reason=ABSENT)


@needs_shared
def test_every_case_is_judged_as_published_or_is_listed_with_a_reason() -> None:
    otherwise = {case.name for case in CASES if case.holds() is case.facts["wantErr"]}
    assert otherwise == OTHERWISE.keys()


@needs_shared
def test_no_case_is_missing() -> None:
    for kind in KINDS:
        assert sum(case.name.startswith(f"{kind}/") for case in CASES) == CASES_EACH
    assert sum(case.facts["wantErr"] for case in CASES) == MUST_FAIL
    assert sum(0 in case.sizes for case in CASES) == ABOUT_SIZE_0
    assert sum(case.has_odd_hashes for case in CASES) == ABOUT_ODD_HASHES


@needs_shared
def test_what_is_decided_here_is_refused_whatever_else_a_case_says() -> None:
    """No proof in or from an empty tree, and none with a hash that is not 32 bytes long."""
    for case in CASES:
        if 0 in case.sizes or case.has_odd_hashes:
            assert not case.holds(), case.name


@needs_shared
def test_where_we_judge_otherwise_we_are_the_stricter() -> None:
    """A listed case must be one we refuse, because of an odd hash: we accept nothing extra."""
    for case in CASES:
        if case.name in OTHERWISE:
            assert not case.facts["wantErr"]
            assert case.has_odd_hashes


def test_an_empty_tree_proves_nothing_even_with_its_own_root() -> None:
    for size in (0, 1, 8):
        for proof in ([], [EMPTY_ROOT]):
            assert not verify_consistency(
                old_size=0, size=size, old_root=EMPTY_ROOT, root=EMPTY_ROOT, proof=proof
            )
            assert not verify_inclusion(
                index=0, size=0, leaf=EMPTY_ROOT, proof=proof, root=EMPTY_ROOT
            )
