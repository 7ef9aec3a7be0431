"""The people of the demo: who they are, what they may do, and the PIN they choose for their card."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person; the numbers are official test numbers, the PIN is the one they choose at activation."""

    name: str
    number: str
    hsa_id: str
    organization: str
    roles: tuple[str, ...]
    pin: str


ALVA = Member(
    name="Alva Berg",
    number="198504129803",
    hsa_id="SE2321009801-P001",
    organization="Region Norr",
    roles=("id_administrator",),
    pin="294718",
)
BO = Member(
    name="Bo Ek",
    number="197909039831",
    hsa_id="SE2321009801-P002",
    organization="Region Norr",
    roles=("function_cert_orderer",),
    pin="583902",
)
CIA = Member(
    name="Cia Lund",
    number="197201259848",
    hsa_id="SE2321009801-P003",
    organization="Region Norr",
    roles=("auditor",),
    pin="716034",
)
DORIS = Member(
    name="Doris Strand",
    number="198806179860",
    hsa_id="SE2321009900-P001",
    organization="Region Syd",
    roles=("id_administrator",),
    pin="940275",
)
ASA = Member(
    name="Åsa Lindqvist",
    number="198308309908",
    hsa_id="SE2321009801-P005",
    organization="Region Norr",
    roles=(),
    pin="381640",
)
FRIDA = Member(
    name="Frida Holm",
    number="197611089926",
    hsa_id="SE2321009801-P006",
    organization="Region Norr",
    roles=("id_administrator",),
    pin="604918",
)
GUN = Member(
    name="Gun Britt Sjödin",
    number="196803199949",
    hsa_id="SE2321009801-P007",
    organization="Region Norr",
    roles=("issuance_manager",),
    pin="158362",
)
INES = Member(
    name="Ines Wallin",
    number="197405059986",
    hsa_id="SE2021009804-P001",
    organization="Central förvaltning",
    roles=("central_administrator",),
    pin="427190",
)

FIRST_CARDS = (ALVA, BO, CIA, DORIS, FRIDA, GUN, INES)
"""Those who need a card before anybody can log in to order one."""

HOLDER = ASA
"""The person whose card the main job follows."""

ENDS_SOON = CIA
"""Whose first card is for a month only, so that a card that ends soon is there to be seen."""

DAMAGED = BO
"""Whose card gets a replacement."""
