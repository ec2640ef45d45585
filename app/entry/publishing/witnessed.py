"""Having a checkpoint witnessed before it goes out, as the witness policy asks."""

import asyncio
import hashlib
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry.publishing.memory import Memory
from app.entry.publishing.refusals import WitnessForkError
from app.entry.publishing.witnesses import Answer, Trouble, Witnesses
from app.registry.log import proofs
from app.registry.log.checkpoints import Checkpoint
from app.registry.log.notes import Note
from app.registry.log.policy import NO_QUORUM, Policy

_log = structlog.get_logger()

# What a single witness may stop the log with: it has seen more than we have, or something else.
_ALARMS = frozenset({Trouble.AHEAD, Trouble.FORKED})


class Witnessing:
    """Asks the witnesses of a policy, and holds a checkpoint back until enough have agreed."""

    def __init__(self, policy: Policy, *, seconds_max: float) -> None:
        self._policy = policy
        asked = [witness for witness in policy.witnesses.values() if witness.address is not None]
        self._witnesses = Witnesses(asked, seconds_max=seconds_max)
        self._troubled: frozenset[str] = frozenset()

    async def close(self) -> None:
        """Close the connections to witnesses."""
        await self._witnesses.close()

    async def ask(
        self, connection: AsyncConnection, memory: Memory, note: Note, checkpoint: Checkpoint
    ) -> Note | None:
        """
        Collect cosignatures.

        Args:
            connection: where consistency proofs are read.
            memory: where evidence against us is kept.
            note: the signed checkpoint.
            checkpoint: what it says.

        Returns:
            The note with the cosignatures; None where the quorum is not reached.

        Raises:
            WitnessForkError: a witness was shown another history.
        """
        turns = asyncio.Lock()  # one connection answers one question at a time

        async def prove(old_size: int) -> Sequence[bytes]:
            async with turns:
                return await proofs.list_consistency(connection, old_size, checkpoint.size)

        answers = await self._witnesses.collect(note, checkpoint, prove)
        for answer in answers:
            if answer.trouble in _ALARMS:
                raise _alarm(answer, memory)
        self._tell_troubles(answers)
        given = [answer for answer in answers if answer.signature is not None]
        names = {answer.witness.name for answer in given}
        quorum = self._policy.quorum
        if quorum != NO_QUORUM and not self._policy.is_reached(quorum, names):
            _log.error("quorum_not_reached", size=checkpoint.size, witnesses=sorted(names))
            return None
        return note.with_signatures(a.signature for a in given if a.signature is not None)

    def _tell_troubles(self, answers: Sequence[Answer]) -> None:
        """Tell of a witness's trouble when it begins, not every second that it lasts."""
        troubled = {answer.witness.name: answer for answer in answers if answer.trouble}
        for name in troubled.keys() - self._troubled:
            answer = troubled[name]
            _log.warning(
                "witness_in_trouble", witness=name, trouble=answer.trouble, why=answer.sentence
            )
        for name in self._troubled - troubled.keys():
            _log.info("witness_is_back", witness=name)
        self._troubled = frozenset(troubled)


def _alarm(answer: Answer, memory: Memory) -> WitnessForkError:
    digest = hashlib.sha256(answer.evidence).hexdigest()[:16]
    kept = memory.keep_evidence(f"{answer.trouble}-{digest}.txt", answer.evidence)
    _log.critical("witness_says_forked", witness=answer.witness.name, why=answer.sentence)
    return WitnessForkError(
        witness=answer.witness.name, sentence=answer.sentence, evidence=str(kept)
    )
