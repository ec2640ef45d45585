"""Why an act that takes two people is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError


class TwoPeopleNeededError(BrokenRuleError):
    """This act takes two people: one proposes it and another approves it."""

    code = "two_people_needed"
    number = 3970
    title_th = "การดำเนินการนี้ต้องใช้สองคน คนหนึ่งเสนอและอีกคนหนึ่งอนุมัติ"
    advice = (
        "The rule two_person_acts names {act}. Propose it (POST /v1/orders); another person who "
        "may do it approves it."
    )
    advice_th = (
        "กฎ two_person_acts กำหนด {act} ไว้ โปรดเสนอ (POST /v1/orders) แล้วให้ผู้มีสิทธิ์ดำเนินการท่านอื่นอนุมัติ"
    )


class OneActError(BrokenRuleError):
    """An order of this kind is of exactly one act."""

    code = "order_content"
    number = 3971
    title_th = "คำสั่งประเภทนี้ต้องระบุการดำเนินการเพียงอย่างเดียว"
    advice = "Give one of issuance, roles and rule, and leave the others out."
    advice_th = "โปรดระบุ issuance, roles หรือ rule เพียงอย่างเดียว"


class ContentChangedError(ConflictError):
    """What this order would do now is not what was proposed."""

    code = "order_content_changed"
    number = 3972
    title_th = "สิ่งที่คำสั่งนี้จะดำเนินการในขณะนี้ไม่ตรงกับที่เสนอไว้"
    advice = "Something that it rests on was changed since. Have it proposed anew."
    advice_th = "ข้อมูลที่เกี่ยวข้องเปลี่ยนไปหลังการเสนอ โปรดเสนอใหม่"


class TooFewPeopleError(ConflictError):
    """Fewer than two people could do an act that takes two."""

    code = "too_few_people"
    number = 3973
    title_th = "จะเหลือผู้มีสิทธิ์ดำเนินการไม่ถึงสองคน ทั้งที่ต้องใช้สองคน"
    advice = "Let another person of TGO have a role that may do {act} first."
    advice_th = "โปรดให้เจ้าหน้าที่ อบก. อีกท่านหนึ่งมีบทบาทที่ดำเนินการ {act} ได้ก่อน"


class NamedShorterError(ConflictError):
    """A later value would end what this one names before its last day."""

    code = "named_shorter"
    number = 3975
    title_th = "มีค่าที่กำหนดไว้ล่วงหน้าซึ่งจะยกเลิกสิ่งที่ค่านี้ระบุก่อนวันสุดท้าย"
    advice = (
        "A value of two_person_acts that begins on {on} names less. End this one on the day "
        "before, or first set one that begins on that day and names as much."
    )
    advice_th = (
        "ค่าของ two_person_acts ที่เริ่มวันที่ {on} ระบุไว้น้อยกว่า โปรดให้ค่านี้สิ้นสุดก่อนวันดังกล่าว "
        "หรือกำหนดค่าที่เริ่มวันเดียวกันและระบุเท่ากันก่อน"
    )


class FirstRoleError(BrokenRuleError):
    """A new user cannot begin with this role, which two people give."""

    code = "first_role"
    number = 3974
    title_th = "ผู้ใช้ใหม่ไม่สามารถเริ่มด้วยบทบาทนี้ ซึ่งต้องให้โดยสองคน"
    advice = (
        "Add them with roles out of {allowed}; then propose (POST /v1/orders) the roles that they "
        "are to have."
    )
    advice_th = "โปรดเพิ่มผู้ใช้ด้วยบทบาทใน {allowed} แล้วเสนอบทบาทที่ต้องการ (POST /v1/orders)"
