"""The outbox: invitations leave once as far as SMTP allows, what fails is told and tried again (M1)."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError, Stale
from portal.domain.mail import services as mail
from portal.domain.mail.models import Mail, MailServer, MailState, Security, Trouble
from portal.domain.mail.sending import Connection
from portal.domain.mail.services import ServerFacts
from portal.domain.meetings import inviting, mailing, planning
from portal.domain.meetings.mailing import Need
from tests.domain.mail_server import mail_server
from tests.domain.meeting_world import BEFORE, END, START, MeetingWorld

KEY = b"k" * 32
MINUTE = timedelta(minutes=1)


class Outbox(MeetingWorld):
    """A meeting, dealers with an address, a mail server."""

    def set_up(self, post, **said):
        self.boss = self.make.user(Role.ADMINISTRATOR)
        facts = {
            "host": "127.0.0.1",
            "port": post.port,
            "security": Security.NONE,
            "sender": "hui@shili.example",
        }
        self.server = mail.change_server(
            self.session,
            self.boss,
            ServerFacts(**facts | {"sender_name": "示例公司"} | said),
            key=KEY,
            seen_version=0,
        )
        self.session.commit()

    def ask(self, number=1, **facts):
        meeting = self.plan(**facts)
        dealers = [
            self.make.distributor(self.office, self.sales, email=f"d{no}@dealer.example")
            for no in range(number)
        ]
        return meeting, self.invite(meeting, dealers)

    def send(self, meeting, *, on=BEFORE):
        with clock_at(on):
            done = mailing.send_all(self.session, self.manager, meeting)
            self.session.commit()
        return {need: count for need, count in done.items() if count}

    def deliver(self, *, on=BEFORE, **said):
        with clock_at(on):
            return mail.deliver(self.session, KEY, **said)

    def mails(self):
        self.session.rollback()
        return self.session.scalars(sa.select(Mail).order_by(Mail.id)).all()


@pytest.fixture
def world(session, make) -> Outbox:
    return Outbox(session, make)


@pytest.fixture
def post():
    with mail_server() as running:
        yield running


def unfolded(ics: str) -> list[str]:
    assert all(len(line.encode()) <= 75 for line in ics.split("\r\n"))
    return re.sub("\r\n[ \t]", "", ics).split("\r\n")


def calendar_of(letter) -> list[str]:
    part = next(one for one in letter.walk() if one.get_content_type() == "text/calendar")
    assert part.get_param("method") in ("REQUEST", "CANCEL")
    attached = next(one for one in letter.iter_attachments())
    lines = unfolded(attached.get_payload(decode=True).decode())
    assert f"METHOD:{part.get_param('method')}" in lines
    return lines


def value(lines: list[str], name: str) -> str:
    return next(line.partition(":")[2] for line in lines if re.match(rf"{name}[:;]", line))


def test_an_invitation_leaves_once_and_calendars_understand_it(world, post):
    world.set_up(post)
    meeting, (asked,) = world.ask(address="示例路1号; 东门, 3楼" + "很长的地址" * 12)
    assert world.send(meeting) == {Need.FIRST: 1}
    assert world.deliver() == 1 and world.deliver() == 0
    (letter,) = post.letters
    assert letter["To"] == "d0@dealer.example" and "示例公司" in letter["From"]
    assert asked.distributor.name in letter.get_body(("plain",)).get_content()
    lines = calendar_of(letter)
    assert value(lines, "SEQUENCE") == "0"
    assert "DTSTART;TZID=Asia/Shanghai:20260612T090000" in lines and "TZOFFSETTO:+0800" in lines
    assert "示例路1号\\; 东门\\, 3楼" in value(lines, "LOCATION")
    assert 'ORGANIZER;CN="示例公司":mailto:hui@shili.example' in lines
    (kept,) = world.mails()
    assert (kept.state, kept.tries, kept.sent_at is not None) == (MailState.SENT, 1, True)
    assert world.send(meeting) == {}


def test_a_change_and_a_calling_off_are_told_to_the_same_entry(world, post, session):
    world.set_up(post)
    meeting, (first, second) = world.ask(2)
    world.send(meeting)
    world.deliver()
    with clock_at(BEFORE):
        planning.change(
            session, world.manager, meeting, world.facts(place="示例饭店"), seen_version=meeting.version
        )
        session.commit()
    assert {one.need for one in mailing.lines(session, meeting)} == {Need.UPDATE}
    assert world.send(meeting) == {Need.UPDATE: 2}
    world.deliver()
    with clock_at(BEFORE):
        inviting.withdraw(session, world.manager, first)
        session.commit()
    assert world.send(meeting) == {Need.CANCEL: 1}
    world.deliver()
    with clock_at(BEFORE):
        planning.call_off(session, world.manager, meeting, "示例原因停办")
        session.commit()
    assert world.send(meeting) == {Need.CANCEL: 1} and world.send(meeting) == {}
    world.deliver()
    told = {}
    for letter in post.letters:
        lines = calendar_of(letter)
        told.setdefault(letter["To"], []).append(
            (
                value(lines, "UID"),
                int(value(lines, "SEQUENCE")),
                value(lines, "METHOD"),
                value(lines, "STATUS"),
            )
        )
    for rows in told.values():
        assert len({row[0] for row in rows}) == 1
        assert [row[1:] for row in rows] == [
            (0, "REQUEST", "CONFIRMED"), (1, "REQUEST", "CONFIRMED"), (2, "CANCEL", "CANCELLED"),
        ]  # fmt: skip
    assert {"示例原因停办" in one.get_body(("plain",)).get_content() for one in post.letters[-1:]} == {True}
    assert second.withdrawn_at is None


def test_a_refused_recipient_is_told_and_holds_nobody_up(world, post, session):
    world.set_up(post)
    meeting, _asked = world.ask(3)
    post.refused["d1@dealer.example"] = "550 5.1.1 no such user"
    post.refused["d2@dealer.example"] = "451 4.7.1 greylisted"
    world.send(meeting)
    assert world.deliver() == 1
    mails = {one.recipient: one for one in world.mails()}
    failed, later = mails["d1@dealer.example"], mails["d2@dealer.example"]
    assert (failed.state, failed.trouble) == (MailState.FAILED, Trouble.RECIPIENT)
    assert "no such user" in failed.said
    assert later.state is MailState.QUEUED and later.next_try_at == BEFORE + MINUTE
    assert mailing.lines(session, meeting)[0].last == failed
    del post.refused["d2@dealer.example"]
    assert world.deliver(on=BEFORE + 30 * MINUTE / 60) == 0
    assert world.deliver(on=BEFORE + 2 * MINUTE) == 1
    # The right address, which is proposed from now on; the refused mail never goes out.
    with clock_at(BEFORE):
        asked = next(one.invitation for one in mailing.lines(session, meeting) if one.last == failed)
        mailing.send(session, world.manager, asked, "right@dealer.example")
        session.commit()
    assert failed.state is MailState.GIVEN_UP
    assert world.deliver() == 1 and post.letters[-1]["To"] == "right@dealer.example"


def test_while_the_server_is_away_mails_wait_longer_each_time_and_then_for_a_person(world, post, session):
    world.set_up(post, port=9)
    meeting, _asked = world.ask()
    world.send(meeting)
    at, pauses = BEFORE, []
    for _turn in range(mail.MOST_TRIES):
        assert world.deliver(on=at) == 0
        (kept,) = world.mails()
        assert kept.trouble is Trouble.UNREACHABLE
        if kept.state is MailState.QUEUED:
            pauses.append(kept.next_try_at - at)
            at = kept.next_try_at
    assert kept.state is MailState.FAILED and pauses == list(mail.PAUSES)
    with clock_at(BEFORE):
        mailing.again(session, world.manager, meeting, kept)
        session.commit()
        world.server.port = post.port
        session.commit()
    assert world.deliver() == 1


def test_a_worker_that_dies_between_sends_the_same_mail_once_more_and_no_other(world, post):
    world.set_up(post)
    meeting, _asked = world.ask(2)
    world.send(meeting)

    class Dying(Connection):
        def send(self, letter):
            super().send(letter)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.deliver(connect=Dying)
    world.session.rollback()
    assert len(post.letters) == 1
    # The other one goes out; that which was on its way only once its lease is over.
    assert world.deliver() == 1
    assert world.deliver(on=BEFORE + mail.LEASE - MINUTE) == 0
    assert world.deliver(on=BEFORE + mail.LEASE + MINUTE) == 1
    ids = [one["Message-ID"] for one in post.letters]
    assert ids[0] == ids[2] != ids[1]
    assert {one.state for one in world.mails()} == {MailState.SENT}


def test_what_the_server_does_not_allow_is_called_by_its_name(world, post):
    world.set_up(post, username="hui", password="密码")
    meeting, _asked = world.ask()
    world.send(meeting)
    world.deliver()  # what no mail server can be told
    assert world.mails()[0].trouble is Trouble.SIGN_IN
    facts = ServerFacts("127.0.0.1", post.port, Security.NONE, "hui", "geheim", "hui@shili.example")
    with clock_at(BEFORE):
        mail.change_server(world.session, world.boss, facts, key=KEY, seen_version=world.server.version)
        world.session.commit()
    post.sign_in = "535 5.7.8 wrong"
    world.deliver(on=BEFORE + 3 * MINUTE)
    assert "5.7.8" in world.mails()[0].said
    assert world.mails()[0].trouble is Trouble.SIGN_IN
    post.sign_in = "235 welcome"
    # It is told to use STARTTLS, which this server does not offer: nothing is sent in the open.
    world.server.security = Security.STARTTLS
    world.session.commit()
    world.deliver(on=BEFORE + 10 * MINUTE)
    assert world.mails()[0].trouble is Trouble.ENCRYPTION
    world.server.security = Security.TLS
    world.session.commit()
    world.deliver(on=BEFORE + 30 * MINUTE)
    assert world.mails()[0].trouble is Trouble.ENCRYPTION and post.letters == []


def test_the_password_is_sealed_kept_for_its_server_only_and_in_no_trail(world, post, session):
    world.set_up(post, username="hui", password="geheim-123")
    row = session.get_one(MailServer, 1)
    assert row.sealed_password is not None and b"geheim" not in row.sealed_password
    assert mail.way(row, KEY).password == "geheim-123"
    with pytest.raises(DomainError):
        mail.way(row, b"x" * 32)
    trail = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "settings.mail_changed")).all()
    assert trail and all("geheim" not in str(one.params) for one in trail)
    facts = {"port": 25, "security": Security.NONE, "sender": "hui@shili.example", "username": "hui"}
    with pytest.raises(DomainError, match="password again"):
        mail.change_server(
            session, world.boss, ServerFacts(host="evil.example", **facts), key=KEY, seen_version=row.version
        )
    session.rollback()
    with pytest.raises(Stale):
        mail.change_server(
            session, world.boss, ServerFacts(host="127.0.0.1", **facts), key=KEY, seen_version=0
        )
    session.rollback()
    with pytest.raises(DomainError):
        mail.change_server(
            session, world.manager, ServerFacts(host="127.0.0.1", **facts), key=KEY, seen_version=row.version
        )


@pytest.mark.parametrize("to", ["", "nobody", "a@b", "a@b.example\nBcc: c@d.example", "a b@c.example"])
def test_what_is_no_address_is_refused(world, post, session, to):
    world.set_up(post)
    _meeting, (asked,) = world.ask()
    with clock_at(BEFORE), pytest.raises(DomainError, match="e-mail address"):
        mailing.send(session, world.manager, asked, to)


def test_nothing_is_promised_without_a_server_or_after_the_end(world, post, session):
    _meeting, (asked,) = world.ask()
    with clock_at(BEFORE), pytest.raises(DomainError, match="No mail server"):
        mailing.send(session, world.manager, asked, "a@b.example")
    session.rollback()
    world.set_up(post)
    with clock_at(END), pytest.raises(DomainError, match="over"):
        mailing.send(session, world.manager, asked, "a@b.example")
    session.rollback()
    outsider = world.make.user(Role.REGIONAL_MANAGER, world.make.region())
    with clock_at(START), pytest.raises(DomainError, match="hold no meetings"):
        mailing.send(session, outsider, asked, "a@b.example")


def test_after_a_year_nobody_knows_any_more_whom_a_mail_went_to(world, post, session):
    world.set_up(post)
    meeting, _asked = world.ask()
    world.send(meeting)
    world.deliver()
    with clock_at(BEFORE + mail.KEPT - MINUTE):
        assert mail.forget(session) == 0
    with clock_at(BEFORE + mail.KEPT + MINUTE):
        assert mail.forget(session) == 1
        session.commit()
    (kept,) = world.mails()
    assert (kept.recipient, kept.text, kept.html, kept.ics) == ("", "", "", "") and kept.erased_at is not None


def test_what_still_waits_when_a_meeting_is_called_off_never_invites(world, post, session):
    world.set_up(post, port=9)
    meeting, _asked = world.ask(2)
    world.send(meeting)
    world.deliver()  # nobody answers
    with clock_at(BEFORE):
        planning.call_off(session, world.manager, meeting, "示例原因停办")
        session.commit()
        world.server.port = post.port
        session.commit()
    assert world.deliver(on=BEFORE + timedelta(hours=9)) == 0 and post.letters == []
    # Whoever was never told of it needs not be told that it is off.
    assert world.send(meeting) == {}


def test_an_older_mail_never_follows_a_newer_one(world, post, session):
    world.set_up(post)
    meeting, _asked = world.ask()
    world.send(meeting)
    (first,) = world.mails()
    first.state, first.leased_until = MailState.SENDING, BEFORE  # a worker had it, and was cut off
    session.commit()
    with clock_at(BEFORE):
        facts = world.facts(place="示例饭店")
        planning.change(session, world.manager, meeting, facts, seen_version=meeting.version)
        session.commit()
    world.send(meeting)
    assert world.deliver(on=BEFORE + timedelta(hours=1)) == 1
    assert [value(calendar_of(one), "SEQUENCE") for one in post.letters] == ["1"]


def test_a_calling_off_is_owed_to_who_has_an_earlier_invitation(world, post, session):
    world.set_up(post)
    meeting, _asked = world.ask()
    world.send(meeting)
    world.deliver()
    with clock_at(BEFORE):
        facts = world.facts(place="示例饭店")
        planning.change(session, world.manager, meeting, facts, seen_version=meeting.version)
        session.commit()
    world.send(meeting)
    world.mails()[-1].state = MailState.FAILED
    session.commit()
    with clock_at(BEFORE):
        planning.call_off(session, world.manager, meeting, "示例原因停办")
        session.commit()
    assert world.send(meeting) == {Need.CANCEL: 1}
