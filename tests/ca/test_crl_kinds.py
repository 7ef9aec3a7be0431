"""Delta CRLs and shards, end to end: what is published, who takes it, and that nothing falls between them."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import InsufficientRevinfoError, RevokedError

from ca import policy_files
from ca.crl_lists import CrlList, crl_file, lists_of
from ca.crl_publishing import publish, publish_due
from ca.crl_schedule import LONGEST_PAUSE, is_due, pause
from ca.crl_watch import CrlState, crl_age, late_crls
from ca.errors import CrlRefused
from ca.health.lists import lists
from ca.ledger_replay import append_revocation, replay
from ca.models import Certificate, Crl, Issuer, SerialReservation
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from ca.selectors import issuer
from ca.states import SerialState
from tests.ca.conftest import ALVA, WORKER, Authority
from tests.ca.test_crl_publishing import forget_everything

KEY = "person_hsa_id_3"


@pytest.fixture
def chosen(request: pytest.FixtureRequest, policy: Path, db: None) -> Callable[..., Authority]:
    """Return what makes the CA of a hierarchy whose file says other things of Person HSA-id 3."""

    def choose(*lines: str) -> Authority:
        file = policy / "hierarchies" / "p384.toml"
        head = f"[issuers.{KEY}]\n"
        text = file.read_text(encoding="utf-8")
        kept = [line for line in text.split(head)[1].split("\n[")[0].splitlines() if line]
        keys = {line.split("=")[0].strip() for line in lines}
        kept = [line for line in kept if line.split("=")[0].strip() not in keys]
        before, rest = text.split(head)
        after = rest.partition("\n[")[2]
        file.write_text(before + head + "\n".join([*kept, *lines]) + "\n\n[" + after, encoding="utf-8")
        authority: Authority = request.getfixturevalue("authority")
        return authority

    return choose


def revoked(authority: Authority, **changes: datetime) -> Certificate:
    certificate = authority.issue(
        authority.request(carrier_id=f"card-{Certificate.objects.count()}", **changes)
    )
    assert certificate is not None
    revoke_it(authority, certificate)
    return certificate


def revoke_it(authority: Authority, certificate: Certificate) -> None:
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        actor=ALVA,
        at=authority.at,
    )
    certificate.refresh_from_db()


def run(authority: Authority) -> int:
    return publish_due(signers=authority.signers, actor=WORKER, at=authority.at)


def read(file: Path) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(file.read_bytes())


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def base(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number


def serials(crl: x509.CertificateRevocationList) -> set[int]:
    return {entry.serial_number for entry in crl}


def full(one: Issuer) -> x509.CertificateRevocationList:
    return read(crl_file(one))


def delta(one: Issuer) -> x509.CertificateRevocationList:
    return read(crl_file(one, is_delta=True))


def serial(certificate: Certificate) -> int:
    return int(certificate.serial_hex, 16)


@dataclass
class Openssl:
    """openssl as a relying party, with the lists it has fetched."""

    folder: Path
    home: Path
    at: datetime

    def verify(self, certificate: Certificate, *crl_ders: bytes, flags: tuple[str, ...] = ()) -> str:
        """Return what it says; empty is that it accepts."""
        pem = x509.load_der_x509_certificate(bytes(certificate.certificate_der)).public_bytes(Encoding.PEM)
        (self.folder / "c.pem").write_bytes(pem)
        lists = [x509.load_der_x509_crl(one).public_bytes(Encoding.PEM) for one in crl_ders]
        (self.folder / "crls.pem").write_bytes(b"".join(lists))
        command = ["openssl", "verify", "-crl_check", *flags, "-CRLfile", "crls.pem"]
        command += ["-attime", str(int(self.at.timestamp()) + 1)]
        command += ["-CAfile", str(self.home / "public" / "chain.pem"), "c.pem"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stderr


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[[Authority], Openssl]:
    return lambda authority: Openssl(folder=tmp_path, home=authority.home, at=authority.at)


DELTAS = ("delta_crl_interval_minutes = 5", "announces_deltas = true")
EXTENDED = ("-extended_crl", "-use_deltas")


@pytest.fixture
def deltas(chosen: Callable[..., Authority]) -> Authority:
    """Return a CA whose Person HSA-id 3 makes deltas, a full list and a delta of it being out."""
    authority = chosen(*DELTAS)
    publish(CrlList(issuer=issuer(KEY)), signers=authority.signers, actor=WORKER, at=authority.at)
    authority.later(seconds=2)
    run(authority)
    return authority


def make_it_long(one: Issuer) -> None:
    """Let the newest full list count as one of a million entries: it is not made anew at each revocation."""
    newest = CrlList(issuer=one).latest
    assert newest is not None
    Crl.objects.filter(pk=newest.pk).update(entry_count=1_000_000)


def test_the_full_list_says_where_the_delta_is_and_the_delta_what_it_builds_on(deltas: Authority) -> None:
    """RFC 5280 sections 5.2.3, 5.2.4, 5.2.6: one sequence of numbers, critical, no delta of a delta."""
    one = issuer(KEY)
    whole, change = full(one), delta(one)
    points = whole.extensions.get_extension_for_class(x509.FreshestCRL)
    (point,) = points.value
    assert point.full_name is not None
    assert point.full_name[0].value.endswith(f"/crl/{one.file_stem}-delta.crl")
    assert not points.critical
    indicator = change.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.critical
    assert base(change) <= number(whole) < number(change)
    with pytest.raises(x509.ExtensionNotFound):
        change.extensions.get_extension_for_class(x509.FreshestCRL)
    assert change.next_update_utc is not None
    assert change.next_update_utc - change.last_update_utc == timedelta(hours=1)


def test_a_revocation_is_on_the_delta_at_once_and_on_a_long_full_list_within_a_minute(
    deltas: Authority,
) -> None:
    """domain.md 3.4: CRL within a minute, also with a million entries."""
    one = issuer(KEY)
    make_it_long(one)
    deltas.later(seconds=2)
    certificate = revoked(deltas)
    assert run(deltas) == 1
    assert serial(certificate) in serials(delta(one)) - serials(full(one))
    deltas.later(seconds=2)
    assert run(deltas) == 0
    deltas.at += LONGEST_PAUSE
    assert run(deltas) == 1
    assert serial(certificate) in serials(full(one))
    deltas.later(seconds=2)
    assert run(deltas) == 1
    assert number(delta(one)) > number(full(one))
    assert timedelta(minutes=1) > LONGEST_PAUSE


def test_a_short_list_follows_a_revocation_at_the_next_look(deltas: Authority) -> None:
    assert pause(0) == timedelta(0)
    assert pause(10_000) < timedelta(seconds=1)
    assert pause(10_000_000) == LONGEST_PAUSE
    deltas.later(seconds=2)
    certificate = revoked(deltas)
    assert run(deltas) == 1
    assert serial(certificate) in serials(full(issuer(KEY)))


def test_openssl_takes_the_delta_with_any_full_list_that_has_not_expired(
    deltas: Authority, openssl: Callable[[Authority], Openssl]
) -> None:
    """The delta builds on the oldest list that is still good, so each cached one is brought up to date."""
    one = issuer(KEY)
    oldest = crl_file(one).read_bytes()
    good = deltas.certificate(carrier_id="good")
    first = revoked(deltas)
    deltas.later(seconds=2)
    run(deltas)
    middle = crl_file(one).read_bytes()
    make_it_long(one)
    deltas.later(seconds=2)
    second = revoked(deltas)
    run(deltas)
    change = crl_file(one, is_delta=True).read_bytes()
    assert serials(delta(one)) == {serial(first), serial(second)}
    assert base(delta(one)) <= number(x509.load_der_x509_crl(oldest))
    client = openssl(deltas)
    for cached in (oldest, middle):
        assert "certificate revoked" in client.verify(second, cached, change, flags=EXTENDED)
        assert "certificate revoked" in client.verify(first, cached, change, flags=EXTENDED)
        assert client.verify(good, cached, change, flags=EXTENDED) == ""
        assert client.verify(second, cached) == ""
    assert client.verify(good, change, flags=EXTENDED), "a delta alone is no CRL"


def test_pyhanko_takes_the_delta_with_the_full_list(deltas: Authority) -> None:
    """A second relying party, in Python; it refuses when it was told of a delta that it cannot have."""
    one = issuer(KEY)
    make_it_long(one)
    deltas.later(seconds=2)
    certificate, good = revoked(deltas), deltas.certificate(carrier_id="good")
    run(deltas)
    lists = [crl_file(one).read_bytes(), crl_file(one, is_delta=True).read_bytes()]
    assert accepts(deltas, good, lists)
    assert not accepts(deltas, certificate, lists)
    with pytest.raises(InsufficientRevinfoError, match="Delta CRL"):
        accepts(deltas, good, lists[:1])


def accepts(authority: Authority, certificate: Certificate, lists: list[bytes]) -> bool:
    """Tell whether pyhanko's validator takes a certificate with those lists."""
    context = ValidationContext(
        trust_roots=[_asn1(bytes(issuer("root").certificate_der))],
        other_certs=[_asn1(bytes(issuer(certificate.issuer_id).certificate_der))],
        crls=[*lists, crl_file(issuer("root")).read_bytes()],
        revocation_mode="require",
        moment=authority.at + timedelta(seconds=1),
        allow_fetching=False,
    )
    validator = CertificateValidator(_asn1(bytes(certificate.certificate_der)), validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage({"digital_signature"}))
    except RevokedError:
        return False
    return True


