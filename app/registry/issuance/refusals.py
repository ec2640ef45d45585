"""Why a decision on an issuance is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError


class IssuanceNotFoundError(NotFoundError):
    """There is no such issuance."""

    code = "issuance_not_found"
    number = 2901
    title_th = "ไม่พบการออกเครดิตนี้"
    advice = "Check the identifier; GET /v1/issuances lists all decisions."
    advice_th = "โปรดตรวจสอบรหัส ดูรายการทั้งหมดได้ที่ GET /v1/issuances"


class NeverMintsError(BrokenRuleError):
    """This programme never issues credits."""

    code = "programme_never_mints"
    number = 2902
    title_th = "แผนงานนี้ไม่มีการออกคาร์บอนเครดิต"
    advice = (
        "Reports of {programme} end in a letter of recognition: "
        "POST /v1/monitoring-reports/{report_id}/recognition."
    )
    advice_th = (
        "รายงานของ {programme} สิ้นสุดที่หนังสือรับรอง: POST /v1/monitoring-reports/{report_id}/recognition"
    )


class NothingToIssueError(BrokenRuleError):
    """Not one whole credit comes of this report."""

    code = "nothing_to_issue"
    number = 2903
    title_th = "รายงานนี้ไม่ถึงหนึ่งเครดิตเต็มหน่วยในปีใดเลย"
    advice = (
        "Every vintage stays below 1 tCO2e. Refuse the issuance with that reason, "
        "so that the period can be reported anew."
    )
    advice_th = "ทุกปีมีปริมาณต่ำกว่า 1 tCO2e โปรดไม่อนุมัติโดยระบุเหตุผลนี้ เพื่อให้รายงานช่วงเวลานี้ใหม่ได้"


class AlreadyDecidedError(ConflictError):
    """This report's issuance was decided already."""

    code = "issuance_already_decided"
    number = 2904
    title_th = "มีการตัดสินใจเกี่ยวกับการออกเครดิตของรายงานนี้แล้ว"
    advice = "GET /v1/issuances?activity_id= shows the decision; a report is decided once."
    advice_th = "ดูผลได้ที่ GET /v1/issuances?activity_id= รายงานหนึ่งฉบับตัดสินใจได้ครั้งเดียว"
