"""The issuance cycle: one certificate or none of each request, whatever fails between its arrows."""

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from django.db import DatabaseError, connection, transaction

from ca import issuance, serial_numbers
from ca.batch_issuance import issue_pending
from ca.crl_lists import crl_file
from ca.crl_publishing import publish_crl
from ca.errors import SigningUnavailable
from ca.hsm.proxy import SocketSigners
from ca.issuance import LEASE, RequestUnderWay, issue_request, mark_published
from ca.models import Certificate, CertificateRequest, Crl, SerialReservation
from ca.pki.issuance import issue
from ca.pki.reasons import RevocationReason
from ca.pki.weak_keys import NOTHING_BLOCKED
from ca.policy_files import policy_files
from ca.registration import request_state
from ca.revocation import block_key, revoke_carrier
from ca.selectors import burnt_serials, chain_pem, find_by_serial, issuer
from journal.models import Entry
from tests.ca.conftest import ALVA, WORKER, Authority, asa, new_public_key


def events_of(request: CertificateRequest) -> list[str]:
    """Return the types of the journal's entries about a request, in order."""
    entries = Entry.objects.filter(content__contains=str(request.pk)).order_by("pk")
    return list(entries.values_list("type", flat=True))


def test_a_request_becomes_a_certificate_that_its_issuer_signed(authority: Authority) -> None:
    """PKI-3."""
    certificate = authority.issue(authority.request())
    assert certificate is not None
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    parsed.verify_directly_issued_by(
        x509.load_der_x509_certificate(bytes(issuer("person_hsa_id_3").certificate_der))
    )
    assert f"{parsed.serial_number:x}" == certificate.serial_hex
    assert certificate.name == "hsa_authentication"


def test_the_journal_tells_of_the_intent_before_the_certificate(authority: Authority) -> None:
    """PKI-3, reliability F25: an entry for each step, in the order of the steps."""
    request = authority.request()
    certificate = authority.issue(request)
    assert certificate is not None
    mark_published(certificate.pk, at=authority.at)
    assert events_of(request) == [
        "certificate.requested", "certificate.intended", "certificate.issued", "certificate.published",
    ]  # fmt: skip


def test_a_request_is_issued_once_however_often_it_is_asked(authority: Authority) -> None:
    request = authority.request()
    assert authority.issue(request) == authority.issue(request)
    assert Certificate.objects.filter(request=request).count() == 1


def test_the_same_idempotency_key_gives_the_same_request(authority: Authority) -> None:
    public_key = new_public_key()
    first = authority.request(key="once", public_key=public_key)
    assert authority.request(key="once", public_key=public_key).pk == first.pk


def test_a_request_is_published_only_when_its_status_is(authority: Authority) -> None:
    request = authority.request()
    assert request_state(request.pk).state == "requested"
    certificate = authority.issue(request)
    assert certificate is not None
    assert request_state(request.pk).state == "issued"
    assert mark_published(certificate.pk, at=authority.at)
    assert not mark_published(certificate.pk, at=authority.at)
    assert request_state(request.pk).state == "published"


def test_the_profile_and_its_digest_are_kept_with_the_certificate(authority: Authority) -> None:
    certificate = authority.certificate()
    assert certificate.profile == "person_hsa_authentication"
    assert len(certificate.profile_sha256) == 64


def test_a_certificate_ends_with_the_card_it_is_on(authority: Authority) -> None:
    card_ends = authority.at + timedelta(days=100)
    certificate = authority.issue(authority.request(not_after=card_ends))
    assert certificate is not None
    assert certificate.not_after == card_ends


def test_a_policy_of_level_two_is_issued_by_the_issuer_of_level_two(authority: Authority) -> None:
    """PKI-4: the level of assurance is read from the policy and the issuer."""
    request = authority.request(
        subject=asa(policy="loa2_reserve"), not_after=authority.at + timedelta(days=90)
    )
    assert request.issuer_id == "person_hsa_id_2"
    certificate = authority.issue(request)
    assert certificate is not None


