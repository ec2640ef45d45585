"""The activities of the demo, as their developers plan them; all of it is invented."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """An activity as its developer plans it."""

    owner: str  # the organisation that develops it
    programme: str
    methodology: tuple[str, str]
    name_th: str
    name_en: str
    sites: tuple[tuple[str, str, str, str, str], ...]  # name, province, latitude, longitude, size
    estimate_tco2e: str
    vvb: str | None = None  # None: its programme knows no verifier, or it never comes so far

    @property
    def developer(self) -> str:
        """Who acts for the owner."""
        return f"{self.owner}/{self.owner}"


SOLAR: Final = Plan(
    "khonkaen",
    "CITY",
    ("T-VER-S-METH-01-01", "03"),
    "โซลาร์บนหลังคาโรงเรียนเทศบาล",
    "Rooftop solar on municipal schools",
    (
        ("โรงเรียนเทศบาลสวนสนุก", "40", "16.4281", "102.8302", "0.35"),
        ("โรงเรียนเทศบาลคุ้มหนองคู", "40", "16.4402", "102.8415", "0.25"),
        ("โรงเรียนเทศบาลโนนทัน", "40", "16.4207", "102.8512", "0.20"),
    ),
    "480",
    "verification-one",
)
LED: Final = Plan(
    "krabi",
    "CITY",
    ("DEMO-LED-01", "01"),
    "เปลี่ยนโคมไฟถนนเป็นแอลอีดี",
    "LED street lights",
    (("ถนนในเขตเทศบาลเมืองกระบี่", "81", "8.0863", "98.9063", "0.9"),),
    "350",
    "verification-one",
)
COMPOST: Final = Plan(
    "phrae",
    "PROV",
    ("DEMO-COMPOST-01", "01"),
    "ปุ๋ยหมักจากเศษอาหารตลาดสด",
    "Composting of market food waste",
    (("ศูนย์ปุ๋ยหมักเทศบาลเมืองแพร่", "54", "18.1446", "100.1403", "620"),),
    "620",
    "verification-two",
)
LANDFILL: Final = Plan(
    "kanchanaburi",
    "PROV",
    ("DEMO-LANDFILL-01", "01"),
    "ก๊าซจากหลุมฝังกลบเมืองกาญจนบุรี",
    "Landfill gas of Kanchanaburi",
    (("สถานที่ฝังกลบ", "71", "14.0227", "99.5328", "2400"),),
    "2400",
    "verification-one",
)
MANGROVE: Final = Plan(
    "krabi",
    "CITY",
    ("T-VER-P-METH-13-02", "01"),
    "ฟื้นฟูป่าชายเลนปากแม่น้ำกระบี่",
    "Mangrove restoration at the Krabi estuary",
    (("ป่าชายเลนปากแม่น้ำกระบี่", "81", "8.0421", "98.9172", "900"),),
    "900",
    "verification-two",
)
SEPARATION: Final = Plan(
    "khonkaen",
    "LESS",
    ("DEMO-LESS-01", "01"),
    "ชุมชนคัดแยกขยะ",
    "Waste separation in communities",
    (("ชุมชนสามเหลี่ยม", "40", "16.4419", "102.8189", "45"),),
    "45",
)
TREES: Final = Plan(
    "khonkaen",
    "CITY",
    ("DEMO-TREES-01", "01"),
    "ต้นไม้ในเมือง",
    "Urban trees",
    (("สวนสาธารณะบึงแก่นนคร", "40", "16.4180", "102.8385", "120"),),
    "120",
)
BIOGAS: Final = Plan(
    "developer",
    "PROV",
    ("DEMO-LANDFILL-01", "01"),
    "ก๊าซชีวภาพที่วัดผลไม่ได้",
    "Biogas that could not be measured",
    (("ตำบลเหมืองหม้อ", "54", "18.1205", "100.1618", "80"),),
    "80",
    "verification-one",
)
CANAL: Final = Plan(
    "kanchanaburi",
    "PROV",
    ("DEMO-COMPOST-01", "01"),
    "ปุ๋ยหมักริมคลอง",
    "Composting by the canal",
    (("ริมคลองท่าล้อ", "71", "14.0041", "99.5485", "60"),),
    "60",
)
