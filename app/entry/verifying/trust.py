"""Whom the verifier believes: the policy it was given, and the checkpoint it remembers."""

from dataclasses import dataclass
from pathlib import Path

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


def load_policy(source: Source, path: Path | None) -> Policy:
    """
    Read the policy: the verifier's own, or the one beside the log.

    Raises:
        UnreachableError: there is none.
        NotCleanError: it is malformed.
    """
    try:
        content = path.read_bytes() if path else source.find(POLICY)
    except OSError as fault:
        raise UnreachableError(f"{path}: {fault.strerror}") from None
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
