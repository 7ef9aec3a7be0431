"""Function certificates: built from the order, inside validated names, revoked once."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from functioncerts import lifecycle, selectors
from functioncerts.errors import (
    AlreadyRevoked,
    FunctionObjectNotFound,
    FunctionOrderNotFound,
    IdempotencyKeyReused,
    ReasonNotAllowed,
    Refused,
    RequestedInTheFuture,
    RequestInvalid,
)
from functioncerts.models import FunctionKind, FunctionObject, FunctionOrder
from functioncerts.states import FunctionOrderState
from functioncerts.validations import validate_names
from journal.actor import Actor
from tests.functioncerts.conftest import CLIENT, MAILBOX, SERVER, SYSTEM, Stage, request_for


def order(
    stage: Stage,
    hsa_id: str = SERVER,
    *,
    csr: bytes | None = None,
    actor: Actor | None = None,
    **more: object,
) -> FunctionOrder:
    return lifecycle.order_certificate(
        hsa_id=hsa_id, csr=csr or request_for(), actor=actor or stage.cast.bo, at=stage.at, **more
    )


def delivered(stage: Stage, hsa_id: str = SERVER, **more: object) -> tuple[FunctionOrder, x509.Certificate]:
    placed = order(stage, hsa_id, **more)
    stage.authority.issue_and_publish(at=stage.at)
    settled = lifecycle.settle_order(order_id=str(placed.pk), actor=SYSTEM, at=stage.at)
    certificate = selectors.certificate_of(settled)
    assert certificate is not None
    return settled, x509.load_der_x509_certificate(bytes(certificate.certificate_der))


def revoke(
    stage: Stage,
    placed: FunctionOrder,
    *,
    actor: Actor | None = None,
    reason: RevocationReason = RevocationReason.SUPERSEDED,
) -> FunctionOrder:
    return lifecycle.revoke_certificate(
        order_id=str(placed.pk),
        reason=reason,
        requested_at=stage.at,
        actor=actor or stage.cast.bo,
        at=stage.at,
    )


def names_in(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def test_a_server_certificate_holds_the_validated_names(stage: Stage) -> None:
    """FC-1."""
    placed, certificate = delivered(stage)
    assert placed.state == FunctionOrderState.DELIVERED
    assert names_in(certificate) == ["journal.regionnorr.test"]
    assert SERVER in certificate.subject.rfc4514_string()


def test_a_client_and_a_mailbox_get_theirs(stage: Stage) -> None:
    """FC-1."""
    delivered(stage, CLIENT)
    _, certificate = delivered(stage, MAILBOX)
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert extension.value.get_values_for_type(x509.RFC822Name) == ["akuten@regionnorr.test"]


def test_of_the_request_only_the_key_is_taken_and_the_rest_is_told(stage: Stage) -> None:
    """F18."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = request_for(key, names=("evil.test", "journal.regionnorr.test"), common_name="evil.test")
    placed, certificate = delivered(stage, csr=csr)
    assert names_in(certificate) == ["journal.regionnorr.test"]
    assert certificate.public_key() == key.public_key()
    assert b"evil" not in certificate.public_bytes(Encoding.DER)
    assert {finding["code"] for finding in placed.findings} == {"subject_ignored", "names_ignored"}


def test_no_wish_in_a_request_becomes_part_of_the_certificate(stage: Stage) -> None:
    """F18: a request that asks to be a CA gets an end entity."""
    wishes = x509.BasicConstraints(ca=True, path_length=None)
    csr = request_for(change=lambda builder: builder.add_extension(wishes, critical=True))
    _, certificate = delivered(stage, csr=csr)
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.BasicConstraints)


@pytest.mark.parametrize("place", range(5))
def test_one_name_outside_is_found_wherever_it_stands(stage: Stage, place: int) -> None:
    """F19."""
    names = [f"n{number}.journal.regionnorr.test" for number in range(4)]
    names.insert(place, "journal.regionsyd.test")
    with pytest.raises(Refused) as caught:
        order(stage, names=names)
    assert caught.value.refusal.code == "name_outside_validated"
    assert dict(caught.value.refusal.facts)["name"] == "journal.regionsyd.test"
    assert not FunctionOrder.objects.exists()


@pytest.mark.parametrize(
    "name", ["*.journal.regionnorr.test", "127.0.0.1", "localhost", "a_b.journal.regionnorr.test"]
)
def test_a_name_that_no_certificate_may_hold_is_refused(stage: Stage, name: str) -> None:
    with pytest.raises(Refused) as caught:
        order(stage, names=[name])
    assert caught.value.refusal.code == "name_not_allowed"


def test_twenty_names_are_the_most(stage: Stage) -> None:
    names = [f"n{number}.journal.regionnorr.test" for number in range(21)]
    with pytest.raises(Refused) as caught:
        order(stage, names=names)
    assert caught.value.refusal.code == "number_of_names"
    _, certificate = delivered(stage, names=names[:20])
    assert len(names_in(certificate)) == 20


def test_a_request_that_does_not_hold_is_refused(stage: Stage) -> None:
    good = request_for()
    tampered = good.replace(good[60:64], b"AAAA")
    weak = request_for(rsa.generate_private_key(65537, 1024))  # noqa: S505 - the point of the test
    odd = request_for(ec.generate_private_key(ec.SECP192R1()))
    for csr in (b"", b"x", b"-----BEGIN CERTIFICATE REQUEST-----", tampered, weak, odd):
        with pytest.raises(RequestInvalid):
            order(stage, csr=csr or b"-")
    assert not FunctionOrder.objects.exists()


def test_a_short_rsa_key_is_taken_with_a_word(stage: Stage) -> None:
    placed = order(stage, csr=request_for(rsa.generate_private_key(65537, 2048)))
    assert [finding["code"] for finding in placed.findings] == ["key_short"]


