"""CRLs: their numbers only rise, no revocation falls off, and the file is replaced whole."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from ca.crl_lists import CrlList, crl_file, lists_of
from ca.crl_publishing import publish_crl, publish_due, restore_file
from ca.crl_schedule import is_due
from ca.crl_watch import CrlState, crl_age, late_crls
from ca.errors import CrlRefused, SigningUnavailable
from ca.hsm.proxy import SignerSource, SocketSigners
from ca.ledger_replay import append_revocation, replay, revocation_ledger
from ca.models import Certificate, CertificateRequest, Crl, Issuer, SerialReservation
from ca.pki.reasons import RevocationReason
from ca.pki.signer import SignatureAlgorithm, Signer
from ca.revocation import revoke
from ca.selectors import issuer
from journal.models import Entry
from tests.ca.conftest import ALVA, WORKER, Authority
from tests.ca.test_issuance import fail_inserts_into, heal

pytestmark = pytest.mark.usefixtures("policy")
"""Whole lists alone: ``test_crl_kinds`` has the deltas and the shards."""


def read(one: Issuer) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(crl_file(one).read_bytes())


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def serials(crl: x509.CertificateRevocationList) -> set[int]:
    return {entry.serial_number for entry in crl}


def revoked(
    authority: Authority, *, carrier_id: str = "card-1", not_after: datetime | None = None
) -> Certificate:
    certificate = authority.issue(authority.request(carrier_id=carrier_id, not_after=not_after))
    assert certificate is not None
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    certificate.refresh_from_db()
    return certificate


def publish(authority: Authority) -> x509.CertificateRevocationList:
    publish_crl(issuer("person_hsa_id_3"), signers=authority.signers, actor=WORKER, at=authority.at)
    return read(issuer("person_hsa_id_3"))


def test_a_revoked_certificate_is_listed_and_openssl_refuses_it(authority: Authority, tmp_path: Path) -> None:
    """PKI-3, with openssl as the outside client."""
    certificate, good = revoked(authority), authority.certificate()
    crl = publish(authority)
    assert serials(crl) == {int(certificate.serial_hex, 16)}
    (tmp_path / "crl.der").write_bytes(crl_file(issuer("person_hsa_id_3")).read_bytes())
    convert = ["openssl", "crl", "-inform", "DER", "-in", tmp_path / "crl.der", "-out", tmp_path / "crl.pem"]
    subprocess.run(convert, check=True)
    outcomes = []
    for one in (certificate, good):
        (tmp_path / "c.der").write_bytes(bytes(one.certificate_der))
        subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-in", tmp_path / "c.der", "-out", tmp_path / "c.pem"],
            check=True,
        )
        command = ["openssl", "verify", "-crl_check", "-CRLfile", tmp_path / "crl.pem"]
        command += ["-attime", str(int(authority.at.timestamp()) + 1)]
        command += ["-CAfile", authority.home / "public" / "chain.pem", tmp_path / "c.pem"]
        outcomes.append(subprocess.run(command, capture_output=True, text=True, check=False))
    assert "certificate revoked" in outcomes[0].stderr
    assert outcomes[1].returncode == 0, outcomes[1].stderr


def test_nothing_is_made_when_nothing_is_due(authority: Authority) -> None:
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def test_a_look_at_the_lists_asks_little_of_the_database(
    authority: Authority, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Every two seconds while anything happens at all: three questions for an issuer."""
    issuers = Issuer.objects.filter(certified_at__isnull=False).count()
    with django_assert_max_num_queries(2 + 3 * issuers):
        assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def test_a_revocation_makes_a_crl_due_at_once_and_once_only(authority: Authority) -> None:
    certificate = revoked(authority)
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 1
    assert int(certificate.serial_hex, 16) in serials(read(issuer("person_hsa_id_3")))
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.later(minutes=1)) == 0


def test_every_issuers_crl_is_renewed_each_hour_and_the_roots_after_six_months(authority: Authority) -> None:
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.later(minutes=61)) == 6
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.later(days=184)) == 7


def test_a_crl_is_valid_for_two_days_and_the_roots_for_seven_months(authority: Authority) -> None:
    issuers_crl, roots_crl = read(issuer("person_id_3")), read(issuer("root"))
    assert issuers_crl.next_update_utc is not None
    assert roots_crl.next_update_utc is not None
    assert issuers_crl.next_update_utc - issuers_crl.last_update_utc == timedelta(hours=48)
    assert roots_crl.next_update_utc - roots_crl.last_update_utc == timedelta(days=213)


