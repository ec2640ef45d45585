"""Why an act on an activity is refused."""

from app.kernel.errors import BrokenRuleError, ConflictError, NotFoundError, StaleError


class ActivityNotFoundError(NotFoundError):
    """There is no such activity."""

    code = "activity_not_found"
    number = 2601
    title_th = "ไม่พบกิจกรรมนี้"
    advice = "Check the identifier, or sign in as somebody who may see it: drafts are not public."
    advice_th = "โปรดตรวจสอบรหัสกิจกรรม หรือเข้าสู่ระบบด้วยผู้ใช้ที่มีสิทธิ์ เนื่องจากร่างไม่เปิดเผยต่อสาธารณะ"


class ActivityStaleError(StaleError):
    """This activity was changed since you read it."""

    code = "activity_stale"
    number = 2602
    title_th = "กิจกรรมนี้ถูกแก้ไขหลังจากที่ท่านอ่าน"
    advice = "It is now at version {version}. Read it again and decide on what it says now."
    advice_th = "ขณะนี้เป็นรุ่นที่ {version} โปรดอ่านใหม่แล้วตัดสินใจตามข้อมูลล่าสุด"


class ActivityStateError(ConflictError):
    """The activity is not in a state that allows this."""

    code = "activity_state"
    number = 2603
    title_th = "สถานะของกิจกรรมไม่อนุญาตให้ดำเนินการนี้"
    advice = "The activity is {status}, and {step} takes one that is: {possible}."
    advice_th = "กิจกรรมมีสถานะ {status} แต่ {step} ทำได้เฉพาะเมื่อมีสถานะ: {possible}"


class SiteOutsideThailandError(BrokenRuleError):
    """This point is not in Thailand."""

    code = "site_outside_thailand"
    number = 2604
    title_th = "พิกัดนี้อยู่นอกประเทศไทย"
    advice = (
        "Site {site} has latitude {latitude} and longitude {longitude}; Thailand lies between "
        "5.5 and 20.6 north and between 97.2 and 105.8 east. Check that they are not swapped."
    )
    advice_th = (
        "สถานที่ {site} มีละติจูด {latitude} และลองจิจูด {longitude} แต่ประเทศไทยอยู่ระหว่างละติจูด "
        "5.5 ถึง 20.6 และลองจิจูด 97.2 ถึง 105.8 โปรดตรวจว่าไม่ได้สลับกัน"
    )


class SiteSizeZeroError(BrokenRuleError):
    """A site has no size."""

    code = "site_size_zero"
    number = 2605
    title_th = "สถานที่ไม่มีขนาด"
    advice = "Give site {site} an installed size above zero; the scale class comes from it."
    advice_th = "โปรดระบุขนาดติดตั้งของสถานที่ {site} ให้มากกว่าศูนย์ เพราะใช้กำหนดขนาดโครงการ"


class SitesDoNotFitFormError(BrokenRuleError):
    """The number of sites does not fit the form of the activity."""

    code = "sites_do_not_fit_form"
    number = 2606
    title_th = "จำนวนสถานที่ไม่ตรงกับลักษณะการดำเนินโครงการ"
    advice = "A single activity has one site and a bundle at least two; this {form} has {sites}."
    advice_th = "โครงการเดี่ยวมีหนึ่งสถานที่ โครงการควบรวมมีอย่างน้อยสอง แต่ {form} นี้มี {sites} สถานที่"


class SiteNotMicroError(BrokenRuleError):
    """A site of a programme of activities is larger than micro scale."""

    code = "site_not_micro"
    number = 2607
    title_th = "กิจกรรมย่อยของโครงการแบบแผนงาน (PoA) มีขนาดเกินระดับเล็กมาก"
    advice = "Site {site} has {size} {unit}; in a programme of activities each may have {size_max}."
    advice_th = (
        "สถานที่ {site} มีขนาด {size} {unit} แต่ในโครงการแบบแผนงาน (PoA) แต่ละแห่งมีได้ไม่เกิน {size_max}"
    )


class ProgrammeCapError(BrokenRuleError):
    """This programme of activities is larger than the cap."""

    code = "programme_of_activities_cap"
    number = 2608
    title_th = "โครงการแบบแผนงาน (PoA) มีปริมาณรวมเกินเพดาน"
    advice = "It expects {estimate} tCO2e a year and the cap is {cap}. Take sites out of it."
    advice_th = "โครงการคาดว่าจะลดได้ {estimate} tCO2e ต่อปี แต่เพดานคือ {cap} โปรดลดจำนวนสถานที่"


class AdditionalityMissingError(BrokenRuleError):
    """A large activity must prove additionality."""

    code = "additionality_missing"
    number = 2609
    title_th = "กิจกรรมขนาดใหญ่ต้องพิสูจน์ความเพิ่มเติมจากการดำเนินงานตามปกติ"
    advice = (
        "Upload a document with the purpose additionality for this activity, then submit again."
    )
    advice_th = "โปรดอัปโหลดเอกสารที่มีวัตถุประสงค์ additionality ของกิจกรรมนี้ แล้วยื่นใหม่"


