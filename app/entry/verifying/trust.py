"""Whom the verifier believes: a policy, and the keys that it names."""

from collections.abc import Collection
from dataclasses import dataclass

from app.entry.log_files import CHECKPOINT, POLICY
from app.entry.verifying.findings import NotCleanError, UnreachableError
from app.entry.verifying.source import Source
from app.registry.log.checkpoints import Checkpoint, parse_checkpoint
from app.registry.log.notes import ForgedError, MalformedError, Note, VerifierKey
from app.registry.log.policy import Policy, QuorumError, parse_policy


@dataclass(frozen=True, slots=True)
class Trusted:
    """A checkpoint whose signatures are good, and by whose word."""

    note: Note
    checkpoint: Checkpoint
    signers: tuple[VerifierKey, ...]
    witnesses: tuple[str, ...]


def load_policy(source: Source) -> Policy:
    """
    Read the policy beside the log.

    Raises:
        UnreachableError: there is none.
        NotCleanError: it is malformed.
    """
    content = source.find(POLICY)
    if content is None:
        raise UnreachableError(f"{source.name} has no policy: give one with --policy")
    try:
        return parse_policy(content)
    except MalformedError as fault:
        raise NotCleanError("policy_malformed", str(fault)) from None


def read_checkpoint(source: Source, policy: Policy) -> Trusted:
    """
    Read the log's checkpoint and check who signed it.

    Raises:
        UnreachableError: there is none.
        NotCleanError: it is malformed, or its signatures are not what the policy asks for.
    """
    content = source.find(CHECKPOINT)
    if content is None:
        raise UnreachableError(f"{source.name} has no checkpoint: nothing has been published")
    return check_note(content, policy)


def check_note(content: bytes, policy: Policy) -> Trusted:
    """
    Check a signed checkpoint against a policy.

    Raises:
        NotCleanError: it is malformed, or its signatures are not what the policy asks for.
    """
    try:
        note, checkpoint = parse_checkpoint(content)
        signers = note.signers(policy.of_origin(checkpoint.origin))
        witnesses = policy.check_quorum(note)
    except MalformedError as fault:
        raise NotCleanError("checkpoint_malformed", f"the checkpoint: {fault}") from None
    except ForgedError as fault:
        raise NotCleanError("signature_false", str(fault)) from None
    except QuorumError as fault:
        raise NotCleanError("quorum_missing", str(fault)) from None
    if not signers:
        raise NotCleanError(
            "not_signed", f"no key of the policy has signed the checkpoint of {checkpoint.origin}"
        )
    names = tuple(witness.name for witness in witnesses)
    return Trusted(note, checkpoint, tuple(signers), names)


def is_known(note: Note, keys: Collection[VerifierKey]) -> bool:
    """Say whether one of the keys has signed a note."""
    known = {(key.name, key.id) for key in keys}
    return any((line.name, line.key_id) in known for line in note.signatures)