def _asn1(certificate_der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate_der)


def test_the_base_moves_on_when_it_expires(deltas: Authority) -> None:
    one = issuer(KEY)
    first = base(delta(one))
    certificate = revoked(deltas)
    run(deltas)
    deltas.later(hours=47)
    run(deltas)
    deltas.later(seconds=2)
    run(deltas)
    assert base(delta(one)) == first
    assert serial(certificate) in serials(delta(one))
    deltas.later(hours=2)
    run(deltas)
    deltas.later(seconds=2)
    run(deltas)
    assert base(delta(one)) > first
    assert serial(certificate) not in serials(delta(one))
    assert serial(certificate) in serials(full(one))


def test_no_number_is_both_a_full_lists_and_a_deltas_and_no_second_has_both(deltas: Authority) -> None:
    """RFC 5280 section 5.2.4: at one moment they would have to share number and content."""
    one = issuer(KEY)
    whole = CrlList(issuer=one)
    for _ in range(3):
        deltas.later(seconds=2)
        revoked(deltas)
        run(deltas)
        assert not is_due(CrlList(issuer=one, is_delta=True), at=deltas.at)
        deltas.later(seconds=2)
        run(deltas)
    with pytest.raises(CrlRefused) as refused:
        publish(whole, signers=deltas.signers, actor=WORKER, at=deltas.at)
    assert refused.value.facts["rule"] == "time"
    made = Crl.objects.filter(issuer=one, signed_at__isnull=False)
    moments = made.values_list("this_update", "base_crl_number")
    assert len({moment for moment, _ in moments}) == len(moments)
    assert len(set(made.values_list("crl_number", flat=True))) == len(moments)


