"""Certificates by mail: openssl opens what comes, by the receiver's key or the password in an SMS (FC-5)."""

import mailbox
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from functioncerts import certificate_mails, sealed_file
from functioncerts.certificate_mails import AGAIN_AFTER, MOST_AN_HOUR, ask_mail
from functioncerts.errors import FunctionOrderNotFound, Refused
from functioncerts.models import CertificateMail, Fate, FunctionObject, FunctionOrder, Sealing
from functioncerts.receipts import ACCEPTED
from functioncerts.simulators import smsc
from functioncerts.smpp import gateway
from journal.models import Entry
from tests.functioncerts.conftest import MAILBOX, SERVER, Stage, request_for
from tests.functioncerts.test_lifecycle import delivered
from tests.functioncerts.test_notices import REPORT
from tests.smtp_server import Post, smtp_server
from worker.certificate_mails import send_certificates
from worker.expiry_notices import read_bounces

ADDRESS = "akuten@regionnorr.test"
RSA_KEY = rsa.generate_private_key(65537, 2048)
MOBILE = "+46701234567"


@pytest.fixture
def post(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setattr(sealed_file, "ITERATIONS", 1000)
    with smtp_server() as served:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", served.port
        yield served


@pytest.fixture
def centre(settings: Settings) -> Iterator[smsc.Centre]:
    with smsc.serving() as served:
        settings.SIGILL_SMS_HOST, settings.SIGILL_SMS_PORT = "127.0.0.1", served.port
        settings.SIGILL_SMS_SYSTEM_ID, settings.SIGILL_SMS_PASSWORD = served.system_id, served.password
        settings.SIGILL_SMS_TLS = False
        yield served


def ready(stage: Stage, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> FunctionOrder:
    FunctionObject.objects.filter(hsa_id=SERVER).update(mailbox=ADDRESS, mobile=MOBILE)
    placed, _ = delivered(stage, SERVER, csr=request_for(key), receipt=ACCEPTED)
    return placed


def opened(post: Post, folder: Path, *options: str) -> bytes:
    _, message = post.taken[-1]
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "application/pkcs7-mime"
    file = folder / "certificate.p7m"
    file.write_bytes(attached.get_content())
    assert b"BEGIN CERTIFICATE" not in file.read_bytes()
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(file), *options]
    return subprocess.run(command, capture_output=True, check=True).stdout


def key_file(folder: Path) -> str:
    place = folder / "key.pem"
    place.write_bytes(RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(place)


def fate() -> str:
    return CertificateMail.objects.get().fate


def test_it_is_encrypted_to_the_key_that_was_certified(stage: Stage, post: Post, tmp_path: Path) -> None:
    """FC-5: RSA; no SMS is needed, and none is sent."""
    placed = ready(stage, RSA_KEY)
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at) == 1
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at) == 0
    assert send_certificates(gateway=None, at=stage.at) == "1 sent, 0 not"
    assert fate() == Fate.SENT
    text = opened(post, tmp_path, "-inkey", key_file(tmp_path))
    assert text == certificate_mails.content_of(placed)
    assert text.count(b"BEGIN CERTIFICATE") == 3


def test_it_is_encrypted_to_the_mailboxes_own_certificate(stage: Stage, post: Post, tmp_path: Path) -> None:
    delivered(stage, MAILBOX, csr=request_for(RSA_KEY))
    placed = ready(stage)
    ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
    assert CertificateMail.objects.get().sealing == Sealing.CERTIFICATE
    assert send_certificates(gateway=None, at=stage.at) == "1 sent, 0 not"
    assert opened(post, tmp_path, "-inkey", key_file(tmp_path)) == certificate_mails.content_of(placed)


