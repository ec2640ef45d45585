"""
Trust policies (C2SP tlog-policy): whose signatures a verifier asks for, as a file anybody can keep.

    log <verifier key> [<address>]
    witness <name> <verifier key> [<address>]
    group <name> <any|all|number> <member> …
    quorum <name|none>

Words stand apart by spaces or tabs; a line whose first character is ``#`` is a comment.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.registry.log.notes import KeyKind, MalformedError, Note, VerifierKey

POLICY_BYTES_MAX: Final = 64 * 1024
NO_QUORUM: Final = "none"

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE: Final = re.compile(r"[ \t]+")  # and nothing else: other spaces may stand in a name
_COUNT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


class QuorumError(ValueError):
    """Too few witnesses have cosigned; the text says which are missing."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who watches the log."""

    name: str  # in the policy; what it signs under is the key's name
    key: VerifierKey
    address: str | None  # where it is asked; None: it is only verified


@dataclass(frozen=True, slots=True)
class Group:
    """Some witnesses or groups, and how many of them are enough."""

    name: str
    members: tuple[str, ...]
    needed: int


@dataclass(slots=True)
class Policy:
    """Which logs are trusted, and which witnesses must have seen a checkpoint."""

    logs: dict[VerifierKey, str | None] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    def of_origin(self, origin: str) -> list[VerifierKey]:
        """Return the keys of one log."""
        return [key for key in self.logs if key.name == origin]

    def check_quorum(self, note: Note) -> list[Witness]:
        """
        Check a checkpoint's cosignatures.

        Returns:
            The witnesses that have cosigned it.

        Raises:
            QuorumError: too few have.
            ForgedError: a cosignature does not fit.
        """
        signed = set(note.signers([witness.key for witness in self.witnesses.values()]))
        there = {name for name, witness in self.witnesses.items() if witness.key in signed}
        if not self.is_reached(self.quorum, there):
            missing = sorted(self.witnesses.keys() - there)
            raise QuorumError(f"quorum {self.quorum} is not reached; missing: {', '.join(missing)}")
        return [self.witnesses[name] for name in sorted(there)]

    def is_reached(self, name: str, there: Collection[str]) -> bool:
        """Say whether a witness, group or quorum has said yes, given which witnesses have."""
        reached = {NO_QUORUM, *there}
        for group in self.groups.values():  # a group knows only those named before it
            if len(reached.intersection(group.members)) >= group.needed:
                reached.add(group.name)
        return name in reached

    def encode(self) -> bytes:
        """Return the policy's file."""
        lines = [_line("log", key, address) for key, address in self.logs.items()]
        lines += [_line("witness", w.name, w.key, w.address) for w in self.witnesses.values()]
        lines += [_line("group", g.name, g.needed, *g.members) for g in self.groups.values()]
        return "\n".join([*lines, f"quorum {self.quorum}", ""]).encode()


def parse_policy(data: bytes, *, needs_log: bool = True) -> Policy:
    """
    Read a policy.

    Args:
        data: the file.
        needs_log: refuse a policy that trusts no log; False where only witnesses are told.

    Raises:
        MalformedError: it is none; the text names the line.
    """
    policy = Policy()
    has_quorum = False
    for number, line in enumerate(_read(data).split("\n"), start=1):
        words = _SPACE.split(line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            continue
        try:
            has_quorum = _take(policy, words, has_quorum=has_quorum)
        except MalformedError as fault:
            raise MalformedError(f"line {number} of the policy: {fault}") from None
    if needs_log and not policy.logs:
        raise MalformedError("the policy names no log")
    if not has_quorum:
        raise MalformedError("the policy names no quorum; «quorum none» asks for no witness")
    if {key.key for key in policy.logs} & {w.key.key for w in policy.witnesses.values()}:
        raise MalformedError("the policy makes a log its own witness")
    return policy


def witness_policy(
    logs: Mapping[VerifierKey, str | None], witnesses: Collection[Witness], needed: int
) -> Policy:
    """Return the policy that asks for ``needed`` of the given witnesses."""
    policy = Policy(logs=dict(logs), witnesses={w.name: w for w in witnesses})
    if needed:
        policy.groups["witnesses"] = Group("witnesses", tuple(policy.witnesses), needed)
        policy.quorum = "witnesses"
    return policy


def _read(data: bytes) -> str:
    try:
        text = data.decode() if len(data) <= POLICY_BYTES_MAX else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise MalformedError(f"a policy is UTF-8 text of at most {POLICY_BYTES_MAX} bytes")
    if _CONTROL.search(text):
        raise MalformedError("a policy holds no control characters but tabs and ends of line")
    if not text.endswith("\n"):
        raise MalformedError("the policy is cut short: its last line has no end")
    return text


def _take(policy: Policy, words: list[str], *, has_quorum: bool) -> bool:
    """Take a line into a policy; return whether it has a quorum now."""
    match words:
        case ["log", line, *address] if len(address) <= 1:
            key = _key(line, KeyKind.LOG)
            if any(key.key == other.key for other in policy.logs):
                raise MalformedError("a log's key is named twice")
            policy.logs[key] = address[0] if address else None
        case ["witness", name, line, *address] if len(address) <= 1:
            _check_new(policy, name)
            key = _key(line, KeyKind.WITNESS)
            if any(key.key == other.key.key for other in policy.witnesses.values()):
                raise MalformedError("one key would be counted as two witnesses")
            policy.witnesses[name] = Witness(name, key, address[0] if address else None)
        case ["group", name, needed, *members] if members:
            _check_new(policy, name)
            policy.groups[name] = Group(name, tuple(members), _needed(policy, needed, members))
        case ["quorum", name] if not has_quorum:
            if name != NO_QUORUM:
                _check_known(policy, name)
            policy.quorum = name
            return True
        case _:
            raise MalformedError(f"{' '.join(words)[:80]!r} is none of log, witness, group, quorum")
    return has_quorum


def _needed(policy: Policy, needed: str, members: list[str]) -> int:
    taken = {member for group in policy.groups.values() for member in group.members}
    for member in members:
        _check_known(policy, member)
        if member in taken:
            raise MalformedError(f"{member[:80]} would count twice: it is a member already")
        taken.add(member)
    words = {"any": 1, "all": len(members)}
    count = words.get(needed) or (int(needed) if _COUNT.fullmatch(needed) else 0)
    if not 1 <= count <= len(members):
        raise MalformedError(f"a group of {len(members)} cannot need {needed[:20]}")
    return count


def _key(line: str, kind: KeyKind) -> VerifierKey:
    key = VerifierKey.parse(line)
    if key.kind is not kind:
        raise MalformedError(f"{key.name} is not the key of a {kind.name.lower()}")
    return key


def _check_known(policy: Policy, name: str) -> None:
    if name not in policy.witnesses and name not in policy.groups:
        raise MalformedError(f"{name[:80]} is not named before")


def _check_new(policy: Policy, name: str) -> None:
    if name in policy.witnesses or name in policy.groups or name == NO_QUORUM:
        raise MalformedError(f"{name[:80]} is named twice")


def _line(*words: object) -> str:
    return " ".join(str(word) for word in words if word is not None)
