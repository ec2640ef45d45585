"""What applications for an account are refused for."""

from app.kernel.errors import (
    BrokenRuleError,
    BusyError,
    ConflictError,
    NotFoundError,
    StaleError,
    TooLargeError,
)


class ApplicationNotFoundError(NotFoundError):
    """There is no such application, or you may not know of it."""

    code = "application_not_found"
    number = 3801
    title_th = "ไม่พบคำขอเปิดบัญชีนี้ หรือท่านไม่มีสิทธิ์ดู"
    advice = (
        "Check the identifier, and send the secret that came with it as Application-Secret, or "
        "sign in as an officer of TGO."
    )
    advice_th = (
        "โปรดตรวจสอบรหัสคำขอ และส่งรหัสลับที่ได้รับพร้อมคำขอในส่วนหัว Application-Secret "
        "หรือเข้าสู่ระบบด้วยเจ้าหน้าที่ของ อบก."
    )


class ApplicationStaleError(StaleError):
    """The application was changed since you read it."""

    code = "application_stale"
    number = 3802
    title_th = "คำขอนี้ถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "It is at version {version}. Read it again and decide anew. Nothing was changed now."
    advice_th = "ขณะนี้เป็นรุ่นที่ {version} โปรดอ่านอีกครั้งแล้วดำเนินการใหม่ ขณะนี้ยังไม่มีสิ่งใดถูกแก้ไข"


class ApplicationStateError(ConflictError):
    """The application is not at a point where this can be done."""

    code = "application_state"
    number = 3803
    title_th = "คำขอนี้ไม่อยู่ในขั้นตอนที่ดำเนินการนี้ได้"
    advice = "It is {status}. GET /v1/applications/{application_id} shows what has happened."
    advice_th = "สถานะปัจจุบันคือ {status} ดูประวัติได้ที่ GET /v1/applications/{application_id}"


class KindOfHolderError(BrokenRuleError):
    """A holder of this kind cannot be a party of this kind."""

    code = "kind_of_holder"
    number = 3804
    title_th = "ผู้ขอประเภทนี้เข้าระบบเป็นหน่วยงานประเภทนี้ไม่ได้"
    advice = "A {holder_kind} can become: {possible}."
    advice_th = "ผู้ขอประเภท {holder_kind} เข้าระบบได้เป็น: {possible}"


class ApplicationDocumentMissingError(BrokenRuleError):
    """A document that an applicant of this kind has to hand in is missing."""

    code = "application_document_missing"
    number = 3805
    title_th = "ขาดเอกสารที่ผู้ขอประเภทนี้ต้องยื่น"
    advice = "Add to the application: {missing}."
    advice_th = "โปรดเพิ่มเอกสารในคำขอ: {missing}"


class ApplicationDocumentExpiredError(BrokenRuleError):
    """A document of the application is not valid any more."""

    code = "application_document_expired"
    number = 3806
    title_th = "เอกสารในคำขอหมดอายุแล้ว"
    advice = "{requirement} was valid until {expires_on}. Hand in a valid one."
    advice_th = "{requirement} ใช้ได้ถึงวันที่ {expires_on} โปรดยื่นเอกสารที่ยังไม่หมดอายุ"


class CertificateTooOldError(BrokenRuleError):
    """The certificate of registration is too old, or does not say when it was issued."""

    code = "certificate_too_old"
    number = 3807
    title_th = "หนังสือรับรองนิติบุคคลเก่าเกินกำหนด หรือไม่ได้ระบุวันที่ออก"
    advice = "Hand in one that was issued on {earliest} or later, and say when (issued_on)."
    advice_th = "โปรดยื่นหนังสือรับรองที่ออกตั้งแต่วันที่ {earliest} เป็นต้นไป และระบุวันที่ออกใน issued_on"