def test_a_rule_that_is_broken_after_registration_fails_the_request_and_burns_the_number(
    authority: Authority,
) -> None:
    """Reliability F22, F29: the rules are asked again when it is issued."""
    request = authority.request()
    with transaction.atomic():
        block_key(
            public_key_sha256=_digest(bytes(request.public_key)),
            certificate_id="",
            reason="reported",
            actor=WORKER,
            at=authority.at,
        )
    assert authority.issue(request) is None
    state = request_state(request.pk)
    assert (state.state, state.failure, state.certificate_id) == ("failed", "weak_key", None)
    assert [one.state for one in SerialReservation.objects.filter(request=request)] == ["burnt"]


def test_without_a_signer_the_request_goes_back_and_a_second_try_works(authority: Authority) -> None:
    request = authority.request()
    nobody = SocketSigners(authority.home / "nobody.sock", patience=0.05)
    with pytest.raises(SigningUnavailable):
        issue_request(request.pk, signers=nobody, actor=WORKER, at=authority.at)
    state = request_state(request.pk)
    assert (state.state, state.failure) == ("requested", "signing_unavailable")
    assert authority.issue(request) is not None
    assert [one.state for one in SerialReservation.objects.filter(request=request).order_by("pk")] == [
        "burnt", "used",
    ]  # fmt: skip
    assert events_of(request) == [
        "certificate.requested", "certificate.intended", "certificate.serial_burnt", "certificate.postponed",
        "certificate.intended", "certificate.issued",
    ]  # fmt: skip


def fail_inserts_into(table: str) -> None:
    """Make the database refuse every new row of a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER fails BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'on order'); END"
            )
        else:
            cursor.execute(
                "CREATE FUNCTION fails() RETURNS trigger AS"
                " $$ BEGIN RAISE EXCEPTION 'on order'; END $$ LANGUAGE plpgsql"
            )
            cursor.execute(f"CREATE TRIGGER fails BEFORE INSERT ON {table} EXECUTE FUNCTION fails()")


def heal(table: str) -> None:
    """Let the database take rows again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TRIGGER fails" if connection.vendor == "sqlite" else f"DROP TRIGGER fails ON {table}"
        )


