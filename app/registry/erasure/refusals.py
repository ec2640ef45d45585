"""What an erasure is refused for."""

from app.kernel.errors import BrokenRuleError, ConflictError


class NothingNamedError(BrokenRuleError):
    """It is not said whose data is to be erased."""

    code = "nothing_named"
    number = 3401
    title_th = "ไม่ได้ระบุว่าจะลบข้อมูลของใคร"
    advice = "Name a user, or acts by their log index, or the beneficiary of retirements."
    advice_th = "โปรดระบุผู้ใช้ หมายเลขรายการในบันทึก หรือผู้รับประโยชน์ของการเลิกใช้เครดิต"


class NothingToEraseError(ConflictError):
    """Nothing is left to erase there."""

    code = "nothing_to_erase"
    number = 3402
    title_th = "ไม่มีข้อมูลเหลือให้ลบ"
    advice = "What is named holds no words of people, or they were erased before."
    advice_th = "รายการที่ระบุไม่มีข้อความของบุคคล หรือถูกลบไปก่อนแล้ว"


class TooManyActsError(BrokenRuleError):
    """One erasure cannot take that many acts."""

    code = "too_many_acts"
    number = 3403
    title_th = "จำนวนรายการมากเกินกว่าการลบหนึ่งครั้ง"
    advice = "{acts} acts are named; erase at most {acts_max} at a time."
    advice_th = "ระบุมา {acts} รายการ โปรดลบครั้งละไม่เกิน {acts_max} รายการ"
