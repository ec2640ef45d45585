"""What a file must be before the registry keeps it: size, kind, name."""

import codecs
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.kernel.errors import BrokenRuleError, NotFoundError, TooLargeError, UnsupportedError

DOCUMENT_BYTES_MAX: Final = 25_000_000  # A scanned design document of 200 pages stays below it.
FILE_NAME_CHARACTERS_MAX: Final = (
    120  # Thai takes three bytes a letter; file systems end at 255 bytes.
)

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
CSV: Final = "text/csv"
PLAIN_TEXT: Final = "text/plain"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Media type to the endings its files may have; the first is given to a file that has none of them.
ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    CSV: (".csv",),
    PLAIN_TEXT: (".txt", ".text", ".md", ".log"),
    XLSX: (".xlsx",),
}

# First bytes that tell a kind. Text has none: it is UTF-8 without control characters.
_SIGNATURES: Final = {b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG}
_ZIP: Final = b"PK\x03\x04"
# File names stand uncompressed in an archive; a text document or bare archive has no workbook.
_WORKBOOK: Final = b"xl/workbook."
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSAFE_IN_NAMES: Final = re.compile(r'["<>:|?*;%]')


class Purpose(StrEnum):
    """What a document is evidence of."""

    DESIGN = "design"
    ADDITIONALITY = "additionality"
    CALCULATION = "calculation"
    CONSULTATION = "consultation"
    SAFEGUARDS = "safeguards"
    NON_PERMANENCE_RISK = "non_permanence_risk"
    COMMUNICATION = "communication"
    VALIDATION = "validation"
    MONITORING = "monitoring"
    VERIFICATION = "verification"
    DECISION = "decision"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that the registry keeps, and where it came from."""

    id: str
    owner_party_id: str  # the party whose user uploaded it
    activity_id: str | None  # None: not evidence of one activity, and never public
    purpose: Purpose
    is_confidential: (
        bool  # True: only the parties concerned and the authority see it, even when registered
    )
    sha256: str  # 64 hexadecimal digits, of the bytes
    bytes: int
    media_type: str
    file_name: str | None  # cleaned; never used as a path; None: erased
    uploaded_by: str
    uploaded_at: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found about a file while it was read."""

    sha256: str
    bytes: int
    media_type: str


class DocumentNotFoundError(NotFoundError):
    """There is no such document."""

    code = "document_not_found"
    number = 2501
    title_th = "ไม่พบเอกสารนี้"
    advice = "Check the identifier, or sign in as somebody who may see the document."
    advice_th = "โปรดตรวจสอบรหัสเอกสาร หรือเข้าสู่ระบบด้วยผู้ใช้ที่มีสิทธิ์ดูเอกสารนี้"


class DocumentTooLargeError(TooLargeError):
    """This file is larger than the registry keeps."""

    code = "document_too_large"
    number = 2502
    title_th = "ไฟล์มีขนาดใหญ่เกินกำหนด"
    advice = "A document holds at most {bytes_max} bytes. Compress it or split it."
    advice_th = "เอกสารหนึ่งไฟล์มีขนาดได้ไม่เกิน {bytes_max} ไบต์ โปรดบีบอัดหรือแบ่งเป็นหลายไฟล์"


class DocumentEmptyError(BrokenRuleError):
    """This file is empty."""

    code = "document_empty"
    number = 2503
    title_th = "ไฟล์นี้ว่างเปล่า"
    advice = "Choose the file again; what arrived has no content."
    advice_th = "โปรดเลือกไฟล์ใหม่ ไฟล์ที่ได้รับไม่มีเนื้อหา"


class DocumentKindError(UnsupportedError):
    """This kind of file is not accepted."""

    code = "document_kind_not_accepted"
    number = 2504
    title_th = "ระบบไม่รับไฟล์ชนิดนี้"
    advice = "Send a PDF, PNG, JPEG, XLSX, CSV or plain text file, the last two in UTF-8."
    advice_th = "โปรดส่งไฟล์ PDF, PNG, JPEG, XLSX, CSV หรือข้อความล้วน โดยสองชนิดหลังต้องเป็น UTF-8"


