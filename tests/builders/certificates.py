"""Certificates to set, and what is in one that was set: read by tools that others wrote."""

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from app.entry.certificate.sheet import Sheet
from app.kernel.encoding import canonical_bytes

ORIGIN: Final = "https://registry.example"
LEAF: Final = b'{"kind":"credits.retired","v":1}'
COMMITMENT: Final = "9f2feb0f1ef425b292f2f94bc8482494df430413d6a8a0a5d7f5e2d5e7f3c1aa"


def a_certificate(*, lines: int = 1, **said: object) -> dict[str, Any]:
    """Return a public certificate as data."""
    made = [
        {
            "number": f"57-{number}",
            "project_code": "CITY-0001",
            "project_name": "ป่าในเมืองขอนแก่น",
            "programme_code": "CITY",
            "vintage": 2024,
            "batch": "TH-CITY-0001-2024-1",
            "serials": f"TH-CITY-0001-2024-1-{number * 50 - 49}-{number * 50}",
            "first": number * 50 - 49,
            "last": number * 50,
            "credits": 50,
            "verification_code": "MFRG-GZDF-MZTW-Q2LK-NNWG-23TP",
        }
        for number in range(1, lines + 1)
    ]
    return {
        "retirement": 57,
        "recorded_at": "2026-11-24T03:00:00.123456Z",
        "happened_on": "2026-11-24",
        "purpose": "organisation",
        "credits": 50 * lines,
        "visibility": "public",
        "beneficiary": "เทศบาลนครขอนแก่น",
        "beneficiary_kind": "organisation",
        "beneficiary_identifier": "0994000123456",
        "commitment": COMMITMENT,
        "receipt": "/v1/log/receipts/57",
        "lines": made,
        **said,
    }


def a_sheet(*, origin: str = ORIGIN, lines: int = 1, **said: object) -> Sheet:
    """Return what a certificate is set from."""
    return Sheet(canonical_bytes(a_certificate(lines=lines, **said)), LEAF, origin)


def attached(pdf: bytes, folder: Path) -> dict[str, bytes]:
    """Return the files that are attached to a PDF, by their names (poppler's pdfdetach)."""
    (folder / "certificate.pdf").write_bytes(pdf)
    into = folder / "attached"
    into.mkdir(exist_ok=True)
    command = ["pdfdetach", "-saveall", "-o", str(into), str(folder / "certificate.pdf")]
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in into.iterdir()}


async def attached_to(pdf: bytes, folder: Path) -> dict[str, bytes]:
    """Do so beside a running service."""
    return await asyncio.to_thread(attached, pdf, folder)


def address_on(pdf: bytes, folder: Path) -> str:
    """Return the address of the retirement's page that stands on a certificate (pdftotext)."""
    (folder / "certificate.pdf").write_bytes(pdf)
    command = ["pdftotext", "-raw", str(folder / "certificate.pdf"), "-"]
    text = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    found = re.search(r"https?://\S+/retirements/\d+", text)
    assert found is not None, text
    return found[0]


class Picture:
    """The first page of a PDF as it is seen (poppler's pdftoppm)."""

    def __init__(self, pdf: bytes, folder: Path, *, dpi: int = 200) -> None:
        (folder / "page.pdf").write_bytes(pdf)
        command = ["pdftoppm", "-r", str(dpi), "-singlefile", "-aa", "no", "-aaVector", "no"]
        subprocess.run([*command, str(folder / "page.pdf"), str(folder / "page")], check=True)
        magic, size, depth, self._points = (folder / "page.ppm").read_bytes().split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255")
        self.width, self.height = map(int, size.split())

    def colour_at(self, x: int, y: int) -> str:
        """Return the colour of a point, as ``#rrggbb``."""
        at = 3 * (y * self.width + x)
        return f"#{self._points[at : at + 3].hex()}"

    def colours_beside(self, left: int, right: int) -> set[str]:
        """Return all colours left of one column, and from another one on."""
        rows = range(0, len(self._points), 3 * self.width)
        strips = (
            self._points[row + 3 * a : row + 3 * b]
            for row in rows
            for a, b in ((0, left), (right, self.width))
        )
        return {
            f"#{strip[at : at + 3].hex()}" for strip in strips for at in range(0, len(strip), 3)
        }

    def box_of(self, colour: str) -> tuple[int, int, int, int]:
        """Return from where to where a colour is seen: left, top, right, bottom, included."""
        wanted, at = bytes.fromhex(colour.removeprefix("#")), -1
        found = []
        while (at := self._points.find(wanted, at + 1)) >= 0:
            if at % 3 == 0:
                found.append(divmod(at // 3, self.width))
        rows, columns = [row for row, _ in found], [column for _, column in found]
        return min(columns), min(rows), max(columns), max(rows)

    def code(self, colour: str, size: int) -> list[list[bool]]:
        """Return what is dark of a QR code of a colour, so many modules wide."""
        left, top, right, bottom = self.box_of(colour)
        wide, high = (right - left + 1) / size, (bottom - top + 1) / size
        return [
            [
                self.colour_at(int(left + (x + 0.5) * wide), int(top + (y + 0.5) * high)) == colour
                for x in range(size)
            ]
            for y in range(size)
        ]
