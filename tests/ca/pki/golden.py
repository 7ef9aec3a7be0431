"""Writes the golden vectors anew, after a profile has been changed: `python -m tests.ca.pki.golden`."""

import subprocess
from pathlib import Path

from ca.pki import der
from tests.ca.pki.world import EVERY_PROFILE, world_of

VECTORS = Path(__file__).parents[2] / "vectors"


def vector_path(hierarchy: str, profile: str) -> Path:
    """Return where the to-be-signed bytes lie."""
    return VECTORS / hierarchy / f"{profile}.tbs"


def describe(tbs_der: bytes, algorithm_der: bytes) -> str:
    """Return what openssl says is inside, behind a signature of one octet."""
    shell = der.sequence(tbs_der, algorithm_der, der.bit_string(b"\x00"))
    command = [
        "openssl",
        "x509",
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
    for hierarchy, profile in EVERY_PROFILE:
        prepared = world_of(hierarchy).prepare(profile)
        path = vector_path(hierarchy, profile)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(prepared.tbs_der)
        lines = describe(prepared.tbs_der, prepared.algorithm.identifier_der).splitlines()
        path.with_suffix(".txt").write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
