"""openssl and pkilint look at every profile of both hierarchies."""

import re
import subprocess
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store
from pkilint import loader
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity

from tests.ca.pki.world import AT, EVERY_PROFILE, HIERARCHIES, PROFILES, World, world_of

LEAVES = [(hierarchy, profile) for hierarchy, profile in EVERY_PROFILE if profile not in {"root", "issuer"}]


def certificate_of(world: World, profile: str) -> bytes:
    """Return a signed certificate of the profile."""
    if profile == "root":
        return world.issuer("root").certificate_der or b""
    return world.certificate_der(profile)


def write_pem(path: Path, *certificates: bytes) -> Path:
    path.write_bytes(
        b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in certificates)
    )
    return path


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(("hierarchy", "profile"), LEAVES)
def test_openssl_verifies_the_chain_of_every_profile(tmp_path: Path, hierarchy: str, profile: str) -> None:
    """PKI-3, QA-3: a chain that outside programs accept, strictly."""
    world = world_of(hierarchy)
    issuer = world.issuer_for(profile).certificate_der or b""
    leaf = write_pem(tmp_path / "leaf.pem", certificate_of(world, profile))
    chain = write_pem(tmp_path / "chain.pem", issuer)
    root = write_pem(tmp_path / "root.pem", certificate_of(world, "root"))
    moment = str(int(AT.timestamp()) + 60)
    said = openssl(
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-attime",
        moment,
        "-CAfile",
        root,
        "-untrusted",
        chain,
        leaf,
    )
    assert said.endswith("leaf.pem: OK\n"), said


@pytest.mark.parametrize(
    ("profile", "purpose", "fits"),
    [
        ("person_hsa_authentication", "sslclient", True),
        ("person_hsa_signature", "sslclient", False),
        ("person_hsa_signature", "smimesign", True),
        ("person_id_authentication", "sslclient", True),
        ("person_id_signature", "sslclient", False),
        ("mobile", "sslclient", True),
        ("mobile_signature", "sslclient", False),
        ("function_server", "sslserver", True),
        ("function_server", "sslclient", True),
        ("function_client", "sslserver", False),
        ("function_email", "smimesign", True),
        ("ocsp_signer", "ocsphelper", True),
    ],
)
@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_openssl_takes_a_certificate_for_its_purposes_only(
    tmp_path: Path, hierarchy: str, profile: str, purpose: str, *, fits: bool
) -> None:
    world = world_of(hierarchy)
    leaf = write_pem(tmp_path / "leaf.pem", certificate_of(world, profile))
    chain = write_pem(tmp_path / "chain.pem", world.issuer_for(profile).certificate_der or b"")
    root = write_pem(tmp_path / "root.pem", certificate_of(world, "root"))
    moment = str(int(AT.timestamp()) + 60)
    said = openssl(
        "verify", "-purpose", purpose, "-attime", moment, "-CAfile", root, "-untrusted", chain, leaf
    )
    assert said.endswith("leaf.pem: OK\n") is fits, said


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_a_web_verifier_of_another_library_accepts_a_server_certificate(hierarchy: str) -> None:
    world = world_of(hierarchy)
    store = Store([x509.load_der_x509_certificate(certificate_of(world, "root"))])
    verifier = (
        PolicyBuilder().store(store).time(AT).build_server_verifier(x509.DNSName("journal.norr.example"))
    )
    leaf = x509.load_der_x509_certificate(certificate_of(world, "function_server"))
    issuer = x509.load_der_x509_certificate(world.issuer("function").certificate_der or b"")
    assert len(verifier.verify(leaf, [issuer])) == 3


READERS = {
    "openssl": ["openssl", "x509", "-inform", "DER", "-noout", "-text"],
    "certtool": ["certtool", "--certificate-info", "--inder"],
}


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
@pytest.mark.parametrize("program", READERS)
def test_other_programs_read_a_certificate_of_every_profile(
    program: str, hierarchy: str, profile: str
) -> None:
    """PKI-3: OpenSSL and GnuTLS, with nothing left that they could not read."""
    certificate_der = certificate_of(world_of(hierarchy), profile)
    read = subprocess.run(READERS[program], input=certificate_der, capture_output=True, check=False)
    assert read.returncode == 0, read.stderr
    assert b"TEST Sigill" in read.stdout
    assert not re.search(rb"(?i)unable to|error|invalid", read.stdout + read.stderr)


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_asn1crypto_reads_a_certificate_of_every_profile_to_the_last_field(
    hierarchy: str, profile: str
) -> None:
    """PKI-3: read in full and written again it is the same octets; cryptography reads each extension."""
    certificate_der = certificate_of(world_of(hierarchy), profile)
    read = asn1_x509.Certificate.load(certificate_der, strict=True)
    assert read.native["tbs_certificate"]["subject"]["common_name"]
    assert read.dump(force=True) == certificate_der
    known = x509.load_der_x509_certificate(certificate_der)
    assert [one.oid.dotted_string for one in known.extensions] == [
        one["extn_id"].dotted for one in read["tbs_certificate"]["extensions"]
    ]


VALIDATORS = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_pkilint_has_nothing_to_say_about_any_profile(hierarchy: str, profile: str) -> None:
    """A18: a linter of others, on every profile of both hierarchies.

    It notes that there is a pointer to the CPS, as domain.md 3.2 and 3.3 want it.
    """
    document = loader.load_certificate(certificate_of(world_of(hierarchy), profile), profile)
    said = [
        f"{finding.finding.code} at {result.node.path}: {finding.message}"
        for result in VALIDATORS.validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity <= ValidationFindingSeverity.WARNING  # FATAL is 0
    ]
    assert not said
    assert profile in PROFILES
