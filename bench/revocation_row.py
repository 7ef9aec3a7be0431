"""How soon an outside client is told of a revocation, with the worker and the responder running."""

import http.client
import subprocess
import time
from pathlib import Path
from statistics import median

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.conf import settings

from bench.certificates import ACTOR, now, register
from bench.installation import Installation, a_public_key
from bench.load import wrk
from bench.measuring import NotMeasured, Result, percentile
from bench.place import Place, end
from bench.status_servers import Server
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import Revoked, revoke
from deploy.processes import Installation as Processes
from deploy.processes import processes

_PATIENCE = 30.0


def visible(place: Place, installation: Installation) -> Result:
    """Revoke certificates one after the other, each at once asked about until the answer is revoked."""
    running = status_processes(place)
    count = place.size(500, 40)
    certificates = _issued(place, count)
    server = Server(port=installation.status_port, process=running[0])
    questions = [question(one) for one in certificates]
    load = wrk(place, "visible", questions, method="GET", connections=8)
    taken: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    wrk_process = load.start(server, 3600)
    try:
        for certificate, asked in zip(certificates, questions, strict=True):
            if says(connection, asked) is not ocsp.OCSPCertStatus.GOOD:
                raise NotMeasured("a certificate was not good before it was revoked")
            at = now()
            done = revoke(
                certificate_id=certificate.pk,
                reason=RevocationReason.SUPERSEDED,
                requested_at=at,
                actor=ACTOR,
                at=at,
            )
            committed = time.monotonic()
            if not isinstance(done, Revoked):
                raise NotMeasured("a certificate had been revoked before")
            while says(connection, asked) is not ocsp.OCSPCertStatus.REVOKED:
                if time.monotonic() - committed > _PATIENCE:
                    raise NotMeasured(f"a revocation was not seen in {_PATIENCE:.0f} s")
                time.sleep(0.005)
            taken.append(time.monotonic() - committed)
            if len(taken) % (count // 5) == 0:
                place.say(f"{len(taken)} revocations, median {median(taken):.3f} s, worst {max(taken):.3f} s")
    finally:
        wrk_process.terminate()
        wrk_process.wait()
        connection.close()
        for process in reversed(running):
            end(process)
    return Result(
        value=percentile(taken, 0.99),
        of="wall time from the commit to the first OCSP answer that says revoked",
        note=f"{count} revocations one after the other, the responder kept busy by wrk on 8 connections; "
        f"median {median(taken):.3f} s, worst {max(taken):.3f} s; PostgreSQL, SoftHSM",
    )


def status_processes(place: Place) -> list[subprocess.Popen[bytes]]:
    """Start responder and worker as ``make up`` does, and wait until they are ready."""
    home, run = Path(settings.SIGILL_HOME), Path(settings.SIGILL_RUN)
    known = {
        process.name: process
        for process in processes(
            Processes(
                home=home,
                run=run,
                portal_port=settings.SIGILL_PORTAL_PORT,
                status_port=settings.SIGILL_STATUS_PORT,
                client_port=settings.SIGILL_CLIENT_PORT,
                directory_port=settings.SIGILL_DIRECTORY_PORT,
                factory_port=settings.SIGILL_FACTORY_PORT,
            )
        )
    }
    running = []
    for name in ("responder", "worker"):
        process = known[name]
        running.append(place.child(name, process.arguments, process.environment))
        place.await_ready(name, running[-1], process.is_ready)
    return running


def _issued(place: Place, count: int) -> list[Certificate]:
    for number in range(count):
        register(number, a_public_key(), purpose="visible")
    place.say(f"{count} certificates are requested")
    ready = Certificate.objects.filter(carrier_id__startswith="visible-", published_at__isnull=False)
    deadline = time.monotonic() + 300
    while ready.count() < count:
        if time.monotonic() > deadline:
            raise NotMeasured(f"the worker published {ready.count()} of {count} certificates in 300 s")
        time.sleep(0.2)
    place.say(f"{count} certificates are issued and published")
    return list(ready.select_related("issuer").order_by("carrier_id"))


def question(certificate: Certificate) -> bytes:
    """Return what a relying service asks about a certificate."""
    asked = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    issuer = x509.load_der_x509_certificate(bytes(certificate.issuer.certificate_der))
    builder = ocsp.OCSPRequestBuilder().add_certificate(asked, issuer, hashes.SHA1())  # noqa: S303 - RFC 5019
    return builder.build().public_bytes(Encoding.DER)


def says(connection: http.client.HTTPConnection, asked: bytes) -> ocsp.OCSPCertStatus:
    """Return the status that the responder gives. Raises ``NotMeasured`` when it gives none."""
    connection.request("POST", "/ocsp", asked, {"Content-Type": "application/ocsp-request"})
    answer = ocsp.load_der_ocsp_response(connection.getresponse().read())
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise NotMeasured(f"the responder answers {answer.response_status.name}")
    return answer.certificate_status
