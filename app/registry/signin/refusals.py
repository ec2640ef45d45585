"""What signing in, second factors and confirmations are refused for."""

from typing import Final

from app.kernel.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
)


class SessionEndedError(UnauthenticatedError):
    """This session has ended."""

    code = "session_ended"
    number = 1901
    title_th = "การเข้าสู่ระบบครั้งนี้สิ้นสุดแล้ว"
    advice = "Sign in again at POST /v1/tokens."
    advice_th = "โปรดเข้าสู่ระบบใหม่ที่ POST /v1/tokens"


class RefreshRefusedError(UnauthenticatedError):
    """This refresh token is not accepted."""

    code = "refresh_refused"
    number = 1902
    title_th = "ระบบไม่ยอมรับโทเคนต่ออายุนี้"
    advice = (
        "It is unknown, was used before, or its session has ended. A token that is used twice ends "
        "its session, because one of the two who had it stole it. Sign in again."
    )
    advice_th = (
        "ไม่รู้จักโทเคนนี้ หรือเคยใช้ไปแล้ว หรือการเข้าสู่ระบบสิ้นสุดแล้ว โทเคนที่ถูกใช้ซ้ำจะทำให้การเข้าสู่ระบบนั้นสิ้นสุดทันที "
        "เพราะอาจถูกขโมย โปรดเข้าสู่ระบบใหม่"
    )


class SessionNotFoundError(NotFoundError):
    """You have no such session."""

    code = "session_not_found"
    number = 1903
    title_th = "ท่านไม่มีการเข้าสู่ระบบนี้"
    advice = "Look for it in GET /v1/sessions; one that has ended needs no signing out."
    advice_th = "โปรดค้นหาจาก GET /v1/sessions การเข้าสู่ระบบที่สิ้นสุดแล้วไม่ต้องออกจากระบบอีก"


class TooManyGuessesError(TooManyError):
    """There were too many wrong attempts; the next one has to wait."""

    code = "too_many_guesses"
    number = 1904
    title_th = "มีการลองผิดหลายครั้งเกินไป โปรดรอก่อนลองใหม่"
    advice = (
        "Nothing was looked at. Try again in {retry_after_s} seconds, or from an address that you "
        "have signed in from before."
    )
    advice_th = (
        "ระบบยังไม่ได้ตรวจข้อมูล โปรดลองใหม่ในอีก {retry_after_s} วินาที หรือลองจากที่ซึ่งเคยเข้าสู่ระบบสำเร็จ"
    )


class SecondFactorRequiredError(UnauthenticatedError):
    """This user signs in with a second factor."""

    code = "second_factor_required"
    number = 1905
    title_th = "ผู้ใช้นี้ต้องยืนยันตัวตนด้วยปัจจัยที่สอง"
    advice = "Send the same request with one more of these: {accepted}."
    advice_th = "โปรดส่งคำขอเดิมพร้อมอย่างใดอย่างหนึ่งต่อไปนี้: {accepted}"


class CodeRefusedError(ForbiddenError):
    """This code is not accepted."""

    code = "code_refused"
    number = 1906
    title_th = "ระบบไม่ยอมรับรหัสนี้"
    advice = (
        "A code of an authenticator is good for about a minute and works once: wait for the next "
        "one, and check the time of your device. A recovery code works once for good."
    )
    advice_th = (
        "รหัสจากแอปยืนยันตัวตนใช้ได้ราวหนึ่งนาทีและใช้ได้ครั้งเดียว โปรดรอรหัสถัดไปและตรวจเวลาของอุปกรณ์ "
        "ส่วนรหัสกู้คืนใช้ได้เพียงครั้งเดียว"
    )


class SecondFactorExistsError(ConflictError):
    """You have a second factor already."""

    code = "second_factor_exists"
    number = 1907
    title_th = "ท่านมีปัจจัยที่สองอยู่แล้ว"
    advice = "Remove it first, at POST /v1/second-factor/removal."
    advice_th = "โปรดยกเลิกปัจจัยเดิมก่อนที่ POST /v1/second-factor/removal"


class SecondFactorMissingError(ConflictError):
    """There is no second factor."""

    code = "second_factor_missing"
    number = 1908
    title_th = "ยังไม่มีปัจจัยที่สอง"
    advice = "Set one up at POST /v1/second-factor, and confirm it with a code."
    advice_th = "โปรดตั้งค่าที่ POST /v1/second-factor แล้วยืนยันด้วยรหัส"


class PersonNeededError(ForbiddenError):
    """Only a person who signed in may do this, not an API key."""

    code = "person_needed"
    number = 1909
    title_th = "เฉพาะบุคคลที่เข้าสู่ระบบเองเท่านั้นที่ทำรายการนี้ได้ กุญแจ API ทำไม่ได้"
    advice = "Sign in with a password and send that token."
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่านแล้วส่งโทเคนนั้น"


