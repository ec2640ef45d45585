"""What acts on parties and users are refused for; what every subject raises is in `rules`."""

from app.kernel.errors import (
    BrokenRuleError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    StaleError,
)


class KeyNotFoundError(NotFoundError):
    """This user has no such API key."""

    code = "key_not_found"
    number = 2004
    title_th = "ผู้ใช้นี้ไม่มีคีย์ API ดังกล่าว"
    advice = "Look for it in GET /v1/users/{user_id}/keys."
    advice_th = "โปรดค้นหาจาก GET /v1/users/{user_id}/keys"


class EmailTakenError(ConflictError):
    """Another user already signs in with this e-mail address."""

    code = "email_taken"
    number = 2005
    title_th = "มีผู้ใช้อื่นใช้อีเมลนี้เข้าสู่ระบบอยู่แล้ว"
    advice = "Give the user another address, or change the user who has this one."
    advice_th = "โปรดใช้อีเมลอื่น หรือแก้ไขผู้ใช้ที่มีอีเมลนี้อยู่"


class RoleNotOfKindError(BrokenRuleError):
    """A party of this kind cannot give this role."""

    code = "role_not_of_kind"
    number = 2006
    title_th = "หน่วยงานประเภทนี้ไม่สามารถให้บทบาทนี้ได้"
    advice = "A {kind} party gives: {possible}. Not possible here: {impossible}."
    advice_th = "หน่วยงานประเภท {kind} ให้บทบาทได้ดังนี้: {possible} ส่วนที่ให้ไม่ได้คือ: {impossible}"


class ProvinceNeededError(BrokenRuleError):
    """A province or municipality must say which province it is in."""

    code = "province_needed"
    number = 2007
    title_th = "จังหวัดหรือเทศบาลต้องระบุรหัสจังหวัด"
    advice = "Send province_code; GET /v1/provinces lists the codes."
    advice_th = "โปรดส่ง province_code โดยดูรหัสได้จาก GET /v1/provinces"


class StatusUnchangedError(ConflictError):
    """It already has this status."""

    code = "status_unchanged"
    number = 2008
    title_th = "อยู่ในสถานะนี้แล้ว"
    advice = "It is {status} already; nothing needs to be done."
    advice_th = "ขณะนี้เป็น {status} อยู่แล้ว ไม่ต้องดำเนินการใด"


class LastAdministratorError(BrokenRuleError):
    """The register would be left without an administrator who can act."""

    code = "last_administrator"
    number = 2009
    title_th = "ระบบจะไม่มีผู้ดูแลระบบที่ปฏิบัติงานได้เหลืออยู่"
    advice = "Make another active user of an active authority an administrator first."
    advice_th = "โปรดแต่งตั้งผู้ใช้อื่นที่ปฏิบัติงานอยู่ของหน่วยงานกำกับดูแลเป็นผู้ดูแลระบบก่อน"


class NotAVvbError(BrokenRuleError):
    """Only a validation and verification body has accreditations."""

    code = "not_a_vvb"
    number = 2010
    title_th = "เฉพาะผู้ประเมินภายนอก (VVB) เท่านั้นที่มีขอบข่ายการรับรอง"
    advice = "This party is of kind {kind}. Admit the body as a party of kind vvb."
    advice_th = "หน่วยงานนี้เป็นประเภท {kind} โปรดรับผู้ประเมินเข้าระบบเป็นประเภท vvb"


class AccreditationReversedError(BrokenRuleError):
    """An accreditation cannot end before it begins."""

    code = "accreditation_reversed"
    number = 2011
    title_th = "วันสิ้นสุดการรับรองต้องไม่ก่อนวันเริ่มต้น"
    advice = "Send a last day that is {valid_from} or later."
    advice_th = "โปรดส่งวันสุดท้ายที่ไม่ก่อน {valid_from}"


