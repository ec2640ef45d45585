"""Sizes and indexes of the log, as its formats write them: anything else is nowhere in the log."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from app.kernel.errors import NotFoundError
from app.kernel.quantities import CREDITS_MAX
from app.registry.log.checkpoints import parse_size
from app.registry.log.notes import MalformedError

_SHOWN_CHARACTERS_MAX: Final = 24


class LogNumberError(NotFoundError):
    """This is no size or index of a log."""

    code = "log_number_malformed"
    number = 1421
    title_th = "ไม่ใช่ขนาดหรือหมายเลขรายการของบันทึก"
    advice = (
        "{given} is none: sizes and indexes are decimal, without sign or leading zeros, at most "
        "2^53 - 1."
    )
    advice_th = "{given} ไม่ถูกต้อง ขนาดและหมายเลขเป็นเลขฐานสิบ ไม่มีเครื่องหมายหรือศูนย์นำหน้า ไม่เกิน 2^53 - 1"


def _parse(given: object) -> object:
    # Raised past the check of the form, which would answer 422: addresses of the log that cannot
    # be are answered like those that are not.
    number = given
    if isinstance(given, str):
        try:
            number = parse_size(given)
        except MalformedError:
            raise LogNumberError(given=repr(given[:_SHOWN_CHARACTERS_MAX])) from None
    if isinstance(number, int) and number > CREDITS_MAX:
        raise LogNumberError(given=str(number))
    return number


LogNumber = Annotated[int, BeforeValidator(_parse), Field(ge=0, le=CREDITS_MAX)]
