"""
Certificates as files: the same bytes wherever they are set, whatever people wrote, and what is
attached is what was given. What is seen is looked at in pixels: text that a PDF gives back of Thai
is not what is seen.
"""

import hashlib
import re
import subprocess
import sys
import unicodedata
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from app.entry.certificate import characters, sheet, words
from app.entry.certificate.characters import LACKING, shown
from app.entry.certificate.sheet import page_address, qr_drawing, render
from app.entry.certificate.words import Said
from app.kernel.encoding import canonical_bytes
from app.kernel.quantities import CREDITS_MAX
from app.registry.ledger.rules import MOVES_PER_ACT_MAX, Beneficiary
from app.registry.programmes.catalogue import RULE_VALUES
from tests.builders.certificates import LEAF, ORIGIN, Picture, a_certificate, a_sheet, attached
from tests.conftest import CHECKOUT

FORM = "fe16b0685dbb0dd74a65a637dda8c0a2ade0a7f421b4e66e7a7a1a7748908b8b"
THAI = "ซึ่ง ปิ่น ป้ำ ฟั้น กตัญญู ฐานันดร น้ำ"
HOSTILE = [
    "\"quoted\" 'and' `ticked`",
    '#pdf.attach("x", bytes("y")) #panic("run") $ x^2 $ @label <label> *bold* _it_ \\ // /* ~',
    "one\ntwo\r\n\tthree\u2028four\x0bfive",
    "\u202egro.elpmaxe\u202c \u2066x\u2069 \ufeff\u200b\u200d\u00ad",
    "עברית العربية 漢字 かな 👍🏽 🇹🇭",
    "W" * 500,
    "กตัญญูฐานันดร" * 40,
    "ก" + "\u0e49" * 200,
    "a" + "\u0301" * 200,
    "\u0e31\u0e48",
    "\x00\x01\x1f\x7f\x85",
    "{{ x }} <script>alert(1)</script> %s %n ${x}",
    "\ue000\uffff\ufffd",
    "-" * 300,
    " ",
]


