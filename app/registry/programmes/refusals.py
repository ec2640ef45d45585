"""Why programmes and their rules refuse."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class ProgrammeNotFoundError(NotFoundError):
    """There is no programme with this code."""

    code = "programme_not_found"
    number = 2301
    title_th = "ไม่มีแผนงานที่ใช้รหัสนี้"
    advice = "Look {programme} up in /v1/programmes."
    advice_th = "โปรดตรวจรหัส {programme} ที่ /v1/programmes"


class RuleMissingError(ConflictError):
    """The programme has no value for this rule on this day."""

    code = "rule_missing"
    number = 2302
    title_th = "แผนงานนี้ไม่มีค่ากำหนดสำหรับกฎข้อนี้ในวันดังกล่าว"
    advice = "Ask an administrator of TGO to set {key} of {programme} for {on}."
    advice_th = "โปรดแจ้งผู้ดูแลระบบของ อบก. ให้กำหนดค่า {key} ของ {programme} สำหรับวันที่ {on}"


class RuleValueUnreadableError(BrokenRuleError):
    """This value does not fit the rule."""

    code = "rule_value_unreadable"
    number = 2303
    title_th = "ค่านี้ใช้กับกฎข้อนี้ไม่ได้"
    advice = "{key} takes {expected}. Send such a value; nothing was changed."
    advice_th = "{key} ต้องเป็นค่าในรูปแบบ {expected} โปรดส่งค่าใหม่ ยังไม่มีข้อมูลใดถูกแก้ไข"


class RuleRetroactiveError(BrokenRuleError):
    """A rule cannot be changed for days that have passed."""

    code = "rule_retroactive"
    number = 2304
    title_th = "กำหนดกฎย้อนหลังไม่ได้"
    advice = "Let the value begin on {today} (Bangkok) or later."
    advice_th = "โปรดกำหนดให้ค่าเริ่มใช้ตั้งแต่วันที่ {today} (เวลากรุงเทพฯ) เป็นต้นไป"


class RulePeriodReversedError(BrokenRuleError):
    """The value would end before it begins."""

    code = "rule_period_reversed"
    number = 2305
    title_th = "วันสิ้นสุดของค่ากำหนดมาก่อนวันเริ่มใช้"
    advice = "Give a valid_to on or after {valid_from}, or leave it out."
    advice_th = "โปรดระบุ valid_to ตั้งแต่วันที่ {valid_from} เป็นต้นไป หรือไม่ต้องระบุ"


class ProgrammeTakenError(ConflictError):
    """There already is a programme with this code."""

    code = "programme_taken"
    number = 2306
    title_th = "มีแผนงานที่ใช้รหัสนี้แล้ว"
    advice = "Choose another code than {programme}."
    advice_th = "โปรดใช้รหัสอื่นที่ไม่ใช่ {programme}"


class MemberTakenError(ConflictError):
    """This province already is a member of the programme."""

    code = "member_taken"
    number = 2307
    title_th = "จังหวัดนี้เป็นสมาชิกของแผนงานอยู่แล้ว"
    advice = "Nothing needs to be done: province {province} is in {programme}."
    advice_th = "ไม่ต้องดำเนินการใด จังหวัด {province} อยู่ในแผนงาน {programme} แล้ว"


class MintingUnverifiedError(BrokenRuleError):
    """Credits never come from what nobody independent has verified."""

    code = "minting_unverified"
    number = 2308
    title_th = "แผนงานที่ไม่มีการทวนสอบโดยผู้ประเมินภายนอกออกเครดิตไม่ได้"
    advice = "Let {programme} need verification, or let it mint nothing. LESS never mints."
    advice_th = "โปรดกำหนดให้ {programme} ต้องมีการทวนสอบ หรือไม่ให้ออกเครดิต แผนงาน LESS ออกเครดิตไม่ได้เสมอ"


class RuleDateAheadError(BrokenRuleError):
    """This date lies too far ahead."""

    code = "rule_date_ahead"
    number = 2310
    title_th = "วันที่นี้อยู่ไกลเกินไปในอนาคต"
    advice = "Give a date until {latest}. Years are of the Common Era: 2569 BE is 2026."
    advice_th = "โปรดระบุวันที่ไม่เกิน {latest} โดยใช้ปี ค.ศ. เช่น พ.ศ. 2569 คือ 2026"


class ProgrammeClosedError(ConflictError):
    """This programme takes no new activities."""

    code = "programme_closed"
    number = 2309
    title_th = "แผนงานนี้ไม่รับกิจกรรมใหม่"
    advice = "Choose an open programme from /v1/programmes instead of {programme}."
    advice_th = "โปรดเลือกแผนงานที่เปิดรับจาก /v1/programmes แทน {programme}"