def test_a_certificate_that_could_not_be_recorded_is_known_burnt_and_on_the_crl(authority: Authority) -> None:
    """Reliability F5, F36: the last INSERT fails; the signed certificate can be found and is revoked."""
    request = authority.request()
    fail_inserts_into("ca_certificate")
    with pytest.raises(DatabaseError):
        authority.issue(request)
    heal("ca_certificate")
    assert request_state(request.pk).state == "signing"
    authority.later(seconds=LEASE.total_seconds() + 1)
    certificate = authority.issue(request)
    assert certificate is not None
    (burnt,) = burnt_serials(request.issuer_id)
    assert burnt.serial_hex != certificate.serial_hex
    publish_crl(issuer(request.issuer_id), signers=authority.signers, actor=WORKER, at=authority.at)
    crl = x509.load_der_x509_crl(crl_file(issuer(request.issuer_id)).read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(int(burnt.serial_hex, 16)) is not None
    assert crl.get_revoked_certificate_by_serial_number(int(certificate.serial_hex, 16)) is None


def test_nothing_is_signed_inside_a_transaction(authority: Authority) -> None:
    request = authority.request()
    before = authority.keeper.counts.all()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        authority.issue(request)
    assert authority.keeper.counts.all() == before
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        serial_numbers.reserve(request, at=authority.at)


def test_a_request_that_is_being_signed_is_left_alone_until_its_lease_ends(authority: Authority) -> None:
    request = half_done(authority)
    with pytest.raises(RequestUnderWay):
        authority.issue(request)
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def half_done(authority: Authority) -> CertificateRequest:
    """Return a request whose worker died after the intent."""
    request = authority.request()
    reservation = serial_numbers.reserve(request, at=authority.at)
    files = policy_files()
    profile = files.profile(request.profile)
    request = CertificateRequest.objects.select_related("issuer", "serial").get(pk=request.pk)
    prepared, not_after = issuance.prepare_request(
        files,
        profile,
        request,
        int(reservation.serial_hex, 16),
        at=authority.at,
        blocklist=NOTHING_BLOCKED,
    )
    issuance._intend(
        request, reservation, prepared, profile, not_after=not_after, actor=WORKER, at=authority.at
    )
    return request


def test_a_request_left_by_a_crash_is_taken_over_with_a_fresh_number(authority: Authority) -> None:
    request = half_done(authority)
    authority.later(seconds=LEASE.total_seconds() + 1)
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 1
    states = list(
        SerialReservation.objects.filter(request=request).order_by("pk").values_list("state", flat=True)
    )
    assert states == ["burnt", "used"]
    (burnt,) = burnt_serials(request.issuer_id)
    assert burnt.tbs_sha256
    assert bytes(burnt.tbs_der)


def test_a_worker_that_was_overtaken_cannot_record_its_certificate(authority: Authority) -> None:
    """Reliability F4: a timed-out retry never gives a second certificate."""
    slow = half_done(authority)
    slow_request = CertificateRequest.objects.select_related("issuer", "serial").get(pk=slow.pk)
    slow_reservation = slow_request.serial
    assert slow_reservation is not None
    authority.later(seconds=LEASE.total_seconds() + 1)
    assert authority.issue(slow) is not None
    profile = policy_files().profile(slow.profile)
    other = authority.request()
    prepared, _ = issuance.prepare_request(
        policy_files(),
        profile,
        CertificateRequest.objects.select_related("issuer").get(pk=other.pk),
        int(slow_reservation.serial_hex, 16),
        at=authority.at,
        blocklist=NOTHING_BLOCKED,
    )
    late = issue(prepared, authority.signers.signer_for(slow.issuer_id))
    with pytest.raises(RequestUnderWay):
        issuance._complete(slow_request, slow_reservation, late, profile, actor=WORKER, at=authority.at)
    assert Certificate.objects.filter(request=slow).count() == 1


def test_a_card_blocked_while_its_certificate_is_signed_gets_a_revoked_one(authority: Authority) -> None:
    """Reliability F15."""
    request = half_done(authority)
    revoke_carrier(
        carrier_kind="card",
        carrier_id="card-1",
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    authority.later(seconds=LEASE.total_seconds() + 1)
    # The key is not blocked: no certificate with it was revoked yet.
    certificate = authority.issue(request)
    assert certificate is not None
    certificate.refresh_from_db()
    assert certificate.revoked_at == authority.at
    assert certificate.revocation_reason == RevocationReason.KEY_COMPROMISE.value


def test_a_card_blocked_before_its_request_is_signed_gets_nothing(authority: Authority) -> None:
    request = authority.request()
    revoke_carrier(
        carrier_kind="card",
        carrier_id="card-1",
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    assert authority.issue(request) is None
    assert request_state(request.pk).failure == "withdrawn"
    assert SerialReservation.objects.filter(request=request).count() == 0


def test_serial_numbers_are_long_random_and_never_the_same(authority: Authority) -> None:
    """Reliability F1, A1."""
    numbers = {authority.certificate(carrier_id=f"card-{n}").serial_hex for n in range(20)}
    assert len(numbers) == 20
    assert {len(number) for number in numbers} == {32}


def test_a_certificate_is_found_by_its_serial_number_in_every_notation(authority: Authority) -> None:
    certificate = authority.certificate()
    text = certificate.serial_hex.upper()
    with_colons = ":".join(text[start : start + 2] for start in range(0, len(text), 2))
    for spelling in (certificate.serial_hex, text, with_colons, f"0x{text}", f" {text} "):
        assert find_by_serial(spelling) == [certificate]
    assert find_by_serial("not a number") == []


def test_the_chain_begins_with_the_issuer_and_ends_with_the_root(authority: Authority) -> None:
    first, last = x509.load_pem_x509_certificates(chain_pem("person_id_3").encode())
    first.verify_directly_issued_by(last)
    assert last.issuer == last.subject


def test_crl_rows_were_made_by_the_ceremony(authority: Authority) -> None:
    assert Crl.objects.filter(signed_at__isnull=False, published_at__isnull=False).count() == 7


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
