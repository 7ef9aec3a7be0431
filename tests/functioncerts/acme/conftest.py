"""A stage for ACME: the cast, the CA, an account's program, and an outside that says what a test says."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import HttpResponse
from pytest_django import Settings

from functioncerts.acme import name_probe, web_probe
from functioncerts.acme.external_keys import CreatedExternalKey, create_external_key
from functioncerts.acme.models import AcmeOrder, Challenge
from functioncerts.acme.name_probe import NameProbe
from functioncerts.acme.validating import Probes, validate
from functioncerts.acme.web_probe import WebProbe
from portal.config import networks
from tests.functioncerts.acme.outside import Outside, outside
from tests.functioncerts.acme.program import Program, b64, thumbprint
from tests.functioncerts.conftest import SERVER, SYSTEM, Key, Stage

NAME = "journal.regionnorr.test"


@pytest.fixture(autouse=True)
def _looking_is_not_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outside is in this process: a slow machine is no slow server."""
    monkeypatch.setattr(name_probe, "SECONDS", 60.0)
    monkeypatch.setattr(web_probe, "SECONDS", 60.0)


@pytest.fixture(autouse=True)
def _only_acme(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.functioncerts.acme.urls"
    settings.MIDDLEWARE = []
    settings.SIGILL_ACME_URL = "http://127.0.0.1:8000/acme"
    settings.SIGILL_ACME_ATTEMPTS = 1


@pytest.fixture(scope="session")
def _outside() -> Iterator[Outside]:
    with outside() as found:
        yield found


@pytest.fixture
def world(_outside: Outside) -> Outside:
    _outside.records.clear()
    _outside.records["*", "A"] = ["127.0.0.1"]
    _outside.pages.clear()
    _outside.asked.clear()
    return _outside


def probes_of(world: Outside, *, allowed: str = "127.0.0.0/8", later: timedelta = timedelta()) -> Probes:
    names = NameProbe(resolvers=[world.resolver])
    web = WebProbe(
        names=names,
        networks=networks("SIGILL_NOT_SET", allowed),
        port=world.web_port,
        clock=time.monotonic,
    )
    return Probes(web=web, names=names, clock=lambda: datetime.now(UTC) + later)


@dataclass
class Acme:
    """Everything that a test of ACME needs."""

    stage: Stage
    external: CreatedExternalKey
    program: Program
    world: Outside

    def key_for(self, hsa_id: str = SERVER) -> CreatedExternalKey:
        return create_external_key(hsa_id=hsa_id, actor=SYSTEM, at=self.stage.at)

    def another(self, hsa_id: str = SERVER, key: Key | None = None) -> Program:
        """Return a program with an account of its own."""
        made = self.key_for(hsa_id)
        program = Program(key=key) if key is not None else Program()
        assert program.open(made.key_id, made.hmac_key).status_code == 201
        return program

    def prove(self, order: HttpResponse, *, by: str = "http-01", program: Program | None = None) -> None:
        """Put the proofs of an order in their places, answer, and look at them as the worker does."""
        program = program or self.program
        for address in order.json()["authorizations"]:
            told = program.post(address).json()
            if told["status"] == "valid":
                continue
            (challenge,) = (one for one in told["challenges"] if one["type"] == by)
            self.put(challenge, told["identifier"]["value"], program)
            assert program.post(challenge["url"], {}).json()["status"] == "processing"
            assert self.look(challenge["url"])

    def put(self, challenge: dict[str, str], name: str, program: Program) -> None:
        proof = f"{challenge['token']}.{thumbprint(program.key)}"
        if challenge["type"] == "http-01":
            place = f"/.well-known/acme-challenge/{challenge['token']}"
            self.world.pages[place] = (200, {}, proof.encode() + b"\n")
        else:
            digest = hashes.Hash(hashes.SHA256())
            digest.update(proof.encode())
            self.world.records[f"_acme-challenge.{name}", "TXT"] = ['"other"', f'"{b64(digest.finalize())}"']

    def look(self, url: str, *, probes: Probes | None = None) -> bool:
        return validate(url.rpartition("/")[2], probes=probes or probes_of(self.world))

    def issue(self) -> None:
        self.stage.authority.issue_and_publish(at=datetime.now(UTC))

    def certificate(self, *names: str, key: Key | None = None, program: Program | None = None) -> bytes:
        """Walk the whole way and return the chain in PEM."""
        program = program or self.program
        order = program.order(*(names or (NAME,)))
        assert order.status_code == 201, order.content
        self.prove(order, program=program)
        answer = program.post(order.json()["finalize"], {"csr": csr(*(names or (NAME,)), key=key)})
        assert answer.status_code == 200, answer.content
        self.issue()
        done = program.post(order["Location"]).json()
        assert done["status"] == "valid", done
        return bytes(program.post(done["certificate"]).content)


@pytest.fixture
def acme(stage: Stage, world: Outside) -> Acme:
    """Bo has made a key for the journal's server, and its program has an account."""
    made = create_external_key(hsa_id=SERVER, actor=stage.cast.bo, at=stage.at)
    program = Program()
    assert program.open(made.key_id, made.hmac_key).status_code == 201
    return Acme(stage=stage, external=made, program=program, world=world)


def csr(
    *names: str,
    key: Key | None = None,
    common_name: str = "",
    change: Callable[[x509.CertificateSigningRequestBuilder], x509.CertificateSigningRequestBuilder]
    | None = None,
) -> str:
    """Return a CSR in base64url, for the names and by a fresh key unless one is given."""
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    if change is not None:
        builder = change(builder)
    made = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return b64(made.public_bytes(Encoding.DER))


def aged(order_url: str, by: timedelta) -> None:
    """Make an order older, as if that time had passed."""
    order = AcmeOrder.objects.get(pk=order_url.rpartition("/")[2])
    AcmeOrder.objects.filter(pk=order.pk).update(
        created_at=order.created_at - by, expires_at=order.expires_at - by
    )


def challenge_of(url: str) -> Challenge:
    return Challenge.objects.get(pk=url.rpartition("/")[2])


__all__ = ["NAME", "Acme", "aged", "challenge_of", "csr", "probes_of", "replace"]
