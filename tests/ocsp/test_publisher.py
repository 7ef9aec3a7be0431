"""The publisher over the CA's real tables and a real store: what it says, when it says it, what stops it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PublicFormat
from cryptography.x509 import ocsp as oracle
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import LazySettings

from ca.errors import SigningUnavailable, UnknownCertificate
from ca.issuance import issue_request
from ca.ledger_replay import revocation_ledger
from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.pki.signer import SignatureAlgorithm
from ca.pki.subject import SubjectFacts
from ca.registration import request_certificate, request_state
from ca.revocation import revoke
from journal.actor import Actor
from journal.models import Entry
from ocsp import publisher
from ocsp.responder.answering import Answered, Answering
from ocsp.store.lmdb_reader import LmdbReader
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.record import HEAD_SIZE
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import PRESIGNED, HashAlgorithm
from ocsp.wire.response import ResponseStatus, successful
from tests.authority import Authority, the_authority
from tests.ca.pki.software_signer import SoftwareSigner
from tests.ocsp.authority import DER

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALVA = Actor.system("test-portal")
HASHES = (hashes.SHA1(), hashes.SHA256())  # noqa: S303 - RFC 5019 2.1.1 asks for it
ISSUER = "person_hsa_id_3"


@dataclass
class Token:
    """Signers by label with keys in memory; ``is_away`` is a signer that was killed."""

    issuers: Authority
    keys: dict[str, SoftwareSigner] = field(default_factory=dict)
    is_away: bool = False

    def generate_key(self, label: str, algorithm: str) -> bytes:
        assert algorithm == "ec-p256"
        if self.is_away:
            raise SigningUnavailable("away")
        if label not in self.keys:
            key = ec.generate_private_key(ec.SECP256R1())
            self.keys[label] = SoftwareSigner(key=key, algorithm=SignatureAlgorithm.ECDSA_SHA256)
        return self.keys[label].public_key

    def signer_for(self, key_label: str) -> SoftwareSigner:
        if self.is_away:
            raise SigningUnavailable("away")
        return self.keys[key_label] if ".ocsp." in key_label else self.issuers.signer_for(key_label)


@dataclass
class World:
    """An authority after its ceremony, a store, and a responder's view of it."""

    token: Token
    store: LmdbStore
    path: Path

    def issue(self, *, at: datetime = AT, days: int = 365) -> Certificate:
        """Issue a certificate that nobody has published yet."""
        number = Certificate.objects.count()
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        request = request_certificate(
            profile="person_hsa_authentication",
            subject=SubjectFacts(
                common_name="Åsa Lindqvist", given_name="Åsa", surname="Lindqvist",
                serial_number="SE2321000016-1AB2", organization="Region Norr",
                card_number="9752278900000000011",
            ),
            public_key=key.public_bytes(DER, PublicFormat.SubjectPublicKeyInfo),
            person_id="", organization_id="", carrier_kind="card", carrier_id=f"card-{number}",
            name="hsa_authentication", idempotency_key=f"test:{number}", actor=ALVA, at=at,
            not_after=at + timedelta(days=days),
        )  # fmt: skip
        issued = issue_request(request.pk, signers=self.token, actor=ALVA, at=at)
        assert issued is not None
        return issued

    def publish(self, certificate: Certificate, *, at: datetime = AT) -> None:
        publisher.publish(str(certificate.pk), store=self.store, signers=self.token, at=at)

    def refresh(self, at: datetime) -> publisher.Refreshed:
        return publisher.refresh_due(store=self.store, signers=self.token, at=at)

    def revoke(self, certificate: Certificate, *, at: datetime = AT) -> None:
        revoke(
            certificate_id=certificate.pk, reason=RevocationReason.KEY_COMPROMISE, requested_at=at,
            actor=ALVA, at=at,
        )  # fmt: skip

    def ask(self, certificate: Certificate, *, at: datetime = AT) -> str:
        """Ask as a relying service does, under both hashes, and verify the answer."""
        self.store.close()
        reader = LmdbReader(self.path)
        answering = Answering(reader, may_sign=False)
        answering.follow()
        says = {self._ask(answering, certificate, algorithm, at) for algorithm in HASHES}
        reader.close()
        (one,) = says
        return one

    def _ask(
        self, answering: Answering, certificate: Certificate, algorithm: hashes.HashAlgorithm, at: datetime
    ) -> str:
        issuer = x509.load_der_x509_certificate(
            bytes(Issuer.objects.get(key=certificate.issuer_id).certificate_der)
        )
        leaf = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
        builder = oracle.OCSPRequestBuilder().add_certificate(leaf, issuer, algorithm)
        outcome = answering.answer(builder.build().public_bytes(DER), int(at.timestamp()))
        if isinstance(outcome, ResponseStatus):
            return outcome.name
        assert isinstance(outcome, Answered)
        read = oracle.load_der_ocsp_response(outcome.body)
        (signer,) = read.certificates
        signer.verify_directly_issued_by(issuer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
        assert signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
        assert signer.not_valid_before_utc <= at < signer.not_valid_after_utc
        key = signer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        assert read.serial_number == leaf.serial_number
        assert read.next_update_utc is not None
        assert read.this_update_utc <= at < read.next_update_utc <= signer.not_valid_after_utc
        assert read.next_update_utc - read.this_update_utc <= publisher.VALIDITY
        return read.certificate_status.name


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    token = Token(the_authority())
    store = LmdbStore(tmp_path / "lmdb", first_map_size=1 << 20)
    made = World(token, store, tmp_path / "lmdb")
    made.refresh(AT - timedelta(minutes=10))  # the first run makes the signers
    yield made
    store.close()


def test_a_certificate_is_published_before_it_may_be_handed_out(world: World) -> None:
    """A3, R5."""
    certificate = world.issue()
    assert request_state(certificate.request_id).state == "issued"
    world.publish(certificate)
    assert world.ask(certificate) == "GOOD"
    assert request_state(certificate.request_id).state == "published"


def test_a_revocation_is_published_and_stays(world: World) -> None:
    """R4, R6."""
    certificate = world.issue()
    world.publish(certificate)
    world.revoke(certificate)
    world.publish(certificate)
    assert world.ask(certificate) == "REVOKED"
    stale = Certificate.objects.filter(pk=certificate.pk)
    stale.update(
        revoked_at=None, revocation_reason=None, revocation_requested_at=None, crl_entry_der=b""
    )  # last night's backup
    for hours in (1, 3, 4, 9):
        later = AT + timedelta(hours=hours)
        world.publish(certificate, at=later)
        world.refresh(later)
    assert world.ask(certificate, at=AT + timedelta(hours=1)) == "REVOKED"


def test_what_the_refresh_publishes_as_revoked_is_in_the_ledger_before(world: World) -> None:
    """PKI, decision 7: a worker that was away leaves it to the refresh, and a restore must not undo it."""
    certificate = world.issue()
    world.publish(certificate)
    world.revoke(certificate)
    assert revocation_ledger().count() == 0
    assert world.refresh(AT).published == len(PRESIGNED)
    assert revocation_ledger().unknown(certificate.issuer_id, [certificate.serial_hex]) == []
    assert world.ask(certificate) == "REVOKED"


def test_many_are_published_together_and_one_that_is_unknown_stops_them(world: World) -> None:
    certificates = [world.issue() for _ in range(3)]
    ids = [str(one.pk) for one in certificates]
    publisher.publish_many(ids, store=world.store, signers=world.token, at=AT)
    assert Certificate.objects.filter(pk__in=ids, published_at=AT).count() == 3
    assert [world.ask(one) for one in certificates] == ["GOOD"] * 3
    with pytest.raises(UnknownCertificate):
        publisher.publish_many([*ids, str(uuid4())], store=world.store, signers=world.token, at=AT)


def test_a_revoked_certificate_that_the_database_forgot_stays_revoked_and_fresh(world: World) -> None:
    """F14: restored from before it was issued; the reservation is gone too."""
    certificate = world.issue()
    world.publish(certificate)
    world.revoke(certificate)
    world.publish(certificate)
    number = int(certificate.serial_hex, 16)
    issuer_id = next(iter(key for key, one in world.store.registry.issuers.items() if one.name == ISSUER))
    Certificate.objects.filter(pk=certificate.pk).update(serial_hex="abcdef")
    done = world.refresh(AT + timedelta(hours=4))
    assert done.orphans == 1
    for algorithm in PRESIGNED:
        stored = world.store.get(answer_key(issuer_id, algorithm, number))
        assert stored is not None
    Certificate.objects.filter(pk=certificate.pk).update(serial_hex=certificate.serial_hex)
    assert world.ask(certificate, at=AT + timedelta(hours=10)) == "REVOKED"


def test_answers_are_signed_again_before_half_of_their_life(world: World) -> None:
    """A4, R7: a run every minute for three days, and no answer is ever older than half its validity."""
    certificates = [world.issue() for _ in range(3)]
    for certificate in certificates:
        world.publish(certificate)
    at = AT
    for _ in range(36):
        at += timedelta(hours=2, minutes=3)
        world.refresh(at)
        oldest = world.store.freshness().oldest_this_update
        assert oldest is not None
        assert at.timestamp() - oldest <= publisher.VALIDITY.total_seconds() / 2
    assert {world.ask(certificate, at=at) for certificate in certificates} == {"GOOD"}


def test_the_work_is_spread_between_two_and_three_and_a_half_hours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "_LEAST_QUOTA", 4)
    monkeypatch.setattr(publisher, "_BATCH", 4)
    for _ in range(10):
        world.publish(world.issue())
    answers = world.store.freshness().answers
    world.refresh(AT + timedelta(hours=1, minutes=59))
    first = world.refresh(AT + timedelta(hours=2, minutes=5)).refreshed
    assert 0 < first < answers
    assert world.refresh(AT + timedelta(hours=3, minutes=31)).refreshed >= answers - first - 20
    oldest = world.store.freshness().oldest_this_update
    assert oldest is not None
    assert oldest >= (AT + timedelta(hours=1, minutes=59)).timestamp()


