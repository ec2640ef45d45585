"""
Kinds of refusal. A subject's refusals subclass a kind; ways in decide how a kind looks to the
caller.
"""

from typing import ClassVar


class _Facts(dict[str, str | int | None]):
    """
    Facts for advice; one that nobody knew (a constraint refuses without saying more) is left open.
    """

    def __missing__(self, name: str) -> str:
        return "…"


class RegistryError(Exception):
    """
    The registry refuses.

    A concrete refusal states, on its class: ``code`` (stable text), ``number`` (stable,
    unique), its title in
    English (the docstring's first line) and in Thai, and advice in both that says what to do.
    Advice may
    mention facts given at construction: ``"Ask for at most {held}."``
    """

    code: ClassVar[str] = ""
    number: ClassVar[int] = 0
    title_th: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    advice_th: ClassVar[str] = ""

    def __init__(self, **facts: str | int | None) -> None:
        super().__init__(self.code)
        self.facts = facts

    @classmethod
    def title_en(cls) -> str:
        """Return the English title: the first line of the docstring."""
        return next(line.strip() for line in (cls.__doc__ or cls.code).splitlines() if line.strip())

    def say(self, language: str) -> tuple[str, str]:
        """Return title and advice in ``th`` or else in English, with the facts filled in."""
        facts = _Facts(self.facts)
        if language == "th":
            return self.title_th, self.advice_th.format_map(facts)
        return self.title_en(), self.advice.format_map(facts)


class InvalidError(RegistryError):
    """What was sent does not have the required form."""


class UnauthenticatedError(RegistryError):
    """Nobody is signed in, or the token is not good."""


class ForbiddenError(RegistryError):
    """The one who asks may not do this."""


class NotFoundError(RegistryError):
    """There is no such thing, or the one who asks may not know of it."""


class GoneError(RegistryError):
    """It was there, and was taken away for good."""


class ConflictError(RegistryError):
    """The present state does not allow it."""


class BrokenRuleError(RegistryError):
    """A rule of the programme or of the ledger forbids it, whatever the state."""


class StaleError(RegistryError):
    """It was changed by somebody else since it was read."""


class MissingPreconditionError(RegistryError):
    """A decision must name the version it was made on."""


class TooLargeError(RegistryError):
    """It is larger than the limit."""


class UnsupportedError(RegistryError):
    """The kind of content is not accepted."""


class TooManyError(RegistryError):
    """The one who asks has asked too often; trying again after a while is right."""


class BusyError(RegistryError):
    """The registry cannot take it at this moment; trying again is right."""


def refusals(kind: type[RegistryError] = RegistryError) -> list[type[RegistryError]]:
    """Return every concrete refusal loaded so far, ordered by number."""
    found: set[type[RegistryError]] = set()
    waiting = [kind]
    while waiting:
        for subclass in waiting.pop().__subclasses__():
            waiting.append(subclass)
            if subclass.code:
                found.add(subclass)
    return sorted(found, key=lambda refusal: refusal.number)