class AccreditationOverlapError(ConflictError):
    """The body is already accredited in this scope on some of these days."""

    code = "accreditation_overlap"
    number = 2012
    title_th = "ผู้ประเมินได้รับการรับรองในขอบข่ายนี้ในบางวันของช่วงนี้อยู่แล้ว"
    advice = (
        "Scope {sectoral_scope} is held from {valid_from}. Choose other days, "
        "or end that accreditation first."
    )
    advice_th = (
        "มีการรับรองขอบข่าย {sectoral_scope} ตั้งแต่ {valid_from} โปรดเลือกช่วงอื่น หรือสิ้นสุดการรับรองเดิมก่อน"
    )


class AccreditationNotFoundError(NotFoundError):
    """The body holds no accreditation in this scope on that day."""

    code = "accreditation_not_found"
    number = 2013
    title_th = "ผู้ประเมินไม่มีการรับรองในขอบข่ายนี้ในวันดังกล่าว"
    advice = "GET /v1/parties/{party_id} lists scopes and days; name a last day inside one of them."
    advice_th = "ดูขอบข่ายและวันที่ได้จาก GET /v1/parties/{party_id} แล้วระบุวันสุดท้ายที่อยู่ในช่วงนั้น"


class AlreadyFoundedError(ConflictError):
    """The register already has its authority."""

    code = "already_founded"
    number = 2014
    title_th = "ระบบมีหน่วยงานกำกับดูแลแล้ว"
    advice = "Sign in as an administrator of it; further parties are admitted in the ordinary way."
    advice_th = "โปรดเข้าสู่ระบบด้วยผู้ดูแลระบบของหน่วยงานนั้น แล้วรับหน่วยงานอื่นตามขั้นตอนปกติ"


class TooManyKeysError(ConflictError):
    """This user has as many API keys as one user may have."""

    code = "too_many_keys"
    number = 2015
    title_th = "ผู้ใช้นี้มีคีย์ API ครบจำนวนที่อนุญาตแล้ว"
    advice = "Revoke one of the {keys_max} keys that are no longer needed."
    advice_th = "โปรดเพิกถอนคีย์ที่ไม่ใช้แล้วจากทั้งหมด {keys_max} คีย์"


class KeyIssuedBeforeError(ConflictError):
    """An API key was issued with this Idempotency-Key already."""

    code = "key_issued_before"
    number = 2065
    title_th = "ออกคีย์ API จากคำขอนี้ไปแล้ว"
    advice = (
        "No other was issued. The secret of {key_id} was shown once: where it did not reach you, "
        "revoke that key and issue another with another Idempotency-Key."
    )
    advice_th = (
        "ไม่มีการออกคีย์เพิ่ม รหัสลับของ {key_id} แสดงเพียงครั้งเดียว หากไม่ได้รับ "
        "โปรดเพิกถอนคีย์นั้นแล้วออกใหม่ด้วย Idempotency-Key อื่น"
    )


class KeyRevokedError(ConflictError):
    """This API key was revoked already."""

    code = "key_already_revoked"
    number = 2016
    title_th = "คีย์ API นี้ถูกเพิกถอนไปแล้ว"
    advice = "It no longer signs in; nothing needs to be done."
    advice_th = "คีย์นี้เข้าสู่ระบบไม่ได้แล้ว ไม่ต้องดำเนินการใด"


class PartyStaleError(StaleError):
    """The party or user was changed since you read it."""

    code = "party_stale"
    number = 2017
    title_th = "หน่วยงานหรือผู้ใช้นี้ถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "Read it again and send your change with the new ETag. Nothing was changed now."
    advice_th = "โปรดอ่านข้อมูลอีกครั้ง แล้วส่งใหม่พร้อม ETag ใหม่ ขณะนี้ยังไม่มีสิ่งใดถูกแก้ไข"


class RepresentativesMissingError(BrokenRuleError):
    """Too few people would be left who can act for this party."""

    code = "representatives_missing"
    number = 2019
    title_th = "จะเหลือผู้แทนของหน่วยงานนี้ไม่เพียงพอ"
    advice = (
        "An organisation keeps at least {least} representatives, one who initiates and another who "
        "approves. Give somebody else the role first."
    )
    advice_th = (
        "หน่วยงานต้องมีผู้แทนอย่างน้อย {least} คน โดยผู้เริ่มรายการและผู้อนุมัติต้องเป็นคนละคน โปรดให้บทบาทนี้แก่ผู้ใช้อื่นก่อน"
    )


