"""Every lint finds the certificate that breaks its rule, and none finds anything in a good one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.pki import der, extensions
from ca.pki.certificate_lints import LINT_MODULES, lint_certificate
from ca.pki.certificate_reading import CERTIFICATE_LINTS
from ca.pki.issuer import IssuerFacts
from ca.pki.lints import Finding, Severity
from ca.pki.profile import Profile
from ca.pki.signer import SignatureAlgorithm
from ca.pki.vocabulary import Presence
from tests.ca.pki.mutations import (
    ALGORITHM,
    ISSUER,
    KEY,
    SERIAL,
    SUBJECT,
    VALIDITY,
    VERSION,
    children,
    doubled_extension,
    rdn,
    with_criticality,
    with_extension,
    with_part,
    with_rdn,
    without_extension,
    without_rdns,
)
from tests.ca.pki.software_signer import stored_public_key
from tests.ca.pki.world import AT, CARD_NUMBER, EVERY_PROFILE, PERSON, PROFILES, world_of

HSA = "person_hsa_authentication"
SKI, KU, SAN, BC, CDP, CP, AKI, EKU = (f"2.5.29.{arc}" for arc in (14, 15, 17, 19, 31, 32, 35, 37))
AIA, NO_CHECK, CARD = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1.5", "1.2.752.34.2.1"
OTHER_KEY = stored_public_key("p256-service")
WORLD = world_of("p384")
WEB = x509.UniformResourceIdentifier


@dataclass(frozen=True)
class Broken:
    """A change to good bytes (or to what they are compared with), and the lint that must find it."""

    lint: str
    change: Callable[[bytes], bytes] = lambda tbs_der: tbs_der
    profile: str = HSA
    compared_with: Callable[[Profile], Profile] = lambda profile: profile
    issued_by: Callable[[IssuerFacts], IssuerFacts] = lambda issuer: issuer
    hierarchy: str = "p384"
    at: datetime = AT
    unreadable: bool = False
    """The bytes break a parser, so that every lint that needs it fails closed."""

    def findings(self) -> tuple[Finding, ...]:
        world = world_of(self.hierarchy)
        return lint_certificate(
            self.change(world.prepare(self.profile).tbs_der),
            profile=self.compared_with(PROFILES[self.profile]),
            issuer=self.issued_by(world.issuer_for(self.profile)),
            at=self.at,
        )


def names(*general_names: x509.GeneralName) -> Callable[[bytes], bytes]:
    return with_extension(SAN, x509.SubjectAlternativeName(general_names).public_bytes())


def usage(*bits: str) -> Callable[[bytes], bytes]:
    value = children(extensions.key_usage(bits))[-1]
    return with_extension(KU, value[2:], critical=True)


def purposes(*dotted: str) -> Callable[[bytes], bytes]:
    return with_extension(EKU, der.sequence(*(der.object_identifier(one) for one in dotted)))


def valid(not_before: datetime, not_after: datetime) -> Callable[[bytes], bytes]:
    return with_part(VALIDITY, der.sequence(der.time(not_before), der.time(not_after)))


def policies(*policy: x509.PolicyInformation) -> Callable[[bytes], bytes]:
    return with_extension(CP, x509.CertificatePolicies(policy).public_bytes())


def policy(dotted: str, *qualifiers: str | x509.UserNotice) -> x509.PolicyInformation:
    return x509.PolicyInformation(x509.ObjectIdentifier(dotted), list(qualifiers) or None)


def points(*point: x509.DistributionPoint) -> Callable[[bytes], bytes]:
    return with_extension(CDP, x509.CRLDistributionPoints(point).public_bytes())


def both(*changes: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def change(tbs_der: bytes) -> bytes:
        for one in changes:
            tbs_der = one(tbs_der)
        return tbs_der

    return change


ARC = "1.3.6.1.4.1.32473.752.8"
CPS = "https://pki.example.se/cps"
CRL = "http://status.example.se/crl/testsigilleidpersonhsaid3cav1.crl"
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
YEAR = timedelta(days=365)

BROKEN = [
    Broken("bytes_are_a_der_certificate", lambda tbs: tbs + b"\x00", unreadable=True),
    Broken("bytes_are_a_der_certificate", lambda tbs: tbs[:-1], unreadable=True),
    Broken("bytes_are_a_der_certificate", lambda _tbs: b"", unreadable=True),
    Broken("bytes_are_a_der_certificate", lambda _tbs: b"\x30\x00", unreadable=True),
    Broken(
        "bytes_are_a_der_certificate", lambda tbs: b"\x30\x83\x00" + tbs[2:], unreadable=True
    ),  # a length with a zero in front
    Broken("version_is_3", with_part(VERSION, der.explicit(0, der.integer(1)))),
    Broken("serial_number_is_positive_and_short", with_part(SERIAL, der.integer(-(1 << 100)))),
    Broken("serial_number_is_positive_and_short", with_part(SERIAL, der.integer(0))),
    Broken("serial_number_is_positive_and_short", with_part(SERIAL, der.integer(1 << 159))),
    Broken("serial_number_has_room_for_64_random_bits", with_part(SERIAL, der.integer((1 << 63) - 1))),
    Broken(
        "signature_algorithm_is_the_issuers",
        with_part(ALGORITHM, SignatureAlgorithm.ECDSA_SHA256.identifier_der),
    ),
    Broken(
        "signature_algorithm_is_the_issuers",  # RSA without its NULL
        with_part(ALGORITHM, der.sequence(der.object_identifier("1.2.840.113549.1.1.13"))),
        hierarchy="rsa",
    ),
    Broken("issuer_name_is_the_issuers_subject", with_part(ISSUER, WORLD.issuer("function").name_der)),
    Broken(
        "unique_identifiers_are_absent",
        lambda tbs: der.sequence(*children(tbs)[:7], b"\x81\x02\x00\x01", children(tbs)[7]),
    ),
    Broken(
        "unique_identifiers_are_absent",
        lambda tbs: der.sequence(*children(tbs)[:7], b"\x82\x02\x00\x01", children(tbs)[7]),
    ),
    Broken(
        "dates_are_written_as_their_year_asks",
        with_part(VALIDITY, der.sequence(der.time(AT), der.generalized_time(AT + YEAR))),
    ),
    Broken(
        "dates_are_written_as_their_year_asks",  # no seconds
        with_part(VALIDITY, der.sequence(b"\x17\x0b2611211905Z", der.time(AT + YEAR))),
    ),
    Broken("validity_is_within_the_profile", valid(AT, AT + timedelta(days=1826))),  # one second too long
    Broken("validity_is_within_the_profile", valid(AT, AT)),
    Broken("validity_is_within_the_profile", valid(AT, AT - timedelta(days=1))),
    Broken("validity_has_begun", at=AT - timedelta(seconds=1)),
    Broken("validity_ends_with_the_issuers", issued_by=lambda issuer: replace(issuer, not_after=AT + YEAR)),
    Broken("public_key_is_of_an_accepted_kind", with_part(KEY, stored_public_key("rsa2048-service"))),
    Broken("public_key_is_of_an_accepted_kind", with_part(KEY, stored_public_key("p384-root"))),
    Broken("rsa_key_has_3072_bits", profile="ocsp_signer", hierarchy="rsa"),
    Broken(
        "only_a_root_certifies_its_own_key",
        issued_by=lambda issuer: replace(issuer, public_key=stored_public_key("p256-holder")),
    ),
    Broken("only_a_root_certifies_its_own_key", with_part(KEY, OTHER_KEY), profile="root"),
    Broken(
        "only_a_root_certifies_its_own_key",
        with_part(SUBJECT, WORLD.issuer("person_hsa_id_3").name_der),
        profile="ocsp_signer",
    ),
    Broken(
        "only_a_root_certifies_its_own_key",
        with_part(SUBJECT, WORLD.issuer("function").name_der),
        profile="root",
    ),
    Broken("subject_key_identifier_is_of_the_key", with_part(KEY, OTHER_KEY)),
    Broken("subject_key_identifier_is_of_the_key", without_extension(SKI)),
    Broken("subject_attributes_follow_the_profile", without_rdns("2.5.4.3")),
    Broken(
        "subject_attributes_follow_the_profile",
        lambda tbs: with_part(SUBJECT, der.sequence(*children(children(tbs)[SUBJECT])[::-1]))(tbs),
    ),
    Broken(
        "subject_attributes_follow_the_profile",
        lambda tbs: with_part(
            SUBJECT,
            der.sequence(*children(children(tbs)[SUBJECT]), rdn("2.5.4.11", der.utf8_string("Akuten"))),
        )(tbs),
    ),
    Broken(
        "relative_names_hold_one_attribute",
        lambda tbs: with_part(
            SUBJECT,
            der.sequence(
                *children(children(tbs)[SUBJECT])[:-2],
                der.set_of_one(b"".join(children(one)[0] for one in children(children(tbs)[SUBJECT])[-2:])),
            ),
        )(tbs),
    ),
    Broken("subject_strings_have_the_right_type", with_rdn("2.5.4.6", der.utf8_string("SE"))),
    Broken("subject_strings_have_the_right_type", with_rdn("2.5.4.3", der.printable_string("Asa"))),
    Broken("subject_strings_are_not_too_long", with_rdn("2.5.4.3", der.utf8_string("å" * 65))),
    Broken("subject_strings_are_clean", with_rdn("2.5.4.3", der.utf8_string(""))),
    Broken("subject_strings_are_clean", with_rdn("2.5.4.3", der.utf8_string(" Åsa"))),
    Broken("subject_strings_are_clean", with_rdn("2.5.4.3", der.utf8_string("Åsa\u202e"))),
    Broken("country_is_two_letters", with_rdn("2.5.4.6", der.printable_string("se"))),
    Broken("a_natural_person_has_a_name", without_rdns("2.5.4.4", "2.5.4.42")),
    Broken("a_person_is_known_by_common_or_given_name", without_rdns("2.5.4.3", "2.5.4.42")),
    Broken("a_persons_certificate_says_its_policy_and_use", without_extension(KU)),
    Broken("a_persons_certificate_says_its_policy_and_use", without_extension(CP), profile="mobile"),
    Broken(
        "serial_number_attribute_has_the_profiles_form",
        with_rdn("2.5.4.5", der.printable_string("199001019802")),
    ),
    Broken("serial_number_attribute_has_the_profiles_form", without_rdns("2.5.4.5")),
    Broken("alternative_names_follow_the_profile", names(x509.DNSName("norr.example"))),
    Broken("alternative_names_follow_the_profile", names(WEB("http://norr.example"))),
    Broken("alternative_names_follow_the_profile", without_extension(SAN), profile="function_server"),
    Broken(
        "alternative_names_follow_the_profile",
        names(x509.RFC822Name("a@norr.example"), x509.RFC822Name("b@norr.example")),
    ),
    Broken(
        "alternative_names_follow_the_profile",
        names(*(x509.DNSName(f"x{n}.norr.example") for n in range(21))),
        profile="function_server",
    ),
    Broken(
        "alternative_names_follow_the_profile",
        names(x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01a")),
    ),
    Broken("alternative_name_is_not_empty", with_extension(SAN, b"\x30\x00")),
    Broken("dns_names_are_full_names", names(x509.DNSName("*.norr.example")), profile="function_server"),
    Broken("dns_names_are_full_names", names(x509.DNSName("10.0.0.1")), profile="function_server"),
    Broken(
        "common_name_is_among_the_dns_names",
        with_rdn("2.5.4.3", der.utf8_string("syd.example")),
        profile="function_server",
    ),
    Broken("mail_addresses_are_well_formed", names(x509.RFC822Name("asa"))),
    Broken("user_principal_names_are_utf8", names(x509.OtherName(UPN, b"\x16\x05a@b.c"))),
    Broken("user_principal_names_are_utf8", names(x509.OtherName(UPN, b"\x0c\x00"))),
    Broken("card_number_is_well_formed", with_extension(CARD, der.printable_string(CARD_NUMBER[:-1] + "4"))),
    Broken("card_number_is_well_formed", with_extension(CARD, der.utf8_string(CARD_NUMBER))),
    Broken("card_number_is_well_formed", without_extension(CARD)),
    Broken("extensions_are_those_of_the_profile", without_extension(KU)),
    Broken("extensions_are_those_of_the_profile", with_extension("1.2.3.4", b"\x05\x00")),
    Broken("extensions_are_those_of_the_profile", doubled_extension(KU), unreadable=True),
    Broken(
        "extensions_are_those_of_the_profile",
        with_extension(CARD, der.printable_string(CARD_NUMBER)),
        profile="mobile",
    ),
    Broken("extensions_are_those_of_the_profile", without_extension(SAN), profile="function_server"),
    Broken("extensions_are_critical_where_they_must_be", with_criticality(KU, critical=False)),
    Broken("extensions_are_critical_where_they_must_be", with_criticality(EKU, critical=True)),
    Broken(
        "authority_key_identifier_is_the_issuers",
        with_extension(AKI, der.sequence(der.implicit(0, b"x" * 20))),
    ),
    Broken("authority_key_identifier_is_the_issuers", without_extension(AKI)),
    Broken(
        "authority_key_identifier_is_the_issuers",
        with_extension(
            AKI,
            x509.AuthorityKeyIdentifier(
                WORLD.issuer("person_hsa_id_3").subject_key_identifier,
                [x509.DirectoryName(x509.Name([]))],
                7,
            ).public_bytes(),
        ),
    ),
    Broken("key_usage_is_the_profiles", usage("digitalSignature", "nonRepudiation")),
    Broken("key_usage_is_the_profiles", usage("keyAgreement")),
    Broken("key_usage_is_the_profiles", with_extension(KU, b"\x03\x02\x07\x80\x00"), unreadable=True),
    Broken("key_usage_suits_the_key", usage("digitalSignature", "keyEncipherment")),
    Broken("only_authorities_sign_certificates", usage("keyCertSign")),
    Broken("only_authorities_sign_certificates", with_extension(BC, b"\x30\x03\x01\x01\xff", critical=True)),
    Broken("only_authorities_sign_certificates", without_extension(BC), profile="issuer"),
    Broken(
        "only_authorities_sign_certificates",
        both(usage("keyCertSign"), with_extension(BC, b"\x30\x03\x01\x01\xff", critical=True)),
    ),
    Broken(
        "path_length_is_the_profiles",
        with_extension(BC, x509.BasicConstraints(ca=True, path_length=1).public_bytes(), critical=True),
        profile="issuer",
    ),
    Broken(
        "certificate_policy_is_one_of_the_issuers", policies(policy(f"{ARC}.4", CPS))
    ),  # LoA2 by an LoA3 CA
    Broken(
        "certificate_policy_is_one_of_the_issuers", policies(policy(f"{ARC}.1", CPS), policy(f"{ARC}.2", CPS))
    ),
    Broken("certificate_policy_is_one_of_the_issuers", policies(policy(f"{ARC}.1"))),
    Broken("certificate_policy_is_one_of_the_issuers", policies(policy(f"{ARC}.1", "https://else.example/"))),
    Broken(
        "policy_identifiers_have_short_arcs",
        policies(policy("2.25.291003620929308307695155136006421886254.1", CPS)),
    ),
    Broken(
        "validity_is_within_the_policy", policies(policy(f"{ARC}.2", CPS))
    ),  # five years on a reserve card
    Broken("purposes_are_the_profiles", purposes("1.3.6.1.5.5.7.3.2")),
    Broken("purposes_are_the_profiles", purposes("2.5.29.37.0"), profile="mobile"),
    Broken("purposes_are_the_profiles", without_extension(EKU)),
    Broken("purposes_are_consistent_with_the_key_usage", usage("nonRepudiation")),
    Broken(
        "crl_distribution_point_is_the_issuers",
        points(x509.DistributionPoint([WEB(CRL[:-1])], None, None, None)),
    ),
    Broken(
        "crl_distribution_point_is_the_issuers",
        points(x509.DistributionPoint([WEB(CRL)], None, frozenset({x509.ReasonFlags.key_compromise}), None)),
    ),
    Broken(
        "freshest_crl_is_the_issuers_delta",
        with_extension(
            "2.5.29.46",
            x509.FreshestCRL(
                [x509.DistributionPoint([x509.UniformResourceIdentifier(CRL)], None, None, None)]
            ).public_bytes(),
        ),
    ),
    Broken(
        "crl_distribution_point_is_the_issuers",  # the whole CRL where there are shards
        issued_by=lambda issuer: replace(issuer, plan=replace(issuer.plan, crl_shards=2)),
    ),
    Broken(
        "authority_information_access_is_the_issuers",
        issued_by=lambda issuer: replace(issuer, ocsp_url="http://else.example/ocsp"),
    ),
    Broken(
        "a_time_stamp_signer_can_do_nothing_else",
        purposes("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.2"),
        profile="time_stamp_signer",
    ),
    Broken(
        "a_time_stamp_signer_can_do_nothing_else", purposes("1.3.6.1.5.5.7.3.8"), profile="time_stamp_signer"
    ),
    Broken("a_time_stamp_signer_can_do_nothing_else", usage("nonRepudiation"), profile="time_stamp_signer"),
    Broken(
        "a_time_stamp_signer_can_do_nothing_else",
        with_extension(BC, b"\x30\x00", critical=True),
        profile="time_stamp_signer",
    ),
    Broken(
        "an_ocsp_signer_can_do_nothing_else",
        with_extension(NO_CHECK, b"\x0c\x00"),
        profile="ocsp_signer",
        unreadable=True,
    ),
    Broken(
        "an_ocsp_signer_can_do_nothing_else",
        purposes("1.3.6.1.5.5.7.3.9", "1.3.6.1.5.5.7.3.2"),
        profile="ocsp_signer",
    ),
    Broken("an_ocsp_signer_can_do_nothing_else", usage("nonRepudiation"), profile="ocsp_signer"),
    Broken("an_ocsp_signer_can_do_nothing_else", without_extension(NO_CHECK), profile="ocsp_signer"),
    Broken("an_ocsp_signer_can_do_nothing_else", names(x509.DNSName("a.example")), profile="ocsp_signer"),
    Broken(
        "an_ocsp_signer_can_do_nothing_else",
        points(x509.DistributionPoint([WEB(CRL)], None, None, None)),
        profile="ocsp_signer",
    ),
    Broken(
        "an_ocsp_signer_can_do_nothing_else",
        with_extension(BC, b"\x30\x00", critical=True),
        profile="ocsp_signer",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.lint}-{BROKEN.index(broken)}")
def test_the_lint_finds_the_certificate_that_breaks_its_rule(broken: Broken) -> None:
    """A18."""
    details = [finding.detail for finding in broken.findings() if finding.lint == broken.lint]
    assert details
    if not broken.unreadable:
        assert not any(detail.startswith("cannot be read") for detail in details), details


def test_every_lint_has_a_certificate_that_breaks_it() -> None:
    assert {lint.name for lint in CERTIFICATE_LINTS} == {broken.lint for broken in BROKEN}


def test_every_lint_cites_its_rule_and_says_what_it_asks_for() -> None:
    for lint in CERTIFICATE_LINTS:
        assert len(lint.citation) > 8, lint.name
        assert lint.check.__doc__, lint.name
        assert lint.check.__module__ in {module.__name__ for module in LINT_MODULES}


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_nothing_is_found_in_a_good_certificate(hierarchy: str, profile: str) -> None:
    world = world_of(hierarchy)
    tbs_der = world.prepare(profile).tbs_der
    found = lint_certificate(
        tbs_der, profile=PROFILES[profile], issuer=world.issuer_for(profile), at=AT + timedelta(days=1)
    )
    assert {finding.lint for finding in found if finding.severity is Severity.ERROR} == set()
    expected = (
        {"rsa_key_has_3072_bits"}
        if world.public_key(profile) == stored_public_key("rsa2048-service")
        else set()
    )
    assert {finding.lint for finding in found} == expected


def test_a_certificate_of_long_ago_is_linted_without_a_moment() -> None:
    tbs_der = WORLD.prepare(HSA).tbs_der
    assert lint_certificate(tbs_der, profile=PROFILES[HSA], issuer=WORLD.issuer_for(HSA)) == ()


def test_an_optional_card_number_may_be_absent_or_there() -> None:
    profile = replace(PROFILES[HSA], card_number=Presence.OPTIONAL)
    for subject in (PERSON, replace(PERSON, card_number="")):
        assert WORLD.prepare(HSA, profile=profile, subject=subject).findings == ()


def test_key_agreement_shows_its_two_companions() -> None:
    value = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=True,
        decipher_only=False,
    )
    broken = Broken("key_usage_is_the_profiles", with_extension(KU, value.public_bytes(), critical=True))
    details = [finding.detail for finding in broken.findings() if finding.lint == broken.lint]
    assert details == ["['encipherOnly', 'keyAgreement'], not ['digitalSignature']"]


def test_a_year_from_2050_is_written_otherwise_and_found_right() -> None:
    """F12."""
    late = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    prepared = WORLD.prepare("root", at=late)
    assert b"\x17\x0d491231235959Z\x18\x0f2074" in prepared.tbs_der


@settings(max_examples=300, deadline=None)
@given(place=st.integers(min_value=0, max_value=2000), octet=st.integers(min_value=0, max_value=255))
def test_no_octet_can_be_changed_outside_what_is_free(place: int, octet: int) -> None:
    """F20: the lints never fall over, and only the serial number, names, dates and the key may vary."""
    good = WORLD.prepare(HSA).tbs_der
    place %= len(good)
    if good[place] == octet:
        return
    changed = good[:place] + bytes((octet,)) + good[place + 1 :]
    found = lint_certificate(changed, profile=PROFILES[HSA], issuer=WORLD.issuer_for(HSA), at=AT)
    if not found:
        parts = children(good)
        starts = [good.index(part) for part in parts]
        free = {SERIAL, VALIDITY, SUBJECT, 7}
        assert next(i for i in reversed(range(8)) if place >= starts[i]) in free
