"""The real client with a simulated phone, against the channel over HTTP (MOB-1, AUT-9, APP-7)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections

from authn.evidence import mobile_mark
from ca.models import Certificate
from cards.mobile.making import OpenedMobile, approve_own_mobile, open_mobile
from cards.mobile.models import MobileEid
from cards.mobile.selectors import is_mobile_active
from cards.mobile.states import MobileState
from cards.mobile.terms import current_mobile_terms
from cards.models import Card
from client import flows
from client.activation import Step
from client.commands import EXIT_PIN, EXIT_SERVICE, main
from client.configuration import Configuration
from client.enrolling import Enrolment
from client.errors import PinBlocked, PinNotAllowed, ServerNotTrusted, ServerRefused, WrongPin
from client.links import parse_link
from client.phones import NoSuchPhone, Phones
from tests.cards.mobile.phone import holder, second_login
from tests.cards.test_with_the_card_client import (
    activate,
    card,
    configuration,
    home,
    module,
    origin,
    scene,
    working,
)
from tests.scenarios import Scene, an_open_activation

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["card", "configuration", "home", "module", "origin", "scene"]
CODE = "749201"


@pytest.fixture
def carrier(scene: Scene, card: Card, configuration: Configuration) -> Card:
    """Return the holder's card, in use."""
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    return card


@contextmanager
def attending(scene: Scene) -> Iterator[None]:
    """Issue as the worker does, and let the holder say of each phone that it is theirs."""
    done = threading.Event()

    def attend() -> None:
        while not done.wait(0.05):
            for one in MobileEid.objects.filter(state=MobileState.CLAIMED.value, approved_at__isnull=True):
                approve_own_mobile(mobile_id=str(one.pk), actor=holder(one.card), at=datetime.now(UTC))
        connections.close_all()

    at_the_page = threading.Thread(target=attend)
    at_the_page.start()
    try:
        with working(scene):
            yield
    finally:
        done.set()
        at_the_page.join(60)


def opened(scene: Scene, carrier: Card) -> OpenedMobile:
    scene.at = datetime.now(UTC)
    return open_mobile(
        card_id=str(carrier.pk),
        terms_version=current_mobile_terms().version,
        second_login=second_login(scene, carrier),
        actor=holder(carrier),
        at=scene.at,
    )


def test_a_phone_fetches_a_mobile_eid_by_command(
    scene: Scene, carrier: Card, configuration: Configuration, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MOB-1, APP-7: new, enrol, list; the key is in the phone's token and nowhere else."""
    pin = home / "pin"
    pin.write_text(CODE)
    start, server = opened(scene, carrier), ["--server", configuration.server, "--language", "en"]
    assert main([*server, "phone", "new", "min"]) == 0
    with attending(scene):
        assert main([*server, "phone", "enrol", "min", start.code_text, "--pin-file", str(pin)]) == 0
    said = capsys.readouterr().out
    assert "Mobile eID for Åsa Lindqvist" in said
    assert said.index("Mobile eID for") < said.index("Security code")
    mobile = MobileEid.objects.get()
    assert mobile.state == MobileState.ACTIVE
    assert is_mobile_active(mobile.certificate_sha256, datetime.now(UTC))
    phone = Phones(configuration).find("min")
    with flows.open_hardware(phone.configuration) as hardware:
        kept = hardware.certificates()
    issued = Certificate.objects.get(carrier_kind="mobile")
    assert [one.certificate_der for one in kept] == [bytes(issued.certificate_der)]
    assert main([*server, "phone", "list"]) == 0
    assert "Åsa Lindqvist" in capsys.readouterr().out
    # The same code once more, on another phone: nothing.
    assert main([*server, "phone", "new", "other"]) == 0
    assert main([*server, "phone", "enrol", "other", start.code_text, "--pin-file", str(pin)]) == EXIT_SERVICE


@pytest.mark.parametrize("last", [Step.PIN, Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.CONFIRM])
def test_a_phone_interrupted_at_any_step_goes_on(
    scene: Scene, carrier: Card, configuration: Configuration, last: Step
) -> None:
    """MOB-1: the same call again goes on where it stopped."""

    class Interrupted(Exception):
        pass

    def stop(step: Step) -> None:
        if step is last:
            raise Interrupted

    phone = Phones(configuration).get_new("min")
    enrolment = Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone)
    with attending(scene):
        with pytest.raises(Interrupted):
            enrolment.complete(CODE, report=stop)
        assert MobileEid.objects.get().state != MobileState.ACTIVE
        enrolment.complete(CODE)
    assert MobileEid.objects.get().state == MobileState.ACTIVE
    assert Certificate.objects.filter(carrier_kind="mobile").count() == 1


