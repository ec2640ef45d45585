"""
What the register starts with: programmes, founding members and rule values.

A value that no published text of TGO states for a programme is marked as our default
(``is_default``): it is to be confirmed with TGO and then set anew, not edited here.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.registry.programmes.rules import (
    Member,
    Programme,
    ProgrammeKind,
    ProgrammeStatus,
    RuleKey,
    SigningCapacity,
)

_MEMORANDUM: Final = (
    "TGO news of 12 January 2565 BE: memorandum of TGO, Ministry of Interior, four provinces"
)
_NO_CREDITING_RULE: Final = (
    "The founding document states no crediting rule: that activities are verified and may earn "
    "credits is our default. The English name is our translation."
)
_TVER_OVERVIEW: Final = "TGO, about T-VER and Premium T-VER: tver.tgo.or.th, ghgreduction.tgo.or.th"
_NAME_UNCONFIRMED: Final = (
    "The Thai name is in common use; its exact form is to be confirmed with TGO."
)

PROGRAMMES: Final = (
    Programme(
        code="CITY",
        name_th="โครงการนำร่องเพื่อพัฒนากิจกรรมลดก๊าซเรือนกระจกระดับเมืองโดยใช้กลไกตลาดเป็นแรงจูงใจ",
        name_en="City pilot of greenhouse gas reduction with market mechanisms as the incentive",
        names_as_published=(),
        kind=ProgrammeKind.CITY_PILOT,
        needs_verification=True,
        mints=True,
        market_based=True,
        status=ProgrammeStatus.OPEN,
        source=_MEMORANDUM,
        note=_NO_CREDITING_RULE,
    ),
    Programme(
        code="PROV",
        name_th="โครงการพัฒนาแนวทางลดก๊าซเรือนกระจกระดับจังหวัด",
        name_en="Development of provincial approaches to greenhouse gas reduction",
        # The doubled consonant stands so in the running text of the news item.
        names_as_published=("โครงการพัฒนาแนวทางลดก๊าซเรือนกกระจกระดับจังหวัด",),
        kind=ProgrammeKind.PROVINCIAL,
        needs_verification=True,
        mints=True,
        market_based=False,
        status=ProgrammeStatus.OPEN,
        source=_MEMORANDUM,
        note=_NO_CREDITING_RULE,
    ),
    Programme(
        code="TVER",
        name_th="โครงการลดก๊าซเรือนกระจกภาคสมัครใจตามมาตรฐานของประเทศไทย (Standard T-VER)",
        name_en="Thailand Voluntary Emission Reduction Program, Standard T-VER",
        names_as_published=("T-VER",),
        kind=ProgrammeKind.STANDARD,
        needs_verification=True,
        mints=True,
        market_based=True,
        status=ProgrammeStatus.OPEN,
        source=_TVER_OVERVIEW,
        note=_NAME_UNCONFIRMED,
    ),
    Programme(
        code="TVERP",
        name_th="โครงการลดก๊าซเรือนกระจกภาคสมัครใจตามมาตรฐานของประเทศไทย ขั้นสูง (Premium T-VER)",
        name_en="Thailand Voluntary Emission Reduction Program, Premium T-VER",
        names_as_published=(),
        kind=ProgrammeKind.PREMIUM,
        needs_verification=True,
        mints=True,
        market_based=True,
        status=ProgrammeStatus.OPEN,
        source=_TVER_OVERVIEW,
        note=_NAME_UNCONFIRMED,
    ),
    Programme(
        code="LESS",
        name_th="โครงการสนับสนุนกิจกรรมลดก๊าซเรือนกระจก (LESS)",
        name_en="Low Emission Support Scheme",
        names_as_published=(),
        kind=ProgrammeKind.LESS,
        needs_verification=False,
        mints=False,
        market_based=False,
        status=ProgrammeStatus.OPEN,
        source="TGO, LESS: ghgreduction.tgo.or.th/less, articles 1 and 3",
        note=_NAME_UNCONFIRMED,
    ),
)


def _founding_member(
    programme_code: str, province_code: str, signing_capacity: SigningCapacity
) -> Member:
    return Member(
        programme_code=programme_code,
        province_code=province_code,
        since_fiscal_year_be=2565,
        memorandum_date=date(2022, 1, 12),
        signing_capacity=signing_capacity,
        source=_MEMORANDUM,
    )


MEMBERS: Final = (
    _founding_member("CITY", "40", SigningCapacity.GOVERNOR),  # Khon Kaen
    _founding_member("CITY", "81", SigningCapacity.GOVERNOR),  # Krabi
    _founding_member("PROV", "54", SigningCapacity.DEPUTY_GOVERNOR),  # Phrae
    _founding_member("PROV", "71", SigningCapacity.DEPUTY_GOVERNOR),  # Kanchanaburi
)


@dataclass(frozen=True, slots=True)
class FoundingValue:
    """A rule value that the register starts with."""

    programme_code: str | None  # None: of every programme that has no value of its own
    key: RuleKey
    value: str
    source: str
    is_default: bool = False


# The year T-VER began. When TGO's own rules came into force is not known to us, and acts on early
# dates (a history taken over) need a value too.
RULES_FROM: Final = date(2014, 1, 1)

_TVER_PAGES: Final = "TGO, Standard T-VER: ghgreduction.tgo.or.th/t-ver, article"


def _from_standard(key: RuleKey, value: str, *, article: str) -> tuple[FoundingValue, ...]:
    """Return a rule of Standard T-VER, and the same as our default for every other programme."""
    source = f"{_TVER_PAGES} {article}"
    return (
        FoundingValue("TVER", key, value, source),
        FoundingValue(None, key, value, f"Our default after {source}", is_default=True),
    )


def _default(key: RuleKey, value: str, why: str) -> FoundingValue:
    return FoundingValue(None, key, value, f"Our default: {why}", is_default=True)


_OPENING: Final = (
    "opening an account for carbon credit exchange: tver.tgo.or.th; documents for an account: "
    "ghgreduction.tgo.or.th, article 60"
)
_TRADING: Final = "steps of trading carbon credits: tver.tgo.or.th, article 275"


def _of_tgo(key: RuleKey, value: str, where: str) -> FoundingValue:
    return FoundingValue(None, key, value, f"TGO, {where}")


_EU_REGISTRY: Final = "as the EU's registry, Delegated Regulation (EU) 2019/1122, Art."

RULE_VALUES: Final = (
    _default(
        RuleKey.SERIAL_PREFIX_FORMAT,
        "TH-{programme}-{activity}-{vintage}-{batch}",
        "TGO has not published its serial number format",
    ),
    _default(
        RuleKey.METHODOLOGY_VARIANTS,
        "standard,premium",
        "the founding document names no methodologies for the pilots",
    ),
    FoundingValue(
        "TVER",
        RuleKey.METHODOLOGY_VARIANTS,
        "standard",
        "TGO: codes of Standard T-VER methodologies begin with T-VER-S",
    ),
    FoundingValue(
        "TVERP",
        RuleKey.METHODOLOGY_VARIANTS,
        "premium",
        "TGO: codes of Premium T-VER methodologies begin with T-VER-P",
    ),
    FoundingValue(
        "LESS",
        RuleKey.METHODOLOGY_VARIANTS,
        "less",
        "TGO, LESS process: ghgreduction.tgo.or.th/less, article 3",
    ),
    *_from_standard(RuleKey.START_WINDOW_YEARS, "3", article="41"),
    *_from_standard(RuleKey.START_WINDOW_EXEMPT_FAMILIES, "forestry", article="41"),
    *_from_standard(RuleKey.IMPLEMENTATION_YEARS, "2", article="52"),
    FoundingValue(
        "TVER",
        RuleKey.RENEWAL_REQUEST_DAYS,
        "180",
        "TGO, Standard T-VER, renewal of crediting period: tver.tgo.or.th/en-standard",
    ),
    _default(
        RuleKey.RENEWAL_REQUEST_DAYS, "180", "as TGO's Standard T-VER, renewal of crediting period"
    ),
    FoundingValue(
        "TVERP",
        RuleKey.POA_CAP_TCO2E,
        "60000",
        "TGO, Premium T-VER, project implementation: tver.tgo.or.th, category 226, article 564; "
        "the page names no period, and another page says that the total shall not be large-scale",
    ),
    _default(RuleKey.POA_CAP_TCO2E, "60000", "as TGO's Premium T-VER, project implementation"),
    FoundingValue(
        None,
        RuleKey.VERSION_OVERLAP_DAYS,
        "180",
        "TGO, procedure for development of methodology, and its list of forms with dates: "
        "tver.tgo.or.th, ghgreduction.tgo.or.th/en/premium-t-ver-download",
    ),
    _default(RuleKey.DOCUMENT_BYTES_MAX, "20971520", "20 MiB hold a scanned design document"),
    _default(
        RuleKey.DOCUMENT_MEDIA_TYPES,
        "application/pdf,image/jpeg,image/png,text/csv,"
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
        "text/plain",
        "what the documents of the procedure come as",
    ),
    _default(RuleKey.REMAINDER_CARRIED, "no", "no published text lets a remainder be carried"),
    _default(
        RuleKey.RETIREMENT_PURPOSES,
        "product,organisation,event,individual,voluntary,regulatory,over_issuance,reversal,corsia",
        "TGO certifies four kinds of offset, of which product is the one found in its text",
    ),
    _of_tgo(RuleKey.COMPLETENESS_DAYS, "15", _TRADING),
    _of_tgo(RuleKey.CONSIDERATION_DAYS, "60", "thailand.go.th/guide-book-detail/001_04_046"),
    _of_tgo(RuleKey.ACCOUNT_OPENING_DAYS, "15", _OPENING),
    _of_tgo(RuleKey.REQUESTED_TRANSFER_DAYS, "3", _TRADING),
    _of_tgo(RuleKey.KYC_DOCUMENTS_NATURAL_PERSON, "request_letter,identity_document", _OPENING),
    _of_tgo(
        RuleKey.KYC_DOCUMENTS_JURISTIC_PERSON,
        "request_letter,registration_certificate,power_of_attorney,principal_identity_document,"
        "attorney_identity_document,work_certificate",
        _OPENING,
    ),
    _of_tgo(
        RuleKey.KYC_DOCUMENTS_STATE_BODY,
        "request_letter,establishment_evidence,power_of_attorney,principal_identity_document,"
        "attorney_identity_document",
        _OPENING,
    ),
    _of_tgo(RuleKey.CERTIFICATE_MONTHS, "3", _OPENING),
    _default(
        RuleKey.REPRESENTATIVES_MIN,
        "2",
        "as in the EU's registry, Regulation (EU) 2019/1122, Art. 20",
    ),
    _default(
        RuleKey.TRANSFERS_GOVERNED,
        "no",
        "an administrator turns it on, by one act, once every holder has two people",
    ),
    _default(
        RuleKey.TRANSFER_HOURS,
        "10:00-16:00",
        f"{_EU_REGISTRY} 35(2), with the clock of Bangkok",
    ),
    _default(
        RuleKey.TRANSFER_DELAY_HOURS,
        "24",
        f"{_EU_REGISTRY} 35(3), where it is the next working day or the one after",
    ),
    _default(
        RuleKey.TRANSFER_PROPOSAL_HOURS,
        "48",
        "as California's CITSS, 17 CCR 95921: confirmed within two days",
    ),
    _default(RuleKey.TRUST_ACTIVATION_WORKING_DAYS, "4", f"{_EU_REGISTRY} 23"),
    _default(
        RuleKey.TRANSFER_ACCEPTANCE_HOURS,
        "72",
        "as California's CITSS, 17 CCR 95921: by the receiver within three days of the submission",
    ),
    _default(
        RuleKey.CONFIRMED_ACTS,
        "none",
        "an administrator names acts, by one act, once who does them has a second factor",
    ),
    _default(RuleKey.ORDER_HOURS, "48", "as for a proposed transfer"),
    _default(
        RuleKey.REVERSAL_WINDOW_DAYS,
        "7",
        "a short window, as in the registries of the UK and the EU, whose length was not found",
    ),
    _default(
        RuleKey.ACCESS_RECORD_YEARS,
        "10",
        f"{_EU_REGISTRY} 78, keeps log data for five years after an account's closure, and "
        "personal data for five more at the most; here the ten are counted from the event",
    ),
    _default(
        RuleKey.NOTICE_DAYS,
        "730",
        "two years, ours: a notice only points to an act, which the log keeps for ever",
    ),
    _default(
        RuleKey.COMPENSATION_DAYS,
        "90",
        "TGO's text on over-issued credits (ghgreduction.tgo.or.th/t-ver, article 47) says who "
        "compensates and with what, but not by when",
    ),
    _default(
        RuleKey.APPLICATION_FILES_REQUIRED,
        "no",
        "the files may reach TGO another way; an administrator turns it on by one act",
    ),
    _default(
        RuleKey.APPLICATION_FILE_DAYS,
        "90",
        "long enough to ask TGO about a refusal; PDPA section 37(3) lets nothing stay without need",
    ),
    _default(
        RuleKey.TWO_PERSON_ACTS,
        "none",
        "an administrator names acts, by one act, once two people can do each of them",
    ),
    _default(
        RuleKey.EXPIRED_DOCUMENTS_FORBID,
        "none",
        "no published text of TGO says what follows; an administrator turns it on by one act",
    ),
)
