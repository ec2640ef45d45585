"""Who is told of what, and in which words: without a database."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import SMTP, default
from pathlib import Path
from string import Formatter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.entry.letters import UnaddressableError, letter_of
from app.kernel.ids import new_id
from app.registry.ledger.serials import account_number
from app.registry.notices import catalogue, rules
from app.registry.notices.catalogue import words_of
from app.registry.notices.refusals import NoticesLimitedKeyError
from app.registry.notices.rules import (
    OF_ACCOUNTS,
    OF_ORDERS,
    OF_OTHERS,
    OF_PROPOSALS,
    OF_SIGN_IN,
    TELLINGS,
    Event,
    Notice,
    NoticeKind,
    Whom,
    check_whole,
    hears,
)
from app.registry.replay.leaves import KINDS
from app.settings import Settings

# Acts of which nobody is told. A new kind of act has to be put here, or into the table.
UNTOLD: Final = {
    *(kind for kind in KINDS if kind.startswith(("activity.", "application.", "report."))),
    *(kind for kind in KINDS if kind.startswith(("party.", "programme.", "methodology."))),
    *(kind for kind in KINDS if kind.startswith(("verification.", "buffer."))),
    *("accounts.founded", "calendar.year_set", "document.uploaded", "history.source_opened"),
    *("rules.set", "issuance.refused"),
    # By the thousand a second, and by whoever holds the credits; or of another registry's past.
    *("credits.transferred", "credits.retired", "credits.cancelled", "credits.taken_over"),
    # By who holds the credits, for a case of which the developer was told.
    *("credits.deducted", "credits.replaced"),
    # Of TGO alone until another officer approves it.
    *("freeze.proposed", "release.proposed", "reversal.proposed", "case.proposed"),
    *("issuance.proposed", "roles.proposed", "rule.proposed"),
}
NOW: Final = datetime(2026, 11, 24, 3, tzinfo=UTC)


def settings(**more: str) -> Settings:
    given: dict[str, Any] = {"mail_host": "127.0.0.1", "mail_from": "registry@tgo.example", **more}
    return Settings(database_url="postgresql://nobody@/nothing", data=Path("/nowhere"), **given)


def a_notice(kind: NoticeKind) -> Notice:
    return Notice(
        id=new_id("ntc"),
        user_id=new_id("usr"),
        kind=kind,
        account_id=1_001 if kind in OF_ACCOUNTS else None,
        proposal_id=new_id("prp") if kind in OF_PROPOSALS else None,
        order_id=new_id("ord") if kind in OF_ORDERS else None,
        about=new_id("usr") if kind in OF_OTHERS else None,
        log_index=7,
        made_at=NOW,
    )


def test_of_every_kind_of_act_it_is_decided_who_hears() -> None:
    assert TELLINGS.keys().isdisjoint(UNTOLD)
    assert TELLINGS.keys() | UNTOLD == KINDS.keys()


def test_every_kind_of_notice_comes_of_an_act() -> None:
    told = {telling.kind for tellings in TELLINGS.values() for telling in tellings}
    assert told == set(NoticeKind)


def test_what_a_notice_names_follows_from_whom_it_is_for() -> None:
    """Who hears as a representative of an account is told of which; others are told of none."""
    for tellings in TELLINGS.values():
        for telling in tellings:
            of_none = telling.whom in {Whom.FELLOWS, Whom.PERSON}
            assert (telling.kind in OF_ACCOUNTS) is not of_none, telling


def test_how_one_signs_in_is_told_to_oneself_and_nobody_else() -> None:
    for tellings in TELLINGS.values():
        for telling in tellings:
            if telling.kind in OF_SIGN_IN:
                assert telling.whom is Whom.PERSON


@pytest.mark.parametrize("kind", NoticeKind)
def test_who_did_it_is_told_of_their_sign_in_alone(kind: NoticeKind) -> None:
    assert hears(kind, "usr_a", by="usr_b")
    assert hears(kind, "usr_a", by="usr_a") is (kind in OF_SIGN_IN)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("credits.sent", {}, {NoticeKind.TRANSFER_APPROVED}),
        (
            "credits.sent",
            {"accept_until": "2026-11-27T03:00:00.000000Z"},
            {NoticeKind.TRANSFER_APPROVED, NoticeKind.ACCEPTANCE_ASKED},
        ),
        ("credits.returned", {"reason": "aborted"}, {NoticeKind.TRANSFER_ABORTED}),
        ("credits.returned", {"reason": "frozen"}, {NoticeKind.TRANSFER_RETURNED}),
        ("person.erased", {"user": False}, set()),
        ("person.erased", {"user": True}, {NoticeKind.REPRESENTATIVE_REMOVED}),
    ],
)
def test_what_is_told_depends_on_the_facts(
    kind: str, data: dict[str, object], expected: set[NoticeKind]
) -> None:
    event = Event(7, kind, "registry", "x", data)
    assert {t.kind for t in TELLINGS[kind] if t.only(event)} == expected


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_says_all_that_it_names_in_both_languages(kind: NoticeKind) -> None:
    notice = a_notice(kind)
    words = words_of(notice)
    named = [notice.proposal_id, notice.order_id, notice.about]
    if notice.account_id is not None:
        named.append(account_number(notice.account_id))
    for text in (words.text, words.text_th):
        assert "None" not in text
        assert "{" not in text
        assert all(name in text for name in named if name is not None), text
    assert words.title
    assert not any("\u0e00" <= letter <= "\u0e7f" for letter in words.title + words.text)
    assert any("\u0e00" <= letter <= "\u0e7f" for letter in words.title_th)


def test_both_languages_name_the_same_things() -> None:
    for kind, words in catalogue._WORDS.items():
        fields = [
            {field for _, field, _, _ in Formatter().parse(text) if field}
            for text in (words.text, words.text_th)
        ]
        assert fields[0] == fields[1], kind


def test_only_a_whole_caller_reads_notices() -> None:
    check_whole(None)
    for scopes in ((), ("read_account",)):
        with pytest.raises(NoticesLimitedKeyError):
            check_whole(scopes)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_letter_says_what_the_notice_says(kind: NoticeKind) -> None:
    notice = a_notice(kind)
    letter = letter_of(notice, "mali@example.org", settings(public_origin="https://r.example"))
    read = message_from_bytes(letter.as_bytes(), policy=default)
    words = words_of(notice)
    assert read["To"] == "mali@example.org"
    assert read["From"] == "registry@tgo.example"
    assert str(make_header(decode_header(str(read["Subject"])))) == (
        f"{words.title_th} / {words.title}"
    )
    assert read["Message-ID"] == f"<{notice.id}@tgo.example>"
    body = read.get_content()
    assert words.text in body
    assert words.text_th in body
    assert "https://r.example/v1/notices" in body


def test_a_letter_is_the_same_each_time() -> None:
    """So that one that comes twice is recognised."""
    notice = a_notice(NoticeKind.TRANSFER_PROPOSED)
    first, again = (letter_of(notice, "mali@example.org", settings()) for _ in range(2))
    assert first.as_bytes() == again.as_bytes()


@given(
    email=st.one_of(
        st.text(max_size=60),
        st.builds(
            "{}@example.org{}{}".format,
            st.text(max_size=10),
            st.sampled_from(["\r\nBcc: ", "\n", "\r", "\x00", ", ", "> ", ";", " "]),
            st.text(max_size=10),
        ),
    )
)
def test_an_address_never_adds_a_header_or_another_recipient(email: str) -> None:
    try:
        letter = letter_of(a_notice(NoticeKind.PASSWORD_SET), email, settings())
        sent = letter.as_bytes(policy=SMTP.clone(utf8=True))
    except UnaddressableError:
        return
    read = message_from_bytes(sent, policy=default)
    assert sorted(map(str.lower, read.keys())) == sorted(
        [
            *("to", "from", "subject", "date", "message-id", "auto-submitted"),
            *("content-type", "content-transfer-encoding", "mime-version"),
        ]
    )
    assert len(read["To"].addresses) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_from": ""},
        {"mail_from": "Registry <registry@tgo.example>"},
        {"mail_from": "a@b\nBcc: c@d"},
        {"mail_host": "a host"},
        {"mail_port": "0"},
        {"mail_tls": "none", "mail_user": "registry", "mail_password_file": "/nowhere"},
        {"mail_user": "registry"},
        {"mail_password_file": "/nowhere"},
    ],
)
def test_settings_that_could_not_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_a_leaf_is_read_as_it_was_written() -> None:
    leaf = b'{"at":"","by":"usr_a","data":{"from":"TH-001001-05"},"kind":"k","subject":"s","v":1}'
    event = rules.event_of(9, leaf)
    assert (event.log_index, event.kind, event.by, event.subject) == (9, "k", "usr_a", "s")
    assert event.account("from") == 1_001