def test_the_code_of_the_phone_is_counted_and_follows_the_rules(
    scene: Scene, carrier: Card, configuration: Configuration
) -> None:
    """APP-7: not trivial, not the birth date; five wrong ones, and the phone is of no more use."""
    phone = Phones(configuration).get_new("min")
    enrolment = Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone)
    with attending(scene):
        for wrong in ("123456", "830830", "12", "abcdef"):
            with pytest.raises(PinNotAllowed):
                enrolment.complete(wrong)
        enrolment.complete(CODE)
    with flows.open_hardware(phone.configuration) as hardware:
        for _ in range(4):
            with pytest.raises(WrongPin), hardware.card(phone.number) as token:
                token.log_in("864209")
        with pytest.raises((WrongPin, PinBlocked)), hardware.card(phone.number) as token:
            token.log_in("864209")
        with pytest.raises(PinBlocked), hardware.card(phone.number) as token:
            token.log_in(CODE)


def test_a_phone_with_a_mobile_eid_takes_another_with_its_own_code(
    scene: Scene, carrier: Card, configuration: Configuration, home: Path
) -> None:
    phone = Phones(configuration).get_new("min")
    with attending(scene):
        Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone).complete(CODE)
        second = Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone)
        with pytest.raises(WrongPin):
            second.complete("864209")
        second.complete(CODE)
    assert MobileEid.objects.filter(state=MobileState.ACTIVE).count() == 2
    pin = home / "pin"
    pin.write_text("864209")
    third = opened(scene, carrier).code_text
    server = ["--server", configuration.server]
    with attending(scene):
        assert main([*server, "phone", "enrol", "min", third, "--pin-file", str(pin)]) == EXIT_PIN
    assert MobileEid.objects.filter(state=MobileState.ABORTED, abort_reason="pinFailed").count() == 1


def test_a_code_whose_mark_was_changed_is_none(
    scene: Scene, carrier: Card, configuration: Configuration
) -> None:
    """MOB-5."""
    phone = Phones(configuration).get_new("min")
    text = opened(scene, carrier).code_text
    with pytest.raises(ServerRefused):
        Enrolment(parse_link(f"{text.rpartition('/')[0]}/{'A' * 22}"), phone=phone)


def test_a_certificate_for_somebody_else_is_not_taken(
    scene: Scene, carrier: Card, configuration: Configuration
) -> None:
    """MOB-5: the phone itself holds what it gets against the code that it scanned."""
    phone = Phones(configuration).get_new("min")
    enrolment = Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone)
    enrolment._link = replace(
        enrolment._link, mark=mobile_mark(enrolment._link.token, "191212121212", enrolment._salt)
    )
    with attending(scene), pytest.raises(ServerNotTrusted):
        enrolment.complete(CODE)
    assert MobileEid.objects.get().state == MobileState.ISSUED


def test_a_phone_has_one_name(configuration: Configuration) -> None:
    phones = Phones(configuration)
    phones.get_new("min")
    for name in ("min", "../min", ""):
        with pytest.raises(NoSuchPhone):
            phones.get_new(name)
    with pytest.raises(NoSuchPhone):
        phones.find("din")
