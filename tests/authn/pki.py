"""A small PKI of cryptography's own making, independent of ca.pki: root, issuers, holders, OCSP signer."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

ARC = "2.25.1234567"
CARD = "9752278900000000016"
NUMBER = "198001019999"
ANY_POLICY = "2.5.29.32.0"
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2056, 1, 1, tzinfo=UTC)


def name(common_name: str, **more: str) -> x509.Name:
    oids = {
        "given_name": NameOID.GIVEN_NAME,
        "surname": NameOID.SURNAME,
        "serial_number": NameOID.SERIAL_NUMBER,
    }
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "SE")]
    attributes += [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    attributes += [x509.NameAttribute(oids[key], value) for key, value in more.items() if value]
    return x509.Name(attributes)


@cache
def key(label: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1() if label.endswith("384") else ec.SECP256R1())


def usage(*names: str) -> x509.KeyUsage:
    known = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{known_name: known_name in names for known_name in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a test wants in a holder's certificate; the default is a right one for login."""

    label: str = "holder"
    serial_number: str = NUMBER
    policies: tuple[str, ...] = (f"{ARC}.1",)
    usages: tuple[str, ...] = ("digital_signature", "key_encipherment")
    extended: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    card_number: str = CARD
    not_before: datetime = START
    not_after: datetime = END
    is_ca: bool = False
    with_aia: bool = True
    with_crl: bool = True
    aia: str = ""


@dataclass
class Pki:
    """The authorities, and the addresses of their status service."""

    base: str
    serial: int = 1000
    made: dict[str, x509.Certificate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self._authority("Test Root CA", "root", None)
        self.issuer = self._authority("Test Person ID 3 CA", "issuer384", self.root)
        self.other_issuer = self._authority("Test Person ID 2 CA", "other", self.root)
        self.function_issuer = self._authority("Test Function CA", "function", self.root)
        self.stranger_root = self._authority("Test Root CA", "stranger-root", None)
        self.stranger = self._authority("Test Person ID 3 CA", "stranger", self.stranger_root)
        self.responder = self.ocsp_signer("responder")

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def _authority(self, common_name: str, label: str, parent: x509.Certificate | None) -> x509.Certificate:
        subject = name(common_name)
        builder = self._builder(subject, label, subject if parent is None else parent.subject, START, END)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
        signer = label
        if parent is not None:
            policy = x509.PolicyInformation(x509.ObjectIdentifier(ANY_POLICY), None)
            builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
            builder = builder.add_extension(self._crl_point("root"), critical=False)
            signer = "stranger-root" if label == "stranger" else "root"
        builder = builder.add_extension(self._authority_key(signer), critical=False)
        return builder.sign(key(signer), hashes.SHA384())

    def holder(
        self, wanted: Holder, *, issuer: x509.Certificate | None = None, signer: str = "issuer384"
    ) -> bytes:
        issuer = issuer or self.issuer
        subject = name("Åsa Test", given_name="Åsa", surname="Test", serial_number=wanted.serial_number)
        builder = self._builder(subject, wanted.label, issuer.subject, wanted.not_before, wanted.not_after)
        builder = builder.add_extension(self._authority_key(signer), critical=False)
        if wanted.usages:
            builder = builder.add_extension(usage(*wanted.usages), critical=True)
        if wanted.extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(wanted.extended), critical=False)
        if wanted.is_ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        if wanted.policies:
            policies = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in wanted.policies]
            builder = builder.add_extension(x509.CertificatePolicies(policies), critical=False)
        if wanted.with_aia:
            location = x509.UniformResourceIdentifier(wanted.aia or f"{self.base}/ocsp")
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        if wanted.with_crl:
            builder = builder.add_extension(self._crl_point("issuer"), critical=False)
        if wanted.card_number:
            number = wanted.card_number.encode()
            value = x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.2.752.34.2.1"), bytes([0x13, len(number)]) + number
            )
            builder = builder.add_extension(value, critical=False)
        return builder.sign(key(signer), hashes.SHA384()).public_bytes(Encoding.DER)

    def ocsp_signer(
        self,
        label: str,
        *,
        extended: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.OCSP_SIGNING,),
        signer: str = "issuer384",
        not_after: datetime = END,
    ) -> x509.Certificate:
        builder = self._builder(name(f"OCSP {label}"), label, self.issuer.subject, START, not_after)
        builder = builder.add_extension(usage("digital_signature"), critical=True)
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=True)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return builder.sign(key(signer), hashes.SHA384())

    def crl(
        self,
        which: str,
        *,
        revoked: Sequence[int] = (),
        this_update: datetime | None = None,
        next_update: datetime | None = None,
    ) -> bytes:
        issuer, signer = (self.root, "root") if which == "root" else (self.issuer, "issuer384")
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        builder = builder.last_update(this_update or now - timedelta(hours=1))
        builder = builder.next_update(next_update or now + timedelta(days=2))
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        builder = builder.add_extension(self._authority_key(signer), critical=False)
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(START).build())
        return builder.sign(key(signer), hashes.SHA384()).public_bytes(Encoding.DER)

    def _builder(
        self, subject: x509.Name, label: str, issuer: x509.Name, start: datetime, end: dt.datetime
    ) -> x509.CertificateBuilder:
        public = key(label).public_key()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(self.next_serial()).not_valid_before(start).not_valid_after(end)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    def _authority_key(self, signer: str) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key(signer).public_key())

    def _crl_point(self, which: str) -> x509.CRLDistributionPoints:
        location = x509.UniformResourceIdentifier(f"{self.base}/crl/{which}.crl")
        return x509.CRLDistributionPoints(
            [x509.DistributionPoint(full_name=[location], relative_name=None, reasons=None, crl_issuer=None)]
        )
