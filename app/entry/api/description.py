"""Completes the OpenAPI description: what every operation can answer, said once and for all."""

from collections.abc import Callable
from typing import Any, Final, get_args

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import Field

from app.entry import problems
from app.entry.api.context import IdempotencyKeyMissingError
from app.entry.api.wire import PreconditionMissingError, Shown
from app.entry.attempt import OutcomeUnknownError
from app.entry.committer import DatabaseAwayError, QueueFullError
from app.entry.deciding import AnswerErasedError, KeyReusedError
from app.entry.identity import (
    AddressNotAllowedError,
    Caller,
    ClientExpiredError,
    ClientRevokedError,
    NotSignedInError,
    PartySuspendedError,
    UserSuspendedError,
)
from app.entry.signatures import REFUSALS as OF_SIGNATURES
from app.entry.tokens import TokenRefusedError
from app.kernel.errors import RegistryError
from app.registry.signin.refusals import SessionEndedError

Description = dict[str, Any]

TITLE: Final = "Carbon credit registry"
SUMMARY: Final = "ทะเบียนคาร์บอนเครดิตของเมืองและจังหวัด · Credits of cities and provinces"
TEXT: Final = """
From an activity to a retired credit: register an activity, report what was monitored, have it
verified, let TGO issue credits, transfer and retire them, and check the history.

- **Sign in** at `POST /v1/tokens` and send the token as `Authorization: Bearer …`. It lives ten
  minutes; a person gets a refresh token with it, which gives the next pair, once.
- **Writes** take an `Idempotency-Key`; a retry with the same key gets the first reply again. Writes
  that move credits require it.
- **Machines** may sign what they change (RFC 9421): an API key that was issued with an Ed25519
  public key has to.
- **Decisions and edits** send the `ETag` of what they were based on as `If-Match`.
- **Lists** have `limit` and `cursor`; `next_cursor` of one page leads to the next.
- **Tonnes** of CO2 equivalent are text with at most six decimals, **credits** are whole numbers.
  Dates are ISO 8601 in the Common Era, calendar dates are those of Thailand.
- **Refusals** are problem documents (RFC 9457) in Thai or English by `Accept-Language`; their
  `code` is stable and listed at `GET /v1/problems`.
- Within `/v1` things are only ever added: ignore fields you do not know.
"""

TAGS: Final = {
    "activities": "What reduces emissions: registered under one version of a methodology.",
    "documents": "Evidence files, written once and known by their SHA-256.",
    "monitoring-reports": "What was measured in a period, split by the year of the reduction.",
    "verifications": "The opinion of a validation and verification body (VVB) on a report.",
    "issuances": "TGO's decision, and the credits minted by it.",
    "batches": "Credits of one activity and one vintage, with serials from 1 up.",
    "accounts": "Where credits sit: balances, blocks and statements, now and as of any date.",
    "transfers": "Credits going from one account to another.",
    "retirements": "Credits used for good, in somebody's name.",
    "cancellations": "Credits taken out of circulation without being used.",
    "cases": "Credits issued in excess, or lost again: what is owed, and what made it good.",
    "orders": "What two people of TGO order: freezes, releases, reversals, cases, acts of two.",
    "serials": "Where any serial is now, and everything that happened to it.",
    "ledger": "The double entries behind every balance.",
    "statistics": "Totals of credits and activities, as of a size of the log.",
    "log": "The Merkle log that every act is sealed into, and its proofs.",
    "parties": "Organisations that take part, and what they are accredited for.",
    "applications": "Who asks for an account, and what two officers of TGO decide.",
    "users": "People who sign in, and their roles.",
    "programmes": "Schemes and their dated rules.",
    "provinces": "The 77 provinces.",
    "calendar": "Public holidays, by which working days are counted.",
    "methodologies": "The catalogue of methodologies and their versions.",
    "tokens": "Signing in.",
    "sessions": "Your sign-ins, and signing out.",
    "passkeys": "Keys of your devices, to sign in and to confirm with.",
    "notices": "What you were told of acts that concern you.",
    "identities": "Who you are to an identity provider, and signing in by it.",
    "audit": "Who came in, who failed to, and who read about whom.",
    "second-factor": "What you prove beside your password, and confirmations with it.",
    "service": "Health of the service, and what its refusals mean.",
}


