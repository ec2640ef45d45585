"""
Signing in by an identity provider, and the identities that the one who asks has linked.

Whatever comes back counts only for the browser that began (`binding`): else somebody could be made
to finish what another began, and find themselves signed in as that other, or link their identity.
"""

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from app.entry.acts import Reply
from app.entry.api.context import StrictRoute, Writer
from app.entry.api.current_password import CurrentPasswordWrongError, require_current_password
from app.entry.api.identity_shapes import (
    IdentityPresent,
    IdentityShown,
    IdentitySignIn,
    ProviderAnswer,
    ProviderAsked,
    identity_shown,
)
from app.entry.api.noticed import network_of
from app.entry.api.passkeys import once
from app.entry.api.second_proofs import find_code_proof, find_passkey_proof, take_challenge
from app.entry.api.tokens import WRONG, TokenShown, begin, failing
from app.entry.api.wire import Identifier, Page, created, show
from app.entry.guessing import Gate
from app.entry.identity import Caller, PartySuspendedError, UserSuspendedError, read_standing
from app.entry.passwords import TooManySignInsError
from app.entry.problems import refused
from app.entry.provider import require_provider
from app.kernel import clock
from app.kernel.db import noting, reading
from app.registry.log.store import get_head
from app.registry.parties.refusals import UserErasedError
from app.registry.signin import operations, store
from app.registry.signin.refusals import (
    CodeRefusedError,
    IdentitiesOffError,
    IdentityLinkedError,
    IdentityNotFoundError,
    IdentityRefusedError,
    IdentityUnknownError,
    PasskeyRefusedError,
    PasskeysOffError,
    PersonNeededError,
    ProviderAwayError,
    SecondFactorRequiredError,
    TooManyGuessesError,
    TooManyIdentitiesError,
    TooManyIdentityRequestsError,
)
from app.registry.signin.rules import (
    IDENTITIES_PER_USER_MAX,
    IDENTITY_REQUEST_LIFETIME,
    Asking,
    Identity,
    IdentityRequest,
    require_person,
)
from app.registry.signin.store import Bearer

if TYPE_CHECKING:
    from app.entry.oidc import Provider

router: Final = APIRouter(prefix="/identities", tags=["identities"], route_class=StrictRoute)

COOKIE: Final = "registry-sign-in"
# Browsers take one of this name from the very host alone, and over TLS: no neighbour can set it.
SAFE_COOKIE: Final = f"__Host-{COOKIE}"

_Id = Annotated[
    Identifier,
    Path(description="Identifier of the identity.", examples=["idn_01kb5b1j0dfz5r5d8r4v5e2c3a"]),
]


@router.get(
    "",
    response_model=Page[IdentityShown],
    summary="List your identities",
    operation_id="list_identities",
)
async def list_identities(request: Request, actor: Caller) -> Response:
    """List the identities you have linked, the oldest first; there is never a second page."""
    async with reading(request.app.state.reads) as connection:
        held = await store.list_identities(connection, actor.user_id, limit=IDENTITIES_PER_USER_MAX)
    return show(
        Page[IdentityShown](data=list(map(identity_shown, held)), next_cursor=None, has_more=False)
    )


@router.post(
    "/sign-in",
    response_model=ProviderAsked,
    responses=refused(IdentitiesOffError, TooManyIdentityRequestsError, ProviderAwayError),
    summary="Begin to sign in by the identity provider",
    operation_id="begin_identity_sign_in",
)
async def begin_identity_sign_in(request: Request) -> Response:
    """
    Get the address to send the browser to.

    What comes back to the redirect address goes to `POST /v1/identities/sign-in/completion`, within
    ten minutes and from the same browser.
    """
    return await _ask(request, Asking.SIGN_IN, user_id=None)


@router.post(
    "/sign-in/completion",
    response_model=TokenShown,
    responses=refused(
        IdentitiesOffError,
        IdentityRefusedError,
        IdentityUnknownError,
        ProviderAwayError,
        TooManyGuessesError,
        SecondFactorRequiredError,
        CodeRefusedError,
        PasskeyRefusedError,
        PasskeysOffError,
        UserSuspendedError,
        PartySuspendedError,
    ),
    summary="Sign in by the identity provider",
    operation_id="complete_identity_sign_in",
)
async def complete_identity_sign_in(request: Request, body: IdentitySignIn) -> Response:
    """
    Sign in as the user who has linked the identity that the provider says you have.

    What came back works once. Where a second factor is asked for, send the same again with it: the
    provider has then been asked already.
    """
    provider = require_provider(request.app.state.provider)
    asked = await _take(request, Asking.SIGN_IN, body, user_id=None)
    found = await _find(request, provider, asked, body)
    user_id = found.user_id
    gate: Gate = request.app.state.gate
    async with (
        gate.guess(f"user:{user_id}", request.scope.get("client"), wrong=WRONG),
        failing(request, user_id),
    ):
        challenge = await take_challenge(request, body.passkey)
        async with noting(request.app.state.reads) as connection:
            standing = await read_standing(connection, Bearer(user_id))
            if challenge is not None and body.passkey is not None:
                proof: operations.Proof | None = await find_passkey_proof(
                    connection, request, body.passkey, challenge, user_id=user_id
                )
            else:
                proof = await find_code_proof(
                    connection,
                    request,
                    totp=body.totp,
                    recovery_code=body.recovery_code,
                    user_id=user_id,
                )
            await operations.use_found(connection, asked, found.id)
            shown = await begin(connection, request, standing, proof, by_identity=True)
    response = once(show(shown))
    _forget_binding(request, response)
    return response


