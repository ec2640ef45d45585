"""What an examination of the installation finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``advice`` is empty where nothing is to be done."""

    what: str
    found: str
    advice: str = ""
    is_bad: bool = False  # with advice and not bad: it works, but should not stay so

    @property
    def mark(self) -> str:
        """Return one sign for the eye."""
        if self.is_bad:
            return "✗"
        return "!" if self.advice else "✓"


def judge(what: str, *, found: str, is_good: bool, advice: str) -> Finding:
    """Return a finding that is bad, with advice, unless it is good."""
    return Finding(what, found) if is_good else Finding(what, found, advice, is_bad=True)
