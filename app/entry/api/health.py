"""Is the service well? For load balancers, and for whoever starts it."""

import asyncio
from typing import Final, Literal

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.entry.api.context import StrictRoute
from app.entry.api.wire import Shown, show
from app.entry.committer import DatabaseAwayError
from app.entry.problems import refused
from app.kernel.db import reading
from app.registry.log.store import get_head

router = APIRouter(tags=["service"], route_class=StrictRoute)
log = structlog.get_logger()

ANSWER_SECONDS_MAX: Final = 3  # Later than that, a load balancer has given up on us.


class Health(Shown):
    """The service is well."""

    status: Literal["ok"] = Field(description="Always `ok`.", examples=["ok"])
    log_size: int = Field(description="Acts in the log so far.", ge=0, examples=[1284])


@router.get(
    "/health",
    response_model=Health,
    responses=refused(DatabaseAwayError),
    summary="Ask whether the service is well",
    operation_id="get_health",
)
async def get_health(request: Request) -> Response:
    """Answer 200 where the database answers too, else 503."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX), reading(request.app.state.reads) as reads:
            head = await get_head(reads)
    except Exception:  # whatever keeps the database from answering
        log.exception("health_failed")
        raise DatabaseAwayError from None
    return show(Health(status="ok", log_size=head.size))
