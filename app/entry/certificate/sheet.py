"""
One certificate, set: by typst, the one engine that sets Thai right without libraries of the system.

What the form is given is data, never markup, so nothing that people wrote is run. It reads no file
and no clock: the same sheet is the same bytes, in whichever process and on whichever day. Attached
are the certificate as data and the act's leaf, which any receipt of the act proves (record 51).
"""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import fontpkg_sarabun
import msgspec
import segno
import typst

from app.entry.certificate import words
from app.entry.certificate.characters import LACKING, shown
from app.kernel.encoding import sha256

MEDIA_TYPE: Final = "application/pdf"
_HERE: Final = Path(__file__).parent
_FORM: Final = (_HERE / "form.typ").read_bytes()
# Only the one typeface: what a machine has beside it would show elsewhere as something else.
_FONTS: Final = typst.Fonts(
    include_system_fonts=False,
    include_embedded_fonts=False,
    font_paths=[fontpkg_sarabun.ROOT / "files"],
)
_QR_COLOUR: Final = "#12312a"
# The engine remembers what it has worked out for ten compilations, and a long certificate, of which
# it can use nothing again, takes tens of megabytes there.
_LINES_REMEMBERED: Final = 20
_COMPILATIONS_REMEMBERED: Final = 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a certificate's file is made of."""

    certificate: bytes  # canonical JSON of the public certificate, attached as it is
    leaf: bytes  # the act's leaf, attached as it is
    origin: str  # where people reach the register; empty: that is not known, so no code leads there

    @property
    def key(self) -> bytes:
        """What tells it from every other."""
        return sha256(
            b"".join(sha256(part) for part in (self.certificate, self.leaf, self.origin.encode()))
        )


def render(sheet: Sheet) -> bytes:
    """Return the certificate as a file (PDF)."""
    certificate = msgspec.json.decode(sheet.certificate, type=dict[str, Any])
    page = page_address(sheet.origin, certificate["retirement"])
    inputs = {
        "said": msgspec.json.encode(_said(certificate, sheet.origin, page)).decode(),
        "certificate": sheet.certificate.decode(),
        "leaf": sheet.leaf.decode(),
        "qr": qr_drawing(page) if sheet.origin else "",
    }
    compiler = typst.Compiler(
        _FORM, root=_HERE, font_paths=_FONTS, ignore_system_fonts=True, sys_inputs=inputs
    )
    recorded_at = datetime.fromisoformat(certificate["recorded_at"])
    pdf = compiler.compile(
        format="pdf",
        # For archives, with files attached; and for people who have it read to them.
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(recorded_at.timestamp()),
    )
    assert isinstance(pdf, bytes)
    if len(certificate["lines"]) > _LINES_REMEMBERED:
        _forget()
    return pdf


def _forget() -> None:
    """Have the engine forget, by what takes it a millisecond each."""
    for _ in range(_COMPILATIONS_REMEMBERED + 1):
        nothing = typst.Compiler(b"#{}", root=_HERE, font_paths=_FONTS, ignore_system_fonts=True)
        nothing.compile(format="svg")


def page_address(origin: str, retirement: int) -> str:
    """Return where people read of a retirement."""
    return f"{origin}/th/retirements/{retirement}"


def qr_drawing(address: str) -> str:
    """Return the QR code of an address as a drawing (SVG), its quiet margin apart."""
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawing,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        border=0,
        dark=_QR_COLOUR,
        svgclass=None,
        lineclass=None,
        nl=False,
    )
    return drawing.getvalue().decode()


def _said(certificate: Mapping[str, Any], origin: str, page: str) -> dict[str, Any]:
    """Return what stands on the pages, its characters such as can be set."""
    name, identifier = certificate["beneficiary"], certificate["beneficiary_identifier"]
    kind = certificate["beneficiary_kind"]
    said = {
        "number": str(certificate["retirement"]),
        "credits": words.whole(certificate["credits"]),
        "name": None if name is None else shown(name),
        "identifier": None if identifier is None else shown(identifier),
        "kind": None if kind is None else asdict(words.beneficiary_kind(kind)),
        "nobody": asdict(words.nobody(is_public=certificate["visibility"] == "public")),
        "purpose": asdict(words.purpose(certificate["purpose"])),
        "happened": asdict(words.day(date.fromisoformat(certificate["happened_on"]))),
        "recorded": asdict(words.moment(datetime.fromisoformat(certificate["recorded_at"]))),
        "commitment": certificate["commitment"],
        "page": page,
        "receipt": origin + certificate["receipt"],
        "lines": [_line(line) for line in certificate["lines"]],
    }
    return said | {"lacking": LACKING if LACKING in str(said) else None}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "project": shown(line["project_name"]),
        "code": shown(line["project_code"], is_code=True),
        "programme": shown(line["programme_code"], is_code=True),
        "vintage": asdict(words.year(line["vintage"])),
        "serials": shown(line["serials"], is_code=True),
        "credits": words.whole(line["credits"]),
        "verification": line["verification_code"],
    }
