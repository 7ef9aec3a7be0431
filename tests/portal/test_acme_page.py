"""The page by which an orderer lets a server renew by itself."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse

from functioncerts.acme.models import Account, ExternalAccountKey
from functioncerts.lifecycle import register_function_object
from functioncerts.models import ApprovalPolicy, FunctionKind, FunctionObject
from functioncerts.validations import validate_names
from journal.actor import Actor
from portal.pages.orderer.acme import acme_page
from tests.portal.conftest import LogIn, told
from tests.scenarios import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def function(scene: Scene) -> FunctionObject:
    one = register_function_object(
        hsa_id="SE2321000016-JOURNAL", kind=FunctionKind.SERVER, name="Journalsystemet",
        organization=scene.cast.norr, actor=Actor.system("test"), at=scene.at,
    )  # fmt: skip
    return validate_names(
        hsa_id=one.hsa_id, names=("journal.norr.test",), actor=Actor.system("test"), at=scene.at
    )


def test_a_key_is_made_shown_once_and_revoked(scene: Scene, function: FunctionObject, log_in: LogIn) -> None:
    browser = log_in(scene.cast.bo)
    place = reverse("function-acme", args=[function.pk])
    assert place in browser.get(reverse("function", args=[function.pk])).content.decode()
    made = told(browser.post(place, {"act": "make"}))
    key = ExternalAccountKey.objects.get()
    (secret,) = set(re.findall(r"(?<![\w-])[\w-]{43}(?![\w-])", made))
    assert str(key.pk) in made
    again = told(browser.get(place))
    assert str(key.pk) in again
    assert secret not in again
    assert browser.post(place, {"act": "revoke", "key": str(key.pk)}).status_code == 302
    assert ExternalAccountKey.objects.get().revoked_at is not None
    for wrong in ({"act": "revoke", "account": "x"}, {"act": "approve", "key": "x"}, {}):
        assert browser.post(place, wrong).status_code == 404
    assert not Account.objects.exists()


def test_a_mailbox_is_not_led_to_what_it_cannot_have(scene: Scene, log_in: LogIn) -> None:
    mailbox = register_function_object(
        hsa_id="SE2321000016-BREV", kind=FunctionKind.EMAIL, name="Brevlådan",
        organization=scene.cast.norr, actor=Actor.system("test"), at=scene.at,
    )  # fmt: skip
    validate_names(
        hsa_id=mailbox.hsa_id, names=("akuten@norr.test",), actor=Actor.system("test"), at=scene.at
    )
    browser = log_in(scene.cast.bo)
    place = reverse("function-acme", args=[mailbox.pk])
    assert place not in browser.get(reverse("function", args=[mailbox.pk])).content.decode()
    answer = browser.get(place).content.decode()
    assert "ACME är för servrar och klienter" in answer
    assert "Du kan ändra det själv" not in answer


def test_an_auditor_sees_and_makes_nothing_and_doris_sees_nothing(
    scene: Scene, function: FunctionObject, log_in: LogIn
) -> None:
    place = reverse("function-acme", args=[function.pk])
    assert log_in(scene.cast.cia).get(place).status_code == 200
    assert log_in(scene.cast.cia).post(place, {"act": "make"}).status_code == 403
    assert log_in(scene.cast.doris).get(place).status_code == 404
    assert log_in(scene.cast.doris).post(place, {"act": "make"}).status_code == 404
    assert not ExternalAccountKey.objects.exists()


def test_who_made_a_key_is_not_offered_to_approve_it(
    scene: Scene, function: FunctionObject, log_in: LogIn
) -> None:
    ApprovalPolicy.objects.create(
        organization=scene.cast.norr, kind="server", set_at=scene.at, set_by="SE2321000016-A009"
    )
    log_in(scene.cast.bo).post(reverse("function-acme", args=[function.pk]), {"act": "make"})
    (own,) = acme_page(function, actor=scene.cast.bo, at=scene.at).keys
    alva = scene.cast.alva
    second = replace(scene.cast.bo, identifier=alva.identifier, person_id=alva.person_id)
    (theirs,) = acme_page(function, actor=second, at=scene.at).keys
    assert (own.may_approve, theirs.may_approve) == (False, True)


def test_who_made_a_key_is_not_offered_to_approve_it_under_another_hsa_id(
    scene: Scene, function: FunctionObject, log_in: LogIn
) -> None:
    ApprovalPolicy.objects.create(
        organization=scene.cast.norr, kind="server", set_at=scene.at, set_by="SE2321000016-A009"
    )
    log_in(scene.cast.bo).post(reverse("function-acme", args=[function.pk]), {"act": "make"})
    other = replace(scene.cast.bo, identifier="SE2321000016-A777")
    (shown,) = acme_page(function, actor=other, at=scene.at).keys
    assert not shown.may_approve
