"""A test card is QA's for its whole life: its own issuers, beside PROD, and of no use in PROD."""

import pytest
from cryptography import x509

from authn.trust import load_trust
from ca.environments import Environment
from ca.models import Certificate, CertificateRequest
from cards import lifecycle
from cards.errors import Refused
from cards.models import Card
from cards.selectors import CARRIER_KIND
from directory.models import Role
from journal.actor import Actor, ActorKind
from tests.authority import the_authority
from tests.cast import actor_of
from tests.scenarios import (
    Scene,
    a_claimed_activation,
    a_pending_order,
    a_shipped_card,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    an_open_activation,
)

TEST_CARD = "7T1"
CENTRAL = Actor(
    kind=ActorKind.PERSON, identifier="SE1", role=Role.CENTRAL_ADMINISTRATOR.value, organization_ids=(), loa=3
)


@pytest.fixture
def with_qa(scene: Scene) -> Scene:
    the_authority(Environment.QA)
    return scene


def an_active_test_card(scene: Scene) -> Card:
    opened = an_open_activation(scene, a_shipped_card(scene, product_code=TEST_CARD))
    keys = an_activation_with_keys(scene, a_claimed_activation(scene, opened))
    return an_active_card(scene, a_written_activation(scene, keys))


def test_a_test_card_gets_its_certificates_from_qas_issuers_and_from_no_other(with_qa: Scene) -> None:
    """QA-2, QA-3: names say TEST, requests and certificates say QA."""
    card = an_active_test_card(with_qa)
    assert card.environment == "QA"
    certificates = Certificate.objects.filter(carrier_kind=CARRIER_KIND, carrier_id=str(card.pk))
    assert {one.issuer_id for one in certificates} == {"qa_person_hsa_id_3", "qa_person_id_3"}
    assert {one.environment for one in certificates} == {"QA"}
    for one in certificates:
        parsed = x509.load_der_x509_certificate(bytes(one.certificate_der))
        (name,) = parsed.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert str(name.value).startswith("TEST ")
    assert {one.environment for one in CertificateRequest.objects.filter(carrier_id=str(card.pk))} == {"QA"}


def test_an_ordinary_card_beside_it_gets_prods(with_qa: Scene) -> None:
    """QA-3."""
    card = an_active_card(with_qa)
    certificates = Certificate.objects.filter(carrier_id=str(card.pk))
    assert {one.environment for one in certificates} == {"PROD"}
    assert not [one for one in certificates if one.issuer_id.startswith("qa_")]


def test_test_cards_are_ordered_while_prods_ordering_is_stopped(with_qa: Scene) -> None:
    """QA-1, POR-16."""
    lifecycle.stop_ordering(starts_at=with_qa.at, reason="Lansering", actor=CENTRAL, at=with_qa.at)
    at = with_qa.later(minutes=1)
    with pytest.raises(Refused) as refused:
        a_pending_order(with_qa)
    assert refused.value.refusal.code == "ordering_stopped"
    assert a_pending_order(with_qa, product_code=TEST_CARD).placed_at == at


def test_a_test_order_and_an_ordinary_one_run_beside_each_other_but_not_two_of_one_kind(
    with_qa: Scene,
) -> None:
    """QA-1."""
    a_pending_order(with_qa)
    a_pending_order(with_qa, product_code=TEST_CARD)
    for product_code in ("7C1", TEST_CARD):
        with pytest.raises(Refused) as refused:
            a_pending_order(with_qa, product_code=product_code)
        assert refused.value.refusal.code == "order_already_running"


def test_without_qas_ceremony_no_test_card_is_ordered_and_the_refusal_says_why(scene: Scene) -> None:
    with pytest.raises(Refused) as refused:
        a_pending_order(scene, product_code=TEST_CARD)
    assert refused.value.refusal.code == "qa_not_set_up"


def test_others_order_no_test_card_either(with_qa: Scene) -> None:
    """Doris administers another organization; Bo orders function certificates, not cards."""
    bo = actor_of(with_qa.cast.asa, Role.FUNCTION_CERT_ORDERER)
    for actor, code in ((with_qa.cast.doris, "outside_scope"), (bo, "role_missing")):
        with pytest.raises(Refused) as refused:
            lifecycle.place_order(
                hsa_id=with_qa.cast.asa.hsa_id,
                product_code=TEST_CARD,
                loa=3,
                actor=actor,
                at=with_qa.at,
            )
        assert refused.value.refusal.code == code


def test_login_trusts_none_of_qas_issuers() -> None:
    """QA-3: what a login accepts comes from PROD's root alone, wherever QA's files lie."""
    assert load_trust().issuers == ()
