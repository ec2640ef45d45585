"""What a file must be: its size, its kind, and its name."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.encoding import sha256
from app.registry.documents.rules import (
    CSV,
    ENDINGS,
    FILE_NAME_CHARACTERS_MAX,
    JPEG,
    PDF,
    PLAIN_TEXT,
    PNG,
    XLSX,
    DocumentEmptyError,
    DocumentKindError,
    DocumentKindMismatchError,
    DocumentTooLargeError,
    Inspected,
    Inspection,
    clean_file_name,
)


def an_archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>" * 500)
    return file.getvalue()


CONTENTS = {
    PDF: b"%PDF-1.7\n\x00\x01binary",
    PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF",
    XLSX: an_archive("[Content_Types].xml", "xl/workbook.xml"),
    CSV: "เดือน,หน่วย\nมกราคม,1250\n".encode(),
    PLAIN_TEXT: "หมายเหตุ: อ่านมิเตอร์ทุกวันที่ 1\r\n".encode(),
}


def inspected(
    content: bytes, declared: str | None, *, piece: int = 7, most: int = 10_000
) -> Inspected:
    inspection = Inspection(bytes_max=most)
    for start in range(0, len(content), piece):
        inspection.feed(content[start : start + piece])
    return inspection.finish(declared)


@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("piece", [1, 3, 4_096])
def test_each_accepted_kind_is_recognised_however_it_arrives(kind: str, piece: int) -> None:
    """Networks cut anywhere, also inside a signature or a Thai letter."""
    content = CONTENTS[kind]
    found = inspected(content, kind, piece=piece)
    assert found == Inspected(sha256(content).hex(), len(content), kind)


@pytest.mark.parametrize("actual", ENDINGS)
@pytest.mark.parametrize("declared", ENDINGS)
def test_a_file_is_what_it_is_declared_to_be(actual: str, declared: str) -> None:
    """A script that calls itself a picture is stopped here; a CSV is text and may be called so."""
    alike = {(CSV, PLAIN_TEXT), (PLAIN_TEXT, CSV)}
    if actual == declared or (actual, declared) in alike:
        assert inspected(CONTENTS[actual], declared).media_type == declared
    else:
        with pytest.raises(DocumentKindMismatchError):
            inspected(CONTENTS[actual], declared)


def test_parameters_and_case_of_the_declared_type_do_not_matter() -> None:
    """Browsers add a charset."""
    assert inspected(CONTENTS[CSV], "Text/CSV; charset=utf-8").media_type == CSV


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"MZ\x90\x00\x03", "application/x-msdownload"),
        (CONTENTS[PDF], "text/html"),
        (CONTENTS[PDF], None),
        (CONTENTS[PDF], ""),
        (b"MZ\x90\x00\x03", PDF),
        (an_archive("word/document.xml"), XLSX),
        (an_archive("readme.txt"), XLSX),
        ("ขอนแก่น".encode("cp874"), CSV),
        (b"a,b\n1,\x002\n", CSV),
        (b"half a letter \xe0\xb8", PLAIN_TEXT),
    ],
)
def test_other_kinds_are_refused(content: bytes, declared: str | None) -> None:
    """Neither a name that is not on the list nor bytes that are nothing on it."""
    with pytest.raises(DocumentKindError):
        inspected(content, declared)


def test_an_empty_file_is_refused() -> None:
    """It is evidence of nothing."""
    with pytest.raises(DocumentEmptyError):
        inspected(b"", PDF)


def test_the_limit_is_counted_while_reading() -> None:
    """At the limit it is taken; one byte more stops the reading there."""
    assert inspected(CONTENTS[CSV], CSV, most=len(CONTENTS[CSV])).bytes == len(CONTENTS[CSV])
    with pytest.raises(DocumentTooLargeError):
        inspected(CONTENTS[CSV], CSV, most=len(CONTENTS[CSV]) - 1)


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("แผนงาน 2569.pdf", PDF, "แผนงาน 2569.pdf"),
        ("../../etc/passwd", PLAIN_TEXT, "passwd.txt"),
        ("C:\\Users\\mali\\design.PDF", PDF, "design.pdf"),
        ("invoice.exe", PDF, "invoice.exe.pdf"),
        ("evil\u202efdp.exe", PDF, "evilfdp.exe.pdf"),
        ('a"b<c>.png', PNG, "a_b_c_.png"),
        ("  two\t\nlines .csv", CSV, "two lines.csv"),
        ("photo.jpeg", JPEG, "photo.jpeg"),
        (".pdf", PDF, "pdf.pdf"),
        ("...", PDF, "document.pdf"),
        ("", PDF, "document.pdf"),
        (None, XLSX, "document.xlsx"),
    ],
)
def test_names_are_cleaned(name: str | None, kind: str, clean: str) -> None:
    """No path, no trick of direction, and an ending that fits the kind."""
    assert clean_file_name(name, media_type=kind) == clean


@given(st.text(max_size=400), st.sampled_from(sorted(ENDINGS)))
def test_whatever_the_name_it_is_short_printable_and_fits_its_kind(name: str, kind: str) -> None:
    """What is shown to people and put into headers is under our control."""
    clean = clean_file_name(name, media_type=kind)
    assert clean.endswith(ENDINGS[kind])
    assert len(clean) <= FILE_NAME_CHARACTERS_MAX
    assert len(clean.encode("utf-8")) <= 255
    assert not set(clean) & set('/\\"<>|\r\n\x00')
    assert clean_file_name(clean, media_type=kind) == clean