class OwnFactorError(ForbiddenError):
    """Your own second factor is removed with one of its codes."""

    code = "own_second_factor"
    number = 1910
    title_th = "การยกเลิกปัจจัยที่สองของท่านเองต้องใช้รหัส"
    advice = "Use POST /v1/second-factor/removal, or ask another administrator."
    advice_th = "โปรดใช้ POST /v1/second-factor/removal หรือขอให้ผู้ดูแลระบบคนอื่นดำเนินการ"


class ConfirmationNeededError(ForbiddenError):
    """This act needs a fresh second factor for exactly its content."""

    code = "confirmation_needed"
    number = 1970
    title_th = "รายการนี้ต้องยืนยันด้วยปัจจัยที่สองใหม่สำหรับเนื้อหานี้โดยเฉพาะ"
    advice = (
        "Nothing was done. Look at what you are about to do, confirm the digest {digest} with a "
        "fresh code at POST /v1/confirmations, and send the same request again within five "
        "minutes. A confirmation counts once, for one act ({act}) with one content."
    )
    advice_th = (
        "ยังไม่มีการดำเนินการใด โปรดตรวจสิ่งที่จะทำ แล้วยืนยันค่า digest {digest} ด้วยรหัสใหม่ที่ "
        "POST /v1/confirmations และส่งคำขอเดิมอีกครั้งภายในห้านาที การยืนยันใช้ได้ครั้งเดียวกับรายการเดียว ({act}) "
        "และเนื้อหาเดียว"
    )


class PasskeysOffError(ConflictError):
    """This installation takes no passkeys."""

    code = "passkeys_off"
    number = 1990
    title_th = "ระบบนี้ยังไม่เปิดให้ใช้พาสคีย์"
    advice = (
        "Sign in with a password. Whoever runs the service turns passkeys on by saying for which "
        "domain and which pages they are."
    )
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่าน ผู้ดูแลเครื่องให้บริการเปิดใช้พาสคีย์ได้โดยกำหนดโดเมนและหน้าเว็บที่ใช้"


class PasskeyRefusedError(ForbiddenError):
    """This passkey is not accepted."""

    code = "passkey_refused"
    number = 1991
    title_th = "ระบบไม่ยอมรับพาสคีย์นี้"
    advice = (
        "Begin again with a new challenge: each is good for five minutes and for one try. Use a "
        "passkey that is registered here, on a page of this service, and let your device make sure "
        "that it is you. One that counts back may be a copy: remove it, and register another."
    )
    advice_th = (
        "โปรดเริ่มใหม่ด้วยคำท้าใหม่ ซึ่งใช้ได้ภายในห้านาทีและลองได้ครั้งเดียว ใช้พาสคีย์ที่ลงทะเบียนไว้กับระบบนี้ "
        "จากหน้าเว็บของระบบนี้ และให้อุปกรณ์ยืนยันว่าเป็นท่านจริง หากตัวนับของพาสคีย์ย้อนกลับ "
        "อาจมีผู้ทำสำเนา โปรดยกเลิกพาสคีย์นั้นแล้วลงทะเบียนใหม่"
    )


class PasskeyNotFoundError(NotFoundError):
    """You have no such passkey."""

    code = "passkey_not_found"
    number = 1992
    title_th = "ท่านไม่มีพาสคีย์นี้"
    advice = "Look for it in GET /v1/passkeys."
    advice_th = "โปรดค้นหาจาก GET /v1/passkeys"


class PasskeyExistsError(ConflictError):
    """This passkey is registered already."""

    code = "passkey_exists"
    number = 1993
    title_th = "พาสคีย์นี้ลงทะเบียนไว้แล้ว"
    advice = "Use it as it is, or make another one on your device."
    advice_th = "โปรดใช้พาสคีย์เดิม หรือสร้างพาสคีย์ใหม่ในอุปกรณ์ของท่าน"


class TooManyPasskeysError(ConflictError):
    """You have as many passkeys as one person may have."""

    code = "too_many_passkeys"
    number = 1994
    title_th = "ท่านมีพาสคีย์ครบจำนวนที่บุคคลหนึ่งมีได้แล้ว"
    advice = "You have {passkeys_max}. Remove one that you no longer use."
    advice_th = "ท่านมี {passkeys_max} พาสคีย์ โปรดยกเลิกพาสคีย์ที่ไม่ใช้แล้ว"


class TooManyChallengesError(TooManyError):
    """Too many challenges that were asked for from where you are wait to be signed."""

    code = "too_many_challenges"
    number = 1995
    title_th = "มีคำท้าที่ขอจากเครือข่ายของท่านและยังไม่ได้ลงนามอยู่มากเกินไป"
    advice = "Try again in {retry_after_s} seconds, when the first of them are over."
    advice_th = "โปรดลองใหม่ในอีก {retry_after_s} วินาที เมื่อคำท้าก่อนหน้าหมดอายุ"


