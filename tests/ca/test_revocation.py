"""Revocation: once, for ever, with its reason; what it costs those who come too late."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from django.db import IntegrityError, transaction

from ca.crl_lists import crl_file
from ca.crl_publishing import publish_crl
from ca.errors import KeyRefused, ReasonRefused, RequestedBeforeCertificate, UnknownCertificate
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import (
    RECORDED_REASONS,
    AlreadyRevoked,
    Revoked,
    revoke,
    revoke_carrier,
    revoke_with_carrier,
)
from ca.selectors import issuer
from journal.models import Entry
from tests.ca.conftest import ALVA, Authority, new_public_key


def test_a_revocation_keeps_when_it_was_asked_for_apart_from_when_it_was_done(authority: Authority) -> None:
    certificate = authority.certificate()
    asked_at = authority.at
    done_at = authority.later(minutes=20)
    outcome = revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=asked_at,
        actor=ALVA,
        at=done_at,
    )
    assert isinstance(outcome, Revoked)
    certificate.refresh_from_db()
    assert (certificate.revocation_requested_at, certificate.revoked_at) == (asked_at, done_at)
    assert certificate.invalidity_at == asked_at
    assert (
        Entry.objects.filter(type="certificate.revoked", content__contains=str(certificate.pk)).count() == 1
    )


@pytest.mark.parametrize("field", ["requested_at", "invalidity_at"])
@pytest.mark.parametrize("year", [1, 1900, None])
def test_nobody_asks_for_a_revocation_before_the_certificate_began(
    authority: Authority, field: str, year: int | None
) -> None:
    """RFC 5280 section 5.3.2: such a time would stand in every CRL, signed."""
    certificate = authority.certificate()
    begins = certificate.not_before
    too_early = datetime(year, 1, 1, tzinfo=UTC) if year else begins - timedelta(microseconds=1)
    asked = {"requested_at": authority.at, field: too_early}
    with pytest.raises(RequestedBeforeCertificate) as refused:
        revoke(
            certificate_id=certificate.pk,
            reason=RevocationReason.SUPERSEDED,
            actor=ALVA,
            at=authority.later(minutes=1),
            **asked,
        )
    assert refused.value.facts == {"begins_at": begins.isoformat()}
    certificate.refresh_from_db()
    assert certificate.revoked_at is None
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=begins,
        actor=ALVA,
        at=authority.at,
    )


def test_certificates_of_a_carrier_are_invalid_from_the_request_or_from_their_own_beginning(
    authority: Authority,
) -> None:
    """The request is a fact about the carrier, and may be older than the certificates that came later."""
    first = authority.certificate()
    asked_at = authority.later(minutes=10)
    authority.later(minutes=10)
    second = authority.certificate(carrier_id=first.carrier_id)
    done_at = authority.later(minutes=10)
    revoke_carrier(
        carrier_kind=first.carrier_kind,
        carrier_id=first.carrier_id,
        reason=RevocationReason.SUPERSEDED,
        requested_at=asked_at,
        actor=ALVA,
        at=done_at,
    )
    for certificate, invalid_from in ((first, asked_at), (second, second.not_before)):
        certificate.refresh_from_db()
        assert certificate.revoked_at == done_at
        assert certificate.revocation_requested_at == asked_at
        assert certificate.invalidity_at == invalid_from
    assert second.not_before > asked_at


def test_what_belongs_to_a_carrier_may_be_revoked_for_an_older_request(authority: Authority) -> None:
    certificate = authority.certificate()
    asked_at = certificate.not_before - timedelta(days=1)
    revoke_with_carrier(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=asked_at,
        actor=ALVA,
        at=authority.later(minutes=1),
    )
    certificate.refresh_from_db()
    assert (certificate.revocation_requested_at, certificate.invalidity_at) == (
        asked_at,
        certificate.not_before,
    )


def test_a_second_revocation_is_told_of_the_first_and_changes_nothing(authority: Authority) -> None:
    """Reliability R6."""
    certificate = authority.certificate()
    first_at = authority.at
    for reason in (RevocationReason.SUPERSEDED, RevocationReason.KEY_COMPROMISE):
        outcome = revoke(
            certificate_id=certificate.pk,
            reason=reason,
            requested_at=authority.at,
            actor=ALVA,
            at=authority.at,
        )
        authority.later(minutes=1)
    assert outcome == AlreadyRevoked(
        certificate_id=str(certificate.pk), revoked_at=first_at, reason=RevocationReason.SUPERSEDED
    )
    assert (
        Entry.objects.filter(type="certificate.revoked", content__contains=str(certificate.pk)).count() == 1
    )


@pytest.mark.parametrize("reason", sorted(set(RevocationReason) - RECORDED_REASONS))
def test_a_reason_that_this_ca_does_not_record_is_refused(
    authority: Authority, reason: RevocationReason
) -> None:
    certificate = authority.certificate()
    with pytest.raises(ReasonRefused):
        revoke(
            certificate_id=certificate.pk,
            reason=reason,
            requested_at=authority.at,
            actor=ALVA,
            at=authority.at,
        )


def test_a_revocation_that_was_asked_for_in_the_future_is_refused(authority: Authority) -> None:
    certificate = authority.certificate()
    with pytest.raises(ReasonRefused):
        revoke(
            certificate_id=certificate.pk,
            reason=RevocationReason.SUPERSEDED,
            requested_at=authority.at + timedelta(seconds=1),
            actor=ALVA,
            at=authority.at,
        )


def test_an_unknown_certificate_cannot_be_revoked(authority: Authority) -> None:
    with pytest.raises(UnknownCertificate):
        revoke(
            certificate_id="7a0a8d3e-5a0c-4f0a-9f3e-000000000000",
            reason=RevocationReason.SUPERSEDED,
            requested_at=authority.at,
            actor=ALVA,
            at=authority.at,
        )


def test_a_compromised_key_is_never_certified_again(authority: Authority) -> None:
    """Reliability F22."""
    public_key = new_public_key()
    certificate = authority.certificate(public_key=public_key)
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key, carrier_id="card-2")
    assert refused.value.facts == {"weakness": "compromised"}


def test_a_superseded_key_is_refused_as_that_of_a_revoked_certificate(authority: Authority) -> None:
    public_key = new_public_key()
    certificate = authority.certificate(public_key=public_key)
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key, carrier_id="card-2")
    assert refused.value.facts["weakness"] == "revoked_certificate"


def test_everything_on_a_card_is_revoked_and_nothing_else(authority: Authority) -> None:
    first, second = authority.certificate(), authority.certificate()
    other = authority.certificate(carrier_id="card-2")
    outcome = revoke_carrier(
        carrier_kind="card",
        carrier_id="card-1",
        reason=RevocationReason.CESSATION_OF_OPERATION,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    assert {one.certificate_id for one in outcome} == {str(first.pk), str(second.pk)}
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_revocation_is_undone_with_the_transaction_that_it_is_part_of(authority: Authority) -> None:
    certificate = authority.certificate()

    with transaction.atomic():
        revoke(
            certificate_id=certificate.pk,
            reason=RevocationReason.SUPERSEDED,
            requested_at=authority.at,
            actor=ALVA,
            at=authority.at,
        )
        transaction.set_rollback(True)
    certificate.refresh_from_db()
    assert certificate.revoked_at is None
    assert not Entry.objects.filter(type="certificate.revoked").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": None},
        {"revocation_reason": None},
        {"revocation_requested_at": None},
        {"crl_entry_der": b""},
        {"revocation_reason": 6},
    ],
)
def test_the_database_refuses_half_a_revocation(authority: Authority, change: dict[str, object]) -> None:
    certificate = authority.certificate()
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.filter(pk=certificate.pk).update(**change)


def test_the_database_refuses_a_reason_without_a_revocation(authority: Authority) -> None:
    certificate = authority.certificate()
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.filter(pk=certificate.pk).update(revocation_reason=4)


def test_the_entry_of_a_revoked_certificate_says_when_and_why(authority: Authority) -> None:
    certificate = authority.certificate()
    asked_at = authority.at
    revoked_at = authority.later(hours=2)
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=asked_at,
        actor=ALVA,
        at=revoked_at,
    )
    publish_crl(issuer(certificate.issuer_id), signers=authority.signers, actor=ALVA, at=authority.at)
    crl = x509.load_der_x509_crl(crl_file(issuer(certificate.issuer_id)).read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(int(certificate.serial_hex, 16))
    assert entry is not None
    assert entry.revocation_date_utc == revoked_at
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    invalid_from = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    assert invalid_from == asked_at
