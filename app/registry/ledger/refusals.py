"""What the ledger refuses."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError, StaleError


class AccountNotFoundError(NotFoundError):
    """There is no such account, or you may not see it."""

    code = "account_not_found"
    number = 3111
    title_th = "ไม่พบบัญชีนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = "Check the account number; GET /v1/accounts lists the accounts you may see."
    advice_th = "โปรดตรวจหมายเลขบัญชี ดูบัญชีที่ท่านมีสิทธิ์ได้ที่ GET /v1/accounts"


class AccountClosedError(ConflictError):
    """This account is closed."""

    code = "account_closed"
    number = 3112
    title_th = "บัญชีนี้ปิดแล้ว"
    advice = "Account {account} takes no movements. Choose another account."
    advice_th = "บัญชี {account} ไม่รับการเคลื่อนไหว โปรดเลือกบัญชีอื่น"


class AccountNotEmptyError(ConflictError):
    """An account that holds credits cannot be closed."""

    code = "account_not_empty"
    number = 3113
    title_th = "ไม่สามารถปิดบัญชีที่ยังมีเครดิต"
    advice = "Account {account} holds {held} credits. Transfer or retire them first."
    advice_th = "บัญชี {account} มี {held} เครดิต โปรดโอนหรือยกเลิกเครดิตก่อน"


class SameAccountError(BrokenRuleError):
    """A transfer goes from one account to another."""

    code = "same_account"
    number = 3114
    title_th = "การโอนต้องเป็นคนละบัญชี"
    advice = "Name a receiving account that is not the sending one."
    advice_th = "โปรดระบุบัญชีผู้รับที่ไม่ใช่บัญชีผู้โอน"


class RegistryAccountError(BrokenRuleError):
    """Credits cannot be sent to or from the registry's own accounts by a transfer."""

    code = "registry_account"
    number = 3115
    title_th = "ไม่สามารถโอนเข้าหรือออกจากบัญชีของระบบทะเบียน"
    advice = "Retire or cancel through their own addresses; the buffer is governed by TGO."
    advice_th = "โปรดใช้ที่อยู่สำหรับการใช้สิทธิหรือยกเลิก ส่วนบัญชีเครดิตสำรองดูแลโดย อบก."


class InsufficientCreditsError(ConflictError):
    """The account holds fewer credits than asked for."""

    code = "insufficient_credits"
    number = 3116
    title_th = "เครดิตในบัญชีไม่พอ"
    advice = (
        "Of the kind chosen it holds {held} credits, and {asked} were asked for. Ask for at most "
        "{held}."
    )
    advice_th = "มีเครดิตตามที่เลือก {held} เครดิต แต่ขอ {asked} เครดิต โปรดขอไม่เกิน {held}"


class SerialsNotHeldError(ConflictError):
    """The account does not hold all of these serials."""

    code = "serials_not_held"
    number = 3117
    title_th = "บัญชีนี้ไม่ได้ถือซีเรียลเหล่านี้ทั้งหมด"
    advice = (
        "{serials} is not wholly in this account. Look it up at /v1/serials, then name only what "
        "it holds."
    )
    advice_th = "{serials} ไม่ได้อยู่ในบัญชีนี้ทั้งหมด โปรดตรวจที่ /v1/serials แล้วระบุเฉพาะส่วนที่ถือ"


class RangesOverlapError(BrokenRuleError):
    """The same serial is named twice."""

    code = "ranges_overlap"
    number = 3118
    title_th = "มีการระบุซีเรียลเดียวกันซ้ำ"
    advice = "{serials} overlaps another range of this request. Name each serial once."
    advice_th = "{serials} ซ้อนกับช่วงอื่นในคำขอนี้ โปรดระบุแต่ละซีเรียลครั้งเดียว"


class RangeReversedError(BrokenRuleError):
    """A range of serials begins after its end."""

    code = "range_reversed"
    number = 3119
    title_th = "ช่วงซีเรียลเริ่มหลังจุดสิ้นสุด"
    advice = "Write the lower serial first: {first} is above {last}."
    advice_th = "โปรดเขียนหมายเลขที่ต่ำกว่าก่อน: {first} มากกว่า {last}"


class ChoiceUnclearError(BrokenRuleError):
    """Say either how many credits, or which serials."""

    code = "choice_unclear"
    number = 3120
    title_th = "โปรดระบุจำนวนเครดิต หรือซีเรียล อย่างใดอย่างหนึ่ง"
    advice = "Give credits (and, if you wish, batch or vintage), or give serials alone."
    advice_th = "โปรดระบุ credits (และอาจระบุ batch หรือ vintage) หรือระบุ serials อย่างเดียว"