class IdentitiesOffError(ConflictError):
    """This installation knows no identity provider."""

    code = "identities_off"
    number = 1960
    title_th = "ระบบนี้ยังไม่เปิดให้เข้าสู่ระบบผ่านผู้ให้บริการยืนยันตัวตน"
    advice = "Sign in with a password. Whoever runs the service names the provider in its settings."
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่าน ผู้ดูแลเครื่องให้บริการกำหนดผู้ให้บริการยืนยันตัวตนได้ในการตั้งค่า"


class IdentityRefusedError(ForbiddenError):
    """What the identity provider is said to have answered is not accepted."""

    code = "identity_refused"
    number = 1961
    title_th = "ระบบไม่ยอมรับคำตอบที่อ้างว่ามาจากผู้ให้บริการยืนยันตัวตน"
    advice = (
        "Begin again: what the provider was asked is good for ten minutes, for one code, and in "
        "the browser that began alone. Send state, code and iss as they came back from it."
    )
    advice_th = (
        "โปรดเริ่มใหม่ คำขอถึงผู้ให้บริการใช้ได้ภายในสิบนาที กับรหัสเดียว และเฉพาะในเบราว์เซอร์ที่เริ่มเท่านั้น "
        "โปรดส่ง state code และ iss ตามที่ได้รับ ณ ที่อยู่ซึ่งผู้ให้บริการส่งกลับมา"
    )


class IdentityUnknownError(ForbiddenError):
    """The provider knows who you are, but nobody here has linked that identity."""

    code = "identity_unknown"
    number = 1962
    title_th = "ผู้ให้บริการยืนยันตัวตนรู้จักท่าน แต่ยังไม่มีบัญชีใดในระบบนี้เชื่อมกับตัวตนดังกล่าว"
    advice = "Sign in with your password, and link it at POST /v1/identities/registration."
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่าน แล้วเชื่อมตัวตนที่ POST /v1/identities/registration"


class IdentityNotFoundError(NotFoundError):
    """You have linked no such identity."""

    code = "identity_not_found"
    number = 1963
    title_th = "ท่านไม่ได้เชื่อมตัวตนนี้ไว้"
    advice = "Look for it in GET /v1/identities."
    advice_th = "โปรดค้นหาจาก GET /v1/identities"


class IdentityLinkedError(ConflictError):
    """This identity is linked already."""

    code = "identity_linked"
    number = 1964
    title_th = "ตัวตนนี้ถูกเชื่อมไว้แล้ว"
    advice = (
        "One identity is one user. Unlink it first, signed in as the user that it is linked to."
    )
    advice_th = "หนึ่งตัวตนเชื่อมได้กับผู้ใช้เดียว โปรดยกเลิกการเชื่อมก่อน โดยเข้าสู่ระบบเป็นผู้ใช้ที่เชื่อมไว้"


class TooManyIdentitiesError(ConflictError):
    """You have linked as many identities as one person may."""

    code = "too_many_identities"
    number = 1965
    title_th = "ท่านเชื่อมตัวตนครบจำนวนที่บุคคลหนึ่งเชื่อมได้แล้ว"
    advice = "You have linked {identities_max}. Unlink one that you no longer use."
    advice_th = "ท่านเชื่อมไว้ {identities_max} ตัวตน โปรดยกเลิกตัวตนที่ไม่ใช้แล้ว"


class TooManyIdentityRequestsError(TooManyError):
    """Too many sign-ins that were begun from where you are wait for the identity provider."""

    code = "too_many_identity_requests"
    number = 1966
    title_th = "มีการเข้าสู่ระบบที่เริ่มจากเครือข่ายของท่านและยังรอผู้ให้บริการยืนยันตัวตนอยู่มากเกินไป"
    advice = "Try again in {retry_after_s} seconds, when the first of them are over."
    advice_th = "โปรดลองใหม่ในอีก {retry_after_s} วินาที เมื่อคำขอก่อนหน้าหมดอายุ"


class ProviderAwayError(BusyError):
    """The identity provider does not answer as it should."""

    code = "identity_provider_away"
    number = 1967
    title_th = "ผู้ให้บริการยืนยันตัวตนไม่ตอบตามที่ควร"
    advice = "Begin again in {retry_after_s} seconds, or sign in with your password."
    advice_th = "โปรดเริ่มใหม่ในอีก {retry_after_s} วินาที หรือเข้าสู่ระบบด้วยรหัสผ่าน"


# What an act is refused for that the rules of the day want confirmed.
CONFIRMING: Final = (ConfirmationNeededError, PersonNeededError)
