"""Builds the service from its settings; the only place that knows every part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp

from app.entry import problems
from app.entry.addresses import find_by_address
from app.entry.api.description import TITLE, describe
from app.entry.api.reference import serve_reference
from app.entry.api.routes import ROUTERS
from app.entry.api.short_ways import ShortWays
from app.entry.certificate.setting import Setter
from app.entry.committer import Committer
from app.entry.delivering import Deliverer
from app.entry.guessing import Gate
from app.entry.identity import Identities
from app.entry.late_reads import late_reads
from app.entry.log_files import open_log_files
from app.entry.mailing import Mailer
from app.entry.marks import Marks
from app.entry.middleware import Envelope, Intake
from app.entry.pages.remembering import Memory
from app.entry.pages.routes import WAYS
from app.entry.pages.sessions import PageSessions
from app.entry.pages.surface import Surface, show_outside
from app.entry.passkeys import load_library
from app.entry.provider import provider_of
from app.entry.publishing.agreement import check_published
from app.entry.purposes import Purposes
from app.entry.rates import Rates
from app.entry.sealed_files import open_sealed_files
from app.entry.second_factors import load_or_make_vault
from app.entry.signatures import Signatures
from app.entry.state_file import StateFile
from app.entry.storage import make_storage
from app.entry.sweeping import Sweeper
from app.entry.terms import PresentTerms
from app.entry.token_keys import following
from app.entry.tokens import KEY_FILE, TokenKeys, load_keys
from app.entry.trail import Trail
from app.kernel import failpoints
from app.kernel.db import READER_ROLE, make_engine, reading
from app.kernel.errors import RegistryError
from app.registry.documents.rules import DOCUMENT_BYTES_MAX
from app.registry.stores import refusals_by_constraint
from app.settings import COMMITTER_CONNECTIONS_MAX, GLANCES_MAX, READS_MAX, Settings

log = structlog.get_logger()

VERSION: Final = "1.0.0"
TOKEN_KEY_FILE: Final = KEY_FILE
# For a commit that is under way when the service is told to stop: a database that hangs must not
# hold it for ever, and nobody waits for that answer any more.
COMMIT_SECONDS_MAX: Final = 3
FORM_BYTES_MAX: Final = 64 * 2**10  # what a form adds around the document in it


def from_environment() -> FastAPI:
    """Build the service from the environment, as servers ask for it."""
    return create_app(Settings())


def create_app(settings: Settings) -> FastAPI:
    """
    Build the service.

    Nothing is opened before it starts (its lifespan), so a description of it needs no database.
    """
    app = FastAPIOffline(
        docs_url=None,  # the page is ours; its files are served from here
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        title=TITLE,
        version=VERSION,
        lifespan=_lifespan,
        # It would lead to wherever the request says that it was sent to.
        redirect_slashes=False,
        # A body of JSON says so; one that does not is refused before it is read as something else.
        strict_content_type=True,
        # Nothing of a request goes to a collector; asked for every request, that takes its time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.problem_page = show_outside
    for router in ROUTERS:
        app.include_router(router)
    serve_reference(app)
    find_by_address(app)
    app.openapi = describe(app, public_origin=settings.public_origin)  # type: ignore[method-assign]
    app.add_exception_handler(RegistryError, problems.on_refusal)
    app.add_exception_handler(RequestValidationError, problems.on_malformed)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.middleware_stack = _around(app, settings)
    return app


def _around(app: FastAPI, settings: Settings) -> ASGIApp:
    """Return what a request passes: our own layers, and inside them the framework's."""
    inside: Any = app.build_middleware_stack()
    # Its outermost layers end surprises in plain text, and look out for collectors and limits that
    # there are none of: `Envelope` and `Intake` are in their place.
    while not isinstance(inside, ExceptionMiddleware):
        inside = inside.app
    taken = Intake(
        Surface(ShortWays(inside, routes=app.routes), WAYS),
        bytes_max=settings.body_bytes_max,
        upload_bytes_max=DOCUMENT_BYTES_MAX + FORM_BYTES_MAX,
    )
    return Envelope(taken)


def _make_what_needs_no_database(app: FastAPI, settings: Settings) -> None:
    app.state.token_keys = TokenKeys(load_keys(settings.data))
    app.state.vault = load_or_make_vault(settings.data)
    app.state.storage = make_storage(settings.documents_url)
    app.state.sealed_files = open_sealed_files(settings.documents_url, app.state.vault)
    app.state.log_files = open_log_files(settings.log_url)
    app.state.rates = Rates()
    app.state.certificates = Setter()
    app.state.page_memory = Memory()
    if settings.passkey_rp_id:
        load_library()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    failpoints.arm(settings.failpoint)
    _make_what_needs_no_database(app, settings)
    views = make_engine(
        settings.database_url, connections_max=settings.connections_max, role=READER_ROLE
    )
    reads = make_engine(settings.database_url, connections_max=READS_MAX)
    glances = make_engine(settings.database_url, connections_max=GLANCES_MAX)
    writes = make_engine(settings.database_url, connections_max=COMMITTER_CONNECTIONS_MAX)
    app.state.views, app.state.reads = views, reads
    app.state.identities = Identities(
        glances, app.state.token_keys, Signatures(reads, public_origin=settings.public_origin)
    )
    app.state.gate, app.state.trail = Gate(reads), Trail(reads)
    app.state.purposes, app.state.terms = Purposes(glances), PresentTerms(glances)
    app.state.page_sessions = PageSessions(app.state.vault, app.state.token_keys, reads)
    app.state.committer = Committer(writes, refusals_by_constraint())
    try:
        async with reading(reads) as connection:
            # Acts added to a database that lacks published ones could never be published.
            await check_published(connection, app.state.log_files)
        async with late_reads(settings, views, glances) as app.state.late_reads:
            app.state.marks = Marks(app.state.late_reads)
            with closing(StateFile(app.state.late_reads, settings.data)) as app.state.state_file:
                await app.state.committer.start()
                async with (
                    provider_of(settings) as app.state.provider,
                    Deliverer(glances, app.state.committer).running(),
                    Mailer(reads, settings).running(),
                    app.state.trail.running(),
                    Sweeper(reads, app.state.sealed_files).running(),
                    following(app.state.token_keys, settings.data, app.state.identities),
                ):
                    yield
        # Requests are answered by now; what still waits for its commit gets it.
        try:
            async with asyncio.timeout(COMMIT_SECONDS_MAX):
                await app.state.committer.stop()
        except TimeoutError:
            log.error("stopped_while_committing")  # noqa: TRY400  where, is no news
    finally:
        for engine in (writes, glances, reads, views):
            await engine.dispose()