def test_numbers_rise_by_one_and_are_never_used_twice(authority: Authority) -> None:
    first = number(read(issuer("person_hsa_id_3")))
    assert [number(publish(authority)) for _ in range(3)] == [first + 1, first + 2, first + 3]


def test_a_number_that_went_to_the_signer_is_burnt_by_a_failure(authority: Authority) -> None:
    one = issuer("person_hsa_id_3")
    before = number(read(one))

    def gone() -> None:
        raise SigningUnavailable("it went away while it signed")

    with pytest.raises(SigningUnavailable):
        publish_crl(one, signers=SlowSigners(authority.signers, gone), actor=WORKER, at=authority.at)
    assert number(read(one)) == before
    assert number(publish(authority)) == before + 2


def test_without_a_signer_no_number_is_taken_and_nothing_is_noted(authority: Authority) -> None:
    """It is tried every two seconds, for hours perhaps."""
    one = issuer("person_hsa_id_3")
    before, events = Crl.objects.count(), Entry.objects.count()
    nobody = SocketSigners(authority.home / "nobody.sock", patience=0.05)
    with pytest.raises(SigningUnavailable):
        publish_crl(one, signers=nobody, actor=WORKER, at=authority.at)
    assert (Crl.objects.count(), Entry.objects.count()) == (before, events)
    taken = number(read(one))
    assert number(publish(authority)) == taken + 1


def test_a_number_is_above_the_published_one_also_when_the_database_is_an_old_backup(
    authority: Authority,
) -> None:
    """Reliability F14, R22."""
    one = issuer("person_hsa_id_3")
    published = number(publish(authority))
    Crl.objects.filter(issuer=one).delete()
    assert not restore_file(CrlList(issuer=one), at=authority.at)
    assert number(publish(authority)) == published + 1


def test_a_clock_that_went_back_makes_no_crl(authority: Authority) -> None:
    publish(authority)
    authority.later(hours=-1)
    with pytest.raises(CrlRefused) as refused:
        publish(authority)
    assert refused.value.facts["rule"] == "time"


def test_a_crl_that_would_lose_a_revocation_of_the_ledger_is_not_published(authority: Authority) -> None:
    """Design decision 7: an old backup comes back; the list is refused until the ledger is replayed."""
    certificate = revoked(authority)
    append_revocation(str(certificate.pk))
    forget_revocation(certificate)
    with pytest.raises(CrlRefused) as refused:
        publish(authority)
    assert refused.value.facts["rule"] == "incomplete"
    authority.later(minutes=1)
    replayed = replay(actor=WORKER, at=authority.at)
    assert (replayed.revoked, replayed.unknown) == (1, 0)
    assert int(certificate.serial_hex, 16) in serials(publish(authority))
    assert replay(actor=WORKER, at=authority.at).revoked == 0


def test_a_crl_that_would_lose_a_published_revocation_is_not_published(authority: Authority) -> None:
    """Also without the ledger: what relying parties have seen stays revoked."""
    certificate = revoked(authority)
    publish(authority)
    forget_revocation(certificate)
    (authority.home / "ledger" / "revocations.log").unlink()
    with pytest.raises(CrlRefused):
        publish(authority)


def forget_revocation(certificate: Certificate) -> None:
    """Do what the restore of an old backup does."""
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=None,
        revocation_reason=None,
        revocation_requested_at=None,
        invalidity_at=None,
        crl_entry_der=b"",
        crl_listed_at=None,
    )


def test_a_revoked_certificate_that_the_backup_never_had_stays_on_the_crl(authority: Authority) -> None:
    certificate = revoked(authority)
    append_revocation(str(certificate.pk))
    forget_everything(certificate)
    assert replay(actor=WORKER, at=authority.at).unknown == 1
    assert int(certificate.serial_hex, 16) in serials(publish(authority))
    assert replay(actor=WORKER, at=authority.at).unknown == 0


def forget_everything(certificate: Certificate) -> None:
    """Do what the restore of a backup from before the certificate does."""
    request_id = certificate.request_id
    CertificateRequest.objects.filter(pk=request_id).update(state="requested", certificate=None, serial=None)
    Certificate.objects.filter(pk=certificate.pk).delete()
    SerialReservation.objects.filter(request_id=request_id).delete()