class StartedTooEarlyError(BrokenRuleError):
    """The activity started too long before its submission."""

    code = "started_too_early"
    number = 2610
    title_th = "กิจกรรมเริ่มดำเนินการก่อนวันยื่นนานเกินกำหนด"
    advice = (
        "It started on {starts_on}; submitted today, it may have started on {earliest} or later."
    )
    advice_th = "กิจกรรมเริ่มเมื่อ {starts_on} หากยื่นวันนี้ต้องเริ่มตั้งแต่ {earliest} เป็นต้นไป"


class OtherMechanismError(BrokenRuleError):
    """This activity is in another crediting mechanism."""

    code = "other_mechanism"
    number = 2611
    title_th = "กิจกรรมนี้อยู่ในกลไกคาร์บอนเครดิตอื่น"
    advice = "Credits may come from one mechanism only. Leave the other one and declare none."
    advice_th = "เครดิตต้องมาจากกลไกเดียวเท่านั้น โปรดออกจากกลไกอื่นแล้วแจ้งว่าไม่มี"


class InstallationTakenError(ConflictError):
    """An installation is already part of a live activity."""

    code = "installation_taken"
    number = 2612
    title_th = "สิ่งติดตั้งนี้อยู่ในกิจกรรมอื่นที่ยังดำเนินการอยู่"
    advice = (
        "The installation {installation_id} may be in one live activity, once. Take it out here, "
        "or have the other activity withdrawn or closed first."
    )
    advice_th = (
        "สิ่งติดตั้ง {installation_id} อยู่ในกิจกรรมที่ดำเนินการอยู่ได้เพียงแห่งเดียวและครั้งเดียว "
        "โปรดนำออกจากที่นี่ หรือให้กิจกรรมอื่นถอนหรือปิดก่อน"
    )


class CreditAccountNeededError(BrokenRuleError):
    """This programme issues credits, and the activity has no account to receive them."""

    code = "credit_account_needed"
    number = 2613
    title_th = "แผนงานนี้ออกเครดิต แต่กิจกรรมยังไม่มีบัญชีรับเครดิต"
    advice = "Set credit_account_number to an open account of the owner."
    advice_th = "โปรดระบุ credit_account_number เป็นบัญชีของเจ้าของกิจกรรมที่เปิดใช้งานอยู่"


class CreditAccountForeignError(BrokenRuleError):
    """This account cannot receive the activity's credits."""

    code = "credit_account_foreign"
    number = 2614
    title_th = "บัญชีนี้รับเครดิตของกิจกรรมไม่ได้"
    advice = "Give the number of an open holding account of the activity's owner."
    advice_th = "โปรดระบุเลขที่บัญชีของเจ้าของกิจกรรมที่เปิดใช้งานอยู่"


class CreditingTooEarlyError(BrokenRuleError):
    """Crediting cannot start before the activity does."""

    code = "crediting_too_early"
    number = 2615
    title_th = "ระยะเวลาคิดเครดิตเริ่มก่อนกิจกรรมเริ่มไม่ได้"
    advice = "Crediting is to start on {crediting_start}, the activity on {starts_on}."
    advice_th = "ระยะเวลาคิดเครดิตเริ่ม {crediting_start} แต่กิจกรรมเริ่ม {starts_on}"


class DateOutOfRangeError(BrokenRuleError):
    """This date lies outside the years that the registry takes."""

    code = "date_out_of_range"
    number = 2616
    title_th = "วันที่อยู่นอกช่วงปีที่ระบบรับ"
    advice = "Give a date from {earliest} to {latest}, in the common era."
    advice_th = "โปรดระบุวันที่ตั้งแต่ {earliest} ถึง {latest} เป็นคริสต์ศักราช"


class ValidatorNotFitError(BrokenRuleError):
    """This party cannot validate the activity."""

    code = "validator_not_fit"
    number = 2617
    title_th = "หน่วยงานนี้ตรวจสอบความใช้ได้ของกิจกรรมนี้ไม่ได้"
    advice = (
        "It takes an active VVB that is accredited for sectoral scope {sectoral_scope} today, does "
        "not own the activity and holds no account."
    )
    advice_th = (
        "ต้องเป็นหน่วยงานตรวจสอบที่ใช้งานอยู่ ได้รับการรับรองในขอบข่าย {sectoral_scope} ในวันนี้ "
        "ไม่ใช่เจ้าของกิจกรรม และไม่มีบัญชีเครดิต"
    )


class ValidatorMissingError(ConflictError):
    """No VVB has been assigned to this activity."""

    code = "validator_missing"
    number = 2618
    title_th = "ยังไม่มีหน่วยงานตรวจสอบสำหรับกิจกรรมนี้"
    advice = "Assign a VVB first, by POST to the activity's validator."
    advice_th = "โปรดมอบหมายหน่วยงานตรวจสอบก่อน โดย POST ที่ validator ของกิจกรรม"


