"""What notices say, in English and Thai: made of their kind and of identifiers when read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.registry.ledger.serials import account_number
from app.registry.notices.rules import OF_SIGN_IN, Notice, NoticeKind


@dataclass(frozen=True, slots=True)
class Words:
    """A notice in words."""

    title: str
    text: str
    title_th: str
    text_th: str


_K: Final = NoticeKind
_NOT_YOU: Final = "If it was not you, write to an administrator of TGO at once."
_NOT_YOU_TH: Final = "หากท่านไม่ได้ดำเนินการเอง โปรดแจ้งผู้ดูแลระบบของ อบก. ทันที"

# Title and text, each in English and in Thai. In braces: the account as whose representative
# somebody is told, the proposed transfer, the order, another user.
_WORDS: Final[Mapping[NoticeKind, Words]] = {
    _K.TRANSFER_PROPOSED: Words(
        "A transfer was proposed",
        "A transfer from account {account} was proposed ({proposal}). Nothing moves before "
        "somebody else approves it.",
        "มีการเสนอโอนเครดิต",
        "มีการเสนอโอนเครดิตจากบัญชี {account} ({proposal}) เครดิตจะยังไม่ย้ายจนกว่าบุคคลอื่นจะอนุมัติ",
    ),
    _K.TRANSFER_WITHDRAWN: Words(
        "A proposed transfer was taken back",
        "The transfer {proposal} from account {account} was taken back before anybody approved it.",
        "มีการถอนข้อเสนอโอน",
        "ข้อเสนอโอน {proposal} จากบัญชี {account} ถูกถอนก่อนมีผู้อนุมัติ",
    ),
    _K.TRANSFER_LAPSED: Words(
        "A proposed transfer lapsed",
        "Nobody approved the transfer {proposal} from account {account} in time.",
        "ข้อเสนอโอนหมดอายุ",
        "ไม่มีผู้อนุมัติข้อเสนอโอน {proposal} จากบัญชี {account} ภายในเวลาที่กำหนด",
    ),
    _K.TRANSFER_APPROVED: Words(
        "A transfer was approved",
        "The transfer {proposal} from account {account} was approved and is on its way. Until its "
        "moment it can be called back.",
        "การโอนได้รับอนุมัติ",
        "การโอน {proposal} จากบัญชี {account} ได้รับอนุมัติและรอดำเนินการ ท่านเรียกคืนได้จนถึงเวลาที่กำหนด",
    ),
    _K.ACCEPTANCE_ASKED: Words(
        "A transfer waits for your account",
        "The transfer {proposal} is to be accepted by an approver of account {account}, or it goes "
        "back.",
        "มีการโอนรอการรับ",
        "การโอน {proposal} รอผู้อนุมัติของบัญชี {account} ตอบรับ มิฉะนั้นเครดิตจะถูกส่งคืน",
    ),
    _K.TRANSFER_ACCEPTED: Words(
        "A transfer was accepted",
        "The receiver accepted the transfer {proposal}. You are told for account {account}.",
        "การโอนได้รับการตอบรับ",
        "ผู้รับตอบรับการโอน {proposal} แล้ว แจ้งสำหรับบัญชี {account}",
    ),
    _K.TRANSFER_DELIVERED: Words(
        "A transfer was delivered",
        "The credits of the transfer {proposal} from account {account} have reached their "
        "receiver.",
        "การโอนสำเร็จ",
        "เครดิตของการโอน {proposal} จากบัญชี {account} ถึงผู้รับแล้ว",
    ),
    _K.TRANSFER_ABORTED: Words(
        "A transfer was called back",
        "The transfer {proposal} was called back by its sender. You are told for account "
        "{account}.",
        "การโอนถูกเรียกคืน",
        "ผู้โอนเรียกคืนการโอน {proposal} แล้ว แจ้งสำหรับบัญชี {account}",
    ),
    _K.TRANSFER_RETURNED: Words(
        "A transfer went back",
        "The transfer {proposal} was not delivered and its credits went back; the transfer says "
        "why. You are told for account {account}.",
        "การโอนถูกส่งคืน",
        "การโอน {proposal} ไม่สำเร็จและเครดิตถูกส่งคืน เหตุผลแสดงที่รายการโอน แจ้งสำหรับบัญชี {account}",
    ),
    _K.CREDITS_RECEIVED: Words(
        "Credits have arrived",
        "The credits of the transfer {proposal} have arrived in account {account}.",
        "ได้รับเครดิต",
        "เครดิตของการโอน {proposal} เข้าบัญชี {account} แล้ว",
    ),
    _K.CREDITS_ISSUED: Words(
        "Credits were issued",
        "Credits were issued into account {account}.",
        "มีการออกเครดิต",
        "มีการออกเครดิตเข้าบัญชี {account}",
    ),
    _K.TRANSFER_REVERSED: Words(
        "A transfer was reversed",
        "By order {order} of the authority a transfer of account {account} was taken back.",
        "การโอนถูกกลับรายการ",
        "การโอนของบัญชี {account} ถูกกลับรายการตามคำสั่ง {order} ของ อบก.",
    ),
    _K.CASE_OPENED: Words(
        "Credits of your account are owed",
        "By order {order} of the authority a case was opened against an issuance into account "
        "{account}. The case has the order's identifier, and says how much is owed by when.",
        "มีการเปิดกรณีชดเชยเครดิต",
        "อบก. เปิดกรณีชดเชยตามคำสั่ง {order} ต่อเครดิตที่ออกเข้าบัญชี {account} "
        "กรณีซึ่งใช้รหัสเดียวกับคำสั่งแสดงจำนวนที่ต้องชดเชยและวันครบกำหนด",
    ),
    _K.ACCOUNT_FROZEN: Words(
        "Your account was frozen",
        "By order {order} of the authority account {account} is frozen.",
        "บัญชีถูกอายัด",
        "บัญชี {account} ถูกอายัดตามคำสั่ง {order} ของ อบก.",
    ),
    _K.ACCOUNT_RELEASED: Words(
        "A freeze of your account was lifted",
        "By order {order} of the authority a freeze of account {account} was lifted.",
        "ปลดอายัดบัญชี",
        "บัญชี {account} ได้รับการปลดอายัดตามคำสั่ง {order} ของ อบก.",
    ),
    _K.SERIALS_FROZEN: Words(
        "Credits of your account were frozen",
        "By order {order} of the authority some serials are frozen that account {account} holds.",
        "เครดิตในบัญชีถูกอายัด",
        "หมายเลขซีเรียลบางส่วนในบัญชี {account} ถูกอายัดตามคำสั่ง {order} ของ อบก.",
    ),
    _K.SERIALS_RELEASED: Words(
        "A freeze of credits was lifted",
        "By order {order} of the authority a freeze of serials was lifted that account {account} "
        "holds.",
        "ปลดอายัดเครดิต",
        "หมายเลขซีเรียลในบัญชี {account} ได้รับการปลดอายัดตามคำสั่ง {order} ของ อบก.",
    ),
    _K.TRUST_PROPOSED: Words(
        "An account was proposed for your trusted list",
        "Somebody proposed that account {account} trust another one. It counts only once somebody "
        "else approves it, and days later.",
        "มีการเสนอบัญชีที่เชื่อถือ",
        "มีการเสนอเพิ่มบัญชีที่เชื่อถือของบัญชี {account} จะมีผลเมื่อบุคคลอื่นอนุมัติและพ้นเวลาที่กำหนด",
    ),
    _K.TRUST_APPROVED: Words(
        "An account was approved for your trusted list",
        "Account {account} will trust another one in some days. Until then, and after, one person "
        "can take it off the list.",
        "บัญชีที่เชื่อถือได้รับอนุมัติ",
        "รายการบัญชีที่เชื่อถือของบัญชี {account} ได้รับอนุมัติและจะมีผลในอีกไม่กี่วัน บุคคลเดียวถอนรายการได้",
    ),
    _K.TRUST_REMOVED: Words(
        "An account was taken off your trusted list",
        "Account {account} trusts another one no more, or a proposal of that was taken back.",
        "มีการถอนบัญชีที่เชื่อถือ",
        "มีการถอนบัญชีที่เชื่อถือ หรือถอนข้อเสนอ ของบัญชี {account}",
    ),
    _K.ACCEPTANCE_SET: Words(
        "Whether your account accepts transfers was changed",
        "It was changed whether account {account} asks to accept what others send.",
        "มีการเปลี่ยนการตอบรับการโอน",
        "มีการเปลี่ยนการกำหนดให้บัญชี {account} ต้องตอบรับการโอนจากผู้อื่น",
    ),
    _K.LIMITS_SET: Words(
        "Limits of your account were set",
        "The own limits of account {account} were set. What is lower counts at once, what is "
        "higher in some days.",
        "มีการกำหนดวงเงินของบัญชี",
        "มีการกำหนดวงเงินโอนของบัญชี {account} ค่าที่ต่ำลงมีผลทันที ค่าที่สูงขึ้นมีผลในอีกไม่กี่วัน",
    ),
    _K.ACCOUNT_OPENED: Words(
        "An account was opened",
        "Account {account} was opened for your party.",
        "มีการเปิดบัญชี",
        "เปิดบัญชี {account} สำหรับหน่วยงานของท่านแล้ว",
    ),
    _K.ACCOUNT_CLOSED: Words(
        "An account was closed",
        "Account {account} of your party was closed.",
        "มีการปิดบัญชี",
        "บัญชี {account} ของหน่วยงานของท่านถูกปิดแล้ว",
    ),
    _K.REPRESENTATIVE_ADDED: Words(
        "A representative was added",
        "The user {about} represents the accounts of your party from now on.",
        "มีการเพิ่มผู้แทนบัญชี",
        "ผู้ใช้ {about} เป็นผู้แทนบัญชีของหน่วยงานของท่านตั้งแต่บัดนี้",
    ),
    _K.REPRESENTATIVE_CHANGED: Words(
        "Roles of somebody in your party were set",
        "The roles of the user {about} of your party were set.",
        "มีการกำหนดบทบาทของผู้ใช้",
        "มีการกำหนดบทบาทของผู้ใช้ {about} ในหน่วยงานของท่าน",
    ),
    _K.REPRESENTATIVE_REMOVED: Words(
        "A representative was removed",
        "The user {about} represents the accounts of your party no more.",
        "ผู้แทนบัญชีพ้นหน้าที่",
        "ผู้ใช้ {about} ไม่ได้เป็นผู้แทนบัญชีของหน่วยงานของท่านแล้ว",
    ),
    _K.OWN_ROLES_SET: Words(
        "What you may do was set",
        "You were added to the register, or your roles in it were set or given back.",
        "มีการกำหนดสิทธิ์ของท่าน",
        "ท่านได้รับการเพิ่มเป็นผู้ใช้ หรือมีการกำหนดหรือคืนบทบาทของท่านในระบบ",
    ),
    _K.PASSWORD_SET: Words(
        "Your password was set",
        "The password that you sign in with was set.",
        "มีการตั้งรหัสผ่านของท่าน",
        "มีการตั้งรหัสผ่านที่ท่านใช้เข้าสู่ระบบ",
    ),
    _K.SECOND_FACTOR_SET: Words(
        "A second factor was set up",
        "From now on signing in as you takes a code.",
        "มีการตั้งปัจจัยที่สอง",
        "การเข้าสู่ระบบของท่านต้องใช้รหัสเพิ่มเติมตั้งแต่บัดนี้",
    ),
    _K.SECOND_FACTOR_REMOVED: Words(
        "Your second factor was removed",
        "Signing in as you takes no code any more.",
        "มีการยกเลิกปัจจัยที่สอง",
        "การเข้าสู่ระบบของท่านไม่ต้องใช้รหัสเพิ่มเติมอีกต่อไป",
    ),
    _K.RECOVERY_CODES_SET: Words(
        "New recovery codes were made",
        "Your old recovery codes work no more.",
        "มีการสร้างรหัสกู้คืนใหม่",
        "รหัสกู้คืนเดิมของท่านใช้ไม่ได้แล้ว",
    ),
    _K.PASSKEY_ADDED: Words(
        "A passkey was added",
        "A new passkey can sign in as you.",
        "มีการเพิ่มพาสคีย์",
        "พาสคีย์ใหม่สามารถเข้าสู่ระบบในนามของท่าน",
    ),
    _K.PASSKEY_REMOVED: Words(
        "A passkey was removed",
        "One of your passkeys works no more.",
        "มีการลบพาสคีย์",
        "พาสคีย์หนึ่งของท่านใช้ไม่ได้แล้ว",
    ),
    _K.IDENTITY_LINKED: Words(
        "An identity was linked",
        "Who is known to the identity provider by it can sign in as you.",
        "มีการผูกบัญชีผู้ให้บริการยืนยันตัวตน",
        "ผู้ใช้ของผู้ให้บริการยืนยันตัวตนที่ผูกไว้สามารถเข้าสู่ระบบในนามของท่าน",
    ),
    _K.IDENTITY_UNLINKED: Words(
        "An identity was unlinked",
        "One of your identities at the identity provider signs you in no more.",
        "มีการยกเลิกการผูกบัญชีผู้ให้บริการยืนยันตัวตน",
        "บัญชีหนึ่งของท่านที่ผู้ให้บริการยืนยันตัวตนใช้เข้าสู่ระบบไม่ได้แล้ว",
    ),
    _K.KEY_ISSUED: Words(
        "An API key was issued",
        "A new API key can act as you.",
        "มีการออกคีย์ API",
        "คีย์ API ใหม่สามารถดำเนินการในนามของท่าน",
    ),
    _K.KEY_REVOKED: Words(
        "An API key was revoked",
        "One of your API keys works no more.",
        "มีการยกเลิกคีย์ API",
        "คีย์ API หนึ่งของท่านใช้ไม่ได้แล้ว",
    ),
}


def words_of(notice: Notice) -> Words:
    """Return what a notice says."""
    words = _WORDS[notice.kind]
    named = {
        "account": "" if notice.account_id is None else account_number(notice.account_id),
        "proposal": notice.proposal_id,
        "order": notice.order_id,
        "about": notice.about,
    }
    text, text_th = words.text.format(**named), words.text_th.format(**named)
    if notice.kind in OF_SIGN_IN:
        text, text_th = f"{text} {_NOT_YOU}", f"{text_th} {_NOT_YOU_TH}"
    return Words(words.title, text, words.title_th, text_th)