def test_an_expired_certificate_leaves_after_one_more_crl(authority: Authority) -> None:
    """RFC 5280 section 3.3, reliability A8."""
    certificate = revoked(authority, not_after=authority.at + timedelta(hours=1))
    serial = int(certificate.serial_hex, 16)
    assert serial in serials(publish(authority))
    authority.later(hours=2)
    assert serial in serials(publish(authority))
    authority.later(hours=1)
    assert serial not in serials(publish(authority))


def test_a_recorded_crl_whose_file_is_gone_is_put_back_without_signing(authority: Authority) -> None:
    one = issuer("person_hsa_id_3")
    content = crl_file(one).read_bytes()
    crl_file(one).unlink()
    before = authority.keeper.counts.all()
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0
    assert crl_file(one).read_bytes() == content
    assert authority.keeper.counts.all() == before


def put_strangers_crl(one: Issuer, at: datetime) -> bytes:
    """Publish a list under the issuer's name that another key signed, with a number that never ends."""
    key = ec.generate_private_key(ec.SECP384R1())
    entry = x509.RevokedCertificateBuilder().serial_number(4711).revocation_date(at).build()
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(bytes(one.certificate_der)).subject)
        .last_update(at)
        .next_update(at + timedelta(days=2))
        .add_extension(x509.CRLNumber(10**9), critical=False)
        .add_revoked_certificate(entry)
        .sign(key, hashes.SHA384())
    )
    content = crl.public_bytes(Encoding.DER)
    crl_file(one).write_bytes(content)
    return content


def test_a_strangers_crl_is_moved_aside_and_the_recorded_one_put_back(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    one = issuer("person_hsa_id_3")
    own = crl_file(one).read_bytes()
    strange = put_strangers_crl(one, authority.at)
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0
    assert crl_file(one).read_bytes() == own
    aside = list(crl_file(one).parent.glob("*.foreign-*"))
    assert [file.read_bytes() for file in aside] == [strange]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_strangers_crl_keeps_no_crl_from_being_made_and_lends_it_no_number(authority: Authority) -> None:
    one = issuer("person_hsa_id_3")
    before = number(read(one))
    put_strangers_crl(one, authority.at)
    certificate = revoked(authority)
    crl = publish(authority)
    assert serials(crl) == {int(certificate.serial_hex, 16)}
    assert number(crl) == before + 1


def test_a_crl_that_could_not_be_recorded_is_not_published(authority: Authority) -> None:
    one = issuer("person_hsa_id_3")
    before = crl_file(one).read_bytes()
    revoked(authority)
    fail_inserts_into("journal_entry")
    with pytest.raises(DatabaseError):
        publish(authority)
    heal("journal_entry")
    assert crl_file(one).read_bytes() == before
    assert is_due(CrlList(issuer=one), at=authority.at)


def test_one_issuers_fault_does_not_keep_the_others_from_their_crls(authority: Authority) -> None:
    certificate = revoked(authority)
    append_revocation(str(certificate.pk))
    forget_revocation(certificate)
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.later(minutes=61)) == 5


def test_every_revocation_is_in_the_ledger_before_its_crl_is_published(authority: Authority) -> None:
    certificate = revoked(authority)
    publish(authority)
    assert certificate.serial_hex in revocation_ledger().revoked_serials("person_hsa_id_3", at=authority.at)


def test_a_revoked_certificate_stays_listed_for_its_whole_year_and_one_list_longer(
    authority: Authority,
) -> None:
    """Reliability A8, F8: a list a month, as long as the certificate lives."""
    certificate = revoked(authority, not_after=authority.at + timedelta(days=365))
    serial = int(certificate.serial_hex, 16)
    seen = []
    for _month in range(14):
        publish_due(signers=authority.signers, actor=WORKER, at=authority.later(days=30))
        crl = read(issuer("person_hsa_id_3"))
        seen.append((crl.last_update_utc > certificate.not_after, serial in serials(crl)))
    assert seen == [(False, True)] * 12 + [(True, True), (True, False)]


class SlowSigners:
    """The signer of a worker that is overtaken: while it signs, another worker does something."""

    def __init__(self, signers: SignerSource, meanwhile: Callable[[], object]) -> None:
        self._signers = signers
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def signer_for(self, key_label: str) -> Signer:
        return SlowSigner(self._signers.signer_for(key_label), self._meanwhile)


