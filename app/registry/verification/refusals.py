"""Why an act on a verification is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError, StaleError


class VerificationNotFoundError(NotFoundError):
    """There is no such verification."""

    code = "verification_not_found"
    number = 2801
    title_th = "ไม่พบการทวนสอบนี้"
    advice = "Check the identifier; GET /v1/verifications lists those that you may see."
    advice_th = "โปรดตรวจสอบรหัส ดูรายการที่ท่านมีสิทธิ์เห็นได้ที่ GET /v1/verifications"


class VerificationStaleError(StaleError):
    """The verification was changed since you read it."""

    code = "verification_stale"
    number = 2802
    title_th = "การทวนสอบถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "It is at version {version} now. Read the newest opinion and decide on that."
    advice_th = "ขณะนี้เป็นรุ่นที่ {version} โปรดอ่านความเห็นล่าสุดแล้วตัดสินใจใหม่"


class VerificationStateError(ConflictError):
    """The verification's present state does not allow this."""

    code = "verification_state"
    number = 2803
    title_th = "สถานะปัจจุบันของการทวนสอบไม่อนุญาตให้ดำเนินการนี้"
    advice = "It is {status}. A lead gives an opinion, then a reviewer decides on it, in turn."
    advice_th = "ขณะนี้มีสถานะ {status} หัวหน้าผู้ทวนสอบต้องให้ความเห็นก่อน แล้วผู้ทบทวนจึงพิจารณา"


class VerifierNotActiveError(ConflictError):
    """This party is not an active validation and verification body."""

    code = "verifier_not_active"
    number = 2804
    title_th = "หน่วยงานนี้ไม่ใช่ผู้ประเมินภายนอกที่มีสถานะใช้งาน"
    advice = "It is a {kind} party with status {status}. Choose an active VVB from /v1/parties."
    advice_th = "หน่วยงานเป็นประเภท {kind} สถานะ {status} โปรดเลือกผู้ประเมินภายนอกจาก /v1/parties"


class VerifierOutOfScopeError(BrokenRuleError):
    """The body is not accredited in the activity's sectoral scope on this day."""

    code = "verifier_out_of_scope"
    number = 2805
    title_th = "ผู้ประเมินภายนอกไม่ได้รับการขึ้นทะเบียนในขอบข่ายของกิจกรรม ณ วันนี้"
    advice = "Choose a body that is accredited in scope {sectoral_scope} on {day}."
    advice_th = "โปรดเลือกผู้ประเมินที่ขึ้นทะเบียนในขอบข่าย {sectoral_scope} ณ วันที่ {day}"


class VerifierNotIndependentError(BrokenRuleError):
    """The body is not independent: it owns the activity or holds an account for credits."""

    code = "verifier_not_independent"
    number = 2806
    title_th = "ผู้ประเมินภายนอกไม่เป็นอิสระ เพราะเป็นเจ้าของกิจกรรมหรือมีบัญชีเครดิต"
    advice = "Choose a body that neither owns the activity nor has any account in the registry."
    advice_th = "โปรดเลือกผู้ประเมินที่ไม่ได้เป็นเจ้าของกิจกรรมและไม่มีบัญชีในระบบทะเบียน"


class AlreadyAssignedError(ConflictError):
    """A body has been assigned to this report already."""

    code = "verifier_already_assigned"
    number = 2807
    title_th = "รายงานนี้มีผู้ประเมินภายนอกแล้ว"
    advice = "GET /v1/verifications?report_id= shows which; one report has one verification."
    advice_th = "ดูได้ที่ GET /v1/verifications?report_id= หนึ่งรายงานมีการทวนสอบหนึ่งครั้ง"


class VerificationNotNeededError(ConflictError):
    """Reports of this programme are not verified."""

    code = "verification_not_needed"
    number = 2808
    title_th = "รายงานของแผนงานนี้ไม่ต้องมีการทวนสอบ"
    advice = "TGO recognises it directly: POST /v1/monitoring-reports/{report_id}/recognition."
    advice_th = "อบก. รับรองโดยตรงที่ POST /v1/monitoring-reports/{report_id}/recognition"


class VerifiedVintagesError(BrokenRuleError):
    """The opinion's lines do not fit the vintages of the report."""

    code = "verified_vintages_wrong"
    number = 2809
    title_th = "รายการในความเห็นไม่ตรงกับปีของรายงาน"
    advice = "A {conclusion} opinion has exactly one line for each of: {expected}."
    advice_th = "ความเห็นแบบ {conclusion} ต้องมีหนึ่งรายการต่อปี ดังนี้: {expected}"