def test_a_full_list_and_its_delta_that_are_due_together_are_made_one_after_the_other(
    deltas: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """One look makes the full one and sees that it did: the delta's turn comes with the next."""
    one = issuer(KEY)
    revoked(deltas)
    deltas.later(hours=2)
    run(deltas)
    first = number(full(one))
    assert [said.getMessage() for said in caplog.records if said.name == "ca.crl_publishing"] == []
    deltas.later(seconds=2)
    run(deltas)
    assert number(delta(one)) > first


def test_a_delta_that_would_lose_a_revocation_of_the_ledger_is_not_published(deltas: Authority) -> None:
    one = issuer(KEY)
    make_it_long(one)
    certificate = revoked(deltas)
    append_revocation(str(certificate.pk))
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=None,
        revocation_reason=None,
        revocation_requested_at=None,
        invalidity_at=None,
        crl_entry_der=b"",
    )
    deltas.later(minutes=6)
    with pytest.raises(CrlRefused) as refused:
        publish(CrlList(issuer=one, is_delta=True), signers=deltas.signers, actor=WORKER, at=deltas.at)
    assert refused.value.facts["rule"] == "incomplete"


def test_an_expired_certificate_leaves_the_delta_without_remove_from_crl(deltas: Authority) -> None:
    """Nothing is ever taken back: RFC 5280 section 5.3.1 removeFromCRL has no place here."""
    one = issuer(KEY)
    certificate = revoked(deltas, not_after=deltas.at + timedelta(hours=1))
    for hours in (0, 2, 2):
        deltas.later(hours=hours)
        run(deltas)
        deltas.later(seconds=2)
        run(deltas)
        for listed in delta(one):
            reason = listed.extensions.get_extension_for_class(x509.CRLReason).value.reason
            assert reason is x509.ReasonFlags.superseded
    assert serial(certificate) not in serials(delta(one)) | serials(full(one))


