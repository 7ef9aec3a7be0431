"""A whole hierarchy made with keys in memory: root, issuers, and one subject for each profile."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

from ca.pki import dates
from ca.pki.hierarchy import Hierarchy, load_hierarchy
from ca.pki.issuance import Prepared, issue, prepare
from ca.pki.issuer import IssuerFacts, StatusAddresses, issuer_facts, root_facts
from ca.pki.profile import Profile, load_profiles
from ca.pki.signer import SignatureAlgorithm
from ca.pki.subject import SubjectFacts
from tests.ca.pki.software_signer import SoftwareSigner, stored_public_key, stored_signer

CA = Path(__file__).parents[3] / "ca"
AT = datetime(2026, 11, 21, 19, 5, tzinfo=UTC)
PREFIX = "TEST "
ADDRESSES = StatusAddresses(
    ocsp="http://status.example.se/ocsp",
    crl_folder="http://status.example.se/crl/",
    aia_folder="http://status.example.se/aia/",
    cps="https://pki.example.se/cps",
)
HIERARCHIES = ("p384", "rsa")
PROFILES = load_profiles(CA / "profiles")

CARD_NUMBER = "9752278900000000003"
PERSON = SubjectFacts(
    common_name="Åsa Lindqvist",
    given_name="Åsa",
    surname="Lindqvist",
    serial_number="SE2321000016-A1B2",
    organization="Region Norr",
    locality="Norrbottens län",
    title="Sjuksköterska",
    email="asa.lindqvist@norr.example",
    user_principal_name="asali@ad.norr.example",
    card_number=CARD_NUMBER,
)
PERSON_BY_NUMBER = replace(PERSON, serial_number="199001019802")
FUNCTION = SubjectFacts(
    common_name="journal.norr.example",
    serial_number="SE2321000016-F00D",
    organization="Region Norr",
    locality="Norrbottens län",
    dns_names=("journal.norr.example", "api.journal.norr.example"),
)
OPERATOR = SubjectFacts(common_name="", organization="Sigill")
SUBJECTS = {
    "ocsp_signer": replace(OPERATOR, common_name="TEST Sigill e-id Person HSA-id 3 CA v1 OCSP 1"),
    "audit_signer": replace(OPERATOR, common_name="TEST Sigill journal"),
    "report_seal": replace(OPERATOR, common_name="TEST Sigill rapporter"),
    "order_file_signer": replace(OPERATOR, common_name="TEST Sigill order files"),
    "time_stamp_signer": replace(OPERATOR, common_name="TEST Sigill time-stamp"),
    "person_hsa_authentication": PERSON,
    "person_hsa_signature": PERSON,
    "person_id_authentication": PERSON_BY_NUMBER,
    "person_id_signature": PERSON_BY_NUMBER,
    "mobile": PERSON_BY_NUMBER,
    "mobile_signature": PERSON_BY_NUMBER,
    "function_server": FUNCTION,
    "function_client": replace(FUNCTION, common_name="Journalsystem", dns_names=()),
    "function_email": replace(FUNCTION, common_name="Akuten", dns_names=(), email="akuten@norr.example"),
}
ISSUER_OF = {
    "root": "root",
    "issuer": "root",
    "ocsp_signer": "person_hsa_id_3",
    "audit_signer": "function",
    "report_seal": "function",
    "order_file_signer": "function",
    "time_stamp_signer": "function",
    "person_hsa_authentication": "person_hsa_id_3",
    "person_hsa_signature": "person_hsa_id_3",
    "person_id_authentication": "person_id_3",
    "person_id_signature": "person_id_3",
    "mobile": "person_id_mobile",
    "mobile_signature": "person_id_mobile",
    "function_server": "function",
    "function_client": "function",
    "function_email": "function",
}


def serial_for(name: str) -> int:
    """Return a serial number that is always the same for a name."""
    return (1 << 126) | int.from_bytes(sha256(name.encode()).digest()[:15])


@dataclass(frozen=True)
class World:
    """One hierarchy; issuers' certificates are made when they are asked for, and kept."""

    name: str
    prefix: str = PREFIX
    """QA's names unless said otherwise; PROD's have none."""

    @cached_property
    def hierarchy(self) -> Hierarchy:
        return load_hierarchy(CA / "hierarchies" / f"{self.name}.toml")

    @cached_property
    def root_signer(self) -> SoftwareSigner:
        if self.name == "rsa":
            return stored_signer("rsa4096-root", SignatureAlgorithm.RSA_SHA512)
        return stored_signer("p384-root", SignatureAlgorithm.ECDSA_SHA384)

    @cached_property
    def issuer_signer(self) -> SoftwareSigner:
        if self.name == "rsa":
            return stored_signer("rsa4096-issuer", SignatureAlgorithm.RSA_SHA512)
        return stored_signer("p384-issuer", SignatureAlgorithm.ECDSA_SHA384)

    def signer(self, key: str) -> SoftwareSigner:
        return self.root_signer if key == "root" else self.issuer_signer

    @cached_property
    def new_root(self) -> IssuerFacts:
        return root_facts(
            hierarchy=self.hierarchy,
            public_key=self.root_signer.public_key,
            name_prefix=self.prefix,
            addresses=ADDRESSES,
        )

    @cache  # noqa: B019 - two worlds, kept for the whole run
    def issuer(self, key: str) -> IssuerFacts:
        """Return the facts of an issuer whose certificate has been made."""
        if key == "root":
            prepared = self.prepare("root")
        else:
            prepared = self.prepare("issuer", subject=self.hierarchy.subject_of(key, name_prefix=self.prefix))
        return issuer_facts(
            hierarchy=self.hierarchy,
            key=key,
            certificate_der=issue(prepared, self.root_signer),
            addresses=ADDRESSES,
        )

    def issuer_for(self, profile_name: str) -> IssuerFacts:
        """Return who issues a profile: the one that ISSUER_OF names."""
        return self.new_root if profile_name == "root" else self.issuer(ISSUER_OF[profile_name])

    def subject(self, profile_name: str) -> SubjectFacts:
        """Return facts that fit the profile."""
        if profile_name in SUBJECTS:
            facts = SUBJECTS[profile_name]
            if facts.common_name.startswith(PREFIX):
                facts = replace(facts, common_name=self.prefix + facts.common_name.removeprefix(PREFIX))
            return PROFILES[profile_name].subject_from(facts)
        return self.hierarchy.subject_of(
            {"root": "root", "issuer": "person_hsa_id_3"}[profile_name], name_prefix=self.prefix
        )

    def public_key(self, profile_name: str) -> bytes:
        """Return a key of the kind that is generated for the profile."""
        match self.hierarchy.key_class(PROFILES[profile_name].key_class).generates:
            case "ec-p256":
                return stored_public_key("p256-holder")
            case "rsa-3072":
                return stored_public_key("rsa3072-holder")
            case "rsa-2048":
                return stored_public_key("rsa2048-service")
            case _:
                return self.signer(profile_name).public_key

    def prepare(
        self,
        profile_name: str,
        *,
        profile: Profile | None = None,
        subject: SubjectFacts | None = None,
        public_key: bytes | None = None,
        issuer: IssuerFacts | None = None,
        serial_number: int | None = None,
        at: datetime = AT,
        lasting: timedelta | None = None,
    ) -> Prepared:
        """Prepare a certificate of the profile; what is not said is right."""
        chosen = profile or PROFILES[profile_name]
        not_before, not_after = dates.validity(at=at, lasting=lasting or chosen.default_validity)
        return prepare(
            profile=chosen,
            subject=subject or self.subject(profile_name),
            public_key=public_key or self.public_key(profile_name),
            issuer=issuer or self.issuer_for(profile_name),
            serial_number=serial_for(profile_name) if serial_number is None else serial_number,
            not_before=not_before,
            not_after=not_after,
            at=at,
        )

    @cache  # noqa: B019 - two worlds, kept for the whole run
    def certificate_der(self, profile_name: str) -> bytes:
        """Return a signed certificate of the profile."""
        signer = self.signer("root" if profile_name == "issuer" else ISSUER_OF[profile_name])
        return issue(self.prepare(profile_name), signer)


@cache
def world_of(name: str, prefix: str = PREFIX) -> World:
    """Return the world of a hierarchy, the same one each time."""
    return World(name, prefix)


EVERY_PROFILE = [(hierarchy, profile) for hierarchy in HIERARCHIES for profile in PROFILES]
