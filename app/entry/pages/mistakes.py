"""
What was wrong with a request, in the words of the pages.

The API names each mistake by a code that stays, with the bounds that were not kept; its own message
is English, for whoever writes programs. A test finds kinds of mistakes without words.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.entry.pages.figures import show_whole
from app.entry.pages.words import Language, value_words

MISTAKES: Final = "mistake"
PATTERNS: Final = "mistake_pattern"
SUMMARY: Final = "mistake_summary"
_PATTERN_MISMATCH: Final = "string_pattern_mismatch"
_AT_ALL: Final = {"string_too_short", "too_short", "bytes_too_short"}
_MISSING: Final = "missing"
_OF_ANY_KIND: Final = "value_error"


def say_mistakes(problem: dict[str, Any], language: Language) -> dict[str, Any]:
    """Return a problem document whose errors are said in a language of the pages."""
    found = problem.get("errors")
    if not found:
        return problem
    words = value_words()[SUMMARY]
    said = {name: words[name][language] for name in ("title", "detail")}
    errors = [{**each, "message": mistake_words(each, language)} for each in found]
    return {**problem, **said, "errors": errors}


def mistake_words(error: Mapping[str, Any], language: Language) -> str:
    """
    Return what was wrong with a field.

    Args:
        error: of a problem document: ``code``, ``message`` and, where there are some, ``bounds``.
        language: in which it is said; a kind of mistake that came later than the pages is told in
            general words, in English as the API says it.
    """
    code, bounds = str(error["code"]), dict(error.get("bounds") or {})
    words = value_words()
    if code in _AT_ALL and bounds.get("min_length") == 1:
        code = _MISSING
    found = words[MISTAKES].get(code)
    if code == _PATTERN_MISMATCH:
        found = words[PATTERNS].get(str(bounds.get("pattern")), found)
    if found is None:
        return str(error["message"]) if language == "en" else words[MISTAKES][_OF_ANY_KIND]["th"]
    return found[language].format_map({name: _shown(bound) for name, bound in bounds.items()})


def _shown(bound: object) -> str:
    return show_whole(bound) if isinstance(bound, int) else str(bound)
