"""The holder's receipt: the question that the card signs, the check of the answer, and the card in use."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from authn.evidence import (
    RP_CHALLENGE_OCTETS,
    SERVER_RANDOM_OCTETS,
    Answer,
    EvidenceInvalid,
    Flow,
    Purpose,
    Question,
    hashed,
    origin_of,
    sha256,
    verify,
)
from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.activation import ACTIVATIONS
from cards.configuration import server_spki_pins
from cards.conversation import demand_going_on, locked_conversation
from cards.errors import IllegalTransition, ReceiptInvalid
from cards.events import CardActivated, ReceiptSigned
from cards.models import Activation, Card, CardKey, CardOrder, Receipt
from cards.replacement import end_replaced
from cards.selectors import CARRIER_KIND
from cards.statements import RP_ID, RP_NAME
from cards.states import ActivationAction, ActivationState, CardAction, CardOrderAction
from cards.terms import current_terms
from cards.transitions import activation_after, card_after, demand_moved, order_after
from journal.actor import Actor
from journal.recording import record


def ask_for_receipt(activation: Activation, *, at: datetime) -> Receipt:
    """Fix what the holder is asked to sign, in the caller's transaction; nothing in it is the client's."""
    card, terms = activation.card, current_terms()
    question = Question(
        purpose=Purpose.AUTH_FOR_SIGN.value,
        order_ref=str(activation.pk),
        server_random=secrets.token_bytes(SERVER_RANDOM_OCTETS),
        rp_challenge=secrets.token_bytes(RP_CHALLENGE_OCTETS),
        rp_id=RP_ID,
        rp_name=RP_NAME,
        rp_origin=origin_of(settings.SIGILL_PORTAL_URL),
        visible_text=terms.signed_receipt(name=card.holder_name, card_number=card.card_number or ""),
        non_visible_hash=hashed(terms.signed_text().encode()),
        flow=Flow.SAME_DEVICE.value,
        expires_at=int(activation.expires_at.timestamp()),
    )
    return Receipt.objects.create(activation=activation, question=question.as_json(), asked_at=at)


def question_of(receipt: Receipt) -> Question:
    """Return what the holder was asked, from our own row."""
    return Question.from_json(receipt.question)


def sign_receipt(*, activation_id: str, answer: Answer, actor: Actor, at: datetime) -> Activation:
    """Check the holder's signature and put the card in use: card ACTIVE, order and activation with it.

    Signing twice changes nothing. Raises ReceiptInvalid (wrong certificate, signature or server key),
    IllegalTransition (also when the card was blocked meanwhile), and what demand_going_on raises.
    """
    with transaction.atomic():
        activation = locked_conversation(ACTIVATIONS, activation_id)
        demand_going_on(ACTIVATIONS, activation, at=at)
        if activation.state == ActivationState.ACTIVE.value:
            return activation
        if activation.state != ActivationState.WRITTEN.value:
            raise IllegalTransition.of(
                thing="activation",
                state=activation.state,
                action=ActivationAction.SIGN_RECEIPT,
            )
        signed_octets = _check(activation, answer)
        _keep(activation, answer, signed_octets=signed_octets, actor=actor, at=at)
        _put_in_use(activation, actor=actor, at=at)
    activation.refresh_from_db()
    return activation


def _check(activation: Activation, answer: Answer) -> bytes:
    """Return the octets that were signed by one of the certificates just written to this card."""
    certificate = _written_certificate(activation.card, answer.certificate_der)
    if certificate.revoked_at is not None:
        raise ReceiptInvalid.because("certificate_revoked")
    try:
        question = question_of(activation.receipt)
        return verify(question, answer, server_spki_pins=server_spki_pins())
    except (EvidenceInvalid, ValueError) as error:
        raise ReceiptInvalid.because(type(error).__name__) from error


def _written_certificate(card: Card, certificate_der: bytes) -> Certificate:
    """Return the certificate with exactly these octets, among those that were written to this card."""
    written = set(
        CardKey.objects.filter(card=card, superseded_at__isnull=True).values_list(
            "written_sha256", flat=True
        ),
    )
    for certificate in certificates_on_carrier(CARRIER_KIND, str(card.pk)):
        if certificate.sha256 in written and bytes(certificate.certificate_der) == certificate_der:
            return certificate
    raise ReceiptInvalid.because("other_certificate")


def _keep(
    activation: Activation,
    answer: Answer,
    *,
    signed_octets: bytes,
    actor: Actor,
    at: datetime,
) -> None:
    moved = Receipt.objects.filter(activation=activation, signed_at__isnull=True).update(
        signed_at=at,
        certificate_der=answer.certificate_der,
        algorithm=answer.algorithm,
        signature=answer.signature,
        user_challenge=answer.user_challenge,
        server_spki=answer.server_spki,
        signed_octets=signed_octets,
    )
    demand_moved(moved, thing="receipt", state="signed", action=ActivationAction.SIGN_RECEIPT)
    record(
        ReceiptSigned(
            activation_id=str(activation.pk),
            card_id=str(activation.card_id),
            person_id=str(activation.card.person_id),
            organization_id=str(activation.card.organization_id),
            terms_version=activation.terms_version,
            certificate_sha256=sha256(answer.certificate_der).hex(),
            signed_octets_sha256=sha256(signed_octets).hex(),
        ),
        actor=actor,
        at=at,
    )


def _put_in_use(activation: Activation, *, actor: Actor, at: datetime) -> None:
    card, order = activation.card, activation.card.order
    moved = Card.objects.filter(pk=card.pk, state=card.state).update(
        state=card_after(card.state, CardAction.ACTIVATE),
        activated_at=at,
    )
    demand_moved(moved, thing="card", state=card.state, action=CardAction.ACTIVATE)
    moved = Activation.objects.filter(pk=activation.pk, state=activation.state).update(
        state=activation_after(activation.state, ActivationAction.SIGN_RECEIPT),
        finished_at=at,
    )
    demand_moved(moved, thing="activation", state=activation.state, action=ActivationAction.SIGN_RECEIPT)
    moved = CardOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=order_after(order.state, CardOrderAction.ACTIVATE),
        activated_at=at,
    )
    demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.ACTIVATE)
    record(
        CardActivated(
            activation_id=str(activation.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            card_order_id=str(order.pk),
        ),
        actor=actor,
        at=at,
    )
    end_replaced(order, actor=actor, at=at)
