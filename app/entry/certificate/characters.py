"""
What people wrote, as the certificate's typeface can show it.

A file for archives (PDF/A) has a glyph for every character, or cannot be made: what the typeface
lacks is shown by a sign, and stands whole in the certificate's data. So does what would show a name
as another: characters that turn the direction of text or are not seen, and towers of marks.
"""

import re
import unicodedata
from typing import Final

LACKING: Final = "◊"
_MARKS_MAX: Final = 2  # as Thai puts on a letter; a tower of them covers what stands above
# As much as fits into a line in the widest letters, where text has no other place for a break. Thai
# has no blanks between words, and is broken between those; letters that are no words have no such.
_NAME_RUN_MAX: Final = 24
_CODE_RUN_MAX: Final = 36  # set smaller; who copies a code gets the breaks in it too
_THAI_RUN_MAX: Final = 28
_BREAK: Final = "\u200b"

_THAI: Final = "\u0e01-\u0e3a\u0e3f-\u0e5b"
# Of Sarabun, in all its weights; a test sets every one of them.
_SHOWN: Final = re.compile(
    f"[ -~\u00a1-\u00ac\u00ae-\u017e\u0300-\u0304\u0306-\u030c\u0323{_THAI}"
    "\u1e80-\u1e85\u1ea0-\u1ef9"
    "\u2010\u2012-\u2015\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2032\u2033\u2039\u203a"
    "\u2044\u2070\u2074-\u2079\u2080-\u2089\u20ac\u2122\u2212\u2260\u2264\u2265]"
)
_MARKS: Final = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"


def _runs(letters: str, longest: int, after: str = "") -> re.Pattern[str]:
    return re.compile(f"{letters}{{{longest}}}{after}(?={letters})")


_LONG_THAI: Final = _runs(f"[{_THAI}]", _THAI_RUN_MAX, f"[{_MARKS}]*")
_LONG_NAME: Final = _runs(f"[^\\s{_THAI}]", _NAME_RUN_MAX)
_LONG_CODE: Final = _runs(f"[^\\s{_THAI}]", _CODE_RUN_MAX)


def shown(text: str, *, is_code: bool = False) -> str:
    """
    Return a text of one line as it is shown.

    Blanks and ends of lines are one blank. What cannot be shown is `LACKING`. A run of letters that
    is too long for a line gets places where it may be broken, which are not seen.

    Args:
        text: as it was written.
        is_code: whether it is a serial number or a code, set smaller than names.
    """
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(one for one in composed if unicodedata.category(one) != "Cf")
    marks, told = 0, []
    for one in " ".join(seen.split()):
        marks = marks + 1 if unicodedata.category(one) == "Mn" else 0
        told.append(one if _SHOWN.fullmatch(one) and marks <= _MARKS_MAX else LACKING)
    whole = "".join(told)
    for runs in (_LONG_THAI, _LONG_CODE if is_code else _LONG_NAME):
        whole = runs.sub(rf"\g<0>{_BREAK}", whole)
    return whole
