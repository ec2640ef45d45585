"""Serves the API's reference for people, which is no part of the API."""

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from app.entry.reference_page import ADDRESS, PAGE


def serve_reference(app: FastAPI) -> None:
    """Serve the page; its files the framework serves."""
    app.add_api_route(ADDRESS, _show, include_in_schema=False)


async def _show() -> HTMLResponse:
    return HTMLResponse(PAGE)
