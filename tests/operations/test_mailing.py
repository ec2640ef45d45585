"""
Notices go out by mail: at least once each, once in the usual case, and none of them holds up
another. The mail server is on loopback (`tests.builders.mail`), and speaks SMTP.
"""

import asyncio
import base64
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.entry import letters, mailing
from app.entry.letters import LaterError, SenderRefusedError
from app.entry.mailing import Mailer
from app.kernel import clock
from app.kernel.db import make_engine, noting
from app.registry.erasure.operations import ErasePerson, erase_person
from app.registry.notices import operations, store
from app.registry.notices.rules import MAIL_TRIES_MAX, MailEnd, Notice, NoticeKind
from app.registry.parties import operations as parties
from app.registry.parties.operations import DecideOnUser
from app.registry.parties.policy import Actor
from app.settings import Settings
from tests.builders.mail import MailServer, a_mail_server, settings_to
from tests.builders.parties import a_holder, do, the_administrator
from tests.builders.signing_in import email_of
from tests.conftest import Registry

HOUR: Final = timedelta(hours=1)


class Clock:
    """A clock that is wound by hand."""

    def __init__(self) -> None:
        self.shows = clock.now() + timedelta(seconds=1)

    def __call__(self) -> datetime:
        return self.shows


@pytest.fixture
async def people(registry: Registry) -> list[Actor]:
    """Six people who have been told one thing each; what the others were told is mailed."""
    made = [await a_holder(registry) for _ in range(6)]
    told = {person.user_id for person in made}
    async with noting(registry.engine) as connection:
        rows = await connection.execute(text("SELECT id, user_id FROM notices"))
        for row in rows.all():
            if row.user_id not in told:
                await store.update_mail_ended(connection, row.id, MailEnd.SENT)
    return made


@pytest.fixture
async def office() -> AsyncIterator[MailServer]:
    async with a_mail_server(MailServer()) as opened:
        yield opened


async def ends(registry: Registry) -> Counter[str | None]:
    async with registry.read() as connection:
        rows = await connection.execute(
            text(
                "SELECT mail_ended FROM notices WHERE kind = 'own_roles_set'"
                " AND user_id IN (SELECT id FROM users WHERE 'holder_initiator' = ANY (roles))"
            )
        )
        return Counter(rows.scalars())


async def tries(registry: Registry) -> Counter[int]:
    """Return how often it was tried to mail what the six were told."""
    async with registry.read() as connection:
        rows = await connection.execute(
            text(
                "SELECT mail_tries FROM notices WHERE kind = 'own_roles_set'"
                " AND user_id IN (SELECT id FROM users WHERE 'holder_initiator' = ANY (roles))"
            )
        )
        return Counter(rows.scalars())


