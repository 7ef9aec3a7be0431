"""CRLs against cryptography's builder and openssl."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from pkilint import loader, pkix
from pkilint.cabf import cabf_crl
from pkilint.pkix import crl as pkilint_crl
from pkilint.pkix import extension, name
from pkilint.validation import ValidationFindingSeverity

from ca.pki.crl import issue_crl, prepare_crl
from ca.pki.crl_entries import RevokedEntry
from ca.pki.crl_lints import lint_crl
from ca.pki.errors import AlreadyRedeemed, LintFailed, ProfileViolation
from ca.pki.issuance import Prepared, issue
from ca.pki.issuer import IssuerFacts
from ca.pki.lints import stop_on_errors
from ca.pki.reasons import RevocationReason
from ca.pki.serial import new_serial
from tests.ca.pki.world import AT as CEREMONY
from tests.ca.pki.world import HIERARCHIES, World, serial_for, world_of

WORLD = world_of("p384")
HOUR = timedelta(hours=1)
AT = CEREMONY + timedelta(days=30)
NEXT = AT + 48 * HOUR
FLAGS = {flag.value: flag for flag in x509.ReasonFlags}


def moments(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Whole seconds of UTC between two days of the issuers' lives."""
    seconds = [int((CEREMONY + timedelta(days=day)).timestamp()) for day in (first, last)]
    return st.integers(*seconds).map(lambda second: datetime.fromtimestamp(second, tz=UTC))


entries = st.builds(
    RevokedEntry,
    serial_number=st.integers(min_value=1, max_value=2**159 - 1),
    revoked_at=moments(10, 30),
    reason=st.sampled_from(
        [reason for reason in RevocationReason if reason != RevocationReason.REMOVE_FROM_CRL]
    ),
    invalidity_at=st.none() | moments(0, 10),
)


def entry(number: int = 1, **changes: object) -> RevokedEntry:
    facts = {
        "serial_number": serial_for(str(number)),
        "revoked_at": AT - HOUR,
        "reason": RevocationReason.SUPERSEDED,
    }
    return RevokedEntry(**{**facts, **changes})  # type: ignore[arg-type]


def prepare(*revoked: RevokedEntry, issuer: IssuerFacts | None = None, **changes: object) -> Prepared:
    facts: dict[str, object] = {"crl_number": 7, "this_update": AT, "next_update": NEXT, **changes}
    return prepare_crl(
        issuer=issuer or WORLD.issuer("function"),
        entries=(one.encode() for one in revoked),
        **facts,  # type: ignore[arg-type]
    )


