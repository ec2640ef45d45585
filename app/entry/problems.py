"""
Refusals as problem documents (RFC 9457), in Thai or English.

This is the one place where a kind of refusal meets an HTTP status; the command line has its own
table.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.kernel import errors
from app.kernel.errors import RegistryError

_encode: Final = msgspec.json.Encoder().encode
_PLAIN: Final = re.compile(r"/[A-Za-z0-9/_.-]*")
_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
LANGUAGE: Final = "registry.language"  # where the scope of a request for a page holds its language
_Shows = Callable[[Request, Mapping[str, Any], int], Response | None]
MEDIA_TYPE: Final = "application/problem+json"
# What of a mistake says how it should have been. Nothing else is told: it may repeat what was sent.
BOUNDS: Final = frozenset(
    {
        *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"),
        *("max_digits", "decimal_places", "whole_digits"),
    }
)


class MalformedError(errors.InvalidError):
    """The request does not have the required form."""

    code = "malformed"
    number = 1301
    title_th = "คำขอไม่อยู่ในรูปแบบที่กำหนด"
    advice = "Mend the fields listed under errors and send it again. Nothing was changed."
    advice_th = "โปรดแก้ไขรายการใน errors แล้วส่งใหม่ ยังไม่มีข้อมูลใดถูกแก้ไข"


class NoSuchAddressError(errors.NotFoundError):
    """There is nothing at this address."""

    code = "no_such_address"
    number = 1302
    title_th = "ไม่มีข้อมูลที่ที่อยู่นี้"
    advice = "See /docs for the addresses of the API."
    advice_th = "ดูรายการที่อยู่ของ API ได้ที่ /docs"


class MethodNotAllowedError(errors.InvalidError):
    """This address does not take this method."""

    code = "method_not_allowed"
    number = 1303
    title_th = "ที่อยู่นี้ไม่รองรับวิธีการเรียกนี้"
    advice = "Use one of the methods named in the Allow header."
    advice_th = "โปรดใช้วิธีที่ระบุในส่วนหัว Allow"


class UnexpectedError(RegistryError):
    """Something went wrong on our side."""

    code = "unexpected"
    number = 1304
    title_th = "เกิดข้อผิดพลาดในระบบ"
    advice = (
        "It is not known whether the act was done: send it again with the same Idempotency-Key "
        "to find out. Give the request id when you report it."
    )
    advice_th = (
        "ยังไม่ทราบว่าการดำเนินการสำเร็จหรือไม่ โปรดส่งซ้ำด้วย Idempotency-Key เดิม และแจ้งรหัสคำขอเมื่อรายงานปัญหา"
    )


class BodyTooLargeError(errors.TooLargeError):
    """The body of the request is too large."""

    code = "body_too_large"
    number = 1305
    title_th = "ข้อมูลที่ส่งมามีขนาดใหญ่เกินกำหนด"
    advice = (
        "This address takes at most {bytes_max} bytes. Send less at a time. Nothing was changed."
    )
    advice_th = "ที่อยู่นี้รับข้อมูลได้ไม่เกิน {bytes_max} ไบต์ โปรดแบ่งส่งครั้งละน้อยลง ยังไม่มีข้อมูลใดถูกแก้ไข"


class BodyTooSlowError(errors.InvalidError):
    """The body of the request did not arrive in time."""

    code = "body_too_slow"
    number = 1306
    title_th = "ข้อมูลที่ส่งมาไม่ครบภายในเวลาที่กำหนด"
    advice = (
        "The whole body must arrive within {seconds_max} seconds. Send it again. "
        "Nothing was changed."
    )
    advice_th = "ข้อมูลทั้งหมดต้องมาถึงภายใน {seconds_max} วินาที โปรดส่งใหม่ ยังไม่มีข้อมูลใดถูกแก้ไข"


class MediaTypeError(errors.UnsupportedError):
    """The body of the request is of a kind that is not accepted."""

    code = "media_type_unsupported"
    number = 1307
    title_th = "ไม่รองรับชนิดของข้อมูลที่ส่งมา"
    advice = (
        "Send JSON with the header Content-Type: application/json, and without Content-Encoding."
    )
    advice_th = "โปรดส่งเป็น JSON โดยระบุส่วนหัว Content-Type: application/json และไม่ใช้ Content-Encoding"


class TooOftenError(errors.TooManyError):
    """You ask for this too often."""

    code = "too_often"
    number = 1308
    title_th = "ท่านขอข้อมูลนี้บ่อยเกินไป"
    advice = (
        "It can be asked for {limit} times in {window_s} seconds. Ask again in {retry_after_s} "
        "seconds."
    )
    advice_th = "ขอข้อมูลนี้ได้ไม่เกิน {limit} ครั้งใน {window_s} วินาที โปรดขอใหม่ในอีก {retry_after_s} วินาที"


STATUSES: Final[dict[type[RegistryError], int]] = {
    errors.InvalidError: 422,
    errors.UnauthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.GoneError: 410,
    errors.ConflictError: 409,
    errors.BrokenRuleError: 409,
    errors.StaleError: 412,
    errors.MissingPreconditionError: 428,
    errors.TooLargeError: 413,
    errors.UnsupportedError: 415,
    errors.TooManyError: 429,
    errors.BusyError: 503,
    # Kinds that only HTTP knows.
    MethodNotAllowedError: 405,
    BodyTooSlowError: 408,
    UnexpectedError: 500,
}
# Those that say when to come back.
_RETRIED: Final = frozenset({STATUSES[errors.BusyError], STATUSES[errors.TooManyError]})
RETRY_AFTER_S: Final = 1  # where a refusal knows no better


def status_of(kind: type[RegistryError]) -> int:
    """Return the HTTP status of a kind of refusal."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def language_of(request: Request) -> str:
    """
    Return ``th`` or ``en``: a page's own, or whichever Accept-Language puts first; English for
    neither.
    """
    if own := request.scope.get(LANGUAGE):
        return str(own)
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(request.headers.get("accept-language", "").split(",")[:20]):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in {"th", "en"}:
            wanted.append((-_weight(weight), position, language))
    return min(wanted)[2] if wanted else "en"


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    # RFC 9110 section 12.4.2; whatever else is written there counts for nothing.
    return float(value) if _WEIGHT.fullmatch(value) else 0.0