@router.post(
    "/registration",
    response_model=ProviderAsked,
    responses=refused(
        IdentitiesOffError,
        PersonNeededError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        TooManySignInsError,
        TooManyIdentityRequestsError,
        ProviderAwayError,
    ),
    summary="Begin to link an identity",
    operation_id="begin_identity",
)
async def begin_identity(request: Request, actor: Caller, body: IdentityPresent) -> Response:
    """
    Get the address to send the browser to.

    What comes back to the redirect address goes to `POST /v1/identities`, within ten minutes, from
    the same browser, signed in as the same user.
    """
    require_provider(request.app.state.provider)
    require_person(actor)
    await require_current_password(request, actor.user_id, body.current_password)
    return await _ask(request, Asking.LINK, user_id=actor.user_id)


@router.post(
    "",
    response_model=IdentityShown,
    status_code=201,
    responses=refused(
        IdentitiesOffError,
        PersonNeededError,
        IdentityRefusedError,
        ProviderAwayError,
        IdentityLinkedError,
        TooManyIdentitiesError,
        UserErasedError,
    ),
    summary="Link an identity",
    operation_id="link_identity",
)
async def link_identity(request: Request, actor: Caller, body: ProviderAnswer) -> Response:
    """
    Sign in by this identity from now on; your password and your second factor stay as they are.

    It takes no Idempotency-Key: what came back works once. No address that the provider may know of
    you is looked at.
    """
    provider = require_provider(request.app.state.provider)
    require_person(actor)
    asked = await _take(request, Asking.LINK, body, user_id=actor.user_id)
    subject = await provider.prove(
        code=body.code, iss=body.iss, nonce=asked.nonce, verifier=asked.verifier
    )
    write, network = Writer(request, actor, None), network_of(request)
    response = await write(
        lambda pen: operations.link_identity(
            pen, actor, issuer=provider.issuer, subject=subject, network=network
        ),
        _created,
    )
    _forget_binding(request, response)
    return response


@router.post(
    "/{identity_id}/removal",
    status_code=204,
    responses=refused(
        PersonNeededError,
        CurrentPasswordWrongError,
        TooManyGuessesError,
        TooManySignInsError,
        IdentityNotFoundError,
        UserErasedError,
    ),
    summary="Unlink an identity",
    operation_id="unlink_identity",
)
async def unlink_identity(
    request: Request, actor: Caller, identity_id: _Id, body: IdentityPresent
) -> Response:
    """Let nobody sign in by one of your identities any more; your other sessions end."""
    require_person(actor)
    await require_current_password(request, actor.user_id, body.current_password)
    write, network = Writer(request, actor, None), network_of(request)
    await write(
        lambda pen: operations.unlink_identity(pen, actor, identity_id, network=network),
        lambda _: Reply(204, b""),
    )
    return Response(status_code=204)


async def _ask(request: Request, purpose: Asking, *, user_id: str | None) -> Response:
    provider = require_provider(request.app.state.provider)
    async with noting(request.app.state.reads) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        begun = await operations.ask_provider(
            connection, purpose, user_id=user_id, network=network_of(request), now=now
        )
    asked = begun.asked
    address = await provider.address(state=begun.state, nonce=asked.nonce, verifier=asked.verifier)
    response = once(
        show(
            ProviderAsked(
                authorization_url=address, binding=begun.binding, expires_at=asked.expires_at
            )
        )
    )
    response.set_cookie(
        _cookie(request),
        begun.binding,
        max_age=int(IDENTITY_REQUEST_LIFETIME.total_seconds()),
        secure=_is_safe(request),
        httponly=True,
        samesite="lax",
    )
    return response


async def _take(
    request: Request, purpose: Asking, body: ProviderAnswer, *, user_id: str | None
) -> IdentityRequest:
    binding = body.binding or request.cookies.get(_cookie(request)) or ""
    async with noting(request.app.state.reads) as connection:
        now = max(clock.now(), (await get_head(connection)).recorded_at)
        asked = await operations.take_request(
            connection,
            purpose,
            state=body.state,
            binding=binding,
            code=body.code,
            user_id=user_id,
        )
    if asked.expires_at <= now:
        raise IdentityRefusedError
    return asked


async def _find(
    request: Request, provider: "Provider", asked: IdentityRequest, body: ProviderAnswer
) -> Identity:
    """Return whom the provider means, asking it where it was not asked for this code before."""
    reads = request.app.state.reads
    if asked.identity_id is not None:
        async with reading(reads) as connection:
            found = await store.get_identity(connection, asked.identity_id)
        if found is None:
            raise IdentityRefusedError
        return found
    subject = await provider.prove(
        code=body.code, iss=body.iss, nonce=asked.nonce, verifier=asked.verifier
    )
    async with noting(reads) as connection:
        found = await operations.note_found(
            connection, asked, issuer=provider.issuer, subject=subject
        )
    if found is None:
        raise IdentityUnknownError
    return found


def _is_safe(request: Request) -> bool:
    return str(request.app.state.settings.public_origin).startswith("https:")


def _cookie(request: Request) -> str:
    return SAFE_COOKIE if _is_safe(request) else COOKIE


def _forget_binding(request: Request, response: Response) -> None:
    response.delete_cookie(
        _cookie(request), secure=_is_safe(request), httponly=True, samesite="lax"
    )


def _created(identity: Identity) -> Reply:
    return created(identity_shown(identity), location="/v1/identities")