def test_a_number_is_above_that_of_a_published_delta_also_when_the_database_is_an_old_backup(
    deltas: Authority,
) -> None:
    """Reliability F14, R22."""
    one = issuer(KEY)
    deltas.later(minutes=6)
    run(deltas)
    published = number(delta(one))
    Crl.objects.filter(issuer=one).delete()
    crl = publish(CrlList(issuer=one), signers=deltas.signers, actor=WORKER, at=deltas.later(seconds=2))
    assert crl.crl_number == published + 1


def test_the_first_delta_is_awaited_until_its_time_has_passed(chosen: Callable[..., Authority]) -> None:
    """Reliability F8: a CA without its worker has whole lists alone; half an hour later somebody is told."""
    authority = chosen("delta_crl_interval_minutes = 30")
    one = CrlList(issuer=issuer(KEY), is_delta=True)
    assert crl_age(one, at=authority.at).state is CrlState.AWAITED
    assert KEY not in " ".join(age.name for age in late_crls(at=authority.at))
    (said,) = (look for look in lists(authority.at) if look.what == f"CRL {one.name}")
    assert said.is_right is None
    later = authority.at + timedelta(minutes=31)
    assert crl_age(one, at=later).state is CrlState.MISSING
    (said,) = (look for look in lists(later) if look.what == f"CRL {one.name}")
    assert said.is_right is False
    run(authority)
    assert crl_age(one, at=authority.at).state is CrlState.FRESH
    assert full(issuer(KEY)).extensions is not None
    with pytest.raises(x509.ExtensionNotFound):
        full(issuer(KEY)).extensions.get_extension_for_class(x509.FreshestCRL)


def test_an_old_delta_is_told_before_it_runs_out(chosen: Callable[..., Authority]) -> None:
    """R7, F8: the worker stands still; the doctor says so while a quarter of the spare time is gone."""
    authority = chosen("delta_crl_interval_minutes = 30")
    one = CrlList(issuer=issuer(KEY), is_delta=True)
    authority.later(seconds=2)
    run(authority)
    made = crl_age(one, at=authority.at)
    assert made.this_update is not None
    assert made.next_update is not None
    due_at = made.this_update + timedelta(minutes=30)
    alarm_at = due_at + (made.next_update - due_at) / 4
    said = {}
    for at in (due_at, alarm_at - timedelta(seconds=1), alarm_at, made.next_update):
        (look,) = (look for look in lists(at) if look.what == f"CRL {one.name}")
        said[crl_age(one, at=at).state, look.is_right] = look.said
        assert (one.name in {age.name for age in late_crls(at=at)}) is not look.is_right
    assert list(said) == [(CrlState.FRESH, True), (CrlState.LATE, False), (CrlState.EXPIRED, False)]
    assert "should have been followed" in said[CrlState.LATE, False]
    assert "expired" in said[CrlState.EXPIRED, False]


