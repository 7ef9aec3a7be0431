"""Rows of issuing and of fresh answers, both through the signer process and SoftHSM."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.conf import settings

from bench import status_servers
from bench.certificates import PROFILE, a_subject, issue_one, now
from bench.installation import Installation, a_public_key
from bench.load import wrk
from bench.measuring import NotMeasured, Result, Work, cpu_seconds, interleaved, ratio
from bench.place import Place, get
from bench.status_servers import Server
from ca.batch_issuance import BATCH
from ca.hsm.proxy import SocketSigners
from ca.models import Issuer
from ca.pki import dates
from ca.pki.issuance import Prepared, issue_many, prepare
from ca.pki.serial import new_serial
from ca.policy_files import policy_files
from ocsp.publisher import publish
from ocsp.store.lmdb_store import LmdbStore

_MESSAGE = bytes(700)
"""About as long as what is signed of a certificate."""


def through_the_signer(installation: Installation, work: Callable[[], int]) -> Work:
    """Do work here and count this process and the signer."""
    before = cpu_seconds(installation.signer.pid) + time.process_time()
    done = work()
    return Work(done=done, cpu=cpu_seconds(installation.signer.pid) + time.process_time() - before)


def issuing(place: Place, installation: Installation) -> Result:
    """Prepare, lint, sign fifty in an exchange as the worker does, verify; against bare signatures."""
    issuer = Issuer.objects.get(key=_issuer_key())
    files = policy_files()
    facts, profile = files.facts_of(issuer), files.profile(PROFILE)
    signer = SocketSigners(settings.SIGILL_SIGNER_SOCKET).signer_for(issuer.key)
    keys = [a_public_key() for _ in range(100)]
    count = place.size(500, 300)

    def ours() -> int:
        for start in range(0, count, BATCH):
            batch = [prepared(number) for number in range(start, start + BATCH)]
            if not all(isinstance(made, bytes) for made in issue_many(batch, signer)):
                raise NotMeasured("a signature did not verify")
        return count

    def prepared(number: int) -> Prepared:
        at = now()
        not_before, not_after = dates.validity(at=at, lasting=profile.default_validity, until=facts.not_after)
        return prepare(
            profile=profile,
            subject=a_subject(number),
            public_key=keys[number % len(keys)],
            issuer=facts,
            serial_number=new_serial(),
            not_before=not_before,
            not_after=not_after,
            at=at,
        )

    def bare() -> int:
        for _ in range(count):
            signer.sign(_MESSAGE)
        return count

    def bare_batches() -> int:
        for _ in range(0, count, BATCH):
            signer.sign_batch([_MESSAGE] * BATCH)
        return count

    rates = interleaved(
        {
            "issuing": lambda: through_the_signer(installation, ours),
            "bare signing": lambda: through_the_signer(installation, bare),
            "bare batches": lambda: through_the_signer(installation, bare_batches),
        },
        rounds=place.rounds,
        say=place.say,
    )
    value, note = ratio(rates, "issuing", "bare signing")
    among_batches, _ = ratio(rates, "issuing", "bare batches")
    alone = 1e3 * (1 / median(rates["issuing"]) - 1 / median(rates["bare signing"]))
    return Result(
        value=value,
        of=f"bare {signer.algorithm.name} signing, one by one, through the same signer process and SoftHSM",
        note=f"issued {BATCH} in an exchange as the worker does, bare signatures one by one "
        f"({among_batches:.2f} against bare signatures {BATCH} in an exchange); CPU of caller and signer "
        f"together; all but a bare signature costs about {alone:.2f} ms, most of it verifying; {note}",
    )


def _issuer_key() -> str:
    files = policy_files()
    return files.issuer_of(files.profile(PROFILE), "")


def fresh_answers(place: Place, installation: Installation) -> Result:
    """Answers with a nonce, signed on demand; against bare signing by the same key."""
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    certificate = issue_one(1, purpose="nonce", signers=signers)
    store = LmdbStore(settings.SIGILL_OCSP_STORE)
    publish(certificate.pk, store=store, signers=signers, at=now())
    server = status_servers.responder(
        place, Path(settings.SIGILL_HOME), run=Path(settings.SIGILL_RUN), name="nonce-responder"
    )
    issuer = x509.load_der_x509_certificate(bytes(certificate.issuer.certificate_der))
    asked = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    plain = ocsp.OCSPRequestBuilder().add_certificate(asked, issuer, hashes.SHA1())  # noqa: S303 - RFC 5019
    questions = [
        plain.add_extension(x509.OCSPNonce(number.to_bytes(32, "big")), critical=False)
        .build()
        .public_bytes(Encoding.DER)
        for number in range(10_000)
    ]
    label = store.registry.signers[max(store.registry.signers)].label
    signer = signers.signer_for(label)
    load = wrk(place, "nonce", questions, method="POST", connections=8)
    count = place.size(8000, 1500)

    def ours() -> Work:
        before, signed = cpu_seconds(installation.signer.pid), _signed(server)
        work = load.run(server, place.seconds)
        fresh = _signed(server) - signed
        if fresh < work.done:
            raise NotMeasured(f"only {fresh} of {work.done:.0f} answers were freshly signed")
        return Work(done=work.done, cpu=work.cpu + cpu_seconds(installation.signer.pid) - before)

    def bare() -> int:
        for _ in range(count):
            signer.sign(_MESSAGE[:160])
        return count

    rates = interleaved(
        {"fresh answers": ours, "bare signing": lambda: through_the_signer(installation, bare)},
        rounds=place.rounds,
        say=place.say,
    )
    value, note = ratio(rates, "fresh answers", "bare signing")
    return Result(
        value=value,
        of=f"bare {signer.algorithm.name} signing, one by one, through the same signer process and SoftHSM",
        note=f"CPU of responder and signer together; 8 connections, nonces of 32 octets; {note}",
    )


def _signed(server: Server) -> int:
    metrics = (get(f"http://127.0.0.1:{server.metrics_port}/metrics") or b"").decode()
    found = re.search(r"^sigill_ocsp_signed_on_demand_total (\d+)$", metrics, re.MULTILINE)
    if found is None:
        raise NotMeasured("the responder does not tell how many answers it signed on demand")
    return int(found[1])