class FieldProblem(Shown):
    """One thing that is wrong with a request."""

    pointer: str = Field(
        description="Where it is: body, query, path or header, and the path to the field.",
        examples=["/body/sites/0/province_code"],
    )
    code: str = Field(description="Kind of mistake.", examples=["string_pattern_mismatch"])
    message: str = Field(
        description="What is expected.", examples=["String should match pattern '^[1-9][0-9]$'"]
    )
    bounds: dict[str, int | str] = Field(
        {},
        description="What it should have kept to, by name; missing: `code` says it all. Numbers "
        "that are not whole are text.",
        examples=[{"pattern": "^[1-9][0-9]$"}, {"ge": 1}],
    )


class Problem(Shown):
    """A refusal, as a problem document (RFC 9457)."""

    type: str = Field(
        description="Address of the page that explains the refusal.",
        examples=["/problems/not_allowed"],
    )
    title: str = Field(
        description="What is refused, in the language asked for.",
        examples=["Your role does not allow this."],
    )
    status: int = Field(description="HTTP status.", ge=400, le=599, examples=[403])
    detail: str = Field(
        description="What to do about it, in the language asked for.",
        examples=["Sign in as somebody who may."],
    )
    instance: str = Field(
        description="Path of the request.",
        examples=["/v1/activities/act_01kb5b1j0dfz5r5d8r4v5e2c3a/submission"],
    )
    code: str = Field(description="Stable code to program against.", examples=["not_allowed"])
    number: int = Field(description="Stable number of the refusal.", examples=[2001])
    request_id: str = Field(
        description="Identifier of the request; give it when you report a problem.",
        examples=["req_01kb5b1j0dfz5r5d8r4v5e2c3a"],
    )
    facts: dict[str, str | int | None] = Field(
        {}, description="The values named in `detail`.", examples=[{"permission": "move_credits"}]
    )
    errors: list[FieldProblem] = Field(
        [], description="What is wrong with the request, field by field; at most fifty."
    )


# What `Caller` stands for in a signature: the function that refuses whoever is not signed in.
_CALLER: Final = get_args(Caller)[1].dependency

_HEADERS: Final[Description] = {
    "Request-Id": {
        "description": "Identifier of the request: your own if you sent one, else a new one.",
        "schema": {"type": "string", "maxLength": 64},
        "example": "req_01kb5b1j0dfz5r5d8r4v5e2c3a",
    },
    "ETag": {
        "description": "Version of what is shown, where it has versions; send it back as If-Match.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Location": {
        "description": "Where to read what was made.",
        "schema": {"type": "string"},
        "example": "/v1/activities/act_01kb5b1j0dfz5r5d8r4v5e2c3a",
    },
    "Idempotency-Replayed": {
        "description": "`true` where an earlier request with this Idempotency-Key had done it.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": problems.RETRY_AFTER_S,
    },
    "RateLimit-Policy": {
        "description": "How often this may be asked for: `q` times in `w` seconds "
        "(draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"exports";q=60;w=60',
    },
    "RateLimit": {
        "description": "How often you may ask for this yet: `r` times in the next `t` seconds.",
        "schema": {"type": "string"},
        "example": '"exports";r=59;t=60',
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Content-Language": {
        "description": "Language of the document.",
        "schema": {"type": "string", "enum": ["th", "en"]},
        "example": "th",
    },
}
_HEADERS_OF_STATUS: Final = {
    "201": ("Location",),
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
# Without these headers a request is refused, with these refusals.
_REFUSAL_WITHOUT: Final = {
    "If-Match": PreconditionMissingError,
    "Idempotency-Key": IdempotencyKeyMissingError,
}
_LANGUAGE: Final[Description] = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Language of refusals: `th` or `en`.",
    "schema": {"type": "string"},
    "example": "th",
}


def describe(app: FastAPI, *, public_origin: str) -> Callable[[], Description]:
    """
    Return what gives the OpenAPI document of a service, made at the first call.

    Args:
        app: the service, with all its routes.
        public_origin: where it is reached; empty where that is not known.
    """

    def description() -> Description:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, public_origin)
        return app.openapi_schema

    return description


def _describe(app: FastAPI, public_origin: str) -> Description:
    document = get_openapi(
        title=TITLE,
        version=app.version,
        summary=SUMMARY,
        description=TEXT.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": public_origin or "/", "description": "This service."}],
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_problem_schemas())
    components["headers"] = _HEADERS
    components["parameters"] = {"AcceptLanguage": _LANGUAGE}
    signed_in = _signed_in_operations(app)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "security" in operation and operation["operationId"] not in signed_in:
                operation["security"].insert(0, {})  # a visitor may come without
            _complete_operation(operation, method, path)
    return document


