"""Why a proposed transfer is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class ProposalNotFoundError(NotFoundError):
    """There is no such proposed transfer, or you may not see it."""

    code = "transfer_proposal_not_found"
    number = 3201
    title_th = "ไม่พบข้อเสนอการโอนนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = "GET /v1/transfer-proposals lists those of an account."
    advice_th = "ดูข้อเสนอการโอนของบัญชีได้ที่ GET /v1/transfer-proposals"


class OwnProposalError(BrokenRuleError):
    """Whoever proposed a transfer does not approve it."""

    code = "own_proposal"
    number = 3202
    title_th = "ผู้เสนอการโอนไม่สามารถอนุมัติข้อเสนอของตนเอง"
    advice = "Have somebody else of your party approve it."
    advice_th = "โปรดให้ผู้อื่นในหน่วยงานของท่านเป็นผู้อนุมัติ"


class DigestDiffersError(ConflictError):
    """What you approve is not what was proposed."""

    code = "digest_differs"
    number = 3203
    title_th = "สิ่งที่ท่านอนุมัติไม่ตรงกับที่เสนอไว้"
    advice = (
        "Nothing was approved. Read the proposal again, look at what it moves and where to, and "
        "send its digest."
    )
    advice_th = "ยังไม่มีการอนุมัติ โปรดอ่านข้อเสนออีกครั้ง ตรวจเครดิตและบัญชีผู้รับ แล้วส่งค่า digest ของข้อเสนอนั้น"


class ProposalStateError(ConflictError):
    """This proposed transfer is not in a state that allows it."""

    code = "transfer_proposal_state"
    number = 3204
    title_th = "สถานะของข้อเสนอการโอนนี้ไม่อนุญาตให้ดำเนินการ"
    advice = (
        "It is {state}. A proposal is approved once, while it is proposed; it is aborted until the "
        "transfer is made. Propose the transfer anew where it is still wanted."
    )
    advice_th = (
        "สถานะปัจจุบันคือ {state} ข้อเสนออนุมัติได้ครั้งเดียวเมื่อยังรออนุมัติ และยกเลิกได้จนกว่าจะโอน "
        "โปรดเสนอการโอนใหม่หากยังต้องการ"
    )


class ProposalLapsedError(ConflictError):
    """The time for this approval is over."""

    code = "transfer_proposal_lapsed"
    number = 3205
    title_th = "พ้นเวลาอนุมัติข้อเสนอการโอนนี้แล้ว"
    advice = "It could be approved until {expires_at}. Propose the transfer anew."
    advice_th = "ข้อเสนอนี้อนุมัติได้ถึง {expires_at} โปรดเสนอการโอนใหม่"


class TransferDueError(ConflictError):
    """The moment at which this transfer is made has come: it cannot be aborted any more."""

    code = "transfer_due"
    number = 3206
    title_th = "ถึงเวลาโอนแล้ว จึงยกเลิกไม่ได้"
    advice = "It was due at {executes_at}. Ask the receiver to send the credits back."
    advice_th = "กำหนดโอนคือ {executes_at} โปรดขอให้ผู้รับโอนเครดิตกลับ"


class ProposerGoneError(ConflictError):
    """Whoever proposed this transfer may no longer do so."""

    code = "proposer_not_allowed"
    number = 3207
    title_th = "ผู้เสนอการโอนไม่มีสิทธิ์เสนอแล้ว"
    advice = "Abort it, and have somebody who may move the account's credits propose it anew."
    advice_th = "โปรดยกเลิก แล้วให้ผู้มีสิทธิ์ย้ายเครดิตของบัญชีเสนอใหม่"


class TransferTooLargeError(ConflictError):
    """This is more than one transfer may move to an account that is not trusted."""

    code = "transfer_over_limit"
    number = 3208
    title_th = "จำนวนเครดิตเกินเพดานต่อครั้งของการโอนไปยังบัญชีที่ไม่อยู่ในรายการที่เชื่อถือ"
    advice = (
        "It moves {credits} credits, and the limit is {limit}. Send less, or trust the account."
    )
    advice_th = "การโอนนี้ {credits} เครดิต เพดานคือ {limit} โปรดลดจำนวน หรือเพิ่มบัญชีในรายการที่เชื่อถือ"


class DayOverLimitError(ConflictError):
    """This is more than an account may send in a day to accounts that are not trusted."""

    code = "transfers_of_day_over_limit"
    number = 3209
    title_th = "จำนวนเครดิตเกินเพดานต่อวันของการโอนไปยังบัญชีที่ไม่อยู่ในรายการที่เชื่อถือ"
    advice = (
        "With what was approved today it would be {credits} credits, and the limit is {limit}. "
        "Approve it on another day, or send less."
    )
    advice_th = "รวมกับที่อนุมัติวันนี้จะเป็น {credits} เครดิต เพดานคือ {limit} โปรดอนุมัติในวันอื่น หรือลดจำนวน"


class OwnDayOverLimitError(ConflictError):
    """This is more than the account itself lets one day be."""

    code = "transfers_of_day_over_own_limit"
    number = 3270
    title_th = "จำนวนเครดิตเกินเพดานต่อวันที่บัญชีกำหนดไว้เอง"
    advice = (
        "With what was approved today it would be {credits} credits, and the account's own limit "
        "is {limit}. Approve it on another day, or send less."
    )
    advice_th = (
        "รวมกับที่อนุมัติวันนี้จะเป็น {credits} เครดิต เพดานที่บัญชีกำหนดคือ {limit} โปรดอนุมัติในวันอื่น หรือลดจำนวน"
    )


class AcceptanceNotAwaitedError(ConflictError):
    """This transfer does not wait for anybody to accept it."""

    code = "acceptance_not_awaited"
    number = 3271
    title_th = "การโอนนี้ไม่ได้รอการยอมรับ"
    advice = (
        "It is {state}. A transfer is accepted or declined once, after its approval, where the "
        "receiving account asked for that."
    )
    advice_th = "สถานะปัจจุบันคือ {state} การโอนรับหรือปฏิเสธได้ครั้งเดียวหลังการอนุมัติ เมื่อบัญชีผู้รับกำหนดให้ต้องยอมรับ"


class AcceptanceLateError(ConflictError):
    """The time for accepting this transfer is over: its credits go back."""

    code = "acceptance_late"
    number = 3272
    title_th = "พ้นเวลายอมรับการโอนนี้แล้ว เครดิตจะกลับไปยังผู้ส่ง"
    advice = "It could be accepted until {accept_until}. Ask the sender to propose it anew."
    advice_th = "ยอมรับได้ถึง {accept_until} โปรดขอให้ผู้ส่งเสนอการโอนใหม่"
