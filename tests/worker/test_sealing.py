"""A seal that is believed for years: PAdES-B-LT with real keys, judged as an outsider does (REP)."""

import asyncio
import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed, AdESSubIndic
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.ades import simulate_future_ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from ca.issuance import mark_published
from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from ca.service_signers import SEAL, current
from journal.actor import Actor
from tests.ca.conftest import Authority, ceremony_rows, installation, made_installation, made_rows  # noqa: F401
from tests.ca.conftest import authority as authority  # noqa: PLC0414 - a fixture
from worker.errors import NotYet
from worker.sealing import sealed

PDF = (Path(__file__).parents[1] / "vectors" / "empty.pdf").read_bytes()


@pytest.fixture
def house(authority: Authority) -> Authority:
    """The CA after its ceremony, with every certificate's status told."""
    for certificate in Certificate.objects.filter(published_at=None):
        mark_published(certificate.pk, at=authority.at)
    return authority


def a_seal(house: Authority) -> bytes:
    return sealed(PDF, carried={"proof.jsonl": b"{}"}, signers=house.signers)


def root() -> x509.Certificate:
    return x509.Certificate.load(bytes(Issuer.objects.get(key="root").certificate_der))


def signature_of(document: bytes) -> EmbeddedPdfSignature:
    signatures: list[EmbeddedPdfSignature] = PdfFileReader(io.BytesIO(document)).embedded_signatures
    (signature,) = signatures
    return signature


def judged(document: bytes) -> bool:
    """Return what an outsider says now who knows our root, demands revocation data, and fetches nothing."""
    reader = PdfFileReader(io.BytesIO(document))
    asked = {"trust_roots": [root()], "revocation_mode": "require", "allow_fetching": False}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(asked)
    return bool(validate_pdf_signature(reader.embedded_signatures[0], context).bottom_line)


def judged_later(document: bytes, *, days: int) -> AdESSubIndic:
    """Return what ETSI EN 319 102-1 says then, if somebody shows that they have had it since now."""
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root()]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    nothing_fetched = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    asked = SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=nothing_fetched)
    validating = simulate_future_ades_lta_validation(
        signature_of(document),
        PdfSignatureValidationSpec(signature_validation_spec=asked),
        future_validation_time=datetime.now(UTC) + timedelta(days=days),
    )
    return asyncio.run(validating).ades_subindic


def test_an_outsider_finds_it_valid_trusted_and_stamped_without_asking_us(
    house: Authority, tmp_path: Path
) -> None:
    """REP; ETSI EN 319 142-1 level LT: everything that it takes is inside, now, in a year and in three."""
    began = datetime.now(UTC).replace(microsecond=0)
    document = a_seal(house)
    assert document.startswith(PDF)
    assert judged(document)
    for days in (366, 3 * 366):  # every answer inside has long expired; the stamp says that they suffice
        assert judged_later(document, days=days) == AdESPassed.OK
    changed = bytearray(document)
    changed[len(PDF) // 2] ^= 1
    assert not judged(bytes(changed))
    status = validate_pdf_signature(signature_of(document), ValidationContext(trust_roots=[root()]))
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.timestamp_validity is not None
    assert (status.timestamp_validity.trusted, status.timestamp_validity.valid) == (True, True)
    assert began <= status.timestamp_validity.timestamp <= datetime.now(UTC)
    assert status.modification_level is ModificationLevel.LTA_UPDATES
    assert status.bottom_line
    _evidence_is_whole(document, status.timestamp_validity.timestamp)
    _pdfsig_agrees(document, tmp_path)


def _evidence_is_whole(document: bytes, at: datetime) -> None:
    """An OCSP answer for the seal, for what stamps, and for their issuer, none older than the stamp."""
    store = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(document)))
    answers = [ocsp.OCSPResponse.load(one.get_object().data) for one in store.ocsps]
    told = [single for answer in answers for single in answer.response_data["responses"]]
    profiles = ("report_seal", "time_stamp_signer")
    serials = {int(one.serial_hex, 16) for one in Certificate.objects.filter(profile__in=profiles)}
    function = Issuer.objects.get(key="function")
    serials.add(x509.Certificate.load(bytes(function.certificate_der)).serial_number)
    assert {single["cert_id"]["serial_number"].native for single in told} == serials
    assert all(single["cert_status"].name == "good" for single in told)
    assert all(single["this_update"].native >= at for single in told)
    assert len(store.crls) == 1


def _pdfsig_agrees(document: bytes, folder: Path) -> None:
    """Poppler with NSS, as document readers have them, knowing our root alone."""
    file, trust = folder / "sealed.pdf", folder / "nss"
    file.write_bytes(document)
    trust.mkdir()
    (folder / "root.der").write_bytes(root().dump())
    known = ["-n", "root", "-t", "CT,C,C", "-i", str(folder / "root.der")]
    for arguments in (["-N", "--empty-password"], ["-A", *known]):
        command = ["certutil", *arguments, "-d", f"sql:{trust}"]
        subprocess.run(command, check=True, capture_output=True)
    # Without asking for revocation over the network: what is inside was looked at above.
    asked = ["pdfsig", "-no-ocsp", "-nssdir", f"sql:{trust}", str(file)]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    assert "Signature is Valid." in said
    assert "Certificate is Trusted." in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Sigill report seal" in said


def test_what_was_sealed_before_the_key_was_revoked_stays_valid(house: Authority) -> None:
    document = a_seal(house)
    now = datetime.now(UTC)
    revoke(
        certificate_id=current(SEAL, at=now).pk, reason=RevocationReason.KEY_COMPROMISE, requested_at=now,
        actor=Actor.system("test"), at=now,
    )  # fmt: skip
    assert judged(document)
    with pytest.raises(NotYet, match="no valid report_seal"):
        a_seal(house)


def test_nothing_is_sealed_without_its_keys(house: Authority) -> None:
    """It waits: the worker makes the key that is missing; another key is not taken for it."""
    for profile in ("report_seal", "time_stamp_signer"):
        Certificate.objects.filter(profile=profile).update(profile=f"no_{profile}")
        with pytest.raises(NotYet, match=f"no valid {profile}"):
            a_seal(house)
        Certificate.objects.filter(profile=f"no_{profile}").update(profile=profile)
    Certificate.objects.filter(profile="report_seal").update(carrier_id="time_stamp.1")
    with pytest.raises(NotYet, match="not its certificate's"):
        a_seal(house)