class RepresentativesTooFewError(BrokenRuleError):
    """An organisation is represented by several people: one initiates, another approves."""

    code = "representatives_too_few"
    number = 3808
    title_th = "หน่วยงานต้องมีผู้แทนหลายคน โดยผู้เริ่มรายการและผู้อนุมัติต้องเป็นคนละคน"
    advice = (
        "Name at least {least} people, one of them holder_initiator and another holder_approver."
    )
    advice_th = (
        "โปรดระบุผู้แทนอย่างน้อย {least} คน โดยคนหนึ่งเป็น holder_initiator และอีกคนหนึ่งเป็น holder_approver"
    )


class RepresentativeTwiceError(BrokenRuleError):
    """Two representatives have one e-mail address."""

    code = "representative_twice"
    number = 3809
    title_th = "ผู้แทนสองคนใช้อีเมลเดียวกัน"
    advice = "Every representative is another person, who signs in with an address of their own."
    advice_th = "ผู้แทนแต่ละคนต้องเป็นคนละคนและใช้อีเมลของตนเองในการเข้าสู่ระบบ"


class SameOfficerError(BrokenRuleError):
    """The one who recommended cannot be the one who decides."""

    code = "same_officer"
    number = 3810
    title_th = "ผู้เสนอความเห็นกับผู้ตัดสินใจต้องเป็นคนละคน"
    advice = "Ask another approver of TGO to decide."
    advice_th = "โปรดให้ผู้อนุมัติคนอื่นของ อบก. เป็นผู้ตัดสินใจ"


class NotRecommendedError(BrokenRuleError):
    """Nobody is let in against the recommendation."""

    code = "admission_not_recommended"
    number = 3811
    title_th = "ไม่สามารถรับผู้ขอที่เจ้าหน้าที่เสนอให้ปฏิเสธ"
    advice = "Two officers must agree. Refuse it; the applicant may apply again."
    advice_th = "ต้องได้รับความเห็นชอบจากเจ้าหน้าที่สองคน โปรดปฏิเสธคำขอ ผู้ขอยื่นคำขอใหม่ได้"


class TooManyApplicationsError(BusyError):
    """Very many applications were begun within an hour."""

    code = "too_many_applications"
    number = 3812
    title_th = "มีผู้เริ่มคำขอเปิดบัญชีจำนวนมากในหนึ่งชั่วโมงที่ผ่านมา"
    advice = "Try again in {retry_after_s} seconds. Applications that were begun can go on."
    advice_th = "โปรดลองใหม่ในอีก {retry_after_s} วินาที คำขอที่เริ่มไว้แล้วดำเนินการต่อได้"


class ApplicationTooLongError(ConflictError):
    """The application was changed too often."""

    code = "application_too_long"
    number = 3813
    title_th = "คำขอนี้ถูกแก้ไขหลายครั้งเกินกำหนด"
    advice = "After {versions_max} changes nothing can be changed any more. Begin a new one."
    advice_th = "คำขอแก้ไขได้ไม่เกิน {versions_max} ครั้ง โปรดเริ่มคำขอใหม่"


class ApplicationErasedError(ConflictError):
    """What the applicant wrote was erased."""

    code = "application_erased"
    number = 3814
    title_th = "ข้อมูลในคำขอนี้ถูกลบแล้ว"
    advice = "Nothing can be done with it any more; the applicant may apply again."
    advice_th = "ไม่สามารถดำเนินการกับคำขอนี้ได้อีก ผู้ขอยื่นคำขอใหม่ได้"


class ApplicationFileNotNamedError(BrokenRuleError):
    """The application names no document that is this file."""

    code = "application_file_not_named"
    number = 3830
    title_th = "ไม่มีเอกสารในคำขอที่ตรงกับไฟล์นี้"
    advice = (
        "The file is {media_type}, {bytes} bytes, SHA-256 {sha256}. Name a document with exactly "
        "these in the application, then upload it."
    )
    advice_th = (
        "ไฟล์นี้เป็น {media_type} ขนาด {bytes} ไบต์ SHA-256 {sha256} โปรดระบุเอกสารที่ตรงกันในคำขอก่อนอัปโหลด"
    )


