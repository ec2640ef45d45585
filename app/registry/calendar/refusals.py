"""Why the calendar refuses."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError, StaleError


class CalendarYearMissingError(ConflictError):
    """The public holidays of this year are not in the register yet."""

    code = "calendar_year_missing"
    number = 2202
    title_th = "ยังไม่มีข้อมูลวันหยุดราชการของปีนี้ในระบบ"
    advice = (
        "No working day of {year} can be counted. Ask an administrator of TGO to enter its "
        "holidays: PUT /v1/calendar/{year}, or `registry calendar`."
    )
    advice_th = (
        "ระบบนับวันทำการของปี {year} (ค.ศ.) ไม่ได้ โปรดแจ้งผู้ดูแลระบบของ อบก. ให้บันทึกวันหยุดของปีนั้นที่ "
        "PUT /v1/calendar/{year} หรือด้วยคำสั่ง `registry calendar`"
    )


class CalendarYearNotFoundError(NotFoundError):
    """There is no calendar of this year."""

    code = "calendar_year_not_found"
    number = 2203
    title_th = "ไม่พบปฏิทินวันหยุดของปีนี้"
    advice = "GET /v1/calendar lists the years that are maintained; years are of the Common Era."
    advice_th = "ดูปีที่มีข้อมูลได้จาก GET /v1/calendar โดยใช้ปี ค.ศ."


class HolidayOutsideYearError(BrokenRuleError):
    """A holiday lies outside the year it is entered for."""

    code = "holiday_outside_year"
    number = 2204
    title_th = "วันหยุดไม่อยู่ในปีที่บันทึก"
    advice = "{day} is not in {year}. Years are of the Common Era: 2569 BE is 2026."
    advice_th = "วันที่ {day} ไม่อยู่ในปี {year} โปรดใช้ปี ค.ศ. เช่น พ.ศ. 2569 คือ 2026"


class HolidayTwiceError(BrokenRuleError):
    """A holiday is entered twice."""

    code = "holiday_twice"
    number = 2205
    title_th = "มีวันหยุดซ้ำกัน"
    advice = "{day} stands twice in the list. Send each day once, with all its names in one."
    advice_th = "วันที่ {day} ปรากฏสองครั้ง โปรดส่งแต่ละวันเพียงครั้งเดียว โดยรวมชื่อทั้งหมดไว้ด้วยกัน"


class CalendarStaleError(StaleError):
    """The calendar of this year was changed since you read it."""

    code = "calendar_stale"
    number = 2206
    title_th = "ปฏิทินของปีนี้ถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = (
        'It is at version {version}. Read it again and send all of it with If-Match: "{version}".'
    )
    advice_th = "ขณะนี้เป็นรุ่นที่ {version} โปรดอ่านใหม่แล้วส่งทั้งหมดพร้อม If-Match ของรุ่นนั้น"
