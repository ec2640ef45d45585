"""Why an act on a monitoring report is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError, StaleError


class ReportNotFoundError(NotFoundError):
    """There is no such monitoring report."""

    code = "report_not_found"
    number = 2701
    title_th = "ไม่พบรายงานการติดตามประเมินผลนี้"
    advice = "Check the identifier; GET /v1/monitoring-reports lists the reports that you may see."
    advice_th = "โปรดตรวจสอบรหัสรายงาน ดูรายงานที่ท่านมีสิทธิ์เห็นได้ที่ GET /v1/monitoring-reports"


class ReportStaleError(StaleError):
    """The report was changed since you read it."""

    code = "report_stale"
    number = 2702
    title_th = "รายงานถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "It is at version {version} now. Read it again and decide on what it says now."
    advice_th = "ขณะนี้รายงานเป็นรุ่นที่ {version} โปรดอ่านอีกครั้งแล้วตัดสินใจจากข้อมูลล่าสุด"


class ReportStateError(ConflictError):
    """The report's present state does not allow this."""

    code = "report_state"
    number = 2703
    title_th = "สถานะปัจจุบันของรายงานไม่อนุญาตให้ดำเนินการนี้"
    advice = "The report is {status} and cannot become {wanted}. Its events tell how it got there."
    advice_th = "รายงานมีสถานะ {status} จึงเปลี่ยนเป็น {wanted} ไม่ได้ โปรดดูประวัติของรายงาน"


class ActivityNotRegisteredError(ConflictError):
    """Only a registered activity can be reported on."""

    code = "report_activity_not_registered"
    number = 2704
    title_th = "รายงานได้เฉพาะกิจกรรมที่ขึ้นทะเบียนแล้ว"
    advice = "The activity is {status}. Have it registered first."
    advice_th = "กิจกรรมมีสถานะ {status} โปรดดำเนินการขึ้นทะเบียนกิจกรรมให้แล้วเสร็จก่อน"


class PeriodReversedError(BrokenRuleError):
    """The period ends before it starts."""

    code = "report_period_reversed"
    number = 2705
    title_th = "วันสิ้นสุดของช่วงเวลาอยู่ก่อนวันเริ่มต้น"
    advice = "Give period_start and period_end in order; both days belong to the period."
    advice_th = "โปรดระบุวันเริ่มต้นและวันสิ้นสุดตามลำดับ โดยนับรวมทั้งสองวัน"


class PeriodOutsideCreditingError(BrokenRuleError):
    """The period leaves the activity's crediting period."""

    code = "report_period_outside_crediting"
    number = 2706
    title_th = "ช่วงเวลาที่รายงานอยู่นอกระยะเวลาคิดเครดิตของกิจกรรม"
    advice = "Choose days from {crediting_start} to {crediting_end}, both included."
    advice_th = "โปรดเลือกวันตั้งแต่ {crediting_start} ถึง {crediting_end} โดยนับรวมทั้งสองวัน"


class PeriodInFutureError(BrokenRuleError):
    """The period is not over yet."""

    code = "report_period_in_future"
    number = 2707
    title_th = "ช่วงเวลาที่รายงานยังไม่สิ้นสุด"
    advice = (
        "End it on {today} (today in Thailand) or earlier: only what was measured can be reported."
    )
    advice_th = "โปรดให้ช่วงเวลาสิ้นสุดไม่เกินวันที่ {today} เพราะรายงานได้เฉพาะสิ่งที่ตรวจวัดแล้ว"


class PeriodOverlapError(ConflictError):
    """The period overlaps another report of this activity."""

    code = "report_period_overlap"
    number = 2708
    title_th = "ช่วงเวลาซ้อนทับกับรายงานอื่นของกิจกรรมนี้"
    advice = (
        "Choose days that no other report covers, or withdraw the other report while you still can."
    )
    advice_th = "โปรดเลือกวันที่ไม่ซ้ำกับรายงานอื่น หรือถอนรายงานเดิมก่อนหากยังไม่ได้รับการทวนสอบ"


class VintagesIncompleteError(BrokenRuleError):
    """The lines do not fit the calendar years of the period."""

    code = "report_vintages_incomplete"
    number = 2709
    title_th = "รายการไม่ตรงกับปีปฏิทินในช่วงเวลาที่รายงาน"
    advice = "Give exactly one line for each calendar year (CE) of the period: {expected}."
    advice_th = "โปรดระบุหนึ่งรายการต่อหนึ่งปีปฏิทิน (ค.ศ.) ในช่วงเวลา คือ {expected}"


class NetNegativeError(BrokenRuleError):
    """A year's net reduction is negative."""

    code = "report_net_negative"
    number = 2710
    title_th = "ปริมาณการลดก๊าซเรือนกระจกสุทธิของปีติดลบ"
    advice = (
        "In {vintage} project and leakage emissions exceed the baseline by {excess_tco2e} tCO2e. "
        "Check the figures of that year and correct the line."
    )
    advice_th = (
        "ในปี {vintage} การปล่อยจากโครงการและนอกขอบเขตสูงกว่ากรณีฐาน {excess_tco2e} tCO2e "
        "โปรดตรวจสอบและแก้ไขตัวเลขของปีนั้น"
    )


class RecognitionNotForCreditsError(ConflictError):
    """This programme issues credits, so there is no letter of recognition."""

    code = "recognition_not_for_credits"
    number = 2711
    title_th = "แผนงานนี้ออกคาร์บอนเครดิต จึงไม่มีหนังสือรับรองแบบ LESS"
    advice = "Have the report verified and decide on an issuance: POST /v1/issuances."
    advice_th = "โปรดให้มีการทวนสอบรายงานแล้วพิจารณาออกเครดิตที่ POST /v1/issuances"


class LetterNumberTakenError(ConflictError):
    """Another letter of recognition has this number."""

    code = "letter_number_taken"
    number = 2712
    title_th = "เลขที่หนังสือรับรองนี้ถูกใช้แล้ว"
    advice = "Give the number printed on this report's own letter."
    advice_th = "โปรดระบุเลขที่หนังสือรับรองของรายงานฉบับนี้"


class LetterInFutureError(BrokenRuleError):
    """The letter of recognition is dated in the future."""

    code = "letter_in_future"
    number = 2713
    title_th = "วันที่ของหนังสือรับรองเป็นวันในอนาคต"
    advice = "Date the letter {today} (today in Thailand) or earlier."
    advice_th = "โปรดระบุวันที่ของหนังสือไม่เกินวันที่ {today}"
