"""What the ledger refuses for a freeze, and what cannot be frozen, released or taken back."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class AccountFrozenError(ConflictError):
    """The authority has frozen this account."""

    code = "account_frozen"
    number = 3160
    title_th = "บัญชีนี้ถูกอายัดโดย อบก."
    advice = (
        "Account {account} takes part in nothing until TGO releases it. GET /v1/freezes shows "
        "since when; ask TGO."
    )
    advice_th = (
        "บัญชี {account} ดำเนินการใดไม่ได้จนกว่า อบก. จะปลดอายัด ดูวันที่เริ่มอายัดได้ที่ GET /v1/freezes "
        "และโปรดติดต่อ อบก."
    )


class CreditsFrozenError(ConflictError):
    """The authority has frozen these credits."""

    code = "credits_frozen"
    number = 3161
    title_th = "เครดิตเหล่านี้ถูกอายัดโดย อบก."
    advice = (
        "{serials} does not move until TGO releases it. GET /v1/freezes shows what is frozen; "
        "choose other credits, or ask TGO."
    )
    advice_th = (
        "{serials} เคลื่อนย้ายไม่ได้จนกว่า อบก. จะปลดอายัด ดูรายการได้ที่ GET /v1/freezes "
        "โปรดเลือกเครดิตอื่น หรือติดต่อ อบก."
    )


class FreezeNotFoundError(NotFoundError):
    """There is no such freeze."""

    code = "freeze_not_found"
    number = 3162
    title_th = "ไม่พบรายการอายัดนี้"
    advice = "GET /v1/freezes lists what is or was frozen."
    advice_th = "ดูรายการที่อายัดอยู่หรือเคยอายัดได้ที่ GET /v1/freezes"


class FreezeReleasedError(ConflictError):
    """This freeze was released before."""

    code = "freeze_released"
    number = 3163
    title_th = "รายการอายัดนี้ถูกปลดไปแล้ว"
    advice = "Nothing was done, and nothing needs to be."
    advice_th = "ยังไม่มีการดำเนินการใด และไม่จำเป็นต้องดำเนินการ"


class SerialsOutsideError(BrokenRuleError):
    """These serials lie outside of their batch."""

    code = "serials_outside_batch"
    number = 3164
    title_th = "ซีเรียลเหล่านี้อยู่นอกชุดเครดิต"
    advice = "{batch} has the serials 1 to {credits}. Name a range that lies within."
    advice_th = "ชุดเครดิต {batch} มีซีเรียล 1 ถึง {credits} โปรดระบุช่วงที่อยู่ภายใน"


class NotReversibleError(BrokenRuleError):
    """Only a transfer that was made can be reversed."""

    code = "not_reversible"
    number = 3165
    title_th = "กลับรายการได้เฉพาะการโอนที่เกิดขึ้นแล้ว"
    advice = (
        "Act {act} is no transfer and no delivery of one. What was retired or cancelled is so for "
        "good, and a transfer on its way is aborted."
    )
    advice_th = (
        "รายการ {act} ไม่ใช่การโอนหรือการส่งมอบเครดิต การใช้สิทธิและการยกเลิกเครดิตเป็นการถาวร "
        "ส่วนการโอนที่ยังไม่ถึงกำหนดให้ใช้การยกเลิกการโอน"
    )


class MovedOnError(ConflictError):
    """The receiver no longer holds exactly what this act brought."""

    code = "moved_on"
    number = 3166
    title_th = "ผู้รับไม่ได้ถือเครดิตตามที่รายการนี้โอนมาครบถ้วนแล้ว"
    advice = (
        "{serials} has moved on, or a part of it. An act is reversed whole or not at all; settle "
        "it by a new transfer."
    )
    advice_th = (
        "{serials} ถูกย้ายต่อไปแล้วทั้งหมดหรือบางส่วน การกลับรายการต้องทำทั้งรายการ โปรดแก้ไขด้วยการโอนใหม่"
    )


class ReversedBeforeError(ConflictError):
    """This act was reversed before."""

    code = "reversed_before"
    number = 3167
    title_th = "รายการนี้ถูกกลับรายการไปแล้ว"
    advice = "Nothing was done, and nothing needs to be."
    advice_th = "ยังไม่มีการดำเนินการใด และไม่จำเป็นต้องดำเนินการ"


class ReversalLateError(ConflictError):
    """The time in which this act could be reversed is over."""

    code = "reversal_late"
    number = 3168
    title_th = "พ้นเวลาที่กลับรายการนี้ได้แล้ว"
    advice = (
        "It could be reversed until {until} (the rule reversal_window_days). Settle it by a new "
        "transfer."
    )
    advice_th = "กลับรายการได้ถึง {until} (ตามกฎ reversal_window_days) โปรดแก้ไขด้วยการโอนใหม่"