def test_a_key_that_was_compromised_is_never_certified_again(stage: Stage) -> None:
    """F22."""
    csr = request_for()
    placed, _ = delivered(stage, csr=csr)
    revoke(stage, placed, reason=RevocationReason.KEY_COMPROMISE)
    with pytest.raises(RequestInvalid):
        order(stage, csr=csr)


def test_the_same_idempotency_key_is_the_same_order(stage: Stage) -> None:
    csr = request_for()
    first = order(stage, csr=csr, idempotency_key="k")
    assert order(stage, csr=csr, idempotency_key="k").pk == first.pk
    with pytest.raises(IdempotencyKeyReused):
        order(stage, idempotency_key="k")


def test_an_object_that_is_not_validated_gets_nothing(stage: Stage) -> None:
    """POR-10."""
    lifecycle.register_function_object(
        hsa_id="SE2321000016-NY",
        kind=FunctionKind.SERVER,
        name="Ny",
        organization=stage.cast.norr,
        actor=SYSTEM,
        at=stage.at,
    )
    with pytest.raises(Refused) as caught:
        order(stage, "SE2321000016-NY")
    assert caught.value.refusal.code == "function_object_not_validated"
    assert caught.value.refusal.fixer == "validation_specialist"


def test_only_the_validation_specialist_validates(stage: Stage) -> None:
    with pytest.raises(Refused):
        validate_names(hsa_id=SERVER, names=["x.test"], actor=stage.cast.bo, at=stage.at)


def test_a_stranger_finds_orders_and_revokes_nothing(stage: Stage) -> None:
    """F16: Doris administers another organization, Bo's role there would see nothing either."""
    placed, _ = delivered(stage)
    stranger = replace(stage.cast.bo, organization_ids=(str(stage.cast.syd.pk),))
    for actor in (stage.cast.doris, stranger, replace(stage.cast.bo, role="")):
        with pytest.raises(FunctionObjectNotFound):
            order(stage, actor=actor)
        with pytest.raises(FunctionOrderNotFound):
            revoke(stage, placed, actor=actor)
        with pytest.raises(FunctionOrderNotFound):
            selectors.get_order(str(placed.pk), actor=actor)
        assert selectors.list_orders(actor=actor).orders == ()
        assert selectors.list_function_objects(actor=actor) == ()
    assert not Certificate.objects.filter(revoked_at__isnull=False).exists()


def test_an_auditor_reads_and_does_not_order_or_revoke(stage: Stage) -> None:
    placed, _ = delivered(stage)
    assert selectors.list_orders(actor=stage.cast.cia).orders == (placed,)
    assert len(selectors.list_function_objects(actor=stage.cast.cia)) == 3
    for act in (
        lambda: order(stage, actor=stage.cast.cia),
        lambda: revoke(stage, placed, actor=stage.cast.cia),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.refusal.code == "role_missing"


def test_a_certificate_is_revoked_once(stage: Stage) -> None:
    placed, _ = delivered(stage)
    revoked = revoke(stage, placed)
    assert revoked.state == FunctionOrderState.REVOKED
    assert Certificate.objects.get().revoked_at == stage.at
    with pytest.raises(AlreadyRevoked):
        revoke(stage, placed)


def test_revoking_wants_a_reason_that_fits_and_a_time_that_has_been(stage: Stage) -> None:
    """F30."""
    placed, _ = delivered(stage)
    for reason in (
        RevocationReason.CERTIFICATE_HOLD,
        RevocationReason.CA_COMPROMISE,
        RevocationReason.REMOVE_FROM_CRL,
    ):
        with pytest.raises(ReasonNotAllowed):
            revoke(stage, placed, reason=reason)
    with pytest.raises(RequestedInTheFuture):
        lifecycle.revoke_certificate(
            order_id=str(placed.pk),
            reason=RevocationReason.SUPERSEDED,
            requested_at=stage.at + timedelta(seconds=1),
            actor=stage.cast.bo,
            at=stage.at,
        )


def test_what_is_not_delivered_yet_is_not_revoked(stage: Stage) -> None:
    placed = order(stage)
    with pytest.raises(Refused) as caught:
        revoke(stage, placed)
    assert caught.value.refusal.code == "certificate_not_delivered"


def test_the_sweep_and_the_consumer_settle_and_twice_is_harmless(stage: Stage) -> None:
    first, second = order(stage), order(stage)
    assert lifecycle.settle_orders(actor=SYSTEM, at=stage.at) == 0
    stage.authority.issue_and_publish(at=stage.at)
    lifecycle.settle_request(certificate_request_id=first.certificate_request_id, actor=SYSTEM, at=stage.at)
    lifecycle.settle_request(certificate_request_id=first.certificate_request_id, actor=SYSTEM, at=stage.at)
    lifecycle.settle_request(certificate_request_id="of somebody else", actor=SYSTEM, at=stage.at)
    assert lifecycle.settle_orders(actor=SYSTEM, at=stage.at) == 1
    second.refresh_from_db()
    assert second.state == FunctionOrderState.DELIVERED


def test_registering_again_changes_nothing(stage: Stage) -> None:
    again = lifecycle.register_function_object(
        hsa_id=SERVER,
        kind=FunctionKind.CLIENT,
        name="x",
        organization=stage.cast.syd,
        actor=SYSTEM,
        at=stage.at,
    )
    assert (again.kind, again.organization_id) == ("server", stage.cast.norr.pk)
    assert FunctionObject.objects.filter(hsa_id=SERVER).count() == 1
    assert json.dumps(order(stage).names) == '["journal.regionnorr.test"]'
