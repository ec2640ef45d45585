"""What a verification can find: reasons not to believe, and reasons why it could not be done."""


class NotCleanError(Exception):
    """The log is not what it should be; ``code`` is stable, the text says what was found."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class UnreachableError(Exception):
    """What is needed could not be read; nothing is said about the log."""
