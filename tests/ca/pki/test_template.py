"""The to-be-signed bytes against cryptography's builder, with their contents written down a second time."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ca.pki import dates, der
from ca.pki.errors import ProfileViolation
from ca.pki.issuance import prepare
from ca.pki.policies import DEFAULT_POLICY_ARC
from ca.pki.template import compile_template
from tests.ca.pki.world import (
    ADDRESSES,
    AT,
    CARD_NUMBER,
    EVERY_PROFILE,
    HIERARCHIES,
    PROFILES,
    World,
    serial_for,
    world_of,
)

UTF8, PRINTABLE = _ASN1Type.UTF8String, _ASN1Type.PrintableString
SE = (NameOID.COUNTRY_NAME, "SE", PRINTABLE)
AUTHORITY = [SE, (NameOID.ORGANIZATION_NAME, "Sigill", UTF8)]
ASA = [
    (NameOID.COMMON_NAME, "Åsa Lindqvist", UTF8),
    (NameOID.SURNAME, "Lindqvist", UTF8),
    (NameOID.GIVEN_NAME, "Åsa", UTF8),
]
PLACE = [(NameOID.LOCALITY_NAME, "Norrbottens län", UTF8), (NameOID.ORGANIZATION_NAME, "Region Norr", UTF8)]
HSA = [
    SE,
    *PLACE,
    *ASA,
    (NameOID.SERIAL_NUMBER, "SE2321000016-A1B2", PRINTABLE),
    (NameOID.TITLE, "Sjuksköterska", UTF8),
]
BY_NUMBER = [SE, *ASA, (NameOID.SERIAL_NUMBER, "199001019802", PRINTABLE)]
UPN = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x15asali@ad.norr.example")
MAIL = x509.RFC822Name("asa.lindqvist@norr.example")
SMARTCARD_LOGON = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.2")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def function(common_name: str) -> list[tuple[x509.ObjectIdentifier, str, _ASN1Type]]:
    return [
        SE,
        *PLACE,
        (NameOID.COMMON_NAME, common_name, UTF8),
        (NameOID.SERIAL_NUMBER, "SE2321000016-F00D", PRINTABLE),
    ]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What domain.md 3.2, 3.3 and 5 say about a profile."""

    subject: list[tuple[x509.ObjectIdentifier, str, _ASN1Type]]
    days: int
    usage: str
    usage_rsa: str = ""
    policy: str = ""
    names: list[x509.GeneralName] = field(default_factory=list)
    path_length: int | None = None
    authority: bool = False
    purposes: list[x509.ObjectIdentifier] = field(default_factory=list)
    status: str = ""
    no_check: bool = False
    card: bool = False


CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH
EXPECTED = {
    "root": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill e-id Root CA v1", UTF8)],
        days=9131,
        usage="CL",
        authority=True,
    ),
    "issuer": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill e-id Person HSA-id 3 CA v1", UTF8)],
        days=5479,
        usage="CL",
        policy="2.5.29.32.0",
        authority=True,
        path_length=0,
        status="testsigilleidrootcav1",
    ),
    "ocsp_signer": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill e-id Person HSA-id 3 CA v1 OCSP 1", UTF8)],
        days=30,
        usage="D",
        purposes=[ExtendedKeyUsageOID.OCSP_SIGNING],
        no_check=True,
    ),
    "audit_signer": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill journal", UTF8)],
        days=731,
        usage="D",
        status="testsigilleidfunctioncav1",
    ),
    "report_seal": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill rapporter", UTF8)],
        days=731,
        usage="DN",
        purposes=[DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION],
        status="testsigilleidfunctioncav1",
    ),
    "order_file_signer": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill order files", UTF8)],
        days=731,
        usage="D",
        purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION],
        status="testsigilleidfunctioncav1",
    ),
    "time_stamp_signer": Expected(
        subject=[*AUTHORITY, (NameOID.COMMON_NAME, "TEST Sigill time-stamp", UTF8)],
        days=1826,
        usage="D",
        purposes=[ExtendedKeyUsageOID.TIME_STAMPING],
        status="testsigilleidfunctioncav1",
    ),
    "person_hsa_authentication": Expected(
        subject=HSA,
        days=1826,
        usage="D",
        usage_rsa="DE",
        policy=".1",
        names=[UPN, MAIL],
        purposes=[CLIENT_AUTH, SMARTCARD_LOGON],
        status="testsigilleidpersonhsaid3cav1",
        card=True,
    ),
    "person_hsa_signature": Expected(
        subject=HSA,
        days=1826,
        usage="N",
        policy=".1",
        names=[MAIL],
        purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION],
        status="testsigilleidpersonhsaid3cav1",
        card=True,
    ),
    "person_id_authentication": Expected(
        subject=BY_NUMBER,
        days=1826,
        usage="D",
        usage_rsa="DE",
        policy=".1",
        purposes=[CLIENT_AUTH],
        status="testsigilleidpersonid3cav1",
        card=True,
    ),
    "person_id_signature": Expected(
        subject=BY_NUMBER,
        days=1826,
        usage="N",
        policy=".1",
        purposes=[DOCUMENT_SIGNING],
        status="testsigilleidpersonid3cav1",
        card=True,
    ),
    "mobile": Expected(
        subject=BY_NUMBER,
        days=730,
        usage="D",
        policy=".3",
        purposes=[CLIENT_AUTH],
        status="testsigilleidpersonidmobilecav1",
    ),
    "mobile_signature": Expected(
        subject=BY_NUMBER,
        days=730,
        usage="N",
        policy=".3",
        purposes=[DOCUMENT_SIGNING],
        status="testsigilleidpersonidmobilecav1",
    ),
    "function_server": Expected(
        subject=function("journal.norr.example"),
        days=730,
        usage="D",
        usage_rsa="DE",
        policy=".10",
        names=[x509.DNSName("journal.norr.example"), x509.DNSName("api.journal.norr.example")],
        purposes=[ExtendedKeyUsageOID.SERVER_AUTH, CLIENT_AUTH],
        status="testsigilleidfunctioncav1",
    ),
    "function_client": Expected(
        subject=function("Journalsystem"),
        days=730,
        usage="D",
        usage_rsa="DE",
        policy=".11",
        purposes=[CLIENT_AUTH],
        status="testsigilleidfunctioncav1",
    ),
    "function_email": Expected(
        subject=function("Akuten"),
        days=730,
        usage="D",
        usage_rsa="DE",
        policy=".12",
        names=[x509.RFC822Name("akuten@norr.example")],
        purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION],
        status="testsigilleidfunctioncav1",
    ),
}


def key_usage(letters: str) -> x509.KeyUsage:
    """D digitalSignature, N nonRepudiation, E keyEncipherment, C keyCertSign, L cRLSign."""
    return x509.KeyUsage(
        digital_signature="D" in letters,
        content_commitment="N" in letters,
        key_encipherment="E" in letters,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="C" in letters,
        crl_sign="L" in letters,
        encipher_only=False,
        decipher_only=False,
    )


