"""Deliveries by several workers that die anywhere: one password for one file, and none lost (FC-5)."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12 as standard
from django.db import IntegrityError, connection
from pytest_django import Settings

from functioncerts import key_parcels, lifecycle, pkcs12, sealed_file
from functioncerts.certificate_mails import (
    AGAIN_AFTER,
    GIVEN_UP,
    MOST_PASSWORDS,
    ask_mail,
    claim_mail,
    content_of,
)
from functioncerts.key_making import HELD_FOR, make_due_keys
from functioncerts.models import (
    CertificateMail,
    Fate,
    FunctionObject,
    FunctionOrder,
    KeyInMaking,
    KeyParcel,
    KeyPolicy,
    Sealing,
)
from functioncerts.receipts import ACCEPTED
from functioncerts.simulators import smsc
from functioncerts.smpp import gateway
from functioncerts.sms import SmsGateway
from functioncerts.states import FunctionOrderState
from journal.models import Entry
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage, allow_keys
from tests.functioncerts.test_lifecycle import delivered
from tests.smtp_server import Post
from worker.certificate_mails import send_certificates

MOBILE, ADDRESS = "+46701234567", "akuten@regionnorr.test"
MOST_STEPS = 40


class Killed(BaseException):
    """What kill -9 is to a process: nothing in it may catch this and go on."""


@contextmanager
def killed_before_write(number: int) -> Iterator[None]:
    """End whatever runs just before it writes to the database for the ``number``-th time."""
    seen = 0

    def count(execute: Callable[..., object], sql: str, *rest: object) -> object:
        nonlocal seen
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            seen += 1
            if seen == number:
                raise Killed
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        yield


@contextmanager
def meeting_at_the_first_lock(other: Callable[[], object]) -> Iterator[None]:
    """Let another worker run just before whatever runs begins its first transaction."""
    is_met = False

    def meet(execute: Callable[..., object], sql: str, *rest: object) -> object:
        nonlocal is_met
        if not is_met and sql.startswith("SAVEPOINT"):
            is_met = True
            other()
        return execute(sql, *rest)

    with connection.execute_wrapper(meet):
        yield


class Dying:
    """A way to the SMS centre in whose use the worker ends: before the message is there, or after."""

    def __init__(self, inner: SmsGateway, *, after: bool) -> None:
        self._inner, self._after = inner, after

    def send(self, *, number: str, text: str) -> str:
        if self._after:
            self._inner.send(number=number, text=text)
        raise Killed


class Meeting:
    """A way to the SMS centre that lets another worker run while the message is on its way."""

    def __init__(self, inner: SmsGateway, other: Callable[[], object]) -> None:
        self._inner, self._other = inner, other

    def send(self, *, number: str, text: str) -> str:
        self._other()
        return self._inner.send(number=number, text=text)


@pytest.fixture
def centre(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[smsc.Centre]:
    monkeypatch.setattr(pkcs12, "ITERATIONS", 1000)
    monkeypatch.setattr(sealed_file, "ITERATIONS", 1000)
    with smsc.serving() as served:
        settings.SIGILL_SMS_HOST, settings.SIGILL_SMS_PORT = "127.0.0.1", served.port
        settings.SIGILL_SMS_SYSTEM_ID, settings.SIGILL_SMS_PASSWORD = served.system_id, served.password
        settings.SIGILL_SMS_TLS, settings.SIGILL_SMS_SENDER = False, "Sigill"
        yield served


def key_order(stage: Stage) -> FunctionOrder:
    if not KeyPolicy.objects.exists():
        allow_keys(stage.cast, at=stage.at)
    FunctionObject.objects.filter(hsa_id=SERVER).update(mobile=MOBILE)
    return lifecycle.order_with_key(
        hsa_id=SERVER, mobile=MOBILE, receipt=ACCEPTED, actor=stage.cast.bo, at=stage.at
    )


def make(at: datetime, way: SmsGateway | None = None) -> str:
    return make_due_keys(gateway=way or gateway(), actor=SYSTEM, at=at)


def passwords(centre: smsc.Centre) -> set[str]:
    return {text.rpartition(" ")[2] for _, number, text in centre.taken if number == MOBILE}


def opens_what_is_fetched(stage: Stage, placed: FunctionOrder, password: str) -> None:
    stage.authority.issue_and_publish(at=stage.at)
    lifecycle.settle_order(order_id=str(placed.pk), actor=SYSTEM, at=stage.at)
    file = key_parcels.fetch(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
    held = standard.load_pkcs12(file, password.encode())
    assert held.key is not None
    assert held.cert is not None
    assert held.key.public_key() == held.cert.certificate.public_key()


def test_a_worker_may_die_anywhere_while_it_makes_a_key_and_the_one_password_opens_the_one_file(
    stage: Stage, centre: smsc.Centre
) -> None:
    """FC-5: killed before each write, and before and after the SMS; the next run ends it."""
    ways: list[tuple[int, SmsGateway | None]] = [
        *((step, None) for step in range(1, MOST_STEPS)),
        (0, Dying(gateway_there(), after=False)),
        (0, Dying(gateway_there(), after=True)),
    ]
    deaths = 0
    for step, way in ways:
        centre.taken.clear()
        placed = key_order(stage)
        try:
            with killed_before_write(step):
                make(stage.at, way)
        except Killed:
            deaths += 1
            assert not KeyParcel.objects.filter(order=placed).exists()
            make(stage.at + HELD_FOR)
        else:
            assert way is None, "the gateway lived on"
        assert len(passwords(centre)) == 1
        assert not KeyInMaking.objects.exists()
        opens_what_is_fetched(stage, placed, passwords(centre).pop())
        if way is None and deaths < step:
            break
    else:
        assert deaths > 2
    assert deaths >= 6


def gateway_there() -> SmsGateway:
    found = gateway()
    assert found is not None
    return found


def test_a_key_whose_password_is_on_its_way_is_in_one_workers_hand(stage: Stage, centre: smsc.Centre) -> None:
    placed, said = key_order(stage), []
    meeting = Meeting(gateway_there(), lambda: said.append(make(stage.at)))
    assert make(stage.at, meeting).startswith("1 keys made")
    assert said == ["0 keys made, 0 passwords not sent, 0 given up"]
    assert len(centre.taken) == 1
    opens_what_is_fetched(stage, placed, passwords(centre).pop())


def test_of_two_that_begin_at_once_one_makes_the_key(stage: Stage, centre: smsc.Centre) -> None:
    """The other one has begun, and dies with its password on the way: what it left is taken up."""
    placed = key_order(stage)

    def other() -> None:
        with suppress(Killed):
            make(stage.at, Dying(gateway_there(), after=True))

    with meeting_at_the_first_lock(other):
        assert make(stage.at) == "0 keys made, 0 passwords not sent, 0 given up"
    assert make(stage.at + HELD_FOR).startswith("1 keys made")
    assert (len(centre.taken), len(passwords(centre))) == (2, 1)
    opens_what_is_fetched(stage, placed, passwords(centre).pop())


def test_a_worker_that_was_held_to_be_dead_gives_no_second_key(stage: Stage, centre: smsc.Centre) -> None:
    """The other one sends the same password, and only one of them asks the CA."""
    placed, said = key_order(stage), []
    slow = Meeting(gateway_there(), lambda: said.append(make(stage.at + HELD_FOR)))
    assert make(stage.at, slow).startswith("0 keys made")
    assert said[0].startswith("1 keys made")
    assert (len(centre.taken), len(passwords(centre))) == (2, 1)
    assert KeyParcel.objects.count() == Entry.objects.filter(type="function_key.made").count() == 1
    opens_what_is_fetched(stage, placed, passwords(centre).pop())


def test_what_a_centre_may_have_sent_is_the_password_that_is_sent_again(
    stage: Stage, centre: smsc.Centre
) -> None:
    """A line that breaks says nothing of the message; what is kept of the password is encrypted."""
    placed = key_order(stage)
    centre.fault = "drop"
    make(stage.at)
    kept = KeyInMaking.objects.get()
    sealed = bytes(kept.sealed_password)
    make(stage.at)
    assert bytes(KeyInMaking.objects.get().sealed_password) == sealed
    centre.fault = ""
    assert make(stage.at).startswith("0 keys made"), "not asked again and again"
    assert make(stage.at + timedelta(minutes=5)).startswith("1 keys made")
    password = passwords(centre).pop()
    assert password.encode() not in sealed
    assert not KeyInMaking.objects.exists()
    opens_what_is_fetched(stage, placed, password)


def test_an_order_that_is_given_up_leaves_nothing_of_its_key(stage: Stage, centre: smsc.Centre) -> None:
    placed = key_order(stage)
    centre.fault = "throttle"
    make(stage.at)
    assert KeyInMaking.objects.exists()
    make(stage.at + timedelta(hours=72))
    placed.refresh_from_db()
    assert placed.state == FunctionOrderState.FAILED
    assert not KeyInMaking.objects.exists()


def mailed(stage: Stage) -> FunctionOrder:
    FunctionObject.objects.filter(hsa_id=SERVER).update(mailbox=ADDRESS, mobile=MOBILE)
    placed, _ = delivered(stage, SERVER, receipt=ACCEPTED)
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at) == 1
    return placed


def opens_what_came(post: Post, folder: Path, placed: FunctionOrder, password: str) -> None:
    for number, (_, message) in enumerate(post.taken):
        (attached,) = message.iter_attachments()
        file = folder / f"{number}.p7m"
        file.write_bytes(attached.get_content())
        command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(file)]
        opened = subprocess.run([*command, "-pwri_password", password], capture_output=True, check=True)
        assert opened.stdout == content_of(placed)


def test_a_worker_may_die_anywhere_while_it_mails_and_the_one_password_opens_what_came(
    stage: Stage, centre: smsc.Centre, post: Post, tmp_path: Path
) -> None:
    """FC-5: and the mail goes out at most once; where that is unsure, the page says so."""
    ways: list[tuple[int, SmsGateway | None]] = [
        (0, Dying(gateway_there(), after=False)),
        (0, Dying(gateway_there(), after=True)),
        *((step, None) for step in range(1, MOST_STEPS)),
    ]
    placed = mailed(stage)
    fates: list[str] = []
    for step, way in ways:
        centre.taken.clear()
        post.taken.clear()
        CertificateMail.objects.all().delete()
        ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)
        at, is_dead = stage.at, False
        try:
            with killed_before_write(step):
                send_certificates(gateway=way or gateway(), at=at)
        except Killed:
            is_dead = True
        later = at + max(GIVEN_UP, AGAIN_AFTER) + timedelta(seconds=1)
        send_certificates(gateway=gateway(), at=later)
        mail = CertificateMail.objects.get()
        assert len(passwords(centre)) == 1
        assert mail.fate in {Fate.SENT, Fate.UNSURE}
        assert len(post.taken) == 1
        assert bytes(mail.sealed_password) == b""
        opens_what_came(post, tmp_path, placed, passwords(centre).pop())
        fates.append(mail.fate)
        if way is None and not is_dead:
            break
    assert fates.count(Fate.UNSURE) == 1, "only once it was handed over and nothing noted"
    assert len(fates) >= 8


def test_a_password_that_went_out_is_not_sent_again_when_the_mail_server_puts_off(
    stage: Stage, centre: smsc.Centre, post: Post, tmp_path: Path
) -> None:
    placed = mailed(stage)
    post.answers[ADDRESS] = b"451 later"
    assert send_certificates(gateway=gateway(), at=stage.at) == "0 sent, 1 not"
    post.answers.clear()
    assert send_certificates(gateway=gateway(), at=stage.at + AGAIN_AFTER) == "1 sent, 0 not"
    ((_, _, text),) = centre.taken
    body = post.taken[0][1].get_body()
    assert body is not None
    mark = text.partition("CMS ")[2].partition(":")[0]
    assert f"märkt {mark}" in body.get_content()
    opens_what_came(post, tmp_path, placed, text.rpartition(" ")[2])


def test_a_mail_server_that_is_long_away_costs_no_mail_its_tries(
    stage: Stage, centre: smsc.Centre, post: Post, settings: Settings
) -> None:
    """FC-5: nobody was sent a password meanwhile; when the server is back, the mail goes out."""
    mailed(stage)
    settings.EMAIL_PORT = 1  # nobody listens there
    at = stage.at
    for _ in range(MOST_PASSWORDS + 1):
        assert send_certificates(gateway=gateway(), at=at) == "0 sent, 1 not"
        at += AGAIN_AFTER
    mail = CertificateMail.objects.get()
    assert (mail.fate, mail.tries, centre.taken) == (Fate.WAITING, 0, [])
    assert mail.reply.startswith("the mail server is not there")
    settings.EMAIL_PORT = post.port
    assert send_certificates(gateway=gateway(), at=at) == "1 sent, 0 not"


def test_what_is_held_is_held_from_its_own_turn_on(stage: Stage, centre: smsc.Centre, post: Post) -> None:
    """A run that has lasted long holds its last order and mail as long as its first."""
    key_order(stage)
    late = stage.at + max(HELD_FOR, GIVEN_UP) * 2
    other: list[str] = []
    slow = Meeting(gateway_there(), lambda: other.append(make(late)))
    assert make_due_keys(gateway=slow, actor=SYSTEM, at=stage.at, clock=lambda: late).startswith("1 keys")
    assert other == ["0 keys made, 0 passwords not sent, 0 given up"]
    mailed(stage)
    slow = Meeting(gateway_there(), lambda: other.append(send_certificates(gateway=gateway(), at=late)))
    assert send_certificates(gateway=slow, at=stage.at, clock=lambda: late) == "1 sent, 0 not"
    assert other[1:] == ["0 sent, 0 not"]


def test_a_password_that_cannot_be_read_any_more_is_made_anew_and_stops_nothing(
    stage: Stage, centre: smsc.Centre, post: Post, tmp_path: Path
) -> None:
    """Both of them lie under the installation's secret, which may be another one by the next try."""
    placed = key_order(stage)
    centre.fault = "drop"
    make(stage.at)
    mail = mailed(stage)
    assert send_certificates(gateway=gateway(), at=stage.at) == "0 sent, 1 not"
    for model in (KeyInMaking, CertificateMail):
        model.objects.update(sealed_password=bytes(60))
    centre.fault = ""
    centre.taken.clear()
    assert make(stage.at + HELD_FOR) == "0 keys made, 1 passwords not sent, 0 given up"
    assert make(stage.at + HELD_FOR).startswith("1 keys made")
    opens_what_is_fetched(stage, placed, passwords(centre).pop())
    centre.taken.clear()
    assert send_certificates(gateway=gateway(), at=stage.at + AGAIN_AFTER) == "1 sent, 0 not"
    opens_what_came(post, tmp_path, mail, passwords(centre).pop())


