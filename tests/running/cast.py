"""Who plays in the tests of a running installation, beside the demo's cast."""

from deploy.demo.cast import Member


def _holder(name: str, number: str, suffix: str) -> Member:
    return Member(
        name=name,
        number=number,
        hsa_id=f"SE2321009801-P{suffix}",
        organization="Region Norr",
        roles=(),
        pin="750284",
    )


HOLDERS = (
    _holder("Zoë Élise D'Angelo-Müller", "199212249842", "016"),
    _holder("Gerd Hanna Andersson", "199512029928", "017"),
    _holder("Anders Gustav Björk", "197105139955", "018"),
    _holder("Hanna Klara Dahlström", "199203019964", "019"),
    _holder("Håkan Ivar Engström", "198201069997", "020"),
    _holder("Hillevi Klara Forsberg", "199710259806", "021"),
    _holder("Emil Anders Grönlund", "198805109835", "022"),
    _holder("Håkan Kjell Sjöström", "199702139990", "023"),
    _holder("Märta Gerd Törnqvist", "198602139803", "024"),
    _holder("Ove Håkan Vallgren", "198208169832", "025"),
    _holder("Gerd Hillevi Wikström", "197701059847", "026"),
    _holder("Sören Emil Zetterlund", "198308249872", "027"),
    _holder("Ulla Johanna Ålund", "196606189881", "028"),
    _holder("Gerd Agnes Grönlund", "196611129849", "029"),
    _holder("Sören Gustav Hägglund", "196701229871", "030"),
)
"""People of Region Norr who hold no role in the card world and can have a card; a test takes the next."""
