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


class SecondPersonNeededError(ConflictError):
    """A transfer to an account that yours does not trust takes two people, and waits."""

    code = "second_person_needed"
    number = 3131
    title_th = "การโอนไปยังบัญชีที่ไม่อยู่ในรายการบัญชีที่เชื่อถือต้องมีผู้อนุมัติคนที่สองและต้องรอ"
    advice = (
        "{account} is not on the account's trusted list, or not yet. Propose the transfer at POST "
        "/v1/transfer-proposals; somebody else of your party approves it there."
    )
    advice_th = (
        "{account} ไม่อยู่ในรายการบัญชีที่เชื่อถือ หรือยังไม่มีผล โปรดเสนอการโอนที่ POST "
        "/v1/transfer-proposals แล้วให้ผู้อื่นในหน่วยงานของท่านอนุมัติ"
    )


class OutsideHoursError(ConflictError):
    """Transfers at once are made in the hours of a working day."""

    code = "outside_hours"
    number = 3132
    title_th = "การโอนทันทีทำได้เฉพาะในเวลาทำการของวันทำการ"
    advice = (
        "Send it again in working hours (the rule transfer_hours), or propose it at POST "
        "/v1/transfer-proposals: once approved, it is made when they begin."
    )
    advice_th = (
        "โปรดส่งใหม่ในเวลาทำการ (ตามกฎ transfer_hours) หรือเสนอการโอนที่ POST "
        "/v1/transfer-proposals เมื่ออนุมัติแล้วจะโอนเมื่อถึงเวลาทำการ"
    )


class TrustNotFoundError(NotFoundError):
    """There is no such entry on a trusted list, or you may not see it."""

    code = "trusted_account_not_found"
    number = 3133
    title_th = "ไม่พบบัญชีที่เชื่อถือรายการนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = "GET /v1/accounts/{account}/trusted-accounts lists what is on the list."
    advice_th = "ดูรายการได้ที่ GET /v1/accounts/{account}/trusted-accounts"


class TrustEndedError(ConflictError):
    """This entry of the trusted list cannot be approved or removed any more."""

    code = "trusted_account_ended"
    number = 3134
    title_th = "รายการบัญชีที่เชื่อถือนี้อนุมัติหรือถอนไม่ได้แล้ว"
    advice = (
        "{entry} was approved or removed before, or its time for approval is over. Read it again; "
        "propose the account anew where it should be trusted."
    )
    advice_th = (
        "{entry} ได้รับการอนุมัติหรือถูกถอนไปแล้ว หรือพ้นเวลาอนุมัติแล้ว โปรดอ่านใหม่ และเสนอบัญชีนั้นอีกครั้งหากยังต้องการ"
    )


class OwnTrustError(BrokenRuleError):
    """Whoever proposed a trusted account does not approve it."""

    code = "own_trusted_account"
    number = 3135
    title_th = "ผู้เสนอบัญชีที่เชื่อถือไม่สามารถอนุมัติรายการของตนเอง"
    advice = "Have somebody else of your party approve it."
    advice_th = "โปรดให้ผู้อื่นในหน่วยงานของท่านเป็นผู้อนุมัติ"


class TrustTakenError(ConflictError):
    """This account is on the trusted list already."""

    code = "trusted_account_taken"
    number = 3136
    title_th = "บัญชีนี้อยู่ในรายการบัญชีที่เชื่อถือแล้ว"
    advice = "Nothing was done, and nothing needs to be."
    advice_th = "ยังไม่มีการดำเนินการใด และไม่จำเป็นต้องดำเนินการ"


class TrustListFullError(ConflictError):
    """The trusted list of this account is full."""

    code = "trusted_list_full"
    number = 3137
    title_th = "รายการบัญชีที่เชื่อถือของบัญชีนี้เต็มแล้ว"
    advice = (
        "It holds at most {most} accounts, proposed ones included. Remove one that is not used."
    )
    advice_th = "รายการมีได้ไม่เกิน {most} บัญชี รวมที่เสนอไว้ โปรดถอนบัญชีที่ไม่ใช้"


class CreditsUnderwayError(ConflictError):
    """Credits that this account has sent are still under way."""

    code = "credits_underway"
    number = 3138
    title_th = "เครดิตที่บัญชีนี้ส่งออกไปยังอยู่ระหว่างรอโอน"
    advice = (
        "An account is closed once its transfers have arrived: what is aborted comes back to it."
    )
    advice_th = "ปิดบัญชีได้เมื่อการโอนเสร็จสิ้นแล้ว เพราะเครดิตของการโอนที่ยกเลิกจะกลับเข้าบัญชีนี้"


class AcceptanceNeededError(ConflictError):
    """The receiving account asks to accept what others send it."""

    code = "acceptance_needed"
    number = 3170
    title_th = "บัญชีผู้รับกำหนดให้ต้องยอมรับก่อนรับเครดิตจากผู้อื่น"
    advice = (
        "Nothing moved. Propose the transfer to {account} at /v1/transfer-proposals: its credits "
        "wait until the receiver accepts them."
    )
    advice_th = (
        "ยังไม่มีเครดิตเคลื่อนย้าย โปรดเสนอการโอนไปยัง {account} ที่ /v1/transfer-proposals "
        "เครดิตจะรอจนกว่าผู้รับจะยอมรับ"
    )


class OverOwnLimitError(ConflictError):
    """This is more than the account itself lets one transfer be."""

    code = "transfer_over_own_limit"
    number = 3171
    title_th = "จำนวนเครดิตเกินเพดานต่อครั้งที่บัญชีกำหนดไว้เอง"
    advice = (
        "It moves {credits} credits, and the account's own limit is {limit}. Send less, or have an "
        "approver raise the limit, which counts some working days later."
    )
    advice_th = (
        "การโอนนี้ {credits} เครดิต เพดานที่บัญชีกำหนดคือ {limit} โปรดลดจำนวน หรือให้ผู้อนุมัติเพิ่มเพดาน "
        "ซึ่งจะมีผลหลังจากนั้นหลายวันทำการ"
    )


class OwnDayLimitError(ConflictError):
    """This account limits what it sends in a day, and sends to others by proposals only."""

    code = "own_day_limit"
    number = 3172
    title_th = "บัญชีนี้กำหนดเพดานต่อวันไว้ การโอนให้ผู้อื่นต้องทำเป็นข้อเสนอการโอน"
    advice = (
        "Nothing moved. What account {account} sends in a day is counted when it is approved: "
        "propose the transfer at /v1/transfer-proposals."
    )
    advice_th = (
        "ยังไม่มีเครดิตเคลื่อนย้าย ระบบนับยอดต่อวันของบัญชี {account} เมื่อมีการอนุมัติ "
        "โปรดเสนอการโอนที่ /v1/transfer-proposals"
    )