def _signed_in_operations(app: FastAPI) -> set[str]:
    """Return the operations whose caller must be signed in, read off what their routes ask for."""
    return {
        context.operation_id
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute) and _asks_for_caller(context.dependant)
    }


def _asks_for_caller(dependant: Dependant) -> bool:
    return dependant.call is _CALLER or any(map(_asks_for_caller, dependant.dependencies))


def _problem_schemas() -> Description:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"Problem": problem, **problem.pop("$defs")}


def _complete_operation(operation: Description, method: str, path: str) -> None:
    responses = operation["responses"]
    automatic = responses.get("422", {})
    if "application/json" in automatic.get("content", {}):
        # FastAPI describes malformed input in a form of its own; ours is added below.
        automatic["description"] = automatic["description"].removeprefix("Validation Error")
    parameters = operation.get("parameters", [])
    has_key = any(parameter["name"] == "Idempotency-Key" for parameter in parameters)
    for refusal in (*_common(operation), *_of_acts(operation, method, has_key=has_key)):
        _add_refusal(responses, refusal)
    for parameter in parameters:
        _say_what_is_needed(parameter, responses)
    for status, response in responses.items():
        if int(status) >= 400:  # noqa: PLR2004
            headers = ["Request-Id", "Content-Language", *_HEADERS_OF_STATUS.get(status, ())]
            schema = {"$ref": "#/components/schemas/Problem"}
            response["content"] = {problems.MEDIA_TYPE: {"schema": schema}}
        else:
            headers = ["Request-Id", *_HEADERS_OF_STATUS.get(status, ())]
            headers += ["ETag"] if method != "get" or path.endswith("}") else []
            headers += ["Idempotency-Replayed"] if has_key else []
        declared = response.setdefault("headers", {})
        for name in headers:
            declared.setdefault(name, {"$ref": f"#/components/headers/{name}"})
    operation["parameters"] = [*parameters, {"$ref": "#/components/parameters/AcceptLanguage"}]
    operation["responses"] = dict(sorted(responses.items()))


def _common(operation: Description) -> list[type[RegistryError]]:
    """Return what an operation can be refused with, whatever it does."""
    # Malformed even without parameters of its own: an unknown one is.
    common = [problems.MalformedError, problems.UnexpectedError, DatabaseAwayError]
    if "requestBody" in operation:
        common += [problems.BodyTooLargeError, problems.BodyTooSlowError, problems.MediaTypeError]
    if "security" in operation:
        common += [TokenRefusedError, ClientRevokedError, ClientExpiredError, SessionEndedError]
        common += [UserSuspendedError, PartySuspendedError, AddressNotAllowedError]
        if {} not in operation["security"]:
            common.append(NotSignedInError)
    return common


def _of_acts(operation: Description, method: str, *, has_key: bool) -> list[type[RegistryError]]:
    """Return what an operation that goes to the committer can be refused with there."""
    if method == "get" or "security" not in operation:
        return []
    of_key: list[type[RegistryError]] = [KeyReusedError, AnswerErasedError] if has_key else []
    return [QueueFullError, OutcomeUnknownError, *of_key, *OF_SIGNATURES]


def _say_what_is_needed(parameter: Description, responses: Description) -> None:
    # FastAPI calls optional whatever a route checks itself, and lets it be null, which no address
    # and no header can carry.
    schema = parameter["schema"]
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema.update(kinds[0])
    elif kinds:
        schema["anyOf"] = kinds
    refusal = _REFUSAL_WITHOUT.get(parameter["name"])
    if refusal is not None:
        declared = responses.get(str(problems.status_of(refusal)), {}).get("x-refusals", [])
        parameter["required"] = refusal.code in declared


def _add_refusal(responses: Description, refusal: type[RegistryError]) -> None:
    ((status, addition),) = problems.refused(refusal).items()
    response = responses.setdefault(str(status), {"description": "", "x-refusals": []})
    known = response.setdefault("x-refusals", [])
    if refusal.code not in known:
        known.append(refusal.code)
        response["description"] = f"{response['description']}\n{addition['description']}".strip()