def test_where_the_delta_is_not_announced_nobody_refuses_the_whole_list(
    chosen: Callable[..., Authority], openssl: Callable[[Authority], Openssl]
) -> None:
    """As shipped: the delta is there for who knows its address; the whole list alone is enough for all."""
    authority, one = chosen("delta_crl_interval_minutes = 30"), issuer(KEY)
    publish(CrlList(issuer=one), signers=authority.signers, actor=WORKER, at=authority.at)
    make_it_long(one)
    authority.later(seconds=2)
    certificate, good = revoked(authority), authority.certificate(carrier_id="good")
    authority.later(seconds=2)
    run(authority)
    assert serial(certificate) in serials(delta(one)) - serials(full(one))
    lists_der = [crl_file(one).read_bytes(), crl_file(one, is_delta=True).read_bytes()]
    client = openssl(authority)
    for given in (lists_der[:1], lists_der):
        assert accepts(authority, good, given)
        assert client.verify(good, *given) == client.verify(good, *given, flags=EXTENDED) == ""
    publish(CrlList(issuer=one), signers=authority.signers, actor=WORKER, at=authority.later(seconds=2))
    newest = crl_file(one).read_bytes()
    assert not accepts(authority, certificate, [newest])
    assert "certificate revoked" in client.verify(certificate, newest)


def test_a_lost_delta_is_put_back(deltas: Authority) -> None:
    file = crl_file(issuer(KEY), is_delta=True)
    content = file.read_bytes()
    file.unlink()
    assert run(deltas) == 0
    assert file.read_bytes() == content


SHARDS = "crl_shards = 4"


@pytest.fixture
def shards(chosen: Callable[..., Authority]) -> Authority:
    """Return a CA whose Person HSA-id 3 has four shards beside the whole list, all published."""
    authority = chosen(SHARDS)
    run(authority)
    return authority


def shard_url(certificate: Certificate) -> str:
    """Return the address that a certificate carries."""
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    (point,) = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    return str(point.full_name[0].value)


def shard_file(certificate: Certificate) -> Path:
    """Return the file behind the address that a certificate carries."""
    file: Path = crl_file(certificate.issuer).parent / shard_url(certificate).rpartition("/")[2]
    return file


def test_a_revocation_that_is_replayed_onto_a_reserved_number_stands_on_its_shard_too(
    shards: Authority,
) -> None:
    """The backup knew the number, and not yet that anything was made with it."""
    certificate = revoked(shards)
    append_revocation(str(certificate.pk))
    file, told, key = shard_file(certificate), serial(certificate), certificate.issuer_id
    number_hex = certificate.serial_hex
    forget_everything(certificate)
    SerialReservation.objects.create(
        issuer_id=key, serial_hex=number_hex, state=SerialState.RESERVED.value, reserved_at=shards.at
    )
    assert replay(actor=WORKER, at=shards.later(seconds=2)).unknown == 1
    run(shards)
    assert (told in serials(read(file)), told in serials(full(issuer(KEY)))) == (True, True)


def test_a_revocation_stands_on_its_shard_and_on_the_whole_list_and_nothing_else_is_made(
    shards: Authority,
) -> None:
    certificate = revoked(shards)
    assert run(shards) == 2
    assert shard_file(certificate).name == f"{certificate.issuer.file_stem}-{serial(certificate) % 4}.crl"
    for file in sorted(crl_file(certificate.issuer).parent.glob(f"{certificate.issuer.file_stem}*.crl")):
        is_its = file in {shard_file(certificate), crl_file(certificate.issuer)}
        assert serials(read(file)) == ({serial(certificate)} if is_its else set()), file.name
    assert run(shards) == 0


def test_every_shard_says_critically_which_one_it_is_and_counts_for_itself(shards: Authority) -> None:
    """RFC 5280 section 5.2.5."""
    one = issuer(KEY)
    urls = set()
    for shard in range(4):
        crl = read(crl_file(one, shard=shard))
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert point.critical
        assert point.value.full_name is not None
        assert not point.value.only_contains_user_certs
        urls.add(point.value.full_name[0].value.rpartition("/")[2])
        assert number(crl) == 1
    assert urls == {f"{one.file_stem}-{shard}.crl" for shard in range(4)}
    with pytest.raises(x509.ExtensionNotFound):
        full(one).extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    certificate = revoked(shards)
    run(shards)
    assert number(read(shard_file(certificate))) == 2