class BatchNotFoundError(NotFoundError):
    """There is no such batch."""

    code = "batch_not_found"
    number = 3121
    title_th = "ไม่พบชุดเครดิตนี้"
    advice = "{batch} is not the serial prefix of a batch. GET /v1/batches lists them."
    advice_th = "{batch} ไม่ใช่คำนำหน้าซีเรียลของชุดเครดิต ดูรายการได้ที่ GET /v1/batches"


class TooFragmentedError(ConflictError):
    """These credits lie in too many separate runs for one act."""

    code = "too_fragmented"
    number = 3122
    title_th = "เครดิตเหล่านี้กระจายเป็นช่วงมากเกินไปสำหรับการดำเนินการครั้งเดียว"
    advice = "One act moves at most {moves_max} runs of serials. Ask for fewer credits at a time."
    advice_th = "หนึ่งการดำเนินการย้ายได้ไม่เกิน {moves_max} ช่วงซีเรียล โปรดแบ่งเป็นจำนวนน้อยลง"


class SerialPrefixTakenError(ConflictError):
    """A batch with this serial prefix exists already."""

    code = "serial_prefix_taken"
    number = 3123
    title_th = "มีชุดเครดิตที่ใช้คำนำหน้าซีเรียลนี้แล้ว"
    advice = "No credit may exist twice: {prefix} was issued or taken over before."
    advice_th = "เครดิตหนึ่งจะมีอยู่สองครั้งไม่ได้ {prefix} ถูกออกหรือรับเข้ามาแล้ว"


class PurposeUnknownError(BrokenRuleError):
    """This purpose code is not in use."""

    code = "purpose_unknown"
    number = 3124
    title_th = "ไม่มีรหัสวัตถุประสงค์นี้"
    advice = "Use one of: {allowed}."
    advice_th = "โปรดใช้รหัสใดรหัสหนึ่ง: {allowed}"


class DateAheadError(BrokenRuleError):
    """The day it happened lies in the future."""

    code = "happened_ahead"
    number = 3125
    title_th = "วันที่เกิดเหตุอยู่ในอนาคต"
    advice = "Give a day up to today, or leave it out."
    advice_th = "โปรดระบุวันที่ไม่เกินวันนี้ หรือไม่ต้องระบุ"


class SerialsNotFoundError(NotFoundError):
    """No credit with this serial exists in this registry."""

    code = "serials_not_found"
    number = 3126
    title_th = "ไม่มีเครดิตหมายเลขซีเรียลนี้ในทะเบียน"
    advice = "{serials} was never issued here. If somebody offers it to you, report it to TGO."
    advice_th = "{serials} ไม่เคยออกในทะเบียนนี้ หากมีผู้เสนอขาย โปรดแจ้ง อบก."


class PartyCannotHoldError(BrokenRuleError):
    """This party cannot hold credits."""

    code = "party_cannot_hold"
    number = 3127
    title_th = "หน่วยงานนี้ไม่สามารถถือเครดิต"
    advice = (
        "Verifiers and the authority hold no credits, nor does a suspended party. Choose another "
        "party."
    )
    advice_th = "ผู้ประเมินภายนอก อบก. และหน่วยงานที่ถูกระงับไม่สามารถถือเครดิต โปรดเลือกหน่วยงานอื่น"


class AccountStaleError(StaleError):
    """This account was changed since you read it."""

    code = "account_stale"
    number = 3128
    title_th = "บัญชีนี้ถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "Read the account again and send your change with its new ETag."
    advice_th = "โปรดอ่านบัญชีอีกครั้ง แล้วส่งใหม่พร้อม ETag ใหม่"


class MovementNotFoundError(NotFoundError):
    """There is no such movement of credits, or you may not see it."""

    code = "movement_not_found"
    number = 3129
    title_th = "ไม่พบการเคลื่อนไหวของเครดิตนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = (
        "Act {log_index} is no such movement. Check its number; an account's statement lists its "
        "movements."
    )
    advice_th = (
        "รายการ {log_index} ไม่ใช่การเคลื่อนไหวดังกล่าว โปรดตรวจหมายเลข ดูรายการของบัญชีได้ที่ statement"
    )


class BulkRefusedError(BrokenRuleError):
    """One of these acts was refused, and all of them were to be done or none."""

    code = "bulk_refused"
    number = 3130
    title_th = "มีรายการหนึ่งถูกปฏิเสธ และทุกรายการต้องทำพร้อมกันหรือไม่ทำเลย"
    advice = (
        "Nothing was done. Act {act} of {acts} is refused with {refusal}: mend it, or send them as "
        "independent acts."
    )
    advice_th = (
        "ยังไม่มีการดำเนินการใด รายการที่ {act} จาก {acts} ถูกปฏิเสธด้วย {refusal} "
        "โปรดแก้ไข หรือส่งแบบแยกอิสระ (independent)"
    )