class SlowSigner:
    """One key of theirs."""

    def __init__(self, signer: Signer, meanwhile: list[Callable[[], object]]) -> None:
        self._signer = signer
        self._meanwhile = meanwhile

    @property
    def public_key(self) -> bytes:
        return self._signer.public_key

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._signer.algorithm

    def sign(self, tbs: bytes) -> bytes:
        if self._meanwhile:
            self._meanwhile.pop()()
        return self._signer.sign(tbs)


def test_a_list_that_was_overtaken_is_not_recorded_and_takes_nothing_off(authority: Authority) -> None:
    """Two workers read the entries, the slower one before a revocation: its list would lose it again."""
    one = issuer("person_hsa_id_3")

    def another_worker() -> None:
        revoked(authority)
        publish(authority)

    slow = SlowSigners(authority.signers, another_worker)
    with pytest.raises(CrlRefused) as refused:
        publish_crl(one, signers=slow, actor=WORKER, at=authority.at)
    assert refused.value.facts["rule"] == "overtaken"
    assert len(read(one)) == 1
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0
    assert [number(publish(authority)) for _ in range(2)] == [4, 5]


def test_the_database_takes_one_list_only_after_each_other_one(authority: Authority) -> None:
    """The last guard, where two workers compare at the same moment: constraint crl_follows_one_list."""
    publish(authority)
    made = Crl.objects.get(issuer="person_hsa_id_3", crl_number=2)
    with pytest.raises(IntegrityError, match=r"crl_follows_one_list|ca_crl\.follows"), transaction.atomic():
        Crl.objects.create(
            issuer=made.issuer, shard=-1, crl_number=9, follows=made.follows, reserved_at=authority.at
        )
    for wrong in ({"follows": 9}, {"follows": -1}, {"base_crl_number": 9}, {"base_crl_number": -1}):
        with pytest.raises(IntegrityError, match="number"), transaction.atomic():
            Crl.objects.create(issuer=made.issuer, shard=-1, crl_number=9, reserved_at=authority.at, **wrong)


def test_a_revocation_by_a_host_whose_clock_is_ahead_waits_for_the_next_list(authority: Authority) -> None:
    """RFC 5280 section 5.1.2.6: nothing on a list was revoked after its thisUpdate."""
    certificate = authority.certificate()
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at + timedelta(seconds=5),
    )
    append_revocation(str(certificate.pk))
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0
    assert len(publish(authority)) == 0
    assert publish_due(signers=authority.signers, actor=WORKER, at=authority.later(seconds=6)) == 1
    assert len(read(issuer("person_hsa_id_3"))) == 1


def test_looking_for_what_is_due_costs_a_few_short_questions(
    authority: Authority, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    """It is done every two seconds: for each list its newest, and whether a revocation waits."""
    lists = sum(len(lists_of(one)) for one in Issuer.objects.all())
    publish_due(signers=authority.signers, actor=WORKER, at=authority.at)
    with django_assert_max_num_queries(8 * lists):
        assert publish_due(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def test_the_age_of_a_list_is_told_before_it_runs_out(authority: Authority) -> None:
    """Reliability F8: the beat stands still; somebody is told while half of the list's life is left."""
    one = CrlList(issuer=issuer("person_hsa_id_3"))
    publish(authority)
    states = {}
    for hours in (1, 12, 13, 24, 47, 48):
        age = crl_age(one, at=authority.at + timedelta(hours=hours))
        states[hours] = age.state
        assert str(age.crl_number) in age.sentence
    late = CrlState.LATE
    assert states == {
        1: CrlState.FRESH, 12: CrlState.FRESH, 13: late, 24: late, 47: late, 48: CrlState.EXPIRED,
    }  # fmt: skip
    root = CrlList(issuer=issuer("root"))
    begun = crl_age(root, at=authority.at).this_update
    assert begun is not None
    assert crl_age(root, at=begun + timedelta(days=189)).state is CrlState.FRESH
    assert crl_age(root, at=begun + timedelta(days=192)).state is CrlState.LATE
    assert not late_crls(at=authority.at)
    assert "person_hsa_id_3" not in {age.name for age in late_crls(at=authority.at + timedelta(hours=12))}
    Crl.objects.filter(issuer="person_id_mobile").delete()
    (missing,) = late_crls(at=authority.at)
    assert (missing.name, missing.state) == ("person_id_mobile", CrlState.MISSING)
    assert missing.file_name.endswith("mobilecav1.crl")
