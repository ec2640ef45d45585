"""Why an order of the authority is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class OrderNotFoundError(NotFoundError):
    """There is no such order, or you may not see it."""

    code = "order_not_found"
    number = 3960
    title_th = "ไม่พบคำสั่งนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = "GET /v1/orders lists them, for TGO."
    advice_th = "เจ้าหน้าที่ อบก. ดูรายการได้ที่ GET /v1/orders"


class OwnOrderError(BrokenRuleError):
    """Whoever proposed an order does not approve it."""

    code = "own_order"
    number = 3961
    title_th = "ผู้เสนอคำสั่งไม่สามารถอนุมัติคำสั่งของตนเอง"
    advice = "Have another officer, an approver of TGO, approve it."
    advice_th = "โปรดให้เจ้าหน้าที่ผู้มีอำนาจอนุมัติท่านอื่นของ อบก. เป็นผู้อนุมัติ"


class OrderDigestError(ConflictError):
    """What you approve is not what was proposed."""

    code = "order_digest_differs"
    number = 3962
    title_th = "สิ่งที่ท่านอนุมัติไม่ตรงกับคำสั่งที่เสนอไว้"
    advice = "Nothing was approved. Read the order again, and send its digest."
    advice_th = "ยังไม่มีการอนุมัติ โปรดอ่านคำสั่งอีกครั้ง แล้วส่งค่า digest ของคำสั่งนั้น"


class OrderGivenError(ConflictError):
    """This order was approved before."""

    code = "order_given"
    number = 3963
    title_th = "คำสั่งนี้ได้รับอนุมัติไปแล้ว"
    advice = "Nothing was done now: an order is approved once."
    advice_th = "ยังไม่มีการดำเนินการใดในครั้งนี้ คำสั่งหนึ่งอนุมัติได้ครั้งเดียว"


class OrderLapsedError(ConflictError):
    """The time for approving this order is over."""

    code = "order_lapsed"
    number = 3964
    title_th = "พ้นเวลาอนุมัติคำสั่งนี้แล้ว"
    advice = "It could be approved until {expires_at}. Propose it anew."
    advice_th = "คำสั่งนี้อนุมัติได้ถึง {expires_at} โปรดเสนอใหม่"


class OrderProposerGoneError(ConflictError):
    """Whoever proposed this order may no longer do so."""

    code = "order_proposer_not_allowed"
    number = 3965
    title_th = "ผู้เสนอคำสั่งไม่มีสิทธิ์เสนอแล้ว"
    advice = "Have an officer who may do so propose it anew."
    advice_th = "โปรดให้เจ้าหน้าที่ผู้มีสิทธิ์เสนอคำสั่งใหม่"


class OrderDocumentError(BrokenRuleError):
    """An order rests on one document."""

    code = "order_document"
    number = 3966
    title_th = "คำสั่งต้องอ้างเอกสารหนึ่งฉบับ"
    advice = "Name a document of the register, or give the SHA-256 of one that is kept elsewhere."
    advice_th = "โปรดระบุเอกสารในระบบทะเบียน หรือค่า SHA-256 ของเอกสารที่เก็บไว้ที่อื่น อย่างใดอย่างหนึ่ง"


class OrderTargetError(BrokenRuleError):
    """A freeze is of an account, or of a batch or serials of it."""

    code = "order_target"
    number = 3967
    title_th = "การอายัดต้องระบุบัญชี หรือชุดเครดิตหรือซีเรียลในชุด อย่างใดอย่างหนึ่ง"
    advice = (
        "Name an account, or a batch; with a batch, both the first and the last serial or none."
    )
    advice_th = "โปรดระบุบัญชี หรือชุดเครดิต หากระบุซีเรียลต้องระบุทั้งหมายเลขแรกและหมายเลขสุดท้าย"
