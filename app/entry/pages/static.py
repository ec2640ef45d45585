"""
Style, letters and scripts: under an address that names their content, so browsers keep them.

They are read once, and those that are text are kept compressed as well.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.encoding import sha256

FILES: Final = Path(__file__).resolve().parent / "static"
ADDRESS: Final = "/static/"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_COMPRESSED: Final = (".css", ".js", ".svg", ".txt")
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    kind: str
    plain: bytes
    compressed: bytes | None


@cache
def _files() -> dict[str, _File]:
    return {
        path.name: _File(
            _KINDS[path.suffix],
            content := path.read_bytes(),
            gzip.compress(content, mtime=0) if path.suffix in _COMPRESSED else None,
        )
        for path in sorted(FILES.iterdir())
        if path.suffix in _KINDS
    }


@cache
def version() -> str:
    """Return what the files are together: another one where any of them is another."""
    whole = b"".join(name.encode() + sha256(file.plain) for name, file in _files().items())
    return sha256(whole).hex()[:12]


def address_of(name: str) -> str:
    """Return where a file is served."""
    assert name in _files(), name
    return f"{ADDRESS}{version()}/{name}"


async def serve_static(request: Request) -> Response:
    """Serve a file; one of another version is not there any more."""
    file = _files().get(request.path_params["name"])
    if file is None or request.path_params["version"] != version():
        return Response("not found\n", 404, media_type="text/plain")
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            file.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.kind
        )
    return Response(file.plain, headers=headers, media_type=file.kind)
