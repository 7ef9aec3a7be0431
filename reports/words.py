"""What the codes in reports are called, in Swedish and English: files are in Swedish, pages in either."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ca.models import Issuer
from cards.products import catalogue
from reports.cells import inert

Words = tuple[str, str]

_STATES: Final[Mapping[str, Words]] = {
    "BESTÄLLT": ("Tillverkas", "Being made"),
    "SKICKAT": ("Skickat, ej aktiverat", "Sent, not activated"),
    "AKTIVT": ("Aktivt", "Active"),
    "SPÄRRAT": ("Spärrat", "Blocked"),
    "MAKULERAT": ("Makulerat", "Discarded"),
    "UTGÅNGET": ("Utgånget", "Expired"),
    "BESTÄLLD": ("Beställd", "Ordered"),
    "SKICKAD_TILL_PRODUKTION": ("Hos producenten", "With the producer"),
    "I_PRODUKTION": ("I produktion", "In production"),
    "SKICKAD": ("Skickad", "Sent"),
    "AKTIVERAD": ("Aktiverad", "Activated"),
    "AVBRUTEN": ("Avbruten", "Cancelled"),
    "AVVISAD_AV_PRODUCENT": ("Avvisad av producenten", "Refused by the producer"),
    "FÖRFALLEN": ("Förfallen", "Lapsed"),
    "IN_STOCK": ("I lager", "In stock"),
    "IN_TRANSIT": ("På väg till en annan plats", "On its way to another place"),
    "MISSING": ("Saknas", "Missing"),
    "RETURNED": ("Tillbaka, ska förstöras", "Came back, to be destroyed"),
}
_PROFILES: Final[Mapping[str, Words]] = {
    "person_hsa_authentication": ("Legitimering, HSA-id", "Authentication, HSA-id"),
    "person_hsa_signature": ("Underskrift, HSA-id", "Signature, HSA-id"),
    "person_id_authentication": ("Legitimering, personnummer", "Authentication, personal number"),
    "person_id_signature": ("Underskrift, personnummer", "Signature, personal number"),
    "mobile": ("Mobilt SITHS, legitimering", "Mobile, authentication"),
    "mobile_signature": ("Mobilt SITHS, underskrift", "Mobile, signature"),
    "function_server": ("Server", "Server"),
    "function_client": ("Klient", "Client"),
    "function_email": ("E-post", "E-mail"),
}
_CARRIERS: Final[Mapping[str, Words]] = {
    "card": ("Kort", "Card"),
    "mobile": ("Mobil", "Phone"),
    "function": ("Funktion", "Function"),
}
_ROLES: Final[Mapping[str, Words]] = {
    "central_administrator": ("Central förvaltning", "Central administrator"),
    "validation_specialist": ("Valideringsspecialist", "Validation specialist"),
    "issuance_manager": ("Ansvarig utgivare", "Issuance manager"),
    "deputy_issuance_manager": ("Biträdande utgivare", "Deputy issuance manager"),
    "id_administrator": ("ID-administratör", "ID administrator"),
    "function_cert_orderer": ("Funktionscertifikatsbeställare", "Function certificate orderer"),
    "revocation_officer": ("Spärradministratör", "Revocation officer"),
    "auditor": ("Revisor", "Auditor"),
}
_SOURCES: Final[Mapping[str, Words]] = {"portal": ("Portalen", "The portal"), "hsa": ("HSA", "HSA")}
_REASONS: Final[Mapping[str, Words]] = {
    "lost_or_stolen": ("Förlorat eller stulet kort", "Lost or stolen card"),
    "codes_known_to_others": ("Någon annan kan känna till koderna", "Somebody else may know the codes"),
    "defective": ("Defekt kort", "Defective card"),
    "replaced": ("Ersatt av nytt kort", "Replaced by a new card"),
    "employment_ended": ("Anställning eller uppdrag har upphört", "Employment or assignment has ended"),
    "name_or_details_changed": (
        "Namn eller andra uppgifter har ändrats",
        "Name or other details have changed",
    ),
    "holder_deceased_or_gone": (
        "Avliden, utvandrad eller saknas i HSA eller PU",
        "Deceased, emigrated or missing in HSA or PU",
    ),
    "not_activated_in_time": ("Ej aktiverat i tid", "Not activated in time"),
    "wrongly_issued": ("Felaktigt utfärdat", "Wrongly issued"),
    "issuer_compromised": ("Utfärdarens nyckel är röjd", "The issuer's key is compromised"),
}
_EVENTS: Final[Mapping[str, Words]] = {
    "UPPLÅST": ("Upplåst", "Unlocked"),
    "UPPLÅSNING_AVVISAD": ("Upplåsning avvisad", "Unlocking refused"),
    "PUK_BREV": ("PUK-brev beställt", "PUK letter ordered"),
    "PUK_BREV_SKICKAT": ("PUK-brev skickat", "PUK letter sent"),
    "UTFÄRDAT": ("Utfärdat", "Issued"),
    "SPÄRRAT": ("Spärrat", "Revoked"),
    "TILLDELAD": ("Tilldelad", "Granted"),
    "ÅTERKALLAD": ("Återkallad", "Taken back"),
}
_DOCUMENTS: Final[Mapping[str, Words]] = {
    "driving_licence": ("Svenskt körkort", "Swedish driving licence"),
    "passport": ("Svenskt pass", "Swedish passport"),
    "sis_id_card": ("SIS-märkt id-kort", "SIS-marked identity card"),
    "national_id_card": ("Nationellt id-kort", "National identity card"),
    "tax_agency_id_card": ("Skatteverkets id-kort", "The Tax Agency's identity card"),
    "foreign_passport": ("Utländskt pass", "Foreign passport"),
}
_METHODS: Final[Mapping[str, Words]] = {
    "visit": ("Personligt besök", "Personal visit"),
    "attestor": ("Intygsgivare närvarande", "Attestor present"),
    "foreign_document": ("Utländsk handling", "Foreign document"),
}
_OUTCOMES: Final[Mapping[str, Words]] = {
    "passed": ("Godkänd", "Passed"),
    "suspected": ("Misstanke", "Suspected"),
}
_GROUNDS: Final[Mapping[str, Words]] = {
    "holder_gone": (
        "Avliden, utvandrad, avregistrerad eller saknas i PU",
        "Deceased, emigrated, deregistered or missing in PU",
    ),
    "holder_left": ("Har slutat eller saknas i HSA", "Has left or is missing in HSA"),
    "unused": ("Länge inte använd", "Long not used"),
}
_GRANTERS: Final[Mapping[str, Words]] = {
    "directory.bootstrap_roles": ("Den första uppsättningen", "The first set-up"),
    "directory.sync_roles": ("HSA, genom läsningen av roller", "HSA, by the reading of roles"),
}
"""Our own jobs; people are told by their HSA-id."""
_REGISTERS: Final[Mapping[str, Words]] = {"HSA": ("HSA", "HSA"), "PU": ("PU", "PU")}
VOCABULARIES: Final[Mapping[str, Mapping[str, Words]]] = {
    "State": _STATES,
    "Profile": _PROFILES,
    "Carrier": _CARRIERS,
    "Role": _ROLES,
    "Source": _SOURCES,
    "Reason": _REASONS,
    "Event": _EVENTS,
    "Document": _DOCUMENTS,
    "Method": _METHODS,
    "Outcome": _OUTCOMES,
    "Register": _REGISTERS,
    "Kind": {"card": ("Kort", "Card"), **_PROFILES},
    "Outdated": _GROUNDS,
    "Granted by": _GRANTERS,
}
"""By the English name of the column; what is not here is told as it is."""


def vocabulary(column: str, language: int) -> Mapping[str, str]:
    """Return the word of each code of a column, 0 for Swedish, 1 for English.

    What administrators name (products, issuers) is made inert, as every cell of a table is.
    """
    if column == "Product":
        return _products(language)
    if column == "Issuer":
        return {key: inert(name) for key, name in Issuer.objects.values_list("key", "common_name")}
    return {code: words[language] for code, words in VOCABULARIES.get(column, {}).items()}


@lru_cache(maxsize=2)
def _products(language: int) -> Mapping[str, str]:
    found = catalogue().products.values()
    return {item.code: inert(f"{item.code} {(item.name_sv, item.name_en)[language]}") for item in found}
