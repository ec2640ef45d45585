"""Provinces: the 77 codes, and the order of a Thai dictionary."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.registry.provinces.catalogue import PROVINCES
from app.registry.provinces.rules import sort_key

# The 77 names as a Thai dictionary orders them.
_DICTIONARY_TEXT: Final = (
    "กระบี่ กรุงเทพมหานคร กาญจนบุรี กาฬสินธุ์ กำแพงเพชร ขอนแก่น จันทบุรี ฉะเชิงเทรา ชลบุรี ชัยนาท ชัยภูมิ ชุมพร "
    "เชียงราย เชียงใหม่ ตรัง ตราด ตาก นครนายก นครปฐม นครพนม นครราชสีมา นครศรีธรรมราช นครสวรรค์ นนทบุรี "
    "นราธิวาส น่าน บึงกาฬ บุรีรัมย์ ปทุมธานี ประจวบคีรีขันธ์ ปราจีนบุรี ปัตตานี พระนครศรีอยุธยา พะเยา พังงา พัทลุง "
    "พิจิตร พิษณุโลก เพชรบุรี เพชรบูรณ์ แพร่ ภูเก็ต มหาสารคาม มุกดาหาร แม่ฮ่องสอน ยโสธร ยะลา ร้อยเอ็ด ระนอง "
    "ระยอง ราชบุรี ลพบุรี ลำปาง ลำพูน เลย ศรีสะเกษ สกลนคร สงขลา สตูล สมุทรปราการ สมุทรสงคราม สมุทรสาคร "
    "สระแก้ว สระบุรี สิงห์บุรี สุโขทัย สุพรรณบุรี สุราษฎร์ธานี สุรินทร์ หนองคาย หนองบัวลำภู อ่างทอง อำนาจเจริญ "
    "อุดรธานี อุตรดิตถ์ อุทัยธานี อุบลราชธานี"
)
DICTIONARY: Final = _DICTIONARY_TEXT.split()

NAMES: Final = {province.code: province.name_th for province in PROVINCES}

thai_words: Final = st.text(
    st.characters(min_codepoint=ord("ก"), max_codepoint=ord("๎")), max_size=12
)


def test_there_are_77_provinces_and_every_code_and_name_is_used_once() -> None:
    """A code that two provinces share would put one's sites into the other's report."""
    for field in ("code", "name_th", "name_en", "sort_key"):
        assert len({getattr(province, field) for province in PROVINCES}) == 77


def test_codes_are_looked_up_because_they_have_gaps() -> None:
    """Counting from 10 to 96 would invent ten provinces."""
    assert NAMES.keys() < {str(code) for code in range(10, 97)}
    assert not NAMES.keys() & {"28", "29", "59", "68", "69", "78", "79", "87", "88", "89"}


def test_the_four_of_the_founding_document_have_their_official_codes() -> None:
    """Their codes are in serials, reports and the founding entries."""
    named = {code: NAMES[code] for code in ("40", "54", "71", "81")}
    assert named == {"40": "ขอนแก่น", "54": "แพร่", "71": "กาญจนบุรี", "81": "กระบี่"}


def test_a_city_with_a_code_of_iso_is_no_province() -> None:
    """Phatthaya is TH-S in ISO 3166-2, and lies in Chon Buri."""
    assert "พัทยา" not in NAMES.values()


def test_the_names_sort_as_in_a_thai_dictionary() -> None:
    """Sorting by code point would put เชียงใหม่ and แพร่ behind everything else."""
    ordered = sorted(PROVINCES, key=lambda province: province.sort_key)
    assert [province.name_th for province in ordered] == DICTIONARY
    assert sorted(NAMES.values()) != DICTIONARY


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("กา", "เก"),  # a leading vowel counts after its consonant
        ("เก", "ข"),
        ("ปา", "ป่า"),  # a tone mark decides between equal letters
        ("ป่า", "ปาก"),  # and between no others
        ("ป่า", "ป้า"),
        ("", "ก"),
    ],
)
def test_leading_vowels_and_tone_marks_have_their_dictionary_place(first: str, second: str) -> None:
    """These are the two places where Thai order and the order of code points part."""
    assert sort_key(first) < sort_key(second)


@given(thai_words, thai_words)
def test_different_words_without_stray_marks_have_different_keys(one: str, other: str) -> None:
    """Equal keys for two names would make a page of the list skip one of them."""
    if sort_key(one) == sort_key(other):
        # Only a misplaced vowel can make two spellings meet: both are the same letters.
        assert sorted(one) == sorted(other)