def test_one_bad_certificate_stops_none_of_the_others(world: World) -> None:
    """F7."""
    certificates = [world.issue() for _ in range(5)]
    for certificate in certificates:
        world.publish(certificate)
    bad = certificates[2]
    number = int(bad.serial_hex, 16)
    later = AT + timedelta(hours=3, minutes=40)
    token = world.token
    signer_label = next(label for label in token.keys if label.startswith(ISSUER))
    sound = token.keys[signer_label]

    class Choking(SoftwareSigner):
        def sign(self, tbs: bytes) -> bytes:
            if number.to_bytes((number.bit_length() + 8) // 8, "big") in tbs:
                raise ValueError("this one cannot be signed")
            return sound.sign(tbs)

    token.keys[signer_label] = Choking(key=sound.key, algorithm=sound.algorithm)
    done = world.refresh(later)
    assert any(f"{number:x}" in failure for failure in done.failures)
    others = [certificate for certificate in certificates if certificate != bad]
    assert {world.ask(certificate, at=later + timedelta(hours=7)) for certificate in others} == {"GOOD"}


def test_what_a_consumer_left_undone_is_published_by_the_next_run(world: World) -> None:
    """R4: consumers down, or a dead letter."""
    waiting, revoked = world.issue(), world.issue()
    world.publish(revoked)
    world.revoke(revoked)
    done = world.refresh(AT + timedelta(minutes=1))
    assert done.published >= 4
    assert not done.failures
    at = AT + timedelta(minutes=2)
    assert (world.ask(waiting, at=at), world.ask(revoked, at=at)) == ("GOOD", "REVOKED")
    assert request_state(waiting.request_id).state == "published"


def test_a_lost_store_is_filled_again_before_anything_is_called_unknown(world: World, tmp_path: Path) -> None:
    certificates = [world.issue() for _ in range(3)]
    for certificate in certificates:
        world.publish(certificate)
    world.store.close()
    world.path = tmp_path / "another"
    world.store = LmdbStore(world.path)
    world.publish(certificates[0], at=AT + timedelta(minutes=1))
    assert world.store.freshness().reconciled_at is not None
    at = AT + timedelta(minutes=2)
    assert {world.ask(certificate, at=at) for certificate in certificates} == {"GOOD"}


def test_without_a_signer_nothing_is_published_and_nothing_is_vouched_for(world: World) -> None:
    certificate = world.issue()
    world.token.is_away = True
    before = world.store.freshness()
    with pytest.raises(SigningUnavailable):
        world.publish(certificate)
    with pytest.raises(SigningUnavailable):
        world.refresh(AT + timedelta(hours=4))
    assert world.store.freshness() == before
    assert request_state(certificate.request_id).state == "issued"
    world.token.is_away = False
    world.publish(certificate)
    assert world.ask(certificate) == "GOOD"


def test_a_signer_is_renewed_after_two_thirds_of_its_life_without_a_gap(world: World) -> None:
    """A6, R7: forty days with a run every twelve hours."""
    certificate = world.issue()
    world.publish(certificate)
    at, renewed = AT, 0
    for _ in range(80):
        at += timedelta(hours=12)
        done = world.refresh(at)
        assert not done.failures
        renewed += done.renewed_signers
    assert world.ask(certificate, at=at) == "GOOD"
    labels = Certificate.objects.filter(issuer_id=ISSUER, profile="ocsp_signer").values_list(
        "carrier_id", flat=True
    )
    assert sorted(labels) == [f"{ISSUER}.ocsp.{number}" for number in (1, 2, 3)]
    assert renewed >= 2 * len(Issuer.objects.all())
    assert Entry.objects.filter(type="ocsp.signer_renewed", at__gt=AT).count() == renewed


def test_a_retired_issuer_keeps_its_signers_until_its_last_certificate_has_expired(world: World) -> None:
    """PKI-3: the status of an old generation is told to the end, without a gap, and then no longer."""
    certificate = world.issue(days=40)
    world.publish(certificate)
    Issuer.objects.filter(pk=ISSUER).update(retired_at=AT)
    at = AT
    while at < certificate.not_after:
        assert world.ask(certificate, at=at) == "GOOD"
        at += timedelta(hours=6)
        assert not world.refresh(at).failures
    signers = Certificate.objects.filter(issuer_id=ISSUER, profile="ocsp_signer")
    made = signers.count()
    assert made > 1
    for day in range(1, 60, 3):
        world.refresh(certificate.not_after + timedelta(days=day))
    assert signers.count() == made
    others = Certificate.objects.filter(issuer_id="function", profile="ocsp_signer")
    assert others.count() > made, "issuers in use go on"


def test_an_ended_certificate_leaves_the_store_and_not_before(world: World) -> None:
    """A8."""
    certificate = world.issue(days=1)
    world.publish(certificate)
    world.revoke(certificate)
    world.publish(certificate)
    for hours in range(2, 24, 2):
        world.refresh(AT + timedelta(hours=hours))
    assert world.ask(certificate, at=AT + timedelta(hours=23)) == "REVOKED"
    removed = sum(world.refresh(AT + timedelta(hours=hours)).removed for hours in (25, 28, 31))
    assert removed == 2
    assert world.ask(certificate, at=AT + timedelta(hours=31)) == "UNAUTHORIZED"


def test_two_runs_do_not_get_in_each_others_way(world: World) -> None:
    assert publisher._running.acquire(blocking=False)
    try:
        assert world.refresh(AT).failures == ["the run before this one is not over"]
    finally:
        publisher._running.release()


def test_status_is_kept_beyond_the_end_where_that_is_configured(world: World, settings: LazySettings) -> None:
    """RFC 6960 4.4.4: the answers say from when on status is kept, and revoked stays revoked."""
    settings.SIGILL_OCSP_RETENTION_DAYS = 30
    good, revoked = world.issue(days=2), world.issue(days=2)
    world.publish(good)
    world.revoke(revoked)
    world.publish(revoked)
    for days in (1, 3, 31):
        at = AT + timedelta(days=days)
        world.refresh(at)
        assert (world.ask(good, at=at), world.ask(revoked, at=at)) == ("GOOD", "REVOKED")
        (issuer,) = (one for one in world.store.registry.issuers.values() if one.name == good.issuer_id)
        stored = world.store.get(answer_key(issuer.issuer_id, HashAlgorithm.SHA1, int(good.serial_hex, 16)))
        assert stored is not None
        body = successful(signed=stored[HEAD_SIZE:], signer_certificate_der=b"\x30\x00")
        (extension,) = asn1_ocsp.OCSPResponse.load(body).response_data["responses"][0]["single_extensions"]
        assert extension["extn_id"].native == "archive_cutoff"
        assert extension["extn_value"].parsed.native == at - timedelta(days=30)
    at = AT + timedelta(days=33)
    assert world.refresh(at).removed >= 4
    assert world.ask(good, at=at) == world.ask(revoked, at=at) == "UNAUTHORIZED"


def test_without_that_an_ended_certificates_answer_is_let_go(world: World) -> None:
    certificate = world.issue(days=2)
    world.publish(certificate)
    at = AT + timedelta(days=3)
    assert world.refresh(at).removed >= 2
    assert world.ask(certificate, at=at) == "UNAUTHORIZED"