def problem(
    request: Request,
    refusal: RegistryError,
    *,
    errors_found: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write a refusal as a problem document in the caller's language."""
    language = language_of(request)
    title, advice = refusal.say(language)
    status = status_of(type(refusal))
    content: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": title,
        "status": status,
        "detail": advice,
        "instance": _path_of(request),
        "code": refusal.code,
        "number": refusal.number,
        "request_id": request.scope.get("request_id"),
        **({"facts": refusal.facts} if refusal.facts else {}),
        **({"errors": errors_found} if errors_found is not None else {}),
    }
    if page := _page_of(request, content, status):
        return page
    sent = {"Content-Language": language, "Vary": "Accept-Language", **(headers or {})}
    if status in _RETRIED:
        sent["Retry-After"] = str(refusal.facts.get("retry_after_s", RETRY_AFTER_S))
    if status == STATUSES[errors.UnauthenticatedError]:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(_encode(content), status, sent, MEDIA_TYPE)


def _page_of(request: Request, content: dict[str, Any], status: int) -> Response | None:
    """Return a refusal as a page, where a page was asked for: `app.main` knows how."""
    if "app" not in request.scope:
        return None
    show: _Shows = request.app.state.problem_page
    return show(request, content, status)


def _path_of(request: Request) -> str:
    path: str = request.scope["path"]
    # Putting an address together and taking it apart again costs a third of a refusal, and changes
    # only what holds such letters as divide it.
    return path if _PLAIN.fullmatch(path) else request.url.path


async def on_refusal(request: Request, refusal: Exception) -> Response:
    """Answer a refusal of the registry."""
    assert isinstance(refusal, RegistryError)
    return problem(request, refusal)


async def on_malformed(request: Request, failure: Exception) -> Response:
    """Answer input that does not have the declared form, naming each field."""
    assert isinstance(failure, RequestValidationError)
    found = [
        {
            "pointer": "".join(f"/{_pointer_step(step)}" for step in error["loc"]),
            "code": str(error["type"]),
            "message": _message(error),
            **_bounds(error),
        }
        for error in failure.errors()
    ]
    return problem(request, MalformedError(), errors_found=found[:50])


def _message(error: Mapping[str, Any]) -> str:
    # The one message that repeats what was sent, which may be a secret in the wrong place.
    if error["type"] == "union_tag_invalid":
        return f"Input should be one of {error['ctx']['expected_tags']}"
    return str(error["msg"])


def _bounds(error: Mapping[str, Any]) -> dict[str, dict[str, int | str]]:
    context = error.get("ctx") or {}
    told = {name: context[name] for name in sorted(BOUNDS & context.keys())}
    found = {name: each if isinstance(each, int) else str(each) for name, each in told.items()}
    return {"bounds": found} if found else {}


def _pointer_step(step: str | int) -> str:
    """Escape as RFC 6901 says."""
    return str(step).replace("~", "~0").replace("/", "~1")


class RefusedInBodyError(HTTPException):
    """A refusal met while a route reads its body; FastAPI lets no other exception through."""

    def __init__(self, refusal: RegistryError) -> None:
        super().__init__(status_of(type(refusal)))
        self.refusal = refusal


async def on_http_exception(request: Request, failure: Exception) -> Response:
    """Answer what the web framework itself refuses."""
    assert isinstance(failure, HTTPException)
    if isinstance(failure, RefusedInBodyError):
        return problem(request, failure.refusal, headers={"Connection": "close"})
    if failure.status_code == 404:  # noqa: PLR2004
        return problem(request, NoSuchAddressError())
    if failure.status_code == 405:  # noqa: PLR2004
        return problem(request, MethodNotAllowedError(), headers={"Allow": _methods_at(request)})
    found = [{"pointer": "/body", "code": "unreadable", "message": str(failure.detail)}]
    return problem(request, MalformedError(), errors_found=found)


def _methods_at(request: Request) -> str:
    # Every route knows its own methods only, and several routes share an address; but a whole
    # address is no name of a thing (`app.entry.addresses`).
    path = request.scope["path"]
    routes = [r for r in iter_route_contexts(request.app.routes) if r.methods]
    there = [r for r in routes if r.path == path] or [r for r in routes if r.path_regex.match(path)]
    return ", ".join(sorted({method for route in there for method in route.methods or ()}))


def refused(*kinds: type[RegistryError]) -> dict[int | str, dict[str, Any]]:
    """
    Declare the refusals of a route for its OpenAPI description: ``responses=refused(A, B)``.

    What every route can answer (malformed input, nobody signed in, too many bytes) is added where
    the description is completed (`app.entry.api.description`).
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = by_status.setdefault(status_of(kind), {"description": "", "x-refusals": []})
        entry["x-refusals"].append(kind.code)
        entry["description"] = f"{entry['description']}\n- `{kind.code}`: {kind.title_en()}".strip()
    return by_status