class PartyClosedError(ConflictError):
    """This party was closed for good."""

    code = "party_closed"
    number = 2020
    title_th = "หน่วยงานนี้ถูกปิดถาวรแล้ว"
    advice = "Nobody acts for it any more. The organisation may apply for an account again."
    advice_th = "ไม่มีผู้ใดดำเนินการแทนหน่วยงานนี้ได้อีก หน่วยงานยื่นคำขอเปิดบัญชีใหม่ได้"


class PartyHasAccountError(ConflictError):
    """The party has an account that is open."""

    code = "party_has_account"
    number = 2021
    title_th = "หน่วยงานนี้ยังมีบัญชีที่เปิดอยู่"
    advice = (
        "Close its accounts first, when they are empty: GET /v1/accounts?owner_party_id={party_id}."
    )
    advice_th = (
        "โปรดปิดบัญชีของหน่วยงานก่อน เมื่อไม่มีเครดิตเหลืออยู่: GET /v1/accounts?owner_party_id={party_id}"
    )


class UserErasedError(ConflictError):
    """This user's name and address were erased."""

    code = "user_erased"
    number = 2018
    title_th = "ชื่อและอีเมลของผู้ใช้นี้ถูกลบแล้ว"
    advice = "Nothing about them can be changed any more; add the person as a new user."
    advice_th = "ไม่สามารถแก้ไขผู้ใช้นี้ได้อีก โปรดเพิ่มบุคคลนี้เป็นผู้ใช้ใหม่"


class KeyLimitedError(ForbiddenError):
    """This API key is limited to its scopes, and cannot give out more than it has."""

    code = "key_limited"
    number = 2061
    title_th = "คีย์ API นี้ถูกจำกัดขอบเขต จึงออกคีย์หรือเปลี่ยนวิธีเข้าสู่ระบบไม่ได้"
    advice = "Sign in as a person to issue keys and set passwords."
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่าน เพื่อออกคีย์หรือตั้งรหัสผ่าน"


class KeyGivenByKeyError(ForbiddenError):
    """An API key gives out no keys."""

    code = "key_given_by_key"
    number = 2080
    title_th = "คีย์ API ไม่สามารถออกคีย์อื่นได้"
    advice = "Sign in as a person, at POST /v1/tokens with a password, to issue keys."
    advice_th = "โปรดเข้าสู่ระบบด้วยรหัสผ่านที่ POST /v1/tokens เพื่อออกคีย์"


class ScopeNotHeldError(BrokenRuleError):
    """An API key cannot have a permission that its user lacks."""

    code = "scope_not_held"
    number = 2062
    title_th = "คีย์ API มีสิทธิ์เกินกว่าผู้ใช้ไม่ได้"
    advice = "None of the user's roles gives: {missing}. Leave these scopes out."
    advice_th = "บทบาทของผู้ใช้ไม่มีสิทธิ์ต่อไปนี้: {missing} โปรดนำขอบเขตเหล่านี้ออก"


class KeyExpiryPastError(BrokenRuleError):
    """An API key cannot expire before it is issued."""

    code = "key_expiry_past"
    number = 2063
    title_th = "คีย์ API จะหมดอายุก่อนวันที่ออกไม่ได้"
    advice = "Send a moment that is still to come as expires_at, or leave it out."
    advice_th = "โปรดส่ง expires_at เป็นเวลาในอนาคต หรือไม่ต้องส่ง"


class NotANetworkError(BrokenRuleError):
    """One of the addresses is not that of a network."""

    code = "not_a_network"
    number = 2064
    title_th = "มีที่อยู่ที่ไม่ใช่ที่อยู่ของเครือข่าย"
    advice = "{address} is none; write 203.0.113.0/24 or 2001:db8::/48, with no bits of a host."
    advice_th = "{address} ไม่ถูกต้อง โปรดเขียนแบบ 203.0.113.0/24 หรือ 2001:db8::/48 โดยไม่มีส่วนของเครื่อง"