class DocumentKindMismatchError(UnsupportedError):
    """The content of this file is not what its declared type says."""

    code = "document_kind_mismatch"
    number = 2505
    title_th = "เนื้อหาของไฟล์ไม่ตรงกับชนิดที่ระบุ"
    advice = (
        "It was declared as {declared} but its bytes are {found}. Declare what it is, or choose "
        "the right file."
    )
    advice_th = "ไฟล์ถูกระบุเป็น {declared} แต่เนื้อหาเป็น {found} โปรดระบุชนิดให้ถูกต้องหรือเลือกไฟล์ใหม่"


class Inspection:
    """Reads a file piece by piece: counts, hashes and recognises it without holding all of it."""

    __slots__ = (
        "_bytes",
        "_bytes_max",
        "_decoder",
        "_hash",
        "_head",
        "_is_text",
        "_seam",
        "_workbook",
    )

    def __init__(self, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._hash = hashlib.sha256()
        self._head = b""
        self._seam = b""  # end of the piece before: what is looked for may lie across two pieces
        self._workbook = False
        self._is_text = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> None:
        """
        Take the next piece.

        Raises:
            DocumentTooLargeError: with it, the file is beyond the limit.
        """
        self._bytes += len(piece)
        if self._bytes > self._bytes_max:
            raise DocumentTooLargeError(bytes_max=self._bytes_max)
        self._hash.update(piece)
        if len(self._head) < len(_ZIP) + 4:
            self._head += piece[:8]
        joined = self._seam + piece
        self._workbook = self._workbook or _WORKBOOK in joined
        self._seam = joined[-len(_WORKBOOK) :]
        self._is_text = self._is_text and self._reads_as_text(piece)

    def finish(self, declared: str | None) -> Inspected:
        """
        Say what the file is.

        Args:
            declared: the media type it was sent with; a charset or other parameter is not read.

        Raises:
            DocumentEmptyError: there were no bytes.
            DocumentKindError: it is declared as, or is, something that is not accepted.
            DocumentKindMismatchError: declaration and bytes disagree.
        """
        if not self._bytes:
            raise DocumentEmptyError
        wanted = (declared or "").partition(";")[0].strip().lower()
        found = self._kind()
        if wanted not in ENDINGS or found is None:
            raise DocumentKindError
        if wanted != found and not (found == PLAIN_TEXT and wanted == CSV):
            raise DocumentKindMismatchError(declared=wanted, found=found)
        return Inspected(sha256=self._hash.hexdigest(), bytes=self._bytes, media_type=wanted)

    def _kind(self) -> str | None:
        for signature, media_type in _SIGNATURES.items():
            if self._head.startswith(signature):
                return media_type
        if self._head.startswith(_ZIP):
            return XLSX if self._workbook else None
        return PLAIN_TEXT if self._is_text and self._reads_as_text(b"", final=True) else None

    def _reads_as_text(self, piece: bytes, *, final: bool = False) -> bool:
        try:
            return _CONTROLS.search(self._decoder.decode(piece, final)) is None
        except UnicodeDecodeError:
            return False


def clean_file_name(name: str | None, *, media_type: str) -> str:
    """
    Make a file name that is safe to show and to save under, with an ending that fits its kind.

    Args:
        name: as the client sent it; may hold a path, control characters or nothing.
        media_type: one of `ENDINGS`.
    """
    base = re.split(r"[/\\]", name or "")[-1]
    base = unicodedata.normalize("NFC", base)
    # Invisible characters (categories C*) can turn the reading direction or hide an ending.
    base = "".join(" " if letter.isspace() else letter for letter in base)
    base = "".join(letter for letter in base if unicodedata.category(letter)[0] != "C")
    base = _UNSAFE_IN_NAMES.sub("_", " ".join(base.split())).strip(". ")
    stem, dot, ending = base.rpartition(".")
    suffix = f"{dot}{ending}".lower()
    if suffix not in ENDINGS[media_type] or not stem:
        stem, suffix = base, ENDINGS[media_type][0]
    stem = stem[: FILE_NAME_CHARACTERS_MAX - len(suffix)].rstrip(". ") or "document"
    encoded = stem.encode("utf-8")[
        : 240 - len(suffix)
    ]  # whole letters only: the cut one is dropped
    return encoded.decode("utf-8", "ignore") + suffix
