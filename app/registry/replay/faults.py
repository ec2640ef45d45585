"""What can be wrong with a leaf, or with an act where it stands in the log: frozen codes."""

from collections.abc import Mapping
from typing import Final

# The codes are part of what is published: a meaning never changes, and a code is never reused.
# A refusal of the register's own rules is a fault too, under the refusal's own code.
MEANINGS: Final[Mapping[str, str]] = {
    # of a leaf by itself
    "leaf_too_large": "A leaf is longer than an entry of the log can be.",
    "leaf_unreadable": "A leaf is not an act of the schema: JSON, kind, fields, types, ranges.",
    "leaf_not_canonical": "A leaf says a known act, but not in its one canonical form.",
    # of an act in the log
    "index_not_next": "A leaf is played that is not the next one.",
    "time_runs_back": "An act is dated before the one before it.",
    "time_impossible": "An act is dated on a day that no calendar has, or outside 1990 to 2200.",
    "founding_misplaced": "The register is founded by its first act, and by no other.",
    "founding_incomplete": "The register is founded with exactly the registry's own accounts.",
    "subject_differs": "The subject of an act is not what its data is about.",
    "taken_twice": "Something comes into being under an identifier that exists.",
    "unknown": "An act names something that no act before it brought into being.",
    "actor_unknown": "Nobody known acts.",
    "actor_suspended": "Somebody acts while they, or their party, are suspended.",
    "party_differs": "An act names another party than the one it concerns.",
    "status_unchanged": "Something is given the status that it has.",
    "not_possible_now": "An act does not follow from the state of what it is about.",
    "version_not_next": "A version is not one more than the one before.",
    "value_differs": "A value is not the one that follows from earlier acts.",
    # of credits
    "account_check_digits": "The check digits of an account number are wrong.",
    "account_not_allowed": "Credits cannot go from or to this account by this kind of act.",
    "account_not_empty": "An account is closed while it holds credits.",
    "serials_outside_batch": "A run reaches beyond its batch, or ends before it begins.",
    "serials_not_held": "A run is not wholly one block of the account that it leaves.",
    "sum_differs": "Credits moved are not the sum of the runs.",
    "purpose_unknown": "A retirement names a purpose that is not in use.",
    "batch_differs": "A batch is not what was decided on it.",
    "more_than_issued": "More is taken over from a source than it issued.",
    "more_than_verified": "More is issued of an activity and vintage than was verified.",
    "second_person_needed": "One person alone moves credits to an account that is not trusted.",
    "outside_hours": "Credits move, or are to, or an account is trusted, outside of working hours.",
    "too_early": "Something is done, or set for a moment, before its time.",
    "over_own_limit": "A transfer is not within what its account allows itself.",
    "acceptance_missing": "Credits reach an account that asks to accept them, and has not.",
    "frozen": "Something frozen moves, or an account is used while it is frozen.",
    "rule_missing": "A dated rule that an act needs has no value on its day.",
}


class LeafFault(Exception):  # noqa: N818  a fault of the log, not an error of ours
    """
    A leaf that is no act of the schema.

    ``code`` is one of `MEANINGS`; ``sentence`` says in English what is wrong here.
    """

    def __init__(self, code: str, sentence: str) -> None:
        assert code in MEANINGS
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class ReplayFault(Exception):  # noqa: N818  a fault of the log, not an error of ours
    """
    An act that the acts before it do not allow, or a leaf that is none.

    ``index`` is the log index; ``code`` is one of `MEANINGS` or a refusal's own; ``sentence`` says
    in English what is wrong here.
    """

    def __init__(self, index: int, code: str, sentence: str) -> None:
        super().__init__(f"leaf {index}: {code}: {sentence}")
        self.index = index
        self.code = code
        self.sentence = sentence


class Broken(Exception):  # noqa: N818  a fault of the log, not an error of ours
    """What a check raises; the replay knows which leaf it is about and makes it a fault."""

    def __init__(self, code: str, sentence: str) -> None:
        assert code in MEANINGS
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
