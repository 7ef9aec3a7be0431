"""A CRL of a million entries: openssl's CPU-seconds divided by ours."""

import resource
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from cryptography import x509
from django.conf import settings

from bench.authority import Authority, openssl_version, serial_numbers
from bench.certificates import now
from bench.installation import Installation
from bench.measuring import NotMeasured, Result
from bench.place import Place
from ca.hsm.proxy import SocketSigners
from ca.models import Issuer
from ca.pki.crl import issue_crl, prepare_crl
from ca.pki.crl_entries import Entries, RevokedEntry
from ca.pki.reasons import RevocationReason
from ca.policy_files import files_of

_CONFIGURATION = """
[ca]
default_ca = bench
[bench]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sha384
default_crl_days = 1
"""


def crl(place: Place, _: Installation) -> Result:
    """Join, lint, sign, verify and write what was encoded at revocation; against ``openssl ca -gencrl``."""
    count = place.size(1_000_000, 50_000)
    folder = place.folder / "crl"
    authority = Authority.make(at=datetime.now(tz=UTC))
    authority.write_pem(folder)
    serials = serial_numbers(count)
    seconds = Random(3)  # noqa: S311 - moments of a load
    moments = [now() - timedelta(seconds=seconds.randrange(86400 * 300)) for _ in range(1000)]
    encoded = [
        RevokedEntry(
            serial_number=serial,
            revoked_at=moments[at % 1000].replace(microsecond=0),
            reason=RevocationReason.SUPERSEDED,
        ).encode()
        for at, serial in enumerate(serials)
    ]
    with (folder / "index.txt").open("w") as index:
        for at, serial in enumerate(serials):
            index.write(
                f"R\t351231235959Z\t{moments[at % 1000]:%y%m%d%H%M%SZ},superseded"
                f"\t{serial:032X}\tunknown\t/CN={at}\n"
            )
    (folder / "crlnumber").write_text("01\n")
    (folder / "openssl.cnf").write_text(_CONFIGURATION.format(folder=folder))
    started = time.process_time()
    entries = Entries.gather(encoded)
    gathering = time.process_time() - started
    place.say(f"{count:,} revoked serial numbers are ready")
    issuer = Issuer.objects.get(key="person_id_3")
    facts = files_of(issuer).facts_of(issuer)
    signer = SocketSigners(settings.SIGILL_SIGNER_SOCKET).signer_for(issuer.key)
    written = folder / "ours.crl"
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(place.size(3, 2)):
        this_update = now().replace(microsecond=0)
        started = time.process_time()
        prepared = prepare_crl(
            issuer=facts,
            entries=entries,
            crl_number=number + 1,
            this_update=this_update,
            next_update=this_update + facts.plan.crl_validity,
        )
        written.write_bytes(issue_crl(prepared, signer))
        ours.append(time.process_time() - started)
        theirs.append(_openssl(folder))
        place.say(f"round {number + 1}: ours {ours[-1]:.2f}, openssl {theirs[-1]:.2f} CPU-seconds")
    for file, read in ((written, x509.load_der_x509_crl), (folder / "theirs.crl", x509.load_pem_x509_crl)):
        if len(read(file.read_bytes())) != count:
            raise NotMeasured(f"{file.name} does not list {count:,} entries")
    return Result(
        value=median(theirs) / median(ours),
        of=f"CPU of openssl ca -gencrl over an index of as many revoked, {openssl_version()}",
        note=f"{count:,} entries stored encoded, {written.stat().st_size / 1e6:.1f} MB; joined, linted, "
        f"signed in SoftHSM, verified, written: {median(ours):.2f} against {median(theirs):.2f} CPU-seconds; "
        f"not in it: reading them from the database, which gathers them by serial number ({gathering:.2f})",
    )


def _openssl(folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = subprocess.run(
        [
            "openssl", "ca", "-gencrl", "-config", str(folder / "openssl.cnf"),
            "-cert", str(folder / "ca.pem"), "-keyfile", str(folder / "ca.key"),
            "-out", str(folder / "theirs.crl"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise NotMeasured(f"openssl ca -gencrl failed: {made.stderr.strip()[-300:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
