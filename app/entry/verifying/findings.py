"""What a verification can find: reasons not to believe, and reasons why it could not be done."""


class NotCleanError(Exception):
    """
    The log is not what it should be; ``code`` is stable, the text says what was found.

    With ``is_of_history`` it contradicts a checkpoint that was verified before.
    """

    def __init__(self, code: str, sentence: str, *, is_of_history: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.is_of_history = is_of_history


class UnreachableError(Exception):
    """What is needed could not be read; nothing is said about the log."""