def test_a_sender_that_was_held_to_be_dead_hands_nothing_over(
    stage: Stage, centre: smsc.Centre, post: Post
) -> None:
    mailed(stage)
    said: list[str] = []
    later = stage.at + GIVEN_UP + timedelta(seconds=1)
    slow = Meeting(gateway_there(), lambda: said.append(send_certificates(gateway=gateway(), at=later)))
    assert send_certificates(gateway=slow, at=stage.at) == "0 sent, 1 not"
    assert said == ["1 sent, 0 not"]
    assert (len(post.taken), len(passwords(centre))) == (1, 1)
    assert CertificateMail.objects.get().fate == Fate.SENT


def test_a_mail_that_somebody_else_took_over_is_left_to_them(
    stage: Stage, centre: smsc.Centre, post: Post
) -> None:
    mailed(stage)
    later = stage.at + GIVEN_UP + timedelta(seconds=1)
    slow = Meeting(gateway_there(), lambda: claim_mail(at=later))
    assert send_certificates(gateway=slow, at=stage.at) == "0 sent, 1 not"
    assert post.taken == []
    assert CertificateMail.objects.get().fate == Fate.SENDING


def test_two_clicks_ask_for_one_mail(stage: Stage, centre: smsc.Centre) -> None:
    """The database holds it, and a mail that one sender has is claimed by no other."""
    placed = mailed(stage)
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at) == 0
    assert claim_mail(at=stage.at) is not None
    assert claim_mail(at=stage.at) is None
    assert ask_mail(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at) == 0
    with pytest.raises(IntegrityError, match=r"one_certificate_mail|UNIQUE"):
        CertificateMail.objects.create(
            order=placed, address=ADDRESS, sealing=Sealing.PASSWORD.value, fate=Fate.WAITING.value,
            asked_at=stage.at, asked_by="x",
        )  # fmt: skip
