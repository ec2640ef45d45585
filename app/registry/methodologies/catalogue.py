"""
The methodology versions that the register starts with.

Only codes that were seen in a source carry TGO's pattern. What was not found in a source is said in
the note, and the entry is then not ``verified``. Entries for the demonstration carry codes that
cannot be mistaken for TGO's.
"""

from datetime import date
from typing import Final

from app.registry.methodologies.rules import Family, MethodologyEntry, Variant

_STANDARD_SINCE: Final = date(2014, 1, 1)  # the year T-VER began
_PREMIUM_SINCE: Final = date(2022, 10, 4)  # launch of Premium T-VER
_LESS_SINCE: Final = date(2015, 8, 25)  # launch of LESS

_STANDARD_PERIODS: Final = "crediting period: TGO, Standard T-VER, article 234, and FAQ category 3"
_PREMIUM_PERIODS: Final = "crediting period: TGO, Premium T-VER, article 340"
_STANDARD_GAPS: Final = (
    "Code and version seen in secondary material only. Titles are our description; the sectoral "
    "scope and the date in force are not confirmed (the start of T-VER stands in)."
)
_DEMO: Final = "Synthetic demo methodology, not a TGO code: "

METHODOLOGIES: Final = (
    MethodologyEntry(
        code="T-VER-S-METH-01-01",
        version="03",
        title_th="การผลิตไฟฟ้าจากพลังงานหมุนเวียนเพื่อใช้เองหรือจำหน่ายเข้าระบบสายส่ง",
        title_en="Electricity from renewable energy for own use or for the grid",
        project_type=1,
        sectoral_scope=1,
        variant=Variant.STANDARD,
        family=Family.RENEWABLE_ELECTRICITY,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=f"Project design document of a rooftop solar bundle; {_STANDARD_PERIODS}",
        verified=False,
        note=(
            "Code, version, project type and scope seen in secondary material only. Titles are "
            "our description; the date in force is not known (the start of T-VER stands in)."
        ),
    ),
    MethodologyEntry(
        code="T-VER-S-METH-03-02",
        version="01",
        title_th="การเดินทางด้วยรถโดยสารแทนรถยนต์ส่วนบุคคล",
        title_en="Travel by bus instead of by car",
        project_type=3,
        sectoral_scope=7,
        variant=Variant.STANDARD,
        family=Family.OTHER,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=f"Public notes that quote the methodology; {_STANDARD_PERIODS}",
        verified=False,
        note=_STANDARD_GAPS,
    ),
    MethodologyEntry(
        code="T-VER-S-METH-09-06",
        version="02",
        title_th="การรีไซเคิลพลาสติก PET",
        title_en="Recycling of PET plastic",
        project_type=9,
        sectoral_scope=13,
        variant=Variant.STANDARD,
        family=Family.OTHER,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=f"Public notes that quote the methodology; {_STANDARD_PERIODS}",
        verified=False,
        note=_STANDARD_GAPS,
    ),
    MethodologyEntry(
        code="T-VER-S-METH-13-01",
        version="02",
        title_th="การปลูกป่าและฟื้นฟูป่า",
        title_en="Forests",
        project_type=13,
        sectoral_scope=14,
        variant=Variant.STANDARD,
        family=Family.FORESTRY,
        crediting_years=10,
        renewals_max=None,
        valid_from=_STANDARD_SINCE,
        source=f"Public notes that quote the methodology; {_STANDARD_PERIODS}",
        verified=False,
        note=_STANDARD_GAPS,
    ),
    MethodologyEntry(
        code="T-VER-S-METH-13-03",
        version="01",
        title_th="การปลูกป่าอย่างยั่งยืนโครงการขนาดใหญ่",
        title_en="Large-scale sustainable forestation",
        project_type=13,
        sectoral_scope=14,
        variant=Variant.STANDARD,
        family=Family.FORESTRY,
        crediting_years=10,
        renewals_max=None,
        valid_from=_STANDARD_SINCE,
        source=f"Public notes on registered mangrove projects; {_STANDARD_PERIODS}",
        verified=False,
        note=f"{_STANDARD_GAPS} The version was not seen; 01 stands in.",
    ),
    MethodologyEntry(
        code="T-VER-P-METH-13-01",
        version="01",
        title_th="การปลูกป่าและการฟื้นฟูป่า ยกเว้นพื้นที่ชุ่มน้ำ",
        title_en="Afforestation and reforestation, except wetlands",
        project_type=13,
        sectoral_scope=14,
        variant=Variant.PREMIUM,
        family=Family.FORESTRY,
        crediting_years=15,
        renewals_max=2,
        valid_from=date(2023, 3, 1),
        source=f"T-VER-P-METH-13-01 Version 01 (EN); {_PREMIUM_PERIODS}",
        verified=True,
        note="The Thai title is our translation.",
    ),
    MethodologyEntry(
        code="T-VER-P-METH-13-02",
        version="01",
        title_th="การปลูกและฟื้นฟูป่าชายเลน",
        title_en="Mangrove afforestation and reforestation",
        project_type=13,
        sectoral_scope=14,
        variant=Variant.PREMIUM,
        family=Family.FORESTRY,
        crediting_years=15,
        renewals_max=2,
        valid_from=_PREMIUM_SINCE,
        source=f"Public notes on registered mangrove projects; {_PREMIUM_PERIODS}",
        verified=False,
        note=(
            "Code and version seen in secondary material only. Titles are our description; the "
            "sectoral scope is that of T-VER-P-METH-13-01, and the date in force is not known (the "
            "launch of Premium T-VER stands in)."
        ),
    ),
    MethodologyEntry(
        code="DEMO-LED-01",
        version="01",
        title_th="การเปลี่ยนโคมไฟถนนเป็นหลอด LED (ระเบียบวิธีสมมติ)",
        title_en="LED street lights (synthetic)",
        project_type=6,
        sectoral_scope=3,
        variant=Variant.STANDARD,
        family=Family.ENERGY_EFFICIENCY,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=_STANDARD_PERIODS,
        verified=False,
        note=f"{_DEMO}project type and scope are assumptions.",
    ),
    MethodologyEntry(
        code="DEMO-COMPOST-01",
        version="01",
        title_th="การทำปุ๋ยหมักจากเศษอาหาร (ระเบียบวิธีสมมติ)",
        title_en="Composting of food waste (synthetic)",
        project_type=9,
        sectoral_scope=13,
        variant=Variant.STANDARD,
        family=Family.OTHER,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=_STANDARD_PERIODS,
        verified=False,
        note=f"{_DEMO}project type and scope are assumptions.",
    ),
    MethodologyEntry(
        code="DEMO-LANDFILL-01",
        version="01",
        title_th="การเผาทำลายหรือใช้ประโยชน์ก๊าซจากหลุมฝังกลบ (ระเบียบวิธีสมมติ)",
        title_en="Flaring or use of landfill gas (synthetic)",
        project_type=9,
        sectoral_scope=13,
        variant=Variant.STANDARD,
        family=Family.OTHER,
        crediting_years=7,
        renewals_max=1,
        valid_from=_STANDARD_SINCE,
        source=_STANDARD_PERIODS,
        verified=False,
        note=f"{_DEMO}project type and scope are assumptions.",
    ),
    MethodologyEntry(
        code="DEMO-TREES-01",
        version="01",
        title_th="การปลูกต้นไม้ในเมือง (ระเบียบวิธีสมมติ)",
        title_en="Urban trees (synthetic)",
        project_type=13,
        sectoral_scope=14,
        variant=Variant.STANDARD,
        family=Family.FORESTRY,
        crediting_years=10,
        renewals_max=None,
        valid_from=_STANDARD_SINCE,
        source=_STANDARD_PERIODS,
        verified=False,
        note=f"{_DEMO}project type and scope are assumptions.",
    ),
    MethodologyEntry(
        code="DEMO-LESS-01",
        version="01",
        title_th="กิจกรรมคัดแยกขยะเพื่อรับใบประกาศเกียรติคุณ LESS (ระเบียบวิธีสมมติ)",
        title_en="Waste separation recognised by LESS (synthetic)",
        project_type=9,
        sectoral_scope=13,
        variant=Variant.LESS,
        family=Family.OTHER,
        crediting_years=7,
        renewals_max=None,
        valid_from=_LESS_SINCE,
        source="TGO, LESS: ghgreduction.tgo.or.th/less, articles 1 and 3",
        verified=False,
        note=(
            f"{_DEMO}LESS has no crediting period of its own; seven years bound what can be "
            f"reported."
        ),
    ),
)
