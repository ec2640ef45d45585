"""What can be wrong with a row of another registry's tables, said in a sentence."""

from enum import StrEnum
from typing import Final, NamedTuple


class Table(StrEnum):
    """Which of the two tables a row stands in."""

    ISSUANCES = "issuances"
    RETIREMENTS = "retirements"


class Fault(StrEnum):
    """Why a row is not taken over; the value is the stable code."""

    COLUMN_COUNT = "column_count"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARACTER = "character"
    FORMULA = "formula"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_LARGE = "number_too_large"
    CODE = "code"
    VINTAGE = "vintage"
    DATE = "date"
    DATE_AHEAD = "date_ahead"
    SERIAL = "serial"
    PREFIX = "prefix"
    RANGE_REVERSED = "range_reversed"
    QUANTITY = "quantity"
    DUPLICATE = "duplicate"
    OVERLAP = "overlap"
    PREFIX_ELSEWHERE = "prefix_elsewhere"
    WITHOUT_ISSUANCE = "retired_without_issuance"
    BEYOND_ISSUED = "retired_beyond_issued"
    WITHOUT_SERIALS = "issued_without_serials"
    HELD_BACK = "held_back"
    CHANGED = "changed"


# English and Thai: what is wrong, and what to do. {value} is the cell, shortened.
SENTENCES: Final[dict[Fault, tuple[str, str]]] = {
    Fault.COLUMN_COUNT: (
        "The row has {value} cells, the header {wanted}: look for a comma or quote out of place.",
        "แถวนี้มี {value} ช่อง แต่หัวตารางมี {wanted} ช่อง โปรดตรวจเครื่องหมายจุลภาคหรืออัญประกาศที่ผิดตำแหน่ง",
    ),
    Fault.EMPTY: ("The cell is empty: fill it in.", "ช่องนี้ว่าง โปรดกรอกข้อมูล"),
    Fault.TOO_LONG: (
        "The cell has {value} characters and may have {wanted}: shorten it.",
        "ช่องนี้มี {value} ตัวอักษร เกินกว่า {wanted} โปรดย่อให้สั้นลง",
    ),
    Fault.CHARACTER: (
        "{value} holds a control character: type it anew.",
        "{value} มีอักขระควบคุมที่มองไม่เห็น โปรดพิมพ์ใหม่",
    ),
    Fault.FORMULA: (
        "{value} begins like a formula of a spreadsheet: write it without the first sign.",
        "{value} ขึ้นต้นเหมือนสูตรของโปรแกรมตารางคำนวณ โปรดตัดเครื่องหมายตัวแรกออก",
    ),
    Fault.NOT_A_NUMBER: (
        "{value} is not a positive whole number: write digits only, at least 1.",
        "{value} ไม่ใช่จำนวนเต็มบวก โปรดเขียนเป็นตัวเลขล้วน ตั้งแต่ 1 ขึ้นไป",
    ),
    Fault.NUMBER_TOO_LARGE: (
        "{value} is more than the {wanted} that a register can hold: check the number.",
        "{value} มากกว่า {wanted} ซึ่งเป็นค่าสูงสุดของทะเบียน โปรดตรวจสอบตัวเลข",
    ),
    Fault.CODE: (
        "{value} is not a project code: use Latin letters, digits, dot, dash and underscore.",
        "{value} ไม่ใช่รหัสโครงการ โปรดใช้อักษรละติน ตัวเลข จุด ขีดกลาง และขีดล่าง",
    ),
    Fault.VINTAGE: (
        "{value} is not a year of the common era from {wanted}: Buddhist years are 543 more.",
        "{value} ไม่ใช่ปีคริสต์ศักราชในช่วง {wanted} หากเป็นปีพุทธศักราช โปรดลบด้วย 543",
    ),
    Fault.DATE: (
        "{value} is no date from 1990 on, as {wanted} or YYYY-MM-DD: mend it or the mapping.",
        "{value} ไม่ใช่วันที่ตามรูปแบบ {wanted} หรือ YYYY-MM-DD ตั้งแต่ปี 1990 โปรดแก้ไขหรือแก้ไฟล์กำหนดคอลัมน์",
    ),
    Fault.DATE_AHEAD: (
        "{value} lies in the future: history has happened already.",
        "{value} อยู่ในอนาคต ประวัติต้องเป็นสิ่งที่เกิดขึ้นแล้ว",
    ),
    Fault.SERIAL: (
        "{value} does not fit the mapping's pattern of serials: mend the cell or the pattern.",
        "{value} ไม่ตรงกับรูปแบบช่วงซีเรียลในไฟล์กำหนดคอลัมน์ โปรดแก้ไขช่องนี้หรือรูปแบบ",
    ),
    Fault.PREFIX: (
        "{value} cannot name a block: 2 to 120 of A-Z a-z 0-9 ._/- and not TH-, which is ours.",
        "{value} ใช้เป็นคำนำหน้าซีเรียลไม่ได้ ใช้ได้ A-Z a-z 0-9 ._/- 2 ถึง 120 ตัว และห้ามขึ้นต้นด้วย TH-",
    ),
    Fault.RANGE_REVERSED: (
        "{value} ends before it begins: write the lower serial first.",
        "{value} จบก่อนเริ่ม โปรดเขียนหมายเลขที่ต่ำกว่าก่อน",
    ),
    Fault.QUANTITY: (
        "The row says {value} credits, its serials are {wanted} (last - first + 1): mend either.",
        "แถวนี้ระบุ {value} เครดิต แต่ซีเรียลมี {wanted} (หมายเลขสุดท้าย - หมายเลขแรก + 1) โปรดแก้ไขค่าที่ผิด",
    ),
    Fault.DUPLICATE: (
        "The row says the same as line {wanted}: it is taken over once.",
        "แถวนี้ซ้ำกับบรรทัด {wanted} ระบบรับเข้าเพียงครั้งเดียว",
    ),
    Fault.OVERLAP: (
        "{value} shares serials with line {wanted}: none is retired twice; see which is right.",
        "{value} มีซีเรียลซ้ำกับบรรทัด {wanted} เครดิตหนึ่งใช้สิทธิได้ครั้งเดียว โปรดตรวจว่าแถวใดถูกต้อง",
    ),
    Fault.PREFIX_ELSEWHERE: (
        "{value} belongs to {wanted} by an earlier row: a block has one project and one vintage.",
        "{value} เป็นของ {wanted} ตามแถวก่อนหน้า หนึ่งบล็อกมีโครงการเดียวและปีเดียว",
    ),
    Fault.WITHOUT_ISSUANCE: (
        "Credits of {value} were retired, but the issuance table has none: add its issuance.",
        "มีการใช้สิทธิเครดิตของ {value} แต่ไม่พบการออกเครดิตในตาราง โปรดเพิ่มข้อมูลการออกเครดิต",
    ),
    Fault.BEYOND_ISSUED: (
        "Serials of {value} reach {wanted} credits, more than were issued: check both tables.",
        "ซีเรียลของ {value} มีถึง {wanted} เครดิต มากกว่าที่ออก โปรดตรวจสอบการออกเครดิตและซีเรียล",
    ),
    Fault.WITHOUT_SERIALS: (
        "Nothing of {value} was retired, so no row tells its serials: left out until one does.",
        "{value} ยังไม่มีการใช้สิทธิ จึงไม่มีแถวใดบอกซีเรียล ระบบยังไม่รับเข้าจนกว่าจะมีตารางที่ระบุซีเรียล",
    ),
    Fault.HELD_BACK: (
        "Another row of {value} was refused, and block sizes depend on it: mend that row first.",
        "แถวอื่นของ {value} ถูกปฏิเสธ และขนาดของบล็อกขึ้นอยู่กับแถวนั้น โปรดแก้ไขแล้วนำเข้าใหม่",
    ),
    Fault.CHANGED: (
        "{value} was taken over before with other facts: an import does not correct history.",
        "{value} เคยรับเข้ามาแล้วด้วยข้อมูลอื่น การแก้ไขประวัติต้องทำโดยคำสั่ง ไม่ใช่โดยการนำเข้า",
    ),
}


class Finding(NamedTuple):
    """A row that is not taken over, and why."""

    table: Table
    line: int  # where the row begins in its file, from 1
    column: str  # the column's name in the file; empty: the row as a whole
    code: str  # a `Fault`, or the code of the registry's own refusal
    sentence: str
    sentence_th: str
    credits: int  # what the row says it is about; 0 where that cannot be read


class RowRefusedError(Exception):
    """A row cannot be read; the reader notes it and goes on with the next."""

    def __init__(
        self, fault: Fault, column: str = "", *, value: object = "", wanted: object = ""
    ) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.column = column
        self.value = value
        self.wanted = wanted

    def finding(self, table: Table, line: int, credits_named: int) -> Finding:
        """Return what is reported of the row."""
        english, thai = SENTENCES[self.fault]
        facts = {"value": self.value, "wanted": self.wanted}
        return Finding(
            table,
            line,
            self.column,
            self.fault.value,
            english.format_map(facts),
            thai.format_map(facts),
            credits_named,
        )
