"""The words of the receipt that tells where a block was seen, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ca.pki.reasons import RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingWords:
    """One language: what stands on the receipt, and how codes, days and spans are told."""

    title: str
    purpose: str
    card: str
    environment: str
    made: str
    certificate: str
    serial: str
    issuer: str
    reason: str
    requested: str
    revoked: str
    source: str
    node: str
    seen: str
    after: str
    list: str
    times: str
    journal: str
    proof: str
    rows: str
    page: str
    sources: Mapping[str, str]
    keys: Mapping[str, str]
    reasons: Mapping[RevocationReason, str]
    months: tuple[str, ...]
    at: str
    decimal: str


_SWEDISH: Final = LandingWords(
    title="Intyg om när spärren syntes",
    purpose="För den som behöver visa hur snabbt spärren fick verkan: när varje tjänst som andra frågar om "
    "kortets certifikat, tillfrågad utifrån, först svarade att de är spärrade. Varför kortet spärrades, och "
    "av vem, står i kvittensen på spärren.",
    card="Kortnummer",
    environment="Miljö",
    made="Intyget gjort",
    certificate="Certifikat",
    serial="Serienummer",
    issuer="Utfärdare",
    reason="Orsak",
    requested="Begärd",
    revoked="Spärrad i liggaren",
    source="Tjänst",
    node="Adress",
    seen="Först sedd som spärrad",
    after="Efter",
    list="Listnummer",
    times="Tiderna är svensk tid.",
    journal="Plats i loggen",
    proof="Loggens rader om detta, med bevis att de hör till trädet vars huvud är signerat, ligger i filen "
    "journal-proof.jsonl i den här PDF:en. Den prövas med journal/verify.py, utan någon server.",
    rows="rader, huvud",
    page="Sida",
    sources={"ocsp": "OCSP", "delta_crl": "Deltalistan", "full_crl": "Spärrlistan"},
    keys={
        "hsa_authentication": "Legitimering, HSA-id",
        "id_authentication": "Legitimering, personnummer",
        "hsa_signature": "Underskrift, HSA-id",
        "id_signature": "Underskrift, personnummer",
    },
    reasons={
        RevocationReason.UNSPECIFIED: "ej angiven",
        RevocationReason.KEY_COMPROMISE: "nyckeln kan vara känd av andra",
        RevocationReason.CA_COMPROMISE: "utfärdarens nyckel kan vara känd av andra",
        RevocationReason.AFFILIATION_CHANGED: "innehavarens uppgifter har ändrats",
        RevocationReason.SUPERSEDED: "ersatt av ett annat",
        RevocationReason.CESSATION_OF_OPERATION: "används inte längre",
        RevocationReason.CERTIFICATE_HOLD: "tills vidare",
        RevocationReason.REMOVE_FROM_CRL: "åter giltigt",
        RevocationReason.PRIVILEGE_WITHDRAWN: "rätten till det har dragits in",
        RevocationReason.AA_COMPROMISE: "attribututfärdarens nyckel kan vara känd av andra",
    },
    months=(
        "januari", "februari", "mars", "april", "maj", "juni",
        "juli", "augusti", "september", "oktober", "november", "december",
    ),
    at="kl.",
    decimal=",",
)  # fmt: skip
_ENGLISH: Final = LandingWords(
    title="Statement of when the block was seen",
    purpose="For whoever must show how soon the block took effect: when each service that others ask about "
    "the card's certificates, asked from outside, first answered that they are revoked. Why the card was "
    "blocked, and by whom, is told by the receipt of the block.",
    card="Card number",
    environment="Environment",
    made="Statement made",
    certificate="Certificate",
    serial="Serial number",
    issuer="Issuer",
    reason="Reason",
    requested="Asked for",
    revoked="Revoked in the ledger",
    source="Service",
    node="Address",
    seen="First seen as revoked",
    after="After",
    list="List number",
    times="Times are Swedish time.",
    journal="Place in the journal",
    proof="The journal's rows about this, with proofs that they belong to the tree whose head is signed, lie "
    "in the file journal-proof.jsonl inside this PDF. journal/verify.py checks it alone.",
    rows="rows, head",
    page="Page",
    sources={"ocsp": "OCSP", "delta_crl": "The delta list", "full_crl": "The revocation list"},
    keys={
        "hsa_authentication": "Authentication, HSA-id",
        "id_authentication": "Authentication, personal number",
        "hsa_signature": "Signature, HSA-id",
        "id_signature": "Signature, personal number",
    },
    reasons={
        RevocationReason.UNSPECIFIED: "not given",
        RevocationReason.KEY_COMPROMISE: "the key may be known to others",
        RevocationReason.CA_COMPROMISE: "the issuer's key may be known to others",
        RevocationReason.AFFILIATION_CHANGED: "the holder's details have changed",
        RevocationReason.SUPERSEDED: "replaced by another",
        RevocationReason.CESSATION_OF_OPERATION: "no longer in use",
        RevocationReason.CERTIFICATE_HOLD: "for the time being",
        RevocationReason.REMOVE_FROM_CRL: "valid again",
        RevocationReason.PRIVILEGE_WITHDRAWN: "the right to it was withdrawn",
        RevocationReason.AA_COMPROMISE: "the attribute authority's key may be known to others",
    },
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    at="at",
    decimal=".",
)  # fmt: skip

LANDING_WORDS: Final[Mapping[str, LandingWords]] = {"sv": _SWEDISH, "en": _ENGLISH}