def test_openssl_and_pyhanko_take_a_certificates_own_shard_and_no_other(
    shards: Authority, openssl: Callable[[Authority], Openssl]
) -> None:
    one = issuer(KEY)
    certificate, good = revoked(shards), shards.certificate(carrier_id="good")
    run(shards)
    client = openssl(shards)
    assert "certificate revoked" in client.verify(certificate, shard_file(certificate).read_bytes())
    assert client.verify(good, shard_file(good).read_bytes()) == ""
    other = crl_file(one, shard=(serial(certificate) + 1) % 4).read_bytes()
    assert "different CRL scope" in client.verify(certificate, other)
    assert "certificate revoked" in client.verify(certificate, crl_file(one).read_bytes())
    assert accepts(shards, good, [shard_file(good).read_bytes()])
    assert not accepts(shards, certificate, [shard_file(certificate).read_bytes()])


def test_gnutls_reads_every_kind_and_verifies_it(chosen: Callable[..., Authority], tmp_path: Path) -> None:
    certtool = shutil.which("certtool")
    assert certtool, "make setup-dev installs certtool of GnuTLS"
    authority = chosen(*DELTAS, SHARDS)
    run(authority)
    certificate = revoked(authority)
    for _ in range(2):
        authority.later(seconds=2)
        run(authority)
    one = issuer(KEY)
    (tmp_path / "ca.der").write_bytes(bytes(one.certificate_der))
    for crl_list in lists_of(one):
        command = [
            certtool,
            "--verify-crl",
            "--load-ca-certificate",
            tmp_path / "ca.der",
            "--inder",
        ]
        done = subprocess.run(
            [*command, "--infile", crl_list.file], capture_output=True, text=True, check=False
        )
        verdict = done.stdout.partition("Verification output: ")[2]
        for ahead in ("Not verified.", "The certificate is NOT trusted.", "issued with a future date"):
            verdict = verdict.replace(ahead, "")  # the test's clock is a minute ahead of certtool's
        assert verdict.split() in (["Verified."], ["The", "revocation", "or", "OCSP", "data", "are", "."])
    told = subprocess.run(
        [certtool, "--crl-info", "--inder", "--infile", shard_file(certificate)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert certificate.serial_hex in told.stdout


def test_a_certificate_from_before_the_shards_stays_with_the_whole_list_that_it_names(
    authority: Authority, chosen: Callable[..., Authority]
) -> None:
    old = authority.certificate(carrier_id="old")
    chosen(SHARDS)
    policy_files_read_again()
    run(authority)
    revoke_it(authority, old)
    assert run(authority) == 1
    assert shard_file(old) == crl_file(old.issuer)
    assert serials(full(old.issuer)) == {serial(old)}


def test_shards_go_on_when_the_hierarchy_has_fewer(
    shards: Authority, chosen: Callable[..., Authority]
) -> None:
    """The address in a certificate is for its life."""
    certificate = shards.certificate()
    chosen("crl_shards = 1")
    policy_files_read_again()
    revoke_it(shards, certificate)
    assert run(shards) == 2
    assert serials(read(shard_file(certificate))) == {serial(certificate)}
    newer = shards.certificate(carrier_id="newer")
    assert shard_file(newer) == crl_file(newer.issuer)


def policy_files_read_again() -> None:
    """Do what a restart does."""
    policy_files._read.cache_clear()


def test_a_shard_that_would_lose_a_revocation_is_not_published_and_the_other_shards_are(
    shards: Authority,
) -> None:
    certificate = revoked(shards)
    append_revocation(str(certificate.pk))
    Certificate.objects.filter(pk=certificate.pk).update(
        revoked_at=None,
        revocation_reason=None,
        revocation_requested_at=None,
        invalidity_at=None,
        crl_entry_der=b"",
    )
    shards.later(minutes=61)
    made = run(shards)
    lists = sum(len(lists_of(one)) for one in Issuer.objects.all())
    assert made == lists - 2 - 1, "without its shard, the whole list, and the root's, which is not due"
