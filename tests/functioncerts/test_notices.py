"""A year of notices over real SMTP: nobody is forgotten, nobody told twice, every fate seen (POR-9, FC-6)."""

import mailbox
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_string
from pathlib import Path

import pytest
from pytest_django import Settings

from directory.models import Employment, Role
from functioncerts import notices
from functioncerts.errors import FunctionOrderNotFound, Refused
from functioncerts.models import (
    Answer,
    Capacity,
    ExpiryNotice,
    Fate,
    FunctionObject,
    FunctionOrder,
    FunctionResponsible,
    NoticeMail,
)
from functioncerts.notice_mails import GIVEN_UP, claim_mail, expired_unrenewed, raise_digests
from journal.models import Entry
from tests.cast import actor_of
from tests.functioncerts.conftest import CLIENT, SERVER, SYSTEM, Stage
from tests.functioncerts.test_lifecycle import delivered
from tests.smtp_server import Post
from worker.expiry_notices import bounce_of, read_bounces, send_notices

MAILBOX = "drift@regionnorr.test"
BO = "a003@regionnorr.test"


@pytest.fixture
def ending(stage: Stage) -> FunctionOrder:
    FunctionObject.objects.filter(pk=stage.server.pk).update(mailbox=MAILBOX)
    placed, _ = delivered(stage)
    return placed


def end_of(placed: FunctionOrder) -> datetime:
    assert placed.not_after is not None
    return placed.not_after


def run(at: datetime) -> int:
    raised = notices.raise_due(actor=SYSTEM, at=at)
    send_notices(at=at)
    return raised


def told(post: Post) -> Counter[str]:
    return Counter(address for address, _ in post.taken)


def test_a_year_of_daily_runs_tells_every_orderer_and_the_mailbox_at_each_step_and_never_twice(
    stage: Stage, ending: FunctionOrder, post: Post
) -> None:
    """POR-9: with a neighbour that is told of as well, and one whose data are protected and gets no mail."""
    actor_of(stage.cast.asa, Role.FUNCTION_CERT_ORDERER)
    actor_of(stage.cast.erik, Role.FUNCTION_CERT_ORDERER)
    end, steps = end_of(ending), []
    for days in range(365, -10, -1):
        at = end - timedelta(days=days)
        if run(at):
            steps.append(days)
        run(at + timedelta(hours=1))
    assert steps == [90, 60, 30, 14, 7, 1]
    assert told(post) == {BO: 6, stage.cast.asa.email: 6, MAILBOX: 6}
    assert set(NoticeMail.objects.values_list("fate", flat=True)) == {Fate.SENT.value}
    assert len({message["Message-ID"] for _, message in post.taken}) == 18
    body = post.taken[0][1].get_content()
    assert SERVER in body
    assert f"/functions/orders/{ending.pk}/" in body


def test_runs_that_were_missed_are_made_up_by_one_notice(
    stage: Stage, ending: FunctionOrder, post: Post
) -> None:
    """POR-9: the worker was down from day 100 to day 20."""
    assert run(end_of(ending) - timedelta(days=100)) == 0
    assert run(end_of(ending) - timedelta(days=20)) == 1
    assert told(post) == {BO: 1, MAILBOX: 1}
    overtaken = ExpiryNotice.objects.filter(is_overtaken=True).values_list("days", flat=True)
    assert set(overtaken) == {90, 60}


def test_steps_before_delivery_never_come(stage: Stage, ending: FunctionOrder, post: Post) -> None:
    FunctionOrder.objects.update(delivered_at=end_of(ending) - timedelta(days=20))
    assert run(end_of(ending) - timedelta(days=20)) == 0
    assert run(end_of(ending) - timedelta(days=13)) == 1
    assert not ExpiryNotice.objects.filter(is_overtaken=True).exists()


def test_managers_are_told_when_nobody_answers(stage: Stage, ending: FunctionOrder, post: Post) -> None:
    """POR-9: escalation to the responsible issuer."""
    manager = actor_of(stage.cast.alva_herself, Role.ISSUANCE_MANAGER)
    address = Employment.objects.get(hsa_id=manager.identifier).email
    run(end_of(ending) - timedelta(days=29))
    assert address not in told(post)
    run(end_of(ending) - timedelta(days=14))
    assert told(post)[address] == 1
    assert ExpiryNotice.objects.get(days=14).is_escalated


