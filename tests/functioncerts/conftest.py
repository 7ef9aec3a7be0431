"""A stage for every test of function certificates: the cast, the CA, and validated function objects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_django import Settings

from directory.models import Employment, Role
from functioncerts.approval import approve_key_making, set_key_making
from functioncerts.lifecycle import register_function_object
from functioncerts.models import FunctionKind, FunctionObject
from functioncerts.validations import validate_names
from journal.actor import Actor
from tests.authority import Authority, the_authority
from tests.cast import Cast, actor_of, the_cast
from tests.smtp_server import Post, smtp_server

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SERVER = "SE2321000016-JOURNAL"
CLIENT = "SE2321000016-REMISS"
MAILBOX = "SE2321000016-BREV"
SYSTEM = Actor.system("test")


@dataclass
class Stage:
    """Who, what and when."""

    cast: Cast
    authority: Authority
    server: FunctionObject
    client: FunctionObject
    mailbox: FunctionObject
    at: datetime


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    with smtp_server() as served:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", served.port
        settings.DEFAULT_FROM_EMAIL = "sigill@post.test"
        yield served


@pytest.fixture
def stage(db: None) -> Stage:
    cast, at = the_cast(), datetime.now(UTC)
    objects = [
        function_object(cast, SERVER, FunctionKind.SERVER, "journal.regionnorr.test", at=at),
        function_object(cast, CLIENT, FunctionKind.CLIENT, "remiss.regionnorr.test", at=at),
        function_object(cast, MAILBOX, FunctionKind.EMAIL, "akuten@regionnorr.test", at=at),
    ]
    return Stage(
        cast=cast, authority=the_authority(), server=objects[0], client=objects[1], mailbox=objects[2], at=at
    )


def function_object(cast: Cast, hsa_id: str, kind: FunctionKind, *names: str, at: datetime) -> FunctionObject:
    register_function_object(
        hsa_id=hsa_id, kind=kind, name="Journalsystemet", organization=cast.norr, actor=SYSTEM, at=at
    )
    return validate_names(hsa_id=hsa_id, names=names, actor=SYSTEM, at=at)


def allow_keys(cast: Cast, *, at: datetime) -> None:
    """Let keys be made for servers of Region Norr: one manager asks, another approves."""
    told = {"organization_id": str(cast.norr.pk), "kind": FunctionKind.SERVER, "at": at}
    set_key_making(**told, is_allowed=True, actor=actor_of(cast.asa, Role.ISSUANCE_MANAGER))
    approve_key_making(**told, actor=second_manager(cast))


def second_manager(cast: Cast) -> Actor:
    """Return another manager of Region Norr than Asa."""
    other = Employment.objects.get(hsa_id=cast.another_administrator.identifier)
    return actor_of(other, Role.DEPUTY_ISSUANCE_MANAGER)


def request_for(
    key: Key | None = None,
    *,
    names: tuple[str, ...] = (),
    common_name: str = "",
    change: Callable[[x509.CertificateSigningRequestBuilder], x509.CertificateSigningRequestBuilder]
    | None = None,
) -> bytes:
    """Return a PKCS#10 request in PEM, with whatever names its maker likes."""
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    if change is not None:
        builder = change(builder)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(
        Encoding.PEM
    )