class VerifiedAboveMonitoredError(BrokenRuleError):
    """More is verified than was monitored."""

    code = "verified_above_monitored"
    number = 2810
    title_th = "ปริมาณที่ทวนสอบสูงกว่าปริมาณที่รายงาน"
    advice = "In {vintage} {monitored_tco2e} tCO2e were monitored: verify at most that."
    advice_th = "ในปี {vintage} รายงานไว้ {monitored_tco2e} tCO2e โปรดระบุไม่เกินจำนวนนี้"


class BufferMissingError(BrokenRuleError):
    """The method of this activity has a buffer, and the opinion does not set it."""

    code = "buffer_missing"
    number = 2811
    title_th = "กิจกรรมนี้ต้องมีเครดิตสำรอง แต่ความเห็นไม่ได้ระบุ"
    advice = (
        "State buffer_credits for {vintage}, from the non-permanence risk report; 0 is possible."
    )
    advice_th = "โปรดระบุ buffer_credits ของปี {vintage} ตามรายงานความเสี่ยงความไม่ถาวร ระบุ 0 ได้"


class BufferNotApplicableError(BrokenRuleError):
    """The method of this activity has no buffer."""

    code = "buffer_not_applicable"
    number = 2812
    title_th = "กิจกรรมนี้ไม่มีเครดิตสำรอง"
    advice = "Leave buffer_credits out for {vintage}, or give 0."
    advice_th = "โปรดไม่ระบุ buffer_credits ของปี {vintage} หรือระบุ 0"


class BufferTooLargeError(BrokenRuleError):
    """The buffer takes more than the whole credits of the vintage."""

    code = "buffer_too_large"
    number = 2813
    title_th = "เครดิตสำรองมากกว่าจำนวนเครดิตเต็มหน่วยของปีนั้น"
    advice = "In {vintage} there are {credits} whole credits: set the buffer to at most that."
    advice_th = "ในปี {vintage} มี {credits} เครดิตเต็มหน่วย โปรดระบุเครดิตสำรองไม่เกินจำนวนนี้"


class LinesWithoutConfirmationError(BrokenRuleError):
    """An opinion that confirms nothing cannot state verified tonnes."""

    code = "lines_without_confirmation"
    number = 2814
    title_th = "ความเห็นที่ไม่รับรองต้องไม่ระบุปริมาณที่ทวนสอบ"
    advice = "Leave lines empty, or conclude unmodified or modified instead of {conclusion}."
    advice_th = "โปรดเว้นรายการว่าง หรือเปลี่ยนผลจาก {conclusion} เป็น unmodified หรือ modified"


class FindingOpenError(BrokenRuleError):
    """A material misstatement is open, so the opinion cannot be unmodified."""

    code = "finding_open"
    number = 2815
    title_th = "ยังมีการแสดงข้อมูลขัดต่อข้อเท็จจริงที่มีสาระสำคัญซึ่งยังไม่ปิด"
    advice = "Have the developer correct it and close the finding, or give another conclusion."
    advice_th = "โปรดให้ผู้พัฒนาแก้ไขและปิดข้อค้นพบ หรือให้ผลความเห็นแบบอื่น"


class ReviewerIsLeadError(BrokenRuleError):
    """The reviewer must be another person than the lead."""

    code = "reviewer_is_lead"
    number = 2816
    title_th = "ผู้ทบทวนต้องไม่ใช่ผู้ที่ให้ความเห็น"
    advice = "Ask another reviewer of the same body to decide on this opinion."
    advice_th = "โปรดให้ผู้ทบทวนคนอื่นของหน่วยงานเดียวกันเป็นผู้พิจารณาความเห็นนี้"


class ConflictOfInterestError(BrokenRuleError):
    """An opinion needs the declaration that nobody in the team has a conflict of interest."""

    code = "conflict_of_interest"
    number = 2817
    title_th = "ความเห็นต้องมีคำรับรองว่าคณะผู้ทวนสอบไม่มีผลประโยชน์ทับซ้อน"
    advice = "Where there is a conflict, the body may not give the opinion: tell TGO."
    advice_th = "หากมีผลประโยชน์ทับซ้อน หน่วยงานให้ความเห็นไม่ได้ โปรดแจ้ง อบก."


class VerifierRotationError(BrokenRuleError):
    """This body has verified as many reports of the activity in a row as one body may."""

    code = "verifier_rotation"
    number = 2818
    title_th = "ผู้ประเมินรายนี้ทวนสอบรายงานของกิจกรรมนี้ติดต่อกันครบจำนวนที่กำหนดแล้ว"
    advice = "After {reports_max} reports in a row another body verifies: assign another one."
    advice_th = "เมื่อทวนสอบติดต่อกันครบ {reports_max} รายงาน ต้องเปลี่ยนผู้ประเมิน โปรดมอบหมายผู้ประเมินรายอื่น"