def expected_extensions(
    world: World, profile: str, expected: Expected, public_key: bytes
) -> list[tuple[x509.ExtensionType, bool]]:
    """List the extensions in our order, with their criticality."""
    key = load_der_public_key(public_key)
    is_rsa = hasattr(key, "public_numbers") and hasattr(key.public_numbers(), "n")
    found: list[tuple[x509.ExtensionType, bool]] = [
        (
            x509.AuthorityKeyIdentifier(world.issuer_for(profile).subject_key_identifier, None, None),
            False,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (key_usage((is_rsa and expected.usage_rsa) or expected.usage), True),
    ]
    if expected.policy:
        dotted = expected.policy if expected.authority else DEFAULT_POLICY_ARC + expected.policy
        policy = x509.PolicyInformation(x509.ObjectIdentifier(dotted), [ADDRESSES.cps])
        found.append((x509.CertificatePolicies([policy]), False))
    if expected.names:
        found.append((x509.SubjectAlternativeName(expected.names), False))
    if expected.authority:
        found.append((x509.BasicConstraints(ca=True, path_length=expected.path_length), True))
    if expected.purposes:
        stamps_time = ExtendedKeyUsageOID.TIME_STAMPING in expected.purposes  # RFC 3161 2.3
        found.append((x509.ExtendedKeyUsage(expected.purposes), stamps_time))
    if expected.status:
        crl = x509.UniformResourceIdentifier(f"http://status.example.se/crl/{expected.status}.crl")
        found.append((x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]), False))
        access = (
            (AuthorityInformationAccessOID.OCSP, "http://status.example.se/ocsp"),
            (AuthorityInformationAccessOID.CA_ISSUERS, f"http://status.example.se/aia/{expected.status}.cer"),
        )
        descriptions = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access
        ]
        found.append((x509.AuthorityInformationAccess(descriptions), False))
    if expected.no_check:
        found.append((x509.OCSPNoCheck(), False))
    if expected.card:
        value = b"\x13\x13" + CARD_NUMBER.encode()
        found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.752.34.2.1"), value), False))
    return found


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_every_profile_is_byte_for_byte_what_cryptography_builds(hierarchy: str, profile: str) -> None:
    """APP-1 (AD login): that with the HSA-id has smartcardLogon and the user principal name, among others."""
    world, expected = world_of(hierarchy), EXPECTED[profile]
    public_key = world.public_key(profile)
    issuer = world.issuer_for(profile)
    not_before, not_after = dates.validity(at=AT, lasting=PROFILES[profile].default_validity)
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial_for(profile))
        .issuer_name(
            x509.Name(
                [
                    x509.NameAttribute(oid, text, _type=kind)
                    for oid, text, kind in (
                        *AUTHORITY,
                        (NameOID.COMMON_NAME, f"TEST {issuer.plan.common_name}", UTF8),
                    )
                ]
            )
        )
        .subject_name(
            x509.Name([x509.NameAttribute(oid, text, _type=kind) for oid, text, kind in expected.subject])
        )
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .public_key(load_der_public_key(public_key))
    )
    for value, critical in expected_extensions(world, profile, expected, public_key):
        builder = builder.add_extension(value, critical=critical)
    signer = world.signer(issuer.key)
    oracle = builder.sign(signer.key, signer.algorithm.hash_algorithm)

    prepared = world.prepare(profile)

    assert prepared.tbs_der == oracle.tbs_certificate_bytes
    assert dates.duration(not_before, not_after).days == expected.days


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_an_rsa_key_on_a_function_enciphers_and_an_elliptic_curve_key_does_not(hierarchy: str) -> None:
    """RFC 8813 §3; domain.md 5."""
    world = world_of(hierarchy)
    for public_key, expected in (
        (world_of("rsa").public_key("person_hsa_authentication"), "DE"),
        (world_of("p384").public_key("person_hsa_authentication"), "D"),
        (world_of("p384").root_signer.public_key, "D"),
    ):
        prepared = world.prepare("function_client", public_key=public_key)
        assert key_usage(expected).public_bytes() in prepared.tbs_der


