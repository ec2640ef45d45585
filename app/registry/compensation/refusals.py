"""Why a case, or a step of one, is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class CaseNotFoundError(NotFoundError):
    """There is no such case."""

    code = "case_not_found"
    number = 4101
    title_th = "ไม่พบกรณีนี้"
    advice = "GET /v1/cases lists all cases."
    advice_th = "ดูกรณีทั้งหมดได้ที่ GET /v1/cases"


class NothingIssuedError(ConflictError):
    """This decision issued no credits."""

    code = "nothing_issued"
    number = 4102
    title_th = "การพิจารณานี้ไม่ได้ออกเครดิต"
    advice = "Open a case against the issuance whose credits are at fault."
    advice_th = "โปรดเปิดกรณีกับการออกเครดิตที่มีปัญหา"


class CaseOverIssuedError(ConflictError):
    """The cases of an issuance cannot claim more than it issued."""

    code = "case_over_issued"
    number = 4103
    title_th = "กรณีทั้งหมดของการออกเครดิตหนึ่งครั้งต้องไม่เกินจำนวนที่ออก"
    advice = (
        "It issued {issued} credits, and cases claim {claimed} of them. Claim the rest at most."
    )
    advice_th = "ออกเครดิตไว้ {issued} หน่วย และมีกรณีแล้ว {claimed} หน่วย โปรดระบุไม่เกินส่วนที่เหลือ"


class CaseClosedError(ConflictError):
    """This case owes nothing any more."""

    code = "case_closed"
    number = 4104
    title_th = "กรณีนี้ชดเชยครบแล้ว"
    advice = "Nothing was cancelled now. GET /v1/cases/{case} shows its steps."
    advice_th = "ยังไม่มีการยกเลิกเครดิตในครั้งนี้ ดูขั้นตอนของกรณีได้ที่ GET /v1/cases/{case}"


class CaseOverOwedError(ConflictError):
    """This is more than the case owes."""

    code = "case_over_owed"
    number = 4105
    title_th = "จำนวนนี้มากกว่าที่กรณียังต้องชดเชย"
    advice = "Nothing was cancelled now. It owes {owed} credits: cancel so many at most."
    advice_th = "ยังไม่มีการยกเลิกเครดิต กรณียังต้องชดเชย {owed} หน่วย โปรดยกเลิกไม่เกินจำนวนนี้"


class NotDeductibleError(BrokenRuleError):
    """A deduction takes credits of the issuance itself, out of an account of its developer."""

    code = "not_deductible"
    number = 4106
    title_th = "การหักต้องใช้เครดิตจากการออกครั้งนั้นเอง และจากบัญชีของผู้พัฒนาโครงการ"
    advice = (
        "Name serials or a batch of issuance {issuance}, or replace them by credits of another one."
    )
    advice_th = "โปรดระบุซีเรียลหรือชุดเครดิตของการออก {issuance} หรือใช้เครดิตอื่นทดแทน"


class NotReplacingError(BrokenRuleError):
    """A replacement takes credits of other issuances."""

    code = "not_replacing"
    number = 4107
    title_th = "การทดแทนต้องใช้เครดิตจากการออกครั้งอื่น"
    advice = (
        "Name serials or a batch that are not of issuance {issuance}, or deduct those that are."
    )
    advice_th = "โปรดระบุเครดิตที่ไม่ได้มาจากการออก {issuance} หรือใช้วิธีหักสำหรับเครดิตเหล่านั้น"


class BufferNotForCaseError(BrokenRuleError):
    """The buffer stands for reductions that were lost again, not for credits issued in excess."""

    code = "buffer_not_for_case"
    number = 4108
    title_th = "เครดิตสำรองใช้ชดเชยการสูญเสียคาร์บอนเท่านั้น ไม่ใช่การออกเครดิตเกิน"
    advice = "Have it deducted from the developer's credits, or replaced by others."
    advice_th = "โปรดหักจากเครดิตของผู้พัฒนาโครงการ หรือทดแทนด้วยเครดิตอื่น"