def test_without_such_a_key_the_password_goes_by_sms(
    stage: Stage, post: Post, centre: smsc.Centre, tmp_path: Path
) -> None:
    """FC-5: another channel; what the SMS centre does not take is not mailed, and is tried again."""
    placed = ready(stage)
    ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
    centre.fault = "throttle"
    assert send_certificates(gateway=gateway(), at=stage.at) == "0 sent, 1 not"
    assert (fate(), post.taken) == (Fate.WAITING, [])
    assert "too many messages" in CertificateMail.objects.get().reply
    centre.fault = ""
    assert send_certificates(gateway=gateway(), at=stage.at) == "0 sent, 0 not"
    assert send_certificates(gateway=gateway(), at=stage.at + AGAIN_AFTER) == "1 sent, 0 not"
    ((_, number, text),) = centre.taken
    assert number == MOBILE
    password = text.rpartition(" ")[2]
    assert password not in str(post.taken[0][1])
    assert opened(post, tmp_path, "-pwri_password", password) == certificate_mails.content_of(placed)


def test_it_says_why_it_cannot_be_mailed(stage: Stage, post: Post, centre: smsc.Centre) -> None:
    """FC-4: not before the receipt."""
    placed = ready(stage)

    def why() -> str:
        with pytest.raises(Refused) as caught:
            ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
        return caught.value.refusal.code

    FunctionObject.objects.update(mobile="")
    assert why() == "mobile_missing"
    FunctionObject.objects.update(mailbox="")
    assert why() == "nowhere_to_mail"
    FunctionOrder.objects.update(receipt_version="", receipt_accepted_at=None, receipt_accepted_by="")
    assert why() == "receipt_not_accepted"
    with pytest.raises(FunctionOrderNotFound):
        ask_mail(order_id=str(placed.pk), actor=stage.cast.doris, at=stage.at)
    assert not CertificateMail.objects.exists()


def test_nobody_is_flooded_with_a_certificate(stage: Stage) -> None:
    """A token that was stolen sends a dozen mails in an hour, and no more."""
    placed = ready(stage, RSA_KEY)

    def ask(after: timedelta = timedelta()) -> int:
        asked = ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at + after)
        CertificateMail.objects.update(fate=Fate.REFUSED.value)
        return asked

    assert [ask() for _ in range(MOST_AN_HOUR)] == [1] * MOST_AN_HOUR
    with pytest.raises(Refused) as caught:
        ask()
    assert (caught.value.refusal.code, caught.value.refusal.fixer) == ("mailed_often", "time")
    assert ask(timedelta(hours=1)) == 1


def test_a_mail_whose_sender_died_is_unsure_and_a_refused_address_is_seen(stage: Stage, post: Post) -> None:
    placed = ready(stage, RSA_KEY)
    ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
    post.answers[ADDRESS] = b"550 no such mailbox"
    assert send_certificates(gateway=None, at=stage.at) == "0 sent, 1 not"
    assert fate() == Fate.REFUSED
    CertificateMail.objects.update(fate=Fate.SENDING.value, tried_at=stage.at)
    later = stage.at + timedelta(hours=1)
    assert send_certificates(gateway=None, at=later) == "0 sent, 0 not"
    assert fate() == Fate.UNSURE


def test_a_mail_that_comes_back_is_seen_told_and_can_be_sent_again(
    stage: Stage, post: Post, settings: Settings, tmp_path: Path
) -> None:
    """FC-5: RFC 3464, as for notices; what somebody forged is put aside and stops nothing."""
    placed = ready(stage, RSA_KEY)
    ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
    send_certificates(gateway=None, at=stage.at)
    box = mailbox.Maildir(tmp_path / "bounces", create=True)
    settings.SIGILL_BOUNCE_MAILDIR = str(tmp_path / "bounces")
    ours = post.taken[0][1]["Message-ID"]
    for message_id in (f"<sigill-certificate-{'-' * 36}@x>", f"<sigill-certificate-{uuid4()}@x>", ours, ours):
        box.add(REPORT.format(address=ADDRESS, message_id=message_id, action="failed"))
    assert read_bounces(at=stage.at) == "1 bounced"
    assert len(box) == 0
    mail = CertificateMail.objects.get()
    assert (mail.fate, mail.bounced_at) == (Fate.BOUNCED, stage.at)
    assert "550 no such user" in mail.reply
    assert Entry.objects.filter(type="function_certificate.mail_bounced").count() == 1
    assert certificate_mails.lost_among(certificate_mails.mails_of(placed)) == (ADDRESS,)
    later = stage.at + timedelta(minutes=1)
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=later) == 1
    assert certificate_mails.lost_among(certificate_mails.mails_of(placed)) == ()