def oracle(
    revoked: list[RevokedEntry],
    *extra: tuple[x509.ExtensionType, bool],
    hierarchy: str = "p384",
) -> bytes:
    """Return the TBSCertList that cryptography builds."""
    world = world_of(hierarchy)
    issuer = world.issuer("function")
    listed = []
    for one in revoked:
        builder = (
            x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(one.revoked_at)
        )
        if one.reason is not RevocationReason.UNSPECIFIED:
            builder = builder.add_extension(x509.CRLReason(FLAGS[one.reason.rfc_name]), critical=False)
        if one.invalidity_at:
            builder = builder.add_extension(x509.InvalidityDate(one.invalidity_at), critical=False)
        listed.append(builder.build())
    crl = (
        x509.CertificateRevocationListBuilder(
            issuer_name=x509.load_der_x509_certificate(issuer.certificate_der or b"").subject,
            last_update=AT.replace(tzinfo=None),
            next_update=NEXT.replace(tzinfo=None),
            revoked_certificates=listed,
        )
        .add_extension(x509.AuthorityKeyIdentifier(issuer.subject_key_identifier, None, None), critical=False)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for value, critical in extra:
        crl = crl.add_extension(value, critical=critical)
    signer = world.issuer_signer
    return crl.sign(signer.key, signer.algorithm.hash_algorithm).tbs_certlist_bytes


@given(st.lists(entries, max_size=5, unique_by=lambda one: one.serial_number))
def test_a_crl_is_byte_for_byte_what_cryptography_builds(revoked: list[RevokedEntry]) -> None:
    assert prepare(*revoked).tbs_der == oracle(revoked)


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_a_delta_and_a_shard_are_byte_for_byte_what_cryptography_builds(hierarchy: str) -> None:
    issuer = world_of(hierarchy).issuer("function")
    sharded = replace(issuer, plan=replace(issuer.plan, crl_shards=4))
    url = sharded.crl_url_of(3)
    point = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    revoked = [entry(1), entry(2, reason=RevocationReason.REMOVE_FROM_CRL)]
    delta = prepare(*revoked, issuer=sharded, base_crl_number=5, shard=3)
    expected = oracle(revoked, (x509.DeltaCRLIndicator(5), True), (point, True), hierarchy=hierarchy)
    assert delta.tbs_der == expected


def test_a_shard_names_its_earlier_addresses_too() -> None:
    """PKI-2; RFC 5280 §6.3.3 (b)(2)(i): certificates from before the move find their name in it."""
    issuer = world_of("p384").issuer("function")
    moved = replace(
        issuer,
        plan=replace(issuer.plan, crl_shards=4),
        earlier_crl_urls=("http://before.example/crl/x.crl",),
    )
    shard = prepare(entry(1), issuer=moved, shard=3)
    assert b"http://before.example/crl/x-3.crl" in shard.tbs_der
    assert moved.crl_url_of(3).encode() in shard.tbs_der
    with pytest.raises(LintFailed):  # whoever does not know of the move takes it for a stranger's
        stop_on_errors(lint_crl(shard.tbs_der, issuer=replace(moved, earlier_crl_urls=())))


def test_openssl_takes_a_shard_for_certificates_from_before_and_after_a_move(tmp_path: Path) -> None:
    """PKI-2: the list of a shard counts for a certificate only by the name that stands in it."""
    world = world_of("p384")
    facts = world.issuer("person_hsa_id_3")
    before = replace(facts, plan=replace(facts.plan, crl_shards=4), crl_url="http://before.example/crl/x.crl")
    after = replace(before, crl_url="http://after.example/x.crl", earlier_crl_urls=(before.crl_url,))
    serial = serial_for("moved") // 4 * 4 + 1
    said = {}
    for named, issuer in (("before", before), ("after", after)):
        leaf = issue(
            world.prepare("person_hsa_authentication", issuer=issuer, serial_number=serial),
            world.issuer_signer,
        )
        for known, lister in (("told", after), ("untold", replace(after, earlier_crl_urls=()))):
            crl = issue_crl(prepare(issuer=lister, shard=1), world.issuer_signer)
            said[named, known] = _verified_with_crl(tmp_path, world, leaf, crl)
    assert said == {
        ("before", "told"): True,
        ("after", "told"): True,
        ("before", "untold"): False,
        ("after", "untold"): True,
    }


def _verified_with_crl(folder: Path, world: World, leaf: bytes, crl: bytes) -> bool:
    issuer, root = (world.issuer(key).certificate_der or b"" for key in ("person_hsa_id_3", "root"))
    for stem, der in (("leaf", leaf), ("issuer", issuer), ("root", root)):
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (folder / f"{stem}.pem").write_bytes(pem)
    (folder / "crl.pem").write_bytes(x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM))
    command = [
        *("openssl", "verify", "-crl_check", "-attime", str(int(AT.timestamp()) + 60)),
        *("-CAfile", "root.pem", "-untrusted", "issuer.pem", "-CRLfile", "crl.pem", "leaf.pem"),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_an_unspecified_reason_is_said_by_silence() -> None:
    """F30; RFC 5280 §5.3.1."""
    assert b"\x55\x1d\x15" not in entry(reason=RevocationReason.UNSPECIFIED).encode()
    assert b"\x55\x1d\x15" in entry(reason=RevocationReason.KEY_COMPROMISE).encode()


def test_an_entry_takes_about_45_octets() -> None:
    assert len(entry(serial_number=new_serial()).encode()) <= 49


@pytest.mark.parametrize("serial_number", [0, -1, 1 << 159])
def test_an_entry_for_no_certificate_is_refused(serial_number: int) -> None:
    with pytest.raises(ProfileViolation):
        entry(serial_number=serial_number).encode()


def test_a_certificate_cannot_become_invalid_after_it_was_revoked() -> None:
    with pytest.raises(ProfileViolation):
        entry(invalidity_at=AT).encode()
    assert entry(invalidity_at=AT - HOUR).encode()


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_openssl_reads_and_verifies_a_crl(tmp_path: Path, hierarchy: str) -> None:
    """PKI-3: relying parties fetch CRLs."""
    world = world_of(hierarchy)
    issuer = world.issuer("function")
    revoked = [entry(1), entry(2, reason=RevocationReason.KEY_COMPROMISE, invalidity_at=AT - 9 * HOUR)]
    crl_der = issue_crl(prepare(*revoked, issuer=issuer), world.issuer_signer)
    (tmp_path / "a.crl").write_bytes(crl_der)
    certificate = x509.load_der_x509_certificate(issuer.certificate_der or b"")
    (tmp_path / "a.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "crl", "-inform", "DER", "-in", tmp_path / "a.crl", "-noout", "-text", "-CAfile"]
    done = subprocess.run([*command, tmp_path / "a.pem"], capture_output=True, text=True, check=False)
    assert "verify OK" in done.stderr
    assert "Key Compromise" in done.stdout
    assert "Invalidity Date" in done.stdout
    assert f"{revoked[0].serial_number:X}" in done.stdout


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize("kind", ["CRL", "ARL"])
def test_pkilint_has_nothing_to_say_about_a_crl(hierarchy: str, kind: str) -> None:
    """A7: by RFC 5280 and by the baseline requirements."""
    world = world_of(hierarchy)
    key = "root" if kind == "ARL" else "function"
    life = world.hierarchy.issuer(key).crl_validity
    prepared = prepare(entry(1), entry(2), issuer=world.issuer(key), next_update=AT + life)
    crl_type = pkilint_crl.CertificateRevocationListType[kind]
    validators = pkilint_crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            pkilint_crl.create_issuer_validator_container([]),
            pkilint_crl.create_validity_validator_container(
                [cabf_crl.create_validity_period_validator(crl_type)]
            ),
            pkilint_crl.create_extensions_validator_container([]),
            cabf_crl.CabfCrlReasonCodeAllowlistValidator(crl_type),
        ],
    )
    document = loader.load_crl(issue_crl(prepared, world.signer(key)), key)
    said = [
        f"{finding.finding.code} at {result.node.path}: {finding.message}"
        for result in validators.validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity <= ValidationFindingSeverity.WARNING
    ]
    assert not said