class ApplicationFileNotFoundError(NotFoundError):
    """This file of the application is not here."""

    code = "application_file_not_found"
    number = 3831
    title_th = "ไม่พบไฟล์นี้ของคำขอ"
    advice = "It was not uploaded, or removed since. The application says which ones are here."
    advice_th = "ไฟล์ยังไม่ได้อัปโหลดหรือถูกลบแล้ว ดูรายการไฟล์ที่มีได้ในคำขอ"


class ApplicationFilesMissingError(BrokenRuleError):
    """Files of the application's documents have not been uploaded."""

    code = "application_files_missing"
    number = 3832
    title_th = "ยังไม่ได้อัปโหลดไฟล์ของเอกสารในคำขอ"
    advice = "Upload the files of: {missing}."
    advice_th = "โปรดอัปโหลดไฟล์ของเอกสาร: {missing}"


class ApplicationFilesTooLargeError(TooLargeError):
    """The files of the application are too large together."""

    code = "application_files_too_large"
    number = 3833
    title_th = "ไฟล์ทั้งหมดของคำขอมีขนาดรวมเกินกำหนด"
    advice = "All files of an application have at most {bytes_max} bytes. Compress some of them."
    advice_th = "ไฟล์ทั้งหมดของคำขอหนึ่งมีขนาดรวมได้ไม่เกิน {bytes_max} ไบต์ โปรดบีบอัดบางไฟล์"


class ApplicationFilesFullError(BusyError):
    """There is no room for more files of applicants."""

    code = "application_files_full"
    number = 3834
    title_th = "ขณะนี้ไม่มีพื้นที่เก็บไฟล์ของผู้ขอเพิ่ม"
    advice = "Try again in {retry_after_s} seconds, or hand the file to TGO another way."
    advice_th = "โปรดลองใหม่ในอีก {retry_after_s} วินาที หรือยื่นไฟล์ต่อ อบก. ทางอื่น"


class ApplicationFilesBusyError(BusyError):
    """Very many files of applicants are on their way at this moment."""

    code = "application_files_busy"
    number = 3835
    title_th = "ขณะนี้มีการรับส่งไฟล์ของผู้ขอจำนวนมาก"
    advice = "Try again in {retry_after_s} seconds."
    advice_th = "โปรดลองใหม่ในอีก {retry_after_s} วินาที"


class RenewalOpenError(ConflictError):
    """A renewal of this party is not decided yet."""

    code = "renewal_open"
    number = 3840
    title_th = "หน่วยงานนี้มีคำขอต่ออายุเอกสารที่ยังไม่ได้รับการพิจารณา"
    advice = (
        "Go on with that one: the party's page /kyc says which. Or withdraw it before you begin "
        "another."
    )
    advice_th = "โปรดดำเนินการกับคำขอเดิม ซึ่งดูรหัสได้ที่ /kyc ของหน่วยงาน หรือถอนคำขอเดิมก่อนเริ่มคำขอใหม่"


class RenewalPeopleError(BrokenRuleError):
    """A renewal changes nobody who acts for the party."""

    code = "renewal_people"
    number = 3841
    title_th = "คำขอต่ออายุเอกสารเปลี่ยนผู้แทนของหน่วยงานไม่ได้"
    advice = "Leave `representatives` empty. Administrators of TGO change who acts for a party."
    advice_th = "โปรดเว้น `representatives` ให้ว่าง ผู้ดูแลระบบของ อบก. เป็นผู้เปลี่ยนผู้แทนของหน่วยงาน"


class DocumentsExpiredError(ConflictError):
    """A document of your party has expired, and this may not be done until it is renewed."""

    code = "documents_expired"
    number = 3842
    title_th = "เอกสารของหน่วยงานท่านหมดอายุ จึงดำเนินการนี้ไม่ได้จนกว่าจะต่ออายุ"
    advice = "It was valid until {valid_until}. Renew it: POST /v1/parties/{party_id}/renewals."
    advice_th = "เอกสารใช้ได้ถึง {valid_until} โปรดต่ออายุที่ POST /v1/parties/{party_id}/renewals"
