"""Why something about notices is refused."""

from app.kernel.errors import ForbiddenError, NotFoundError


class NoticeNotFoundError(NotFoundError):
    """You have no such notice."""

    code = "notice_not_found"
    number = 4001
    title_th = "ท่านไม่มีการแจ้งเตือนนี้"
    advice = "Look for it in GET /v1/notices."
    advice_th = "โปรดค้นหาจาก GET /v1/notices"


class NoticesLimitedKeyError(ForbiddenError):
    """An API key that is limited to scopes reads no notices."""

    code = "notices_limited_key"
    number = 4002
    title_th = "กุญแจ API ที่จำกัดขอบเขตอ่านการแจ้งเตือนไม่ได้"
    advice = "They tell of more than its scopes. Sign in as a person, or use a key without scopes."
    advice_th = "การแจ้งเตือนมีข้อมูลเกินขอบเขตของกุญแจ โปรดเข้าสู่ระบบด้วยรหัสผ่าน หรือใช้กุญแจที่ไม่จำกัดขอบเขต"