def test_who_takes_it_on_is_told_alone_until_nothing_comes_of_it(
    stage: Stage, ending: FunctionOrder, post: Post
) -> None:
    """POR-9."""
    actor_of(stage.cast.asa, Role.FUNCTION_CERT_ORDERER)
    notices.answer_notices(order_id=str(ending.pk), answer=Answer.TAKEN, actor=stage.cast.bo, at=stage.at)
    run(end_of(ending) - timedelta(days=30))
    run(end_of(ending) - timedelta(days=14))
    assert told(post) == {BO: 2, MAILBOX: 2}
    run(end_of(ending) - timedelta(days=7))
    assert told(post) == {BO: 3, MAILBOX: 3, stage.cast.asa.email: 1}


def test_what_is_delegated_goes_to_the_delegate_at_once_and_from_then_on(
    stage: Stage, ending: FunctionOrder, post: Post
) -> None:
    """POR-9."""
    at, asa = end_of(ending) - timedelta(days=60), stage.cast.asa
    run(at)
    with pytest.raises(Refused) as caught:
        notices.answer_notices(
            order_id=str(ending.pk),
            answer=Answer.DELEGATED,
            delegate_to=asa.hsa_id,
            actor=stage.cast.bo,
            at=at,
        )
    assert caught.value.refusal.code == "nobody_to_delegate_to"
    actor_of(asa, Role.FUNCTION_CERT_ORDERER)
    notices.answer_notices(
        order_id=str(ending.pk), answer=Answer.DELEGATED, delegate_to=asa.hsa_id, actor=stage.cast.bo, at=at
    )
    run(at)
    run(end_of(ending) - timedelta(days=30))
    assert told(post) == {BO: 1, MAILBOX: 2, asa.email: 2}
    assert Entry.objects.filter(type="expiry_notice.answered").count() == 1


def test_what_is_left_to_end_or_renewed_is_told_of_no_more(
    stage: Stage, ending: FunctionOrder, post: Post
) -> None:
    left, _ = delivered(stage, CLIENT)
    notices.answer_notices(order_id=str(left.pk), answer=Answer.LEFT, actor=stage.cast.bo, at=stage.at)
    renewal, _ = delivered(replace(stage, at=stage.at + timedelta(days=400)), replaces=str(ending.pk))
    assert end_of(renewal) > end_of(ending)
    assert run(end_of(ending) - timedelta(days=5)) == 0
    after = end_of(ending) + timedelta(days=1)
    assert expired_unrenewed(at=after) == []


def test_another_organization_answers_nothing(stage: Stage, ending: FunctionOrder) -> None:
    doris = replace(stage.cast.doris, role=Role.FUNCTION_CERT_ORDERER.value)
    with pytest.raises(FunctionOrderNotFound):
        notices.answer_notices(order_id=str(ending.pk), answer=Answer.TAKEN, actor=doris, at=stage.at)


def test_the_order_responsible_is_told_too(stage: Stage, ending: FunctionOrder, post: Post) -> None:
    """FC-3."""
    FunctionResponsible.objects.create(
        function_object=stage.server,
        hsa_id=stage.cast.asa.hsa_id,
        capacity=Capacity.ORDER_RESPONSIBLE.value,
        named_at=stage.at,
        named_by="x",
    )
    run(end_of(ending) - timedelta(days=90))
    assert told(post)[stage.cast.asa.email] == 1


def test_an_address_that_the_server_refuses_is_seen_and_one_it_puts_off_is_tried_again(
    ending: FunctionOrder, post: Post
) -> None:
    """POR-9."""
    post.answers = {BO: b"550 5.1.1 no such user", MAILBOX: b"451 later"}
    at = end_of(ending) - timedelta(days=90)
    run(at)
    fates = dict(NoticeMail.objects.values_list("address", "fate"))
    assert fates == {BO: Fate.REFUSED.value, MAILBOX: Fate.WAITING.value}
    assert NoticeMail.objects.get(address=BO).reply.startswith("550 5.1.1")
    post.answers = {}
    run(at + timedelta(minutes=1))
    assert told(post) == {}
    run(at + timedelta(minutes=16))
    assert told(post) == {MAILBOX: 1}