@pytest.mark.parametrize(
    ("issuer", "policy", "suffix"),
    [
        ("person_hsa_id_3", "", ".1"),
        ("person_hsa_id_3", "loa3_card", ".1"),
        ("person_hsa_id_3", "loa3_reserve", ".2"),
        ("person_hsa_id_2", "", ".4"),
        ("person_hsa_id_2", "loa2_coordination_number", ".5"),
        ("person_hsa_id_2", "loa2_passport", ".6"),
    ],
)
def test_the_level_of_assurance_is_read_from_the_policy(issuer: str, policy: str, suffix: str) -> None:
    """PKI-4."""
    world = world_of("p384")
    subject = replace(world.subject("person_hsa_authentication"), policy=policy)
    prepared = world.prepare(
        "person_hsa_authentication",
        subject=subject,
        issuer=world.issuer(issuer),
        lasting=dates.timedelta(days=365),
    )
    dotted = x509.ObjectIdentifier(DEFAULT_POLICY_ARC + suffix)
    value = x509.CertificatePolicies([x509.PolicyInformation(dotted, [ADDRESSES.cps])])
    assert value.public_bytes() in prepared.tbs_der


@pytest.mark.parametrize(
    ("profile", "issuer", "policy"),
    [
        ("person_hsa_authentication", "person_hsa_id_3", "loa2_reserve"),
        ("person_hsa_authentication", "person_hsa_id_2", "loa3_card"),
        ("person_hsa_authentication", "person_hsa_id_3", "function_server"),
        ("function_server", "function", "function_client"),
        ("audit_signer", "function", "function_client"),
        ("issuer", "root", "loa3_card"),
    ],
)
def test_a_policy_that_profile_or_issuer_may_not_state_is_refused(
    profile: str, issuer: str, policy: str
) -> None:
    """PKI-4: no request chooses its own level of assurance."""
    world = world_of("p384")
    with pytest.raises(ProfileViolation) as refused:
        world.prepare(
            profile, subject=replace(world.subject(profile), policy=policy), issuer=world.issuer(issuer)
        )
    assert refused.value.facts["rule"] == "policy"


def test_a_serial_number_is_listed_in_the_shard_its_certificate_points_to() -> None:
    world = world_of("p384")
    issuer = world.issuer("function")
    sharded = replace(issuer, plan=replace(issuer.plan, crl_shards=4))
    for serial in range(serial_for("x"), serial_for("x") + 5):
        prepared = world.prepare("function_client", issuer=sharded, serial_number=serial)
        shard = serial % 4
        assert sharded.shard_of(serial) == shard
        url = f"http://status.example.se/crl/testsigilleidfunctioncav1-{shard}.crl"
        assert sharded.crl_url_of(shard) == url
        assert url.encode() in prepared.tbs_der


def test_a_template_is_compiled_once_for_each_pair() -> None:
    world = world_of("p384")
    profile, issuer = PROFILES["mobile"], world.issuer("person_id_mobile")
    assert compile_template(profile, issuer) is compile_template(profile, issuer)


def test_what_is_not_mentioned_in_the_arguments_is_not_in_the_signature_of_prepare() -> None:
    """Principle 8: profiles constrain, there are no override arguments."""
    assert set(prepare.__kwdefaults__ or {}) == {"blocklist"}


def test_a_certificate_names_the_delta_where_profile_and_issuer_say_so() -> None:
    """RFC 5280 §4.2.1.15: freshestCRL, and only beside the address of the list that the delta builds on."""
    name = "person_id_authentication"
    profile = replace(PROFILES[name], freshest_crl=True)
    issuer = world_of("p384").issuer("person_id_3")
    for interval, shards, is_named in ((5, 1, True), (0, 1, False), (5, 4, False)):
        plan = replace(issuer.plan, delta_crl_interval=timedelta(minutes=interval), crl_shards=shards)
        prepared = world_of("p384").prepare(name, profile=profile, issuer=replace(issuer, plan=plan))
        shell = der.sequence(prepared.tbs_der, prepared.algorithm.identifier_der, der.bit_string(b"\x00"))
        certificate = x509.load_der_x509_certificate(shell)
        found = [one.value for one in certificate.extensions if isinstance(one.value, x509.FreshestCRL)]
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(issuer.delta_crl_url)], None, None, None
        )
        assert found == ([x509.FreshestCRL([point])] if is_named else [])