class OpinionGivenError(ConflictError):
    """A positive validation opinion has already been given."""

    code = "opinion_given"
    number = 2619
    title_th = "มีความเห็นเชิงบวกต่อความใช้ได้ของกิจกรรมแล้ว"
    advice = "The opinion stands; the next step is the authority's decision on registration."
    advice_th = "ความเห็นมีผลแล้ว ขั้นต่อไปคือการพิจารณาขึ้นทะเบียนของ อบก."


class OpinionMissingError(ConflictError):
    """The validation opinion that this decision needs has not been given."""

    code = "opinion_missing"
    number = 2620
    title_th = "ยังไม่มีความเห็นต่อความใช้ได้ที่จำเป็นต่อการตัดสินใจนี้"
    advice = "Registration needs a positive last opinion of the assigned VVB; refusal needs any."
    advice_th = "การขึ้นทะเบียนต้องมีความเห็นล่าสุดเชิงบวก ส่วนการปฏิเสธต้องมีความเห็นอย่างน้อยหนึ่งครั้ง"


class ReviewNotCompleteError(ConflictError):
    """The completeness review has not ended."""

    code = "review_not_complete"
    number = 2621
    title_th = "การตรวจความครบถ้วนยังไม่เสร็จสิ้น"
    advice = "An officer first records the result of the review."
    advice_th = "เจ้าหน้าที่ต้องบันทึกผลการตรวจความครบถ้วนก่อน"


class ReviewAlreadyCompleteError(ConflictError):
    """The completeness review has already ended."""

    code = "review_already_complete"
    number = 2622
    title_th = "การตรวจความครบถ้วนเสร็จสิ้นแล้ว"
    advice = "The next step is the authority's decision on registration."
    advice_th = "ขั้นต่อไปคือการพิจารณาขึ้นทะเบียนของ อบก."


class ValidationNotAskedError(ConflictError):
    """This programme knows no validation."""

    code = "validation_not_asked"
    number = 2623
    title_th = "แผนงานนี้ไม่มีขั้นตอนตรวจสอบความใช้ได้"
    advice = "No VVB is assigned in programme {programme_code}; the authority decides after review."
    advice_th = "แผนงาน {programme_code} ไม่ต้องมีหน่วยงานตรวจสอบ อบก. พิจารณาหลังตรวจความครบถ้วน"


class DecisionUngroundedError(BrokenRuleError):
    """A decision must say where it was taken."""

    code = "decision_ungrounded"
    number = 2624
    title_th = "การตัดสินใจต้องระบุที่มา"
    advice = "Name the decision's document, or the meeting by its reference."
    advice_th = "โปรดระบุเอกสารการตัดสินใจ หรือหมายเลขอ้างอิงของการประชุม"


class DecisionAheadError(BrokenRuleError):
    """A decision cannot be dated after today."""

    code = "decision_ahead"
    number = 2625
    title_th = "วันที่ตัดสินใจต้องไม่เป็นวันในอนาคต"
    advice = "It was dated {decided_on}; today is {today} in Thailand."
    advice_th = "ระบุวันที่ {decided_on} แต่วันนี้ในประเทศไทยคือ {today}"


class ReasonMissingError(BrokenRuleError):
    """This decision must give its reason."""

    code = "reason_missing"
    number = 2626
    title_th = "การตัดสินใจนี้ต้องระบุเหตุผล"
    advice = "Say in reason why it is returned or refused, so that the owner can act on it."
    advice_th = "โปรดระบุเหตุผลที่ส่งคืนหรือปฏิเสธ เพื่อให้เจ้าของกิจกรรมดำเนินการต่อได้"


class EvidenceForeignError(BrokenRuleError):
    """A named document is not evidence of this activity."""

    code = "evidence_foreign"
    number = 2627
    title_th = "เอกสารที่อ้างไม่ใช่หลักฐานของกิจกรรมนี้"
    advice = (
        "Upload {document_id} with this activity's id, or name one of the activity's documents."
    )
    advice_th = "โปรดอัปโหลด {document_id} โดยระบุรหัสกิจกรรมนี้ หรืออ้างเอกสารของกิจกรรมนี้"


class VariantNotTakenError(BrokenRuleError):
    """The programme does not take methodologies of this variant."""

    code = "variant_not_taken"
    number = 2628
    title_th = "แผนงานนี้ไม่รับระเบียบวิธีรูปแบบนี้"
    advice = "It is {variant}; the programme takes: {possible}. Choose another methodology."
    advice_th = "ระเบียบวิธีนี้เป็นแบบ {variant} แต่แผนงานรับเฉพาะ: {possible} โปรดเลือกระเบียบวิธีอื่น"