def test_a_mail_server_that_is_away_loses_nothing(
    ending: FunctionOrder, post: Post, settings: Settings
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    at = end_of(ending) - timedelta(days=90)
    run(at)
    settings.EMAIL_PORT = port
    run(at + timedelta(hours=1))
    assert told(post) == {BO: 1, MAILBOX: 1}


def test_a_mail_whose_sender_died_is_unsure_and_never_goes_out_again(
    ending: FunctionOrder, post: Post
) -> None:
    """POR-9."""
    at = end_of(ending) - timedelta(days=90)
    notices.raise_due(actor=SYSTEM, at=at)
    taken = claim_mail(at=at)
    assert taken is not None
    send_notices(at=at + GIVEN_UP + timedelta(seconds=1))
    assert told(post)[taken.address] == 0
    assert NoticeMail.objects.get(pk=taken.pk).fate == Fate.UNSURE.value


REPORT = """\
From: MAILER-DAEMON@post.test
To: sigill@post.test
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; post.test

Final-Recipient: rfc822; {address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
--b--
"""


@pytest.mark.parametrize(("action", "fate"), [("failed", Fate.BOUNCED), ("delayed", Fate.SENT)])
def test_what_comes_back_is_read_from_the_maildir(  # noqa: PLR0917 - fixtures
    ending: FunctionOrder, post: Post, settings: Settings, tmp_path: Path, action: str, fate: Fate
) -> None:
    """POR-9: RFC 3464."""
    at = end_of(ending) - timedelta(days=90)
    run(at)
    address, message = post.taken[0]
    box = mailbox.Maildir(tmp_path / "bounces", create=True)
    box.add(REPORT.format(address=address, message_id=message["Message-ID"], action=action))
    box.add("Subject: hello\n\nNo report at all.\n")
    settings.SIGILL_BOUNCE_MAILDIR = str(tmp_path / "bounces")
    read_bounces(at=at)
    mail = NoticeMail.objects.get(address=address)
    assert mail.fate == fate.value
    assert len(box) == 0
    if fate is Fate.BOUNCED:
        assert "550 no such user" in mail.reply
        assert Entry.objects.filter(type="expiry_notice.bounced").count() == 1


STRANGE = [
    ("text/rfc822-headers", "text/rfc822-headers; charset=nonsense\nContent-Transfer-Encoding: base64"),
    ("text/rfc822-headers", 'text/rfc822-headers; charset="\0"\nContent-Transfer-Encoding: base64'),
]


@pytest.mark.parametrize(("usual", "strange"), STRANGE)
def test_a_report_that_cannot_be_read_keeps_no_other_back(  # noqa: PLR0917 - fixtures
    ending: FunctionOrder, post: Post, settings: Settings, tmp_path: Path, usual: str, strange: str
) -> None:
    """Anybody may write to the mailbox of bounces; PostgreSQL keeps no NUL."""
    at = end_of(ending) - timedelta(days=90)
    run(at)
    address, message = post.taken[0]
    report = REPORT.format(address=address, message_id=message["Message-ID"], action="failed")
    box = mailbox.Maildir(tmp_path / "bounces", create=True)
    for text in (report.replace(usual, strange), report):
        box.add(text)
    settings.SIGILL_BOUNCE_MAILDIR = str(tmp_path / "bounces")
    read_bounces(at=at)
    mail = NoticeMail.objects.get(address=address)
    assert (mail.fate, len(box)) == (Fate.BOUNCED.value, 0)
    told = bounce_of(message_from_string(report.replace("no such", "no \0such")))
    assert told is not None
    assert told.reply.endswith("550 no such user")


def test_what_has_ended_stands_in_one_digest_a_week(ending: FunctionOrder, post: Post) -> None:
    """POR-9."""
    at = end_of(ending) + timedelta(days=2)
    for week in ("2028-W01", "2028-W01", "2028-W02"):
        raise_digests(week=week, actor=SYSTEM, at=at)
        send_notices(at=at)
    assert told(post) == {BO: 2, MAILBOX: 2}
    assert SERVER in post.taken[0][1].get_content()
    assert raise_digests(week="2028-W30", actor=SYSTEM, at=at + timedelta(days=100)) == 0
