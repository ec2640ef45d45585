"""Refusals of taking over history as a whole; what is wrong with a single row is a fault."""

from app.kernel.errors import BrokenRuleError, InvalidError, NotFoundError


class MappingInvalidError(InvalidError):
    """This mapping file cannot be used."""

    code = "mapping_invalid"
    number = 3301
    title_th = "ไม่สามารถใช้ไฟล์กำหนดคอลัมน์นี้ได้"
    advice = "At {where}: {problem}. The shipped mapping 'car' is a commented example."
    advice_th = "ที่ {where}: {problem} ดูตัวอย่างพร้อมคำอธิบายได้จากไฟล์ 'car' ที่มากับระบบ"


class MappingNotFoundError(InvalidError):
    """There is no such mapping."""

    code = "mapping_not_found"
    number = 3302
    title_th = "ไม่พบไฟล์กำหนดคอลัมน์นี้"
    advice = "Give the path of a mapping file (TOML), or one of the shipped names: {shipped}."
    advice_th = "โปรดระบุที่อยู่ของไฟล์กำหนดคอลัมน์ (TOML) หรือชื่อที่มากับระบบ: {shipped}"


class ColumnsMissingError(InvalidError):
    """The table does not have the columns that the mapping names."""

    code = "columns_missing"
    number = 3303
    title_th = "ตารางไม่มีคอลัมน์ตามไฟล์กำหนดคอลัมน์"
    advice = (
        "In the {table} table these are missing or there twice: {missing}. It has: {present}. "
        "Mend the mapping."
    )
    advice_th = "ในตาราง {table} ไม่พบหรือพบซ้ำ: {missing} คอลัมน์ที่มี: {present} โปรดแก้ไฟล์กำหนดคอลัมน์"


class SourceCodeTakenError(BrokenRuleError):
    """This code names a programme of our own."""

    code = "source_code_taken"
    number = 3305
    title_th = "รหัสนี้เป็นของแผนงานในทะเบียนนี้"
    advice = "Credits of {source} are issued here, not taken over. Give the source another code."
    advice_th = "เครดิตของ {source} ออกโดยทะเบียนนี้ ไม่ใช่การรับเข้า โปรดใช้รหัสอื่นสำหรับทะเบียนต้นทาง"


class SourceNotFoundError(NotFoundError):
    """Nothing was taken over from this source yet."""

    code = "source_not_found"
    number = 3306
    title_th = "ยังไม่เคยรับข้อมูลจากทะเบียนต้นทางนี้"
    advice = "Open the source {source} before its blocks are taken over."
    advice_th = "โปรดเปิดทะเบียนต้นทาง {source} ก่อนรับบล็อกเข้ามา"


class MoreThanIssuedError(BrokenRuleError):
    """The source issued fewer credits than its blocks would hold."""

    code = "more_than_issued"
    number = 3307
    title_th = "บล็อกมีเครดิตมากกว่าที่ทะเบียนต้นทางออก"
    advice = (
        "For this project and vintage {issued} credits were issued and {taken} were taken over, "
        "so {asked} more cannot be. Compare the tables with what is here already."
    )
    advice_th = (
        "โครงการและปีนี้ออกเครดิต {issued} และรับเข้าแล้ว {taken} จึงรับเพิ่ม {asked} ไม่ได้ "
        "โปรดเปรียบเทียบตารางกับข้อมูลที่มีอยู่"
    )