async def test_every_notice_is_mailed_once_to_whom_it_is_for(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    assert await mailer.send_due() == 6
    assert await mailer.send_due() == 0
    expected = [await email_of(registry, person) for person in people]
    assert sorted(letter.to for letter in office.taken) == sorted(expected)
    async with registry.read() as connection:
        for letter in office.taken:
            assert letter.message["To"] == letter.to
            notice_id = str(letter.message["Message-ID"]).strip("<>").partition("@")[0]
            mine = await connection.scalar(
                text("SELECT user_id FROM notices WHERE id = :id"), {"id": notice_id}
            )
            assert mine == people[expected.index(letter.to)].user_id
    assert await ends(registry) == {"sent": 6}
    assert office.connections == 1


async def test_many_mailers_at_once_send_each_message_once(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    office.pause_s = 0.02
    engines = [make_engine(registry.url, connections_max=1) for _ in range(4)]
    settings = settings_to(office, registry.url)
    sent = await asyncio.gather(*(Mailer(e, settings, Clock()).send_due() for e in engines))
    for engine in engines:
        await engine.dispose()
    assert sum(sent) == len(office.taken) == len(people)
    assert len(set(office.subjects)) == len(people)
    assert sum(count > 0 for count in sent) > 1, "one did it all, so that nothing was tried"


async def test_a_server_that_is_away_costs_no_try_and_gets_all_when_it_is_back(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    closed = MailServer()
    async with a_mail_server(closed):
        pass
    now = Clock()
    mailer = Mailer(registry.engine, settings_to(closed, registry.url), now)
    for _ in range(MAIL_TRIES_MAX + 1):
        with pytest.raises(LaterError):
            await mailer.send_due()
        now.shows += HOUR
    assert await ends(registry) == {None: 6}
    async with a_mail_server(closed):
        assert await mailer.send_due() == 6
    assert len(set(closed.subjects)) == len(people)
    assert office.taken == []


async def test_one_address_that_is_refused_for_good_disturbs_no_other(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    bad = await email_of(registry, people[0])
    office.to_recipient = lambda to: 550 if to == bad else 250
    now = Clock()
    mailer = Mailer(registry.engine, settings_to(office, registry.url), now)
    assert await mailer.send_due() == 5
    now.shows += 10 * HOUR
    assert await mailer.send_due() == 0
    assert await ends(registry) == {"sent": 5, "refused": 1}
    assert bad not in {letter.to for letter in office.taken}


async def test_a_message_that_is_refused_for_good_is_not_tried_again(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    office.to_message = lambda _: 554
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    assert await mailer.send_due() == 0
    assert await ends(registry) == {"refused": len(people)}


@pytest.mark.parametrize("where", ["to_recipient", "to_message"])
async def test_what_is_refused_for_now_is_tried_later_and_not_for_ever(
    registry: Registry, people: list[Actor], office: MailServer, where: str
) -> None:
    busy, asked = await email_of(registry, people[0]), Counter[str]()

    def answer(to: str) -> int:
        asked[to] += 1
        return 451 if to == busy else 250

    setattr(office, where, answer)
    now = Clock()
    mailer = Mailer(registry.engine, settings_to(office, registry.url), now)
    assert await mailer.send_due() == 5
    assert await mailer.send_due() == 0
    assert asked[busy] == 1, "it was not left alone"
    tried = [now.shows]
    for _ in range(600):
        before = asked[busy]
        now.shows += timedelta(minutes=5)
        await mailer.send_due()
        if asked[busy] > before:
            tried.append(now.shows)
    assert asked[busy] == MAIL_TRIES_MAX
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(minutes=5)
    assert pauses[-1] == 6 * HOUR
    assert await ends(registry) == {"sent": 5, "given_up": 1}
    assert max(asked.values()) == MAIL_TRIES_MAX
    assert Counter(letter.to for letter in office.taken).most_common(1)[0][1] == 1


async def test_a_message_on_which_the_server_hangs_up_holds_up_no_other(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    poison = await email_of(registry, people[0])
    office.hangs_up_on = frozenset({poison})
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    with pytest.raises(LaterError):
        await mailer.send_due()
    await mailer.send_due()
    assert await ends(registry) == {"sent": 5, None: 1}


async def test_who_dies_after_sending_sends_it_again_under_the_same_name(
    registry: Registry, people: list[Actor], office: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once; a mail program that knows the Message-ID shows it once."""

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    now = Clock()
    mailer = Mailer(registry.engine, settings_to(office, registry.url), now)
    monkeypatch.setattr(mailing, "end_mail", die)
    with pytest.raises(KeyboardInterrupt):
        await mailer.send_due()
    monkeypatch.undo()
    assert await mailer.send_due() == len(people) - 1, "it was not left to who had taken it"
    now.shows += HOUR
    assert await mailer.send_due() == 1
    counts = Counter(office.subjects)
    assert sorted(counts.values()) == [1] * (len(people) - 1) + [2]


async def test_who_may_not_act_any_more_gets_no_mail(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    administrator = await the_administrator(registry)
    suspended, erased, *others = people
    suspend = DecideOnUser(suspended.user_id, "ตรวจสอบ")
    await do(registry, administrator, parties.suspend_user, suspend)
    await do(registry, administrator, erase_person, ErasePerson((), erased.user_id))
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    assert await mailer.send_due() == len(others)
    assert {letter.to for letter in office.taken} == {
        await email_of(registry, person) for person in others
    }
    assert await ends(registry) == {"sent": len(others), "withheld": 1}


async def test_where_mail_is_turned_on_later_old_news_is_not_sent(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    now = Clock()
    now.shows += timedelta(days=4)
    mailer = Mailer(registry.engine, settings_to(office, registry.url), now)
    assert await mailer.send_due() == 0
    assert await ends(registry) == {"too_old": len(people)}
    assert office.taken == []


async def test_of_much_old_news_each_is_ended_by_itself(
    registry: Registry, people: list[Actor], office: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one transaction they would be locked together, and whoever they are for with them."""
    now = Clock()
    now.shows += timedelta(days=4)
    looked = 0
    lock = store.lock_mail

    async def lock_two(connection: AsyncConnection, at: datetime) -> store.DueMail | None:
        nonlocal looked
        looked += 1
        if looked > 2:
            raise ConnectionResetError
        return await lock(connection, at)

    monkeypatch.setattr(store, "lock_mail", lock_two)
    with pytest.raises(ConnectionError):
        await Mailer(registry.engine, settings_to(office, registry.url), now).send_due()
    assert await ends(registry) == {"too_old": 2, None: len(people) - 2}


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nbcc: b@example.org", "มะลิ@example.org", "nobody"]
)
async def test_an_address_that_is_none_here_is_given_up_at_once(
    registry: Registry, people: list[Actor], office: MailServer, address: str
) -> None:
    """One in Thai is one, but this server does not say that it can write it."""
    owner = make_engine(registry.url, connections_max=1, role=None)
    async with noting(owner) as connection:
        await connection.execute(
            text("UPDATE users SET email = :address WHERE id = :id"),
            {"id": people[0].user_id, "address": address},
        )
    await owner.dispose()
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    assert await mailer.send_due() == 5
    assert await ends(registry) == {"sent": 5, "refused": 1}
    usual = {await email_of(registry, person) for person in people[1:]}
    assert {letter.to for letter in office.taken} == usual


@pytest.mark.parametrize("code", [421, 451, 550])
async def test_a_server_that_does_not_want_us_costs_no_letter_a_try(
    registry: Registry, people: list[Actor], office: MailServer, code: int
) -> None:
    """What it says to our own address, it says of all letters, however often it says it."""
    refused: list[str] = []

    def refuse(sender: str) -> int:
        refused.append(sender)
        return code

    office.to_sender = refuse
    now = Clock()
    mailer = Mailer(registry.engine, settings_to(office, registry.url), now)
    for _ in range(2 * MAIL_TRIES_MAX):
        for _ in people:
            with pytest.raises(SenderRefusedError):
                await mailer.send_due()
        assert await mailer.send_due() == 0, "what was refused is not left alone for a while"
        now.shows += HOUR
    assert refused == ["registry@tgo.example"] * (2 * MAIL_TRIES_MAX * len(people))
    assert await tries(registry) == {0: len(people)}
    office.to_sender = lambda _: 250
    assert await mailer.send_due() == len(people)
    assert await ends(registry) == {"sent": len(people)}


async def test_what_hangs_up_costs_the_letter_its_try(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    """It may be that letter which no server takes; a refusal of our own address never is."""
    office.hangs_up_on = frozenset({await email_of(registry, people[0])})
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    with pytest.raises(LaterError):
        await mailer.send_due()
    await mailer.send_due()
    assert (await tries(registry))[1] == len(people)


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_without_the_tls_that_is_asked_for_nothing_is_sent(
    registry: Registry, people: list[Actor], office: MailServer, how: str, tmp_path: Path
) -> None:
    """In the clear, neither the password nor what people are told goes anywhere."""
    plain = settings_to(office, registry.url)
    settings = plain.model_copy(update={"mail_tls": how, **a_password(tmp_path)})
    before = letters.SECONDS_MAX
    letters.SECONDS_MAX = 1  # type: ignore[misc]
    try:
        with pytest.raises(LaterError):
            await Mailer(registry.engine, settings, Clock()).send_due()
    finally:
        letters.SECONDS_MAX = before  # type: ignore[misc]
    assert office.taken == []
    assert await ends(registry) == {None: len(people)}


async def test_by_tls_it_signs_in_and_sends(
    registry: Registry, people: list[Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, trusting = contexts(tmp_path)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    async with a_mail_server(MailServer(tls=serving)) as office:
        settings = settings_to(office, registry.url).model_copy(
            update={"mail_tls": "tls", **a_password(tmp_path)}
        )
        assert await Mailer(registry.engine, settings, Clock()).send_due() == len(people)
    (shown,) = office.signed_in
    assert base64.b64decode(shown.split()[-1]) == b"\0registry\0xyzzy"


async def test_without_the_password_it_waits(
    registry: Registry, people: list[Actor], office: MailServer, tmp_path: Path
) -> None:
    """Somebody will put it there; until then nothing is lost and no letter has had a try."""
    settings = settings_to(office, registry.url).model_copy(update=a_password(tmp_path, ""))
    with pytest.raises(LaterError):
        await Mailer(registry.engine, settings, Clock()).send_due()
    assert office.taken == []
    assert await ends(registry) == {None: len(people)}


def a_password(folder: Path, said: str = "xyzzy\n") -> dict[str, object]:
    """Return the settings of whom the mail server lets in."""
    file = folder / "password"
    file.write_text(said)
    return {"mail_user": "registry", "mail_password_file": file}


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what serves as 127.0.0.1 with a new certificate, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - HOUR)
        .not_valid_after(clock.now() + HOUR)
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    file, pem = folder / "server.pem", Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(pem)
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return serving, ssl.create_default_context(cafile=str(file))


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    registry: Registry, people: list[Actor], office: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS is asked for with the library's own care: names and chains are checked."""
    made: list[ssl.SSLContext] = []
    real = ssl.create_default_context

    def keep() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", keep)
    settings = settings_to(office, registry.url).model_copy(update={"mail_tls": "starttls"})
    with pytest.raises(LaterError):
        await Mailer(registry.engine, settings, Clock()).send_due()
    assert [(c.check_hostname, c.verify_mode) for c in made] == [(True, ssl.CERT_REQUIRED)]
    assert people


async def test_a_server_mails_as_long_as_it_runs(
    registry: Registry, people: list[Actor], office: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "PAUSE_S", 0.01)
    failing = iter([True])

    async def find_due(*arguments: object) -> datetime | None:
        if next(failing, False):
            raise ConnectionResetError
        return await store.find_mail_due(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(mailing, "find_mail_due", find_due)
    async with Mailer(registry.engine, settings_to(office, registry.url), Clock()).running():
        async with asyncio.timeout(20):
            while await ends(registry) != {"sent": len(people)}:  # noqa: ASYNC110  of the database
                await asyncio.sleep(0.02)
    assert len(office.taken) == len(people)


async def test_without_a_mail_server_nobody_is_mailed(
    registry: Registry, people: list[Actor]
) -> None:
    settings = Settings(database_url=registry.url, data=Path("/nowhere"))
    async with Mailer(registry.engine, settings, Clock()).running():
        names = {task.get_name() for task in asyncio.all_tasks()}
    assert "mailer" not in names
    assert await ends(registry) == {None: len(people)}


async def test_who_is_told_to_end_does_not_wait_for_a_mail_server_that_hangs(
    registry: Registry, people: list[Actor], office: MailServer
) -> None:
    office.pause_s = 60
    mailer = Mailer(registry.engine, settings_to(office, registry.url), Clock())
    async with asyncio.timeout(5), mailer.running():
        while office.connections == 0:  # noqa: ASYNC110  of another program, as it were
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
    assert office.taken == []
    assert people


async def test_a_claim_is_made_before_and_counted(registry: Registry, people: list[Actor]) -> None:
    """Two who look at the same moment take different notices, and neither waits for the other."""
    now = clock.now() + timedelta(seconds=1)
    taken: list[Notice] = []
    async with noting(registry.engine) as one, noting(registry.engine) as other:
        async with asyncio.timeout(5):
            for connection in (one, other):
                found = await operations.take_mail(connection, now=now)
                assert found is not None
                taken.append(found[0])
    assert len({notice.id for notice in taken}) == 2
    assert {notice.kind for notice in taken} == {NoticeKind.OWN_ROLES_SET}
    assert people
