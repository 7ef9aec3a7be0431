"""Keys made here, off unless allowed: locked at once, the password by SMS alone, fetched once (FC-5)."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12 as standard
from pytest_django import Settings

from directory.models import Role
from functioncerts import key_parcels, lifecycle, pkcs12, sealed_file, selectors
from functioncerts.approval import (
    approve_key_making,
    keys_to_approve,
    kinds_with_keys,
    set_approval,
    set_key_making,
)
from functioncerts.errors import FunctionOrderNotFound, IllegalTransition, Refused
from functioncerts.key_making import make_due_keys
from functioncerts.models import FunctionKind, FunctionObject, FunctionOrder, KeyParcel
from functioncerts.receipts import ACCEPTED
from functioncerts.setup import set_up
from functioncerts.simulators import smsc
from functioncerts.smpp import SmppGateway, gateway
from functioncerts.sms import SmsNotSent
from functioncerts.states import FunctionOrderState
from journal.models import Entry
from tests.cast import actor_of
from tests.functioncerts.conftest import CLIENT, SERVER, SYSTEM, Stage, allow_keys, second_manager
from tests.functioncerts.test_lifecycle import revoke

MOBILE = "+46701234567"


@pytest.fixture
def centre(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[smsc.Centre]:
    monkeypatch.setattr(pkcs12, "ITERATIONS", 1000)
    with smsc.serving() as served:
        settings.SIGILL_SMS_HOST, settings.SIGILL_SMS_PORT = "127.0.0.1", served.port
        settings.SIGILL_SMS_SYSTEM_ID, settings.SIGILL_SMS_PASSWORD = served.system_id, served.password
        settings.SIGILL_SMS_TLS, settings.SIGILL_SMS_SENDER = False, "Sigill"
        yield served


@pytest.fixture
def allowed(stage: Stage, centre: smsc.Centre) -> Stage:
    allow_keys(stage.cast, at=stage.at)
    FunctionObject.objects.filter(hsa_id=SERVER).update(mobile=MOBILE)
    return stage


def order(stage: Stage, hsa_id: str = SERVER) -> FunctionOrder:
    return lifecycle.order_with_key(
        hsa_id=hsa_id, mobile=MOBILE, receipt=ACCEPTED, actor=stage.cast.bo, at=stage.at
    )


def make(stage: Stage) -> str:
    return make_due_keys(gateway=gateway(), actor=SYSTEM, at=stage.at)


def delivered(stage: Stage) -> FunctionOrder:
    placed = order(stage)
    assert make(stage).startswith("1 keys made")
    stage.authority.issue_and_publish(at=stage.at)
    return lifecycle.settle_order(order_id=str(placed.pk), actor=SYSTEM, at=stage.at)


def password(centre: smsc.Centre) -> str:
    return centre.taken[-1][2].rpartition(" ")[2]


def fetch(stage: Stage, placed: FunctionOrder) -> bytes:
    return key_parcels.fetch(order_id=str(placed.pk), actor=stage.cast.bo, at=stage.at)


def test_the_file_opens_by_the_password_in_the_sms_and_is_fetched_once(
    allowed: Stage, centre: smsc.Centre, tmp_path: Path
) -> None:
    """FC-4, FC-5: openssl opens it, and the key is kept no more."""
    placed = delivered(allowed)
    assert (placed.state, placed.receipt_version) == (FunctionOrderState.DELIVERED, ACCEPTED.version)
    (message,) = centre.taken
    assert message[:2] == ("Sigill", MOBILE)
    assert SERVER in message[2]
    file = tmp_path / "key.p12"
    file.write_bytes(fetch(allowed, placed))
    held = standard.load_pkcs12(file.read_bytes(), password(centre).encode())
    certificate = selectors.certificate_of(placed)
    assert certificate is not None
    assert held.cert is not None
    assert held.cert.certificate == x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    assert held.key is not None
    assert held.key.public_key() == held.cert.certificate.public_key()
    assert len(held.additional_certs) == 2
    read = ["openssl", "pkcs12", "-in", str(file), "-nodes", "-info", "-passin"]
    opened = subprocess.run([*read, f"pass:{password(centre)}"], capture_output=True, check=True)
    assert b"PBES2, PBKDF2, AES-256-CBC" in opened.stderr
    assert b"PRIVATE KEY" in opened.stdout
    wrong = subprocess.run([*read, "pass:another"], capture_output=True, check=False)
    assert wrong.returncode != 0
    with pytest.raises(Refused) as caught:
        fetch(allowed, placed)
    assert caught.value.refusal.code == "key_not_to_be_fetched"
    kept = KeyParcel.objects.get()
    assert (bytes(kept.shrouded_key), bytes(kept.mac_key)) == (b"", b"")
    assert kept.fetched_by == allowed.cast.bo.identifier


def test_neither_password_nor_open_key_is_kept_or_told(allowed: Stage, centre: smsc.Centre) -> None:
    placed = delivered(allowed)
    kept = KeyParcel.objects.get()
    secret = password(centre)
    told = "".join(Entry.objects.values_list("content", flat=True))
    assert secret not in told
    assert secret.encode() not in bytes(kept.shrouded_key) + bytes(kept.mac_key)
    assert secret not in repr(kept) + repr(placed) + repr(gateway())
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", secret)
    assert centre.password not in repr(gateway())


def test_the_shipped_strength_is_what_is_decided() -> None:
    """domain.md 5: PBKDF2 with SHA-256 at least 600 000 times."""
    assert pkcs12.ITERATIONS == sealed_file.ITERATIONS == 600_000


def test_it_is_off_unless_a_manager_allows_it_and_an_sms_has_a_way(
    stage: Stage, centre: smsc.Centre, settings: Settings
) -> None:
    def refusal(hsa_id: str = SERVER) -> str:
        with pytest.raises(Refused) as caught:
            order(stage, hsa_id)
        return caught.value.refusal.code

    norr = str(stage.cast.norr.pk)
    assert refusal() == "keys_are_made_by_their_holders"
    with pytest.raises(Refused):
        set_key_making(
            organization_id=norr, kind=FunctionKind.SERVER, is_allowed=True, actor=stage.cast.bo, at=stage.at
        )
    manager = actor_of(stage.cast.asa, Role.ISSUANCE_MANAGER)
    for wanted in (True, True, False, True):
        set_key_making(
            organization_id=norr, kind=FunctionKind.SERVER, is_allowed=wanted, actor=manager, at=stage.at
        )
    types = ["function_key_policy.asked", "function_key_policy.set"]
    told = Entry.objects.filter(type__in=types).order_by("pk").values_list("type", flat=True)
    assert list(told) == [types[0], types[1], types[0]]
    assert kinds_with_keys(norr) == {"server"}
    assert refusal() == "keys_are_made_by_their_holders", "one person alone allows nothing"
    asked = {"organization_id": norr, "kind": FunctionKind.SERVER, "at": stage.at}
    for who, code in ((manager, "second_person_is_the_first"), (stage.cast.bo, "role_missing")):
        with pytest.raises(Refused) as caught:
            approve_key_making(**asked, actor=who)
        assert caught.value.refusal.code == code
    approve_key_making(**asked, actor=second_manager(stage.cast))
    with pytest.raises(IllegalTransition):
        approve_key_making(**asked, actor=second_manager(stage.cast))
    with pytest.raises(IllegalTransition):
        approve_key_making(**{**asked, "kind": FunctionKind.CLIENT}, actor=manager)
    assert [one.kind for one in keys_to_approve(norr)] == []
    assert refusal() == "mobile_missing"
    FunctionObject.objects.update(mobile=MOBILE)
    assert refusal(CLIENT) == "keys_are_made_by_their_holders"
    settings.SIGILL_SMS_HOST = ""
    assert refusal() == "no_sms_gateway"
    assert not FunctionOrder.objects.exists()


@pytest.mark.parametrize("fault", sorted(smsc.FAULTS - {"silent"}))
def test_a_password_that_is_not_sent_delivers_nothing_and_is_sent_again(
    allowed: Stage, centre: smsc.Centre, fault: str
) -> None:
    placed = order(allowed)
    centre.fault = fault
    assert make(allowed) == "0 keys made, 1 passwords not sent, 0 given up"
    assert not KeyParcel.objects.exists()
    placed.refresh_from_db()
    assert placed.state == FunctionOrderState.AWAITING_KEY
    centre.fault = ""
    assert make(allowed).startswith("1 keys made")
    assert make(allowed).startswith("0 keys made")
    assert len(centre.taken) == 1


def test_a_centre_that_says_nothing_is_not_waited_for_without_end(centre: smsc.Centre) -> None:
    centre.fault = "silent"
    impatient = SmppGateway(
        host="127.0.0.1", port=centre.port, system_id=centre.system_id, password=centre.password,
        sender="Sigill", tls=False, patience=0.2,
    )  # fmt: skip
    with pytest.raises(SmsNotSent):
        impatient.send(number=MOBILE, text="x")
    centre.fault = ""
    assert replace(impatient, patience=60).send(number=MOBILE, text="åäö") == "1"
    assert centre.taken == [("Sigill", MOBILE, "åäö")]


def test_what_finds_no_way_for_three_days_fails_and_what_is_not_fetched_is_forgotten(
    allowed: Stage, centre: smsc.Centre
) -> None:
    lost = order(allowed)
    centre.fault = "throttle"
    late = allowed.at + timedelta(hours=72)
    assert make_due_keys(gateway=gateway(), actor=SYSTEM, at=late).endswith("1 given up")
    lost.refresh_from_db()
    assert (lost.state, lost.failure) == (FunctionOrderState.FAILED, "password_not_sent")
    centre.fault = ""
    placed = delivered(allowed)
    assert key_parcels.wipe_overdue(actor=SYSTEM, at=late - timedelta(seconds=1)) == 0
    assert key_parcels.wipe_overdue(actor=SYSTEM, at=late) == 1
    assert key_parcels.wipe_overdue(actor=SYSTEM, at=late) == 0
    with pytest.raises(Refused):
        fetch(allowed, placed)
    another = delivered(allowed)
    revoke(allowed, another)
    assert key_parcels.wipe_overdue(actor=SYSTEM, at=allowed.at) == 1


def test_it_waits_for_a_second_person_before_any_key_is_made(allowed: Stage, centre: smsc.Centre) -> None:
    manager = actor_of(allowed.cast.asa, Role.ISSUANCE_MANAGER)
    set_approval(
        organization_id=str(allowed.cast.norr.pk),
        kind=FunctionKind.SERVER,
        takes_two=True,
        actor=manager,
        at=allowed.at,
    )
    placed = order(allowed)
    assert placed.state == FunctionOrderState.AWAITING_APPROVAL
    assert make(allowed).startswith("0 keys made")
    approved = lifecycle.approve_order(order_id=str(placed.pk), actor=manager, at=allowed.at)
    assert approved.state == FunctionOrderState.AWAITING_KEY
    assert make(allowed).startswith("1 keys made")


@pytest.mark.parametrize("takes_two", [True, False])
def test_what_waits_when_keys_are_allowed_no_longer_gets_none(
    allowed: Stage, centre: smsc.Centre, *, takes_two: bool
) -> None:
    """domain.md 7.3: ended at once means for the orders that wait too, for a person or for the worker."""
    manager = actor_of(allowed.cast.asa, Role.ISSUANCE_MANAGER)
    told = {"organization_id": str(allowed.cast.norr.pk), "kind": FunctionKind.SERVER, "at": allowed.at}
    set_approval(**told, takes_two=takes_two, actor=manager)
    placed = order(allowed)
    set_key_making(**told, is_allowed=False, actor=manager)
    if takes_two:
        with pytest.raises(Refused) as caught:
            lifecycle.approve_order(order_id=str(placed.pk), actor=manager, at=allowed.at)
        assert caught.value.refusal.code == "keys_are_made_by_their_holders"
        return
    assert make(allowed) == "0 keys made, 0 passwords not sent, 1 given up"
    placed.refresh_from_db()
    assert (placed.state, placed.failure) == (FunctionOrderState.FAILED, "keys_are_made_by_their_holders")
    assert centre.taken == []


def test_nothing_is_fetched_before_the_receipt_or_by_another_organization(
    allowed: Stage, centre: smsc.Centre
) -> None:
    """FC-4."""
    placed = delivered(allowed)
    with pytest.raises(FunctionOrderNotFound):
        key_parcels.fetch(order_id=str(placed.pk), actor=allowed.cast.doris, at=allowed.at)
    with pytest.raises(Refused):
        key_parcels.fetch(order_id=str(placed.pk), actor=allowed.cast.cia, at=allowed.at)
    FunctionOrder.objects.update(receipt_version="", receipt_accepted_at=None, receipt_accepted_by="")
    with pytest.raises(Refused):
        fetch(allowed, placed)
    assert not KeyParcel.objects.filter(wiped_at__isnull=False).exists()


def change_mobile(stage: Stage, number: str) -> bool:
    return set_up(
        FunctionObject.objects.get(hsa_id=SERVER), tags=(), mobile=number, order_responsible=(), receivers=(),
        actor=stage.cast.bo, at=stage.at,
    )  # fmt: skip


@pytest.mark.parametrize("takes_two", [True, False])
def test_the_number_that_was_signed_is_the_one_that_gets_the_password(
    allowed: Stage, centre: smsc.Centre, *, takes_two: bool
) -> None:
    """AUT-4, FC-5: nobody changes it, unsigned, between the signatures and the SMS."""
    manager = actor_of(allowed.cast.asa, Role.ISSUANCE_MANAGER)
    set_approval(
        organization_id=str(allowed.cast.norr.pk), kind=FunctionKind.SERVER, takes_two=takes_two,
        actor=manager, at=allowed.at,
    )  # fmt: skip
    placed = order(allowed)
    for number in ("+46709999999", ""):
        with pytest.raises(Refused) as caught:
            change_mobile(allowed, number)
        assert caught.value.refusal.code == "mobile_awaits_password"
        assert dict(caught.value.refusal.facts) == {"mobile": MOBILE, "function_order": str(placed.pk)}
    change_mobile(allowed, MOBILE)
    if takes_two:
        lifecycle.approve_order(order_id=str(placed.pk), actor=manager, at=allowed.at)
        with pytest.raises(Refused):
            change_mobile(allowed, "+46709999999")
    assert make(allowed).startswith("1 keys made")
    assert centre.taken[0][1] == MOBILE
    assert change_mobile(allowed, "+46709999999")
    with pytest.raises(Refused) as late:
        order(allowed)
    assert late.value.refusal.code == "mobile_is_another"