def test_it_is_the_same_bytes_each_time_and_in_another_process() -> None:
    """Wherever that process stands, whatever time zone and language it is told of."""
    made = a_sheet(lines=3, beneficiary=THAI)
    pdf = render(made)
    assert render(made) == pdf
    script = (
        "import hashlib, sys\n"
        "from app.entry.certificate.sheet import Sheet, render\n"
        "pdf = render(Sheet(*map(bytes.fromhex, sys.argv[1:3]), sys.argv[3]))\n"
        "print(hashlib.sha256(pdf).hexdigest())\n"
    )
    surroundings = {"PYTHONPATH": str(CHECKOUT), "TZ": "America/Los_Angeles", "LC_ALL": "C"}
    printed = subprocess.run(
        [sys.executable, "-c", script, made.certificate.hex(), made.leaf.hex(), made.origin],
        cwd="/",
        env={**surroundings, "SOURCE_DATE_EPOCH": "1", "PYTHONHASHSEED": "7"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.strip() == hashlib.sha256(pdf).hexdigest()


def test_what_the_bytes_depend_on_is_known() -> None:
    """A change here changes the bytes, and so the SHA-256, of every certificate: record 51."""
    made_by = {name: version(name) for name in ("typst", "fontpkg-sarabun", "segno")}
    assert made_by == {"typst": "0.15.2", "fontpkg-sarabun": "1.000", "segno": "1.6.6"}
    assert hashlib.sha256(sheet._FORM).hexdigest() == FORM


@pytest.mark.parametrize(
    "changes",
    [
        {"beneficiary": "เทศบาลนครขอนแกน"},
        {"purpose": "event"},
        {"happened_on": "2026-11-23"},
        {"recorded_at": "2026-11-24T03:00:00.123457Z"},
        {"origin": "https://registry.exampl"},
        {"lines": 2},
    ],
)
def test_whatever_is_said_otherwise_is_another_file(changes: dict[str, object]) -> None:
    other = a_sheet(**changes)  # type: ignore[arg-type]
    assert other.key != a_sheet().key
    assert render(other) != render(a_sheet())


def test_no_two_sheets_have_one_key() -> None:
    """Not even where what ends one part begins the next."""
    keys = {
        sheet.Sheet(certificate, leaf, origin).key
        for certificate, leaf, origin in (
            (b"ab", b"c", "d"),
            (b"a", b"bc", "d"),
            (b"a", b"b", "cd"),
        )
    }
    assert len(keys) == 3


def test_what_is_attached_is_what_it_was_set_from(tmp_path: Path) -> None:
    pdf = render(a_sheet(lines=2))
    assert attached(pdf, tmp_path) == {
        "certificate.json": canonical_bytes(a_certificate(lines=2)),
        "leaf.json": LEAF,
    }


def test_it_is_of_the_kinds_for_archives_and_for_those_who_hear_it() -> None:
    """As its own metadata says; the engine refuses to write what does not keep to them."""
    pdf = render(a_sheet())
    for said in (
        b"<pdfaid:part>3</pdfaid:part>",
        b"<pdfaid:conformance>A</pdfaid:conformance>",
        b"<pdfuaid:part>1</pdfuaid:part>",
        b"<xmp:CreateDate>2026-11-24T03:00:00+00:00</xmp:CreateDate>",
    ):
        assert said in pdf


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_write_is_set_and_never_run(text: str, tmp_path: Path) -> None:
    certificate = a_certificate(beneficiary=text, beneficiary_identifier=text)
    certificate["lines"][0] |= {"project_name": text, "project_code": text, "serials": text}
    data = canonical_bytes(certificate)
    files = attached(render(sheet.Sheet(data, LEAF, ORIGIN)), tmp_path)
    assert files == {"certificate.json": data, "leaf.json": LEAF}


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_can_be_set(text: str) -> None:
    assert render(a_sheet(beneficiary=text)).startswith(b"%PDF-")


def test_every_character_that_is_shown_is_in_the_typeface() -> None:
    """In each of its weights that the form uses; else a name with it could not be set at all."""
    all_of_them = [chr(n) for n in range(32, 0x3000) if characters._SHOWN.fullmatch(chr(n))]
    assert len(all_of_them) > 500
    text = " ".join(f"◌{one}" if unicodedata.combining(one) else one for one in all_of_them)
    text = text.replace("◌", "o")
    certificate = a_certificate(beneficiary=text, beneficiary_identifier=text)
    certificate["lines"][0] |= {"project_name": text, "serials": text, "verification_code": text}
    assert render(sheet.Sheet(canonical_bytes(certificate), LEAF, ORIGIN))
    assert characters._SHOWN.fullmatch(LACKING) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (THAI, THAI),
        ("Société Générale “Đà Nẵng” 7 €", "Société Générale “Đà Nẵng” 7 €"),
        ("e\u0301", "é"),
        ("one\r\n  two\tthree\u00a0four ", "one two three four"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("漢a字", f"{LACKING}a{LACKING}"),
        ("ป\u0e34\u0e48\u0e48\u0e48", f"ป\u0e34\u0e48{LACKING * 2}"),
        ("\x01", LACKING),
    ],
)
def test_text_is_shown_in_one_line_without_tricks(written: str, expected: str) -> None:
    assert shown(written) == expected


@given(text=st.text())
def test_what_is_shown_can_be_broken_somewhere(text: str) -> None:
    runs = re.split("[ \u200b]", shown(text))
    assert all(len(run) <= 24 or re.search("[\u0e00-\u0e7f]", run) for run in runs)
    assert shown(text).replace("\u200b", "") == shown(shown(text)).replace("\u200b", "")


@pytest.mark.parametrize("length", [24, 36, 48, 90, 500])
def test_a_name_stays_on_the_page(length: int, tmp_path: Path) -> None:
    """Even one without a blank, or of Thai letters that are no words."""
    for letter in ("W", "@", "ฒ", "ณ", "漢"):
        picture = Picture(render(a_sheet(beneficiary=letter * length)), tmp_path, dpi=72)
        margin = round(picture.width * 20 / 210)  # of the form's 22 mm
        assert picture.colours_beside(margin, picture.width - margin) == {"#ffffff"}, letter


def test_the_largest_number_of_credits_stays_on_the_page(tmp_path: Path) -> None:
    certificate = a_certificate(credits=CREDITS_MAX)
    certificate["lines"][0] |= {"credits": CREDITS_MAX, "serials": "/" * 160}
    pdf = render(sheet.Sheet(canonical_bytes(certificate), LEAF, ORIGIN))
    picture = Picture(pdf, tmp_path, dpi=72)
    margin = round(picture.width * 20 / 210)
    assert picture.colours_beside(margin, picture.width - margin) == {"#ffffff"}


def test_the_code_that_is_seen_leads_to_the_retirements_page(tmp_path: Path) -> None:
    """Read off the page in pixels, a module at a time: all of them are those of the address."""
    matrix = segno.make(f"{ORIGIN}/th/retirements/57", error="m", micro=False).matrix
    picture = Picture(render(a_sheet()), tmp_path)
    left, top, right, bottom = picture.box_of(sheet._QR_COLOUR)
    size = len(matrix)
    wide, high = (right - left + 1) / size, (bottom - top + 1) / size
    assert wide == pytest.approx(high, rel=0.02)
    assert wide * 25.4 / 200 > 0.7  # millimetres of a module, for a telephone to read
    seen = picture.code(sheet._QR_COLOUR, size)
    assert seen == [[bool(module) for module in row] for row in matrix]
    quiet = [picture.colour_at(int(left - 2 * wide), y) for y in range(top, bottom)]
    assert set(quiet) == {"#ffffff"}


def test_without_a_public_address_there_is_no_code_that_leads_nowhere(tmp_path: Path) -> None:
    made = a_sheet(origin="")
    with pytest.raises(ValueError, match="empty"):
        Picture(render(made), tmp_path).box_of(sheet._QR_COLOUR)
    assert qr_drawing(page_address(ORIGIN, 57)) != qr_drawing(page_address(ORIGIN, 58))


def test_a_long_list_flows_over_pages() -> None:
    """As many lines as one act can have; a page holds some fifteen."""
    pages = {n: _pages(render(a_sheet(lines=n))) for n in (1, 2, 3, 12, MOVES_PER_ACT_MAX)}
    assert (pages[1], pages[2], pages[3]) == (1, 1, 1)
    assert 1 < pages[12] < 4
    assert pages[MOVES_PER_ACT_MAX] > 20


def _pages(pdf: bytes) -> int:
    return max(int(count) for count in re.findall(rb"/Count (\d+)", pdf))


def test_long_certificates_leave_nothing_in_memory() -> None:
    """The engine would keep thirty megabytes of each of the last ten."""
    script = (
        "import resource\n"
        "from app.entry.certificate.sheet import render\n"
        "from tests.builders.certificates import a_sheet\n"
        "peaks = []\n"
        "for number in range(9):\n"
        f"    render(a_sheet(lines={MOVES_PER_ACT_MAX}, retirement=number))\n"
        "    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        "print((peaks[-1] - peaks[0]) // 1024)\n"
    )
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    assert int(ran.stdout) < 60, "megabytes"


def test_every_purpose_of_a_new_register_is_said_in_words() -> None:
    (rule,) = [rule for rule in RULE_VALUES if rule.key == "retirement_purposes"]
    for code in rule.value.split(","):
        said = words.purpose(code)
        assert re.search("[ก-๙]", said.th)
        assert said.en != code
    assert words.purpose("fun") == Said("fun", "fun")


def test_every_kind_of_beneficiary_is_said_in_words() -> None:
    assert all(words.beneficiary_kind(kind).th for kind in Beneficiary)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 2, 29), Said("29 กุมภาพันธ์ พ.ศ. 2567", "29 February 2024")),
        (date(2026, 9, 30), Said("30 กันยายน พ.ศ. 2569", "30 September 2026")),
        (date(2026, 12, 31), Said("31 ธันวาคม พ.ศ. 2569", "31 December 2026")),
        (date(2027, 1, 1), Said("1 มกราคม พ.ศ. 2570", "1 January 2027")),
    ],
)
def test_days_are_said_in_both_eras(day: date, expected: Said) -> None:
    assert words.day(day) == expected


@given(of=st.dates(min_value=date(1990, 1, 1), max_value=date(2200, 12, 31)))
def test_the_buddhist_year_is_543_ahead_on_every_day(of: date) -> None:
    said = words.day(of)
    assert int(said.th.rsplit(" ", 1)[1]) - int(said.en.rsplit(" ", 1)[1]) == 543
    assert said.th.split(" ")[0] == said.en.split(" ")[0] == str(of.day)


def test_moments_are_those_of_thailand() -> None:
    """An hour before midnight in London is the next morning, and here the next year."""
    said = words.moment(datetime(2026, 12, 31, 23, 5, 59, tzinfo=UTC))
    assert said == Said(
        "1 มกราคม พ.ศ. 2570 เวลา\u00a006.05\u00a0น.", "1 January 2027, 06:05\u00a0(UTC+7)"
    )