def test_a_crl_is_signed_once() -> None:
    prepared = prepare()
    issue_crl(prepared, WORLD.issuer_signer)
    with pytest.raises(AlreadyRedeemed):
        issue_crl(prepared, WORLD.issuer_signer)


def test_an_empty_crl_has_no_list() -> None:
    crl = x509.load_der_x509_crl(issue_crl(prepare(), WORLD.issuer_signer))
    assert len(crl) == 0
    assert prepare().tbs_der == oracle([])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: prepare(entry(1), entry(1)),
        lambda: prepare(entry(1), entry(1, revoked_at=AT - 2 * HOUR)),
        lambda: prepare(next_update=AT),
        lambda: prepare(next_update=NEXT + HOUR),
        lambda: prepare(crl_number=-1),
        lambda: prepare(crl_number=1 << 159),
        lambda: prepare(base_crl_number=7),
        lambda: prepare(shard=7),
        lambda: prepare(entry(1, revoked_at=AT + HOUR)),
        lambda: prepare(entry(1, reason=RevocationReason.REMOVE_FROM_CRL)),
    ],
)
def test_a_crl_with_an_error_is_not_prepared(wrong: Callable[[], Prepared]) -> None:
    """F2: e.g. two entries for one certificate."""
    with pytest.raises(LintFailed):
        wrong()


def test_a_list_too_long_to_read_in_full_is_still_compared_in_full() -> None:
    many = [
        RevokedEntry(serial_number=(1 << 126) + n, revoked_at=AT, reason=RevocationReason(1))
        for n in range(25_000)
    ]
    assert prepare(*many).findings == ()
    with pytest.raises(LintFailed, match="more than once"):
        prepare(*many, many[13_337])
