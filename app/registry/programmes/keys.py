"""The keys of dated rule values: what each means, and which form its values have."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RuleKey(StrEnum):
    """The dated values that decisions read."""

    SERIAL_PREFIX_FORMAT = "serial_prefix_format"
    METHODOLOGY_VARIANTS = "methodology_variants"
    START_WINDOW_YEARS = "start_window_years"
    START_WINDOW_EXEMPT_FAMILIES = "start_window_exempt_families"
    IMPLEMENTATION_YEARS = "implementation_years"
    RENEWAL_REQUEST_DAYS = "renewal_request_days"
    POA_CAP_TCO2E = "poa_cap_tco2e"
    VERSION_OVERLAP_DAYS = "version_overlap_days"
    DOCUMENT_BYTES_MAX = "document_bytes_max"
    DOCUMENT_MEDIA_TYPES = "document_media_types"
    REMAINDER_CARRIED = "remainder_carried"
    RETIREMENT_PURPOSES = "retirement_purposes"
    COMPLETENESS_DAYS = "completeness_days"
    CONSIDERATION_DAYS = "consideration_days"
    ACCOUNT_OPENING_DAYS = "account_opening_days"
    REQUESTED_TRANSFER_DAYS = "requested_transfer_days"
    KYC_DOCUMENTS_NATURAL_PERSON = "kyc_documents_natural_person"
    KYC_DOCUMENTS_JURISTIC_PERSON = "kyc_documents_juristic_person"
    KYC_DOCUMENTS_STATE_BODY = "kyc_documents_state_body"
    CERTIFICATE_MONTHS = "certificate_months"
    REPRESENTATIVES_MIN = "representatives_min"
    VVB_CONSECUTIVE_REPORTS_MAX = "vvb_consecutive_reports_max"
    TRANSFERS_GOVERNED = "transfers_governed"
    TRANSFER_HOURS = "transfer_hours"
    TRANSFER_DELAY_HOURS = "transfer_delay_hours"
    TRANSFER_PROPOSAL_HOURS = "transfer_proposal_hours"
    TRANSFER_CREDITS_MAX = "transfer_credits_max"
    TRANSFER_CREDITS_PER_DAY_MAX = "transfer_credits_per_day_max"
    TRUST_ACTIVATION_WORKING_DAYS = "trust_activation_working_days"
    TRANSFER_ACCEPTANCE_HOURS = "transfer_acceptance_hours"
    CONFIRMED_ACTS = "confirmed_acts"
    ORDER_HOURS = "order_hours"
    REVERSAL_WINDOW_DAYS = "reversal_window_days"
    ACCESS_RECORD_YEARS = "access_record_years"
    NOTICE_DAYS = "notice_days"
    COMPENSATION_DAYS = "compensation_days"
    APPLICATION_FILES_REQUIRED = "application_files_required"
    APPLICATION_FILE_DAYS = "application_file_days"
    TWO_PERSON_ACTS = "two_person_acts"
    EXPIRED_DOCUMENTS_FORBID = "expired_documents_forbid"


class ConfirmedAct(StrEnum):
    """Acts that can be made to need a fresh second factor of whoever does them."""

    TRANSFER_PROPOSAL = "transfer_proposal"
    TRANSFER_APPROVAL = "transfer_approval"
    TRUST_PROPOSAL = "trust_proposal"
    TRUST_APPROVAL = "trust_approval"
    LIMIT_RAISING = "limit_raising"
    ISSUANCE_APPROVAL = "issuance_approval"
    ORDER_PROPOSAL = "order_proposal"
    ORDER_APPROVAL = "order_approval"


class TwoPersonAct(StrEnum):
    """Acts of TGO that can be made to take two people: one proposes, another approves."""

    ISSUANCE_APPROVAL = "issuance_approval"
    ROLE_CHANGE = "role_change"
    RULE_CHANGE = "rule_change"


class HeldAct(StrEnum):
    """Acts of a party that can be made to wait until its documents are valid again."""

    TRANSFER_PROPOSALS = "transfer_proposals"  # to accounts that are not trusted


class Form(StrEnum):
    """How the text of a value is to be read."""

    WHOLE = "whole"
    TONNES = "tonnes"
    LIST = "list"
    YES_NO = "yes_no"
    SERIAL_TEMPLATE = "serial_template"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """What a key means and which values it can hold."""

    form: Form
    meaning: str
    unit: str | None = None
    most: int = 0  # largest whole number; the smallest is 1
    pattern: str = ""  # what each item of a list must match whole
    is_limit: bool = False  # without a value there is none; any other rule has one always


_MEDIA_TYPE: Final = r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}"
_FAMILY: Final = (
    "renewable_electricity|energy_efficiency|forestry|agriculture|other"  # scale families
)


def _working_days(meaning: str) -> RuleSpec:
    return RuleSpec(Form.WHOLE, meaning, "working days", 365)


def _codes(meaning: str) -> RuleSpec:
    return RuleSpec(Form.LIST, meaning, pattern="[a-z][a-z0-9_]{1,39}")


RULE_SPECS: Final[Mapping[RuleKey, RuleSpec]] = {
    RuleKey.SERIAL_PREFIX_FORMAT: RuleSpec(
        Form.SERIAL_TEMPLATE, "Text of a serial number before its first and last serial."
    ),
    RuleKey.METHODOLOGY_VARIANTS: RuleSpec(
        Form.LIST,
        "Variants of methodology that an activity of the programme may use.",
        pattern="standard|premium|less",
    ),
    RuleKey.START_WINDOW_YEARS: RuleSpec(
        Form.WHOLE,
        "An activity started at most this long before its complete file was submitted.",
        unit="years",
        most=100,
    ),
    RuleKey.START_WINDOW_EXEMPT_FAMILIES: RuleSpec(
        Form.LIST, "Scale families that the start window does not bind.", pattern=_FAMILY
    ),
    RuleKey.IMPLEMENTATION_YEARS: RuleSpec(
        Form.WHOLE,
        "A registered activity must be implemented within this time.",
        unit="years",
        most=100,
    ),
    RuleKey.RENEWAL_REQUEST_DAYS: RuleSpec(
        Form.WHOLE,
        "Renewal is requested at least this long before the crediting period ends.",
        unit="days",
        most=3_650,
    ),
    RuleKey.POA_CAP_TCO2E: RuleSpec(
        Form.TONNES, "Most that all parts of a programme of activities may add up to.", unit="tCO2e"
    ),
    RuleKey.VERSION_OVERLAP_DAYS: RuleSpec(
        Form.WHOLE,
        "How long a superseded methodology or form version is still accepted.",
        unit="days",
        most=3_650,
    ),
    RuleKey.DOCUMENT_BYTES_MAX: RuleSpec(
        # The service reads no larger upload, whatever a programme would allow.
        Form.WHOLE,
        "Largest document.",
        unit="bytes",
        most=25_000_000,
    ),
    RuleKey.DOCUMENT_MEDIA_TYPES: RuleSpec(
        Form.LIST, "Media types that a document may have.", pattern=_MEDIA_TYPE
    ),
    RuleKey.REMAINDER_CARRIED: RuleSpec(
        Form.YES_NO,
        "Whether the part of a tonne left by rounding down counts in the next report of the same "
        "activity and vintage.",
    ),
    RuleKey.RETIREMENT_PURPOSES: _codes("Purpose codes that a retirement may name."),
    RuleKey.COMPLETENESS_DAYS: _working_days("Time to check whether a file is complete."),
    RuleKey.CONSIDERATION_DAYS: _working_days("Time to decide on a complete file."),
    RuleKey.ACCOUNT_OPENING_DAYS: _working_days("Time to decide on an application for an account."),
    RuleKey.REQUESTED_TRANSFER_DAYS: _working_days("Time for a transfer that TGO does on request."),
    RuleKey.KYC_DOCUMENTS_NATURAL_PERSON: _codes("Documents that a natural person applies with."),
    RuleKey.KYC_DOCUMENTS_JURISTIC_PERSON: _codes("Documents that a juristic person applies with."),
    RuleKey.KYC_DOCUMENTS_STATE_BODY: _codes("Documents that a state body applies with."),
    RuleKey.CERTIFICATE_MONTHS: RuleSpec(
        Form.WHOLE, "How old a certificate of registration may be.", "months", 120
    ),
    RuleKey.REPRESENTATIVES_MIN: RuleSpec(
        Form.WHOLE, "Representatives of an organisation; two at least, even so.", "people", 20
    ),
    RuleKey.VVB_CONSECUTIVE_REPORTS_MAX: RuleSpec(
        Form.WHOLE,
        "Reports of an activity that a body verifies in a row; without a value there is no such "
        "limit.",
        unit="reports",
        most=100,
        is_limit=True,
    ),
    RuleKey.TRANSFERS_GOVERNED: RuleSpec(
        Form.YES_NO,
        "Whether one person alone may transfer only to trusted accounts and those of the same "
        "owner, in working hours; any other transfer takes two, and waits.",
    ),
    RuleKey.TRANSFER_HOURS: RuleSpec(
        Form.HOURS,
        "When transfers to trusted accounts are made: hours of a working day, clock of Bangkok.",
    ),
    RuleKey.TRANSFER_DELAY_HOURS: RuleSpec(
        Form.WHOLE,
        "A transfer to an account that is not trusted is made at noon of a working day, at least "
        "this long after its approval.",
        unit="hours",
        most=2_400,
    ),
    RuleKey.TRANSFER_PROPOSAL_HOURS: RuleSpec(
        Form.WHOLE,
        "How long a proposed transfer, or trusted account, may wait for its approval.",
        unit="hours",
        most=2_400,
    ),
    RuleKey.TRANSFER_CREDITS_MAX: RuleSpec(
        Form.WHOLE,
        "Most that one transfer may move to an account that is not trusted; without a value there "
        "is no such limit.",
        unit="credits",
        most=10**12,
        is_limit=True,
    ),
    RuleKey.TRANSFER_CREDITS_PER_DAY_MAX: RuleSpec(
        Form.WHOLE,
        "Most that the transfers of one account, approved on one day, may move to accounts that "
        "are not trusted; without a value there is no such limit.",
        unit="credits",
        most=10**12,
        is_limit=True,
    ),
    RuleKey.TRUST_ACTIVATION_WORKING_DAYS: RuleSpec(
        Form.WHOLE,
        "An account that is put on the trusted list is trusted from noon of so many working days "
        "after the approval.",
        unit="working days",
        most=100,
    ),
    RuleKey.TRANSFER_ACCEPTANCE_HOURS: RuleSpec(
        Form.WHOLE,
        "How long after its proposal a transfer waits to be accepted, where its receiver asks for "
        "that; then its credits go back.",
        unit="hours",
        most=2_400,
    ),
    RuleKey.CONFIRMED_ACTS: RuleSpec(
        Form.LIST,
        "Acts that need a fresh second factor of whoever does them, bound to the digest of their "
        "content; `none`: no act does.",
        pattern="|".join(("none", *ConfirmedAct)),
    ),
    RuleKey.ORDER_HOURS: RuleSpec(
        Form.WHOLE,
        "How long an order (freeze, release, reversal, act of two people) that one officer of TGO "
        "has proposed may wait for another's approval.",
        unit="hours",
        most=2_400,
    ),
    RuleKey.REVERSAL_WINDOW_DAYS: RuleSpec(
        Form.WHOLE,
        "A transfer made in error is reversed within this time after it was made.",
        unit="days",
        most=3_650,
    ),
    RuleKey.ACCESS_RECORD_YEARS: RuleSpec(
        Form.WHOLE,
        "How long it is kept who signed in, and who read about whom.",
        unit="years",
        most=100,
    ),
    RuleKey.NOTICE_DAYS: RuleSpec(
        Form.WHOLE,
        "How long notices to people are kept, read or not.",
        unit="days",
        most=36_500,
    ),
    RuleKey.COMPENSATION_DAYS: RuleSpec(
        Form.WHOLE,
        "What a case of over-issuance or reversal owes is due so long after its opening.",
        unit="days",
        most=3_650,
    ),
    RuleKey.APPLICATION_FILES_REQUIRED: RuleSpec(
        Form.YES_NO,
        "Whether an application for an account is complete only with the files of its documents.",
    ),
    RuleKey.APPLICATION_FILE_DAYS: RuleSpec(
        Form.WHOLE,
        "How long files of an application are kept after its last step, where it was refused or "
        "withdrawn, or waits for the applicant.",
        unit="days",
        most=3_650,
    ),
    RuleKey.TWO_PERSON_ACTS: RuleSpec(
        Form.LIST,
        "Acts of TGO that one person proposes and another, who may do them too, approves; "
        "`none`: one person does them. While it, or a value to come, names any act, it takes two "
        "to change it, and to change roles.",
        pattern="|".join(("none", *TwoPersonAct)),
    ),
    RuleKey.EXPIRED_DOCUMENTS_FORBID: RuleSpec(
        Form.LIST,
        "What a party may not do while a document that it was admitted or renewed with has "
        "expired: propose transfers to accounts that are not trusted; `none`: it may do all.",
        pattern="|".join(("none", *HeldAct)),
    ),
}
