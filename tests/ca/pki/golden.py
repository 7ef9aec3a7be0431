"""Writes the golden vectors anew, after a profile has been changed: `python -m tests.ca.pki.golden`."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ca.pki import der
from ca.pki.crl import prepare_crl
from ca.pki.crl_entries import RevokedEntry
from ca.pki.issuance import Prepared
from ca.pki.reasons import RevocationReason
from ca.pki.vocabulary import Presence
from tests.ca.pki.world import AT, HIERARCHIES, ISSUER_OF, PROFILES, serial_for, world_of

VECTORS = Path(__file__).parents[2] / "vectors"


PERSONS = tuple(name for name, profile in PROFILES.items() if profile.card_number is not Presence.FORBIDDEN)
EVERY_VECTOR = [
    *((hierarchy, profile) for hierarchy in HIERARCHIES for profile in PROFILES),
    *((hierarchy, f"{profile}-loa2") for hierarchy in HIERARCHIES for profile in PERSONS),
    *((f"{hierarchy}-prod", profile) for hierarchy in HIERARCHIES for profile in PROFILES),
    *((f"{hierarchy}-prod", f"{profile}-loa2") for hierarchy in HIERARCHIES for profile in PERSONS),
]
"""Each profile in QA's hierarchy and in PROD's, of both kinds; those of persons also by the LoA2 issuers."""


def golden_certificate(folder: str, name: str) -> Prepared:
    """Return what a vector holds: `folder` is a hierarchy, QA's or with `-prod` PROD's."""
    hierarchy, is_qa = folder.removesuffix("-prod"), not folder.endswith("-prod")
    world = world_of(hierarchy) if is_qa else world_of(hierarchy, "")
    profile = name.removesuffix("-loa2")
    if name == profile:
        return world.prepare(profile)
    subject = replace(world.subject(profile), policy="loa2_coordination_number")
    issuer = world.issuer(ISSUER_OF[profile].removesuffix("3") + "2")
    return world.prepare(profile, subject=subject, issuer=issuer)


def vector_path(hierarchy: str, profile: str) -> Path:
    """Return where the to-be-signed bytes lie."""
    return VECTORS / hierarchy / f"{profile}.tbs"


CRL_KINDS = ("crl-full", "crl-delta", "crl-shard")
EVERY_CRL = [(hierarchy, kind) for hierarchy in HIERARCHIES for kind in CRL_KINDS]


def golden_crl(hierarchy: str, kind: str) -> Prepared:
    """Return a list of each kind: full with freshestCRL, a delta on it, and the shard 2 of 4."""
    issuer = world_of(hierarchy).issuer("person_id_3")
    shards = 4 if kind == "crl-shard" else 1
    plan = replace(
        issuer.plan, crl_shards=shards, delta_crl_interval=timedelta(minutes=5), announces_deltas=True
    )
    issuer = replace(issuer, plan=plan)
    this_update = AT + timedelta(days=40)
    reasons = (RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED, RevocationReason.UNSPECIFIED)
    entries = [
        RevokedEntry(
            serial_number=serial_for(reason.rfc_name) // 4 * 4 + 2,
            revoked_at=this_update - timedelta(hours=3),
            reason=reason,
            invalidity_at=None if reason is RevocationReason.SUPERSEDED else this_update - timedelta(days=2),
        ).encode()
        for reason in reasons
    ]
    return prepare_crl(
        issuer=issuer,
        entries=entries[:1] if kind == "crl-delta" else entries,
        crl_number=43 if kind == "crl-delta" else 42,
        this_update=this_update,
        next_update=this_update + (timedelta(hours=1) if kind == "crl-delta" else issuer.plan.crl_validity),
        base_crl_number=42 if kind == "crl-delta" else None,
        shard=2 if kind == "crl-shard" else None,
        freshest_crl=issuer.delta_crl_url if kind == "crl-full" else None,
    )


def describe(tbs_der: bytes, algorithm_der: bytes, *, what: str = "x509") -> str:
    """Return what openssl says is inside a certificate (or CRL), behind a signature of one octet."""
    shell = der.sequence(tbs_der, algorithm_der, der.bit_string(b"\x00"))
    command = [
        "openssl",
        what,
        "-inform",
        "DER",
        "-noout",
        "-text",
        "-nameopt",
        "utf8,sep_comma_plus_space",
    ]
    done = subprocess.run(command, input=shell, capture_output=True, check=True)
    return done.stdout.decode().partition("\n    Signature Algorithm:")[0]


def main() -> None:
    """Write every vector."""
    for folder, name in EVERY_VECTOR:
        _write(vector_path(folder, name), golden_certificate(folder, name), what="x509")
    for hierarchy, kind in EVERY_CRL:
        _write(vector_path(hierarchy, kind), golden_crl(hierarchy, kind), what="crl")


def _write(path: Path, prepared: Prepared, *, what: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(prepared.tbs_der)
    lines = describe(prepared.tbs_der, prepared.algorithm.identifier_der, what=what).splitlines()
    path.with_suffix(".txt").write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
